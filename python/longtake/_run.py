"""Runs a program: output captured, progress passed on, interrupts handed over."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Optional, Sequence

from ._errors import LongtakeError, NotInstalledError, UsageError, WorkError
from ._programs import find

__all__ = ["LongtakeError", "NotInstalledError", "UsageError", "WorkError", "run"]

_KEPT = 64 << 10  # characters of stderr that an error carries


def run(
    program: str,
    args: Sequence[Any],
    *,
    progress: bool,
    accept: Sequence[int] = (0,),
    stdin: Optional[bytes] = None,
    timeout: Optional[float] = None,
    cwd: "str | Path | None" = None,
) -> "tuple[int, str]":
    """Runs a program and returns its exit status and its standard output.

    A status that is not in accept raises. timeout is in seconds; then, and on an
    interrupt, the program is told to stop and given time to leave its work in
    order.
    """
    command = [str(find(program)), *map(str, args)]
    try:
        child = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # a terminal's Ctrl-C reaches it once, through _stop: a second one would end it at once
        )
    except OSError as e:
        raise NotInstalledError(f"{command[0]} does not run: {e}", command=command) from e
    said: "list[str]" = []
    out: "list[bytes]" = []
    threads = [
        threading.Thread(target=_listen, args=(child.stderr, said, progress), daemon=True),
        threading.Thread(target=_collect, args=(child.stdout, out), daemon=True),
    ]
    if stdin is not None:
        threads.append(threading.Thread(target=_tell, args=(child.stdin, stdin), daemon=True))
    for t in threads:
        t.start()
    try:
        status = child.wait(timeout)
    except BaseException as stopped:
        _stop(child)
        for t in threads:
            t.join(5)
        if isinstance(stopped, subprocess.TimeoutExpired):
            raise WorkError(f"{program} was stopped after {timeout} s", command=command, stderr="".join(said)) from None
        raise
    for t in threads:
        t.join()
    text = b"".join(out).decode("utf-8", "replace")
    if status not in accept:
        stderr = "".join(said)
        kind = UsageError if status == 2 else WorkError
        raise kind(_reason(program, status, stderr), status=status, command=command, stderr=stderr)
    return status, text


def _listen(stream: Any, said: "list[str]", progress: bool) -> None:
    kept = 0
    for line in iter(stream.readline, b""):
        text = line.decode("utf-8", "replace")
        if progress:
            sys.stderr.write(text)
            sys.stderr.flush()
        said.append(text)
        kept += len(text)
        while kept > _KEPT and len(said) > 1:
            kept -= len(said.pop(0))
    stream.close()


def _collect(stream: Any, out: "list[bytes]") -> None:
    out.append(stream.read())
    stream.close()


def _tell(stream: Any, data: bytes) -> None:
    try:
        stream.write(data)
        stream.close()
    except (BrokenPipeError, OSError):
        pass  # its exit status says why it stopped reading


def _stop(child: "subprocess.Popen[bytes]") -> None:
    try:
        child.send_signal(signal.SIGINT if sys.platform != "win32" else signal.SIGTERM)
        child.wait(30)
    except BaseException:  # a second interrupt, or it does not listen
        child.kill()
        child.wait()


def _reason(program: str, status: int, stderr: str) -> str:
    """The program's own words: from its last line that starts with its name."""
    lines = stderr.rstrip().splitlines()
    for i in range(len(lines) - 1, -1, -1):
        if lines[i].startswith(program + ": "):
            return "\n".join(lines[i:])
    if status < 0:
        return f"{program} was ended by signal {-status}"
    return lines[-1] if lines else f"{program} ended with status {status} and said nothing"
