"""Runs the longtake and vqeval programs and returns their reports as dictionaries."""

from ._programs import find
from ._run import LongtakeError, NotInstalledError, UsageError, WorkError
from ._commands import batch, evaluate, gate, records, sweep

__all__ = [
    "LongtakeError",
    "NotInstalledError",
    "UsageError",
    "WorkError",
    "batch",
    "evaluate",
    "find",
    "gate",
    "records",
    "sweep",
]
