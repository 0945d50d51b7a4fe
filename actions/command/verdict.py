"""What an attempt came to, from the files it left."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from actions.api import Outcome, Past, Result, Value
from actions.command import outputs
from actions.command.folder import BOOT, EXIT, OUTPUT, STDERR, STDOUT
from actions.sizes import spelled
from actions.telling import Mask, cut, listed, plain

_EPOCH = datetime.fromtimestamp(0, UTC)

_SHELL_SIGNALS = 128
"""sh answers this and a signal's number for a program that the signal killed."""

_WHY: Mapping[signal.Signals, str] = {
    signal.SIGKILL: " (out of memory?)",
    signal.SIGXCPU: " (it used up its `cpu`)",
    signal.SIGXFSZ: " (a file grew too large)",
}


@dataclass(frozen=True, slots=True)
class Left:
    """What an attempt left behind, masked. stdout, stderr: their last lines.   from_line: the last line of stdout gave outputs."""

    stdout: str
    stderr: str
    outputs: Mapping[str, Value]
    from_line: bool


def exit_status(folder: Path) -> int | None:
    """The status that the warden wrote; None where it didn't come to it. Half of one is as good as none."""
    try:
        text = (folder / EXIT).read_text()
    except FileNotFoundError:
        return None
    return int(text) if re.fullmatch(r"\d{1,3}\n", text, re.ASCII) else None


def past(folder: Path) -> Past | None:
    """When it ended and how long it ran, by the times of its files (and so by the wall clock); None where they don't tell."""
    try:
        began, ended = ((folder / name).stat().st_mtime_ns // 1000 for name in (BOOT, EXIT))
    except FileNotFoundError:
        return None
    return Past(_EPOCH + timedelta(microseconds=ended), timedelta(microseconds=max(0, ended - began)))


def result(folder: Path, status: int | str, ok: Collection[int], mask: Mask) -> Result:
    """The outcome of an attempt that ended by itself. Masks secrets in its logs, too.

    status: as sh has it, 128 and more for a signal; or why there is none.
    """
    left = _left(folder, mask)
    if status in ok:
        said = listed(left.outputs) if left.from_line or not left.stdout else left.stdout
        return Result(Outcome.SUCCEEDED, cut(plain(said)) or "done", left.outputs)
    what = _failure(status)
    said = plain(left.stderr) or ("" if left.from_line else plain(left.stdout))
    return Result(Outcome.FAILED, cut(f"{what}: {said}" if said else what), left.outputs)


def too_much(folder: Path, file: Path, limit: int, mask: Mask) -> Result:
    """The outcome of an attempt that wrote too much. What is too much of the files is cut off."""
    for log in (folder / STDOUT, folder / STDERR):
        if log.exists() and log.stat().st_size > limit:
            os.truncate(log, limit)
            with log.open("ab") as end:
                end.write(b"\n[rowd: the rest was cut off]\n")
    left = _left(folder, mask)
    message = f"it wrote more than {spelled(limit)} to {file.name}; make it say less, or raise its output_limit"
    return Result(Outcome.FAILED, message, left.outputs)


def _left(folder: Path, mask: Mask) -> Left:
    for log in (folder / STDOUT, folder / STDERR, folder / OUTPUT):
        mask.file(log)
    stdout = mask.text(outputs.last_line(folder / STDOUT))
    of_line = outputs.from_json(stdout)
    given = outputs.merged(outputs.from_lines(folder / OUTPUT), of_line or {})
    masked = {name: mask.value(value) for name, value in given.items()}
    return Left(stdout, mask.text(outputs.last_line(folder / STDERR)), masked, of_line is not None)


def _failure(status: int | str) -> str:
    if isinstance(status, str):
        return status
    if status > _SHELL_SIGNALS and (name := _named(status - _SHELL_SIGNALS)):
        return f"exit {status}, killed by {name}"
    return f"exit {status}"


def _named(number: int) -> str:
    try:
        found = signal.Signals(number)
    except ValueError:
        return ""
    return found.name + _WHY.get(found, "")
