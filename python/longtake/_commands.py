"""What the programs do, as functions."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Union

from ._errors import LongtakeError, UsageError
from ._run import run

Path_ = Union[str, "os.PathLike[str]"]
Report = Dict[str, Any]


def evaluate(
    video: Path_,
    *,
    prompt: Optional[str] = None,
    expect_motion: bool = False,
    figures: Optional[Path_] = None,
    html_report: Optional[Path_] = None,
    presets: Optional[Path_] = None,
    timeout: Optional[float] = None,
) -> Report:
    """Scores one video and returns its vqeval report.

    expect_motion makes a shot that is static from its start a failure. figures
    is a folder for figures, html_report a page to write, timeout in seconds.
    """
    args = ["evaluate", _name(video), "--json", *_scoring(prompt, expect_motion, figures, html_report, presets)]
    _, out = run("vqeval", args, progress=False, timeout=timeout)
    return _parse(out, "vqeval evaluate")


def batch(
    videos: "Path_ | Iterable[Path_]",
    *,
    jobs: Optional[int] = None,
    prompt: Optional[str] = None,
    expect_motion: bool = False,
    csv: Optional[Path_] = None,
    figures: Optional[Path_] = None,
    html_report: Optional[Path_] = None,
    presets: Optional[Path_] = None,
    timeout: Optional[float] = None,
    progress: bool = True,
) -> List[Report]:
    """Scores every video of a folder or of a list and returns a report for each.

    A video that cannot be scored has a dictionary with "video_path" and "error";
    the others are scored. The order is that of a list, else that of the names.
    """
    args: List[str] = ["batch"]
    stdin = None
    order: "Dict[str, int] | None" = None
    if isinstance(videos, (str, os.PathLike)):
        args.append(_name(videos))
    else:
        names = [os.fspath(v) for v in videos]
        if not names:
            return []
        order = {name: i for i, name in reversed(list(enumerate(names)))}
        args += ["-", "-0"]
        stdin = "\0".join(names).encode() + b"\0"
    args += ["--json", *_scoring(prompt, expect_motion, figures, html_report, presets)]
    if jobs is not None:
        args += ["-j", str(jobs)]
    if csv is not None:
        args += ["-o", os.fspath(csv)]
    status, out = run("vqeval", args, progress=progress, accept=(0, 1), stdin=stdin, timeout=timeout)
    reports = [_parse(line, "vqeval batch") for line in out.splitlines() if line.strip()]
    if status == 1 and not any("error" in r for r in reports):
        raise LongtakeError("vqeval batch failed and named no video", status=status)
    if order is not None:
        reports.sort(key=lambda r: order.get(r.get("video_path", ""), len(order)))
    else:
        reports.sort(key=lambda r: r.get("video_path", ""))
    return reports


def sweep(
    spec: Path_,
    output: Path_,
    *,
    workers: Optional[int] = None,
    force: bool = False,
    wait: bool = False,
    timeout: Optional[float] = None,
    progress: bool = True,
) -> List[Report]:
    """Runs or resumes a grid and returns its records.

    WorkError says that cells failed; records(output) then has those that did not,
    and the same call tries the others again. wait stays until the cells that
    other runners work on are done.
    """
    args = ["sweep", _name(spec), "-o", os.fspath(output)]
    if workers is not None:
        args += ["--workers", str(workers)]
    if force:
        args.append("--force")
    if wait:
        args.append("--wait")
    run("longtake", args, progress=progress, timeout=timeout)
    return list(records(output))


def gate(
    baseline: Path_,
    current: Path_,
    *,
    thresholds: Optional[Path_] = None,
    metrics: Iterable[str] = (),
    timeout: Optional[float] = None,
) -> Report:
    """Holds records (files, or folders of sweeps) against a baseline.

    The result's "outcome" is "held", "regressed" or "cannot judge"; none of them
    raises. metrics are patterns such as "vqeval.*" that leave the others out.
    """
    args = ["gate", "--baseline", os.fspath(baseline), "--current", os.fspath(current), "--json"]
    if thresholds is not None:
        args += ["--thresholds", os.fspath(thresholds)]
    for m in metrics:
        args += ["--metrics", m]
    # Status 1 is a regression, or something that failed and printed no result.
    status, out = run("longtake", args, progress=False, accept=(0, 1, 3), timeout=timeout)
    if not out.strip():
        raise LongtakeError("longtake gate printed no result", status=status)
    return _parse(out, "longtake gate")


def records(path: Path_) -> Iterator[Report]:
    """The records of a file, or of a sweep's folder, one by one.

    A line that is no JSON raises LongtakeError with its number; a last line that
    was cut short, as a killed program leaves it, ends the reading.
    """
    name = Path(path)
    if name.is_dir():
        name = name / "records.jsonl"
    try:
        with open(name, encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                if not line.strip():
                    continue
                try:
                    record = json.loads(line)
                except ValueError as e:
                    if not line.endswith("\n"):
                        return
                    raise LongtakeError(f"{name}:{number}: no record: {e}") from e
                if not isinstance(record, Mapping):
                    raise LongtakeError(f"{name}:{number}: no record: it is no object")
                yield dict(record)
    except OSError as e:
        raise UsageError(f"{name} cannot be read: {e.strerror}: give records.jsonl or the folder of a sweep") from e


def _scoring(prompt: Optional[str], expect_motion: bool, figures: Optional[Path_], html_report: Optional[Path_], presets: Optional[Path_]) -> List[str]:
    args: List[str] = []
    if prompt is not None:
        args += ["--prompt", prompt]
    if expect_motion:
        args.append("--expect-motion")
    for flag, value in (("--figures", figures), ("--html-report", html_report), ("--presets", presets)):
        if value is not None:
            args += [flag, os.fspath(value)]
    return args


def _name(path: Path_) -> str:
    """A file's name that is not taken for a flag, nor for standard input."""
    name = os.fspath(path)
    return os.path.join(".", name) if name.startswith("-") else name


def _parse(text: str, what: str) -> Report:
    try:
        value = json.loads(text)
    except ValueError as e:
        raise LongtakeError(f"{what} printed no JSON ({e}): {text[:200]!r}: do the package and the program belong together?") from e
    if not isinstance(value, dict):
        raise LongtakeError(f"{what} printed JSON that is no object: {text[:200]!r}")
    return value
