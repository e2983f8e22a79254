"""Where the programs are."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ._errors import NotInstalledError

VARIABLE = "LONGTAKE_BIN"


def find(program: str = "longtake") -> Path:
    """The path of a program, longtake or vqeval.

    It is looked for in the folder that LONGTAKE_BIN names and nowhere else where
    that is set; else on PATH, and in bin/ of the current folder and those above.
    """
    name = program + (".exe" if os.name == "nt" else "")
    folder = os.environ.get(VARIABLE)
    if folder:
        path = Path(folder).expanduser() / name
        if _runs(path):
            return path.resolve()
        raise NotInstalledError(f"{VARIABLE} is {folder!r}, where there is no program {name}: name the folder that holds it")
    found = shutil.which(program)
    if found:
        return Path(found).resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if _runs(folder / "bin" / name):
            return folder / "bin" / name
    raise NotInstalledError(
        f"no program {name} on PATH nor in bin/ of {here} or a folder above it: "
        f"run `make build` in the project, or set {VARIABLE} to the folder that holds it"
    )


def _runs(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
