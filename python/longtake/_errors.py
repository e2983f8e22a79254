"""Exceptions of the package."""

from __future__ import annotations

from typing import Sequence


class LongtakeError(Exception):
    """A program could not be run or did not do what was asked.

    status is its exit status (None where it did not run), command what was run,
    stderr the end of what it said.
    """

    def __init__(self, message: str, *, status: "int | None" = None, command: Sequence[str] = (), stderr: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.command = list(command)
        self.stderr = stderr


class NotInstalledError(LongtakeError):
    """A program was not found."""


class UsageError(LongtakeError):
    """The call or its input was wrong (exit status 2)."""


class WorkError(LongtakeError):
    """The work failed, all or in part (any other exit status)."""
