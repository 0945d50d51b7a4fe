"""What an attempt came to, from the files it left."""

from __future__ import annotations

import os
import signal
from collections.abc import Collection, Mapping
from pathlib import Path

from msgspec import Struct

from actions.api import Outcome, Result, Value
from actions.command import outputs
from actions.command.folder import FILES, OUTPUT, STDERR, STDOUT, Sizes
from actions.sizes import spelled
from actions.telling import Mask, cut, listed, plain

_SHELL_SIGNALS = 128
"""sh answers this and a signal's number for a program that the signal killed."""

_WHY: Mapping[signal.Signals, str] = {
    signal.SIGKILL: " (out of memory?)",
    signal.SIGXCPU: " (it used up its `cpu`)",
    signal.SIGXFSZ: " (a file grew too large)",
}


class Left(Struct, frozen=True):
    """What an attempt left behind, masked. stdout, stderr: their last lines.   from_line: the last line of stdout gave outputs."""

    stdout: str
    stderr: str
    outputs: Mapping[str, Value]
    from_line: bool


_NOTHING = Left("", "", {}, from_line=False)


def result(folder: Path, sizes: Sizes, status: int | str, ok: Collection[int], mask: Mask) -> Result:
    """The outcome of an attempt that ended by itself, whose files are masked.

    status: as sh has it, 128 and more for a signal; or why there is none.
    """
    left = _left(folder, sizes, mask)
    if status in ok:
        said = listed(left.outputs) if left.from_line or not left.stdout else left.stdout
        return Result(Outcome.SUCCEEDED, cut(plain(said)) or "done", left.outputs)
    what = _failure(status)
    said = plain(left.stderr) or ("" if left.from_line else plain(left.stdout))
    return Result(Outcome.FAILED, cut(f"{what}: {said}" if said else what), left.outputs)


def too_much(folder: Path, sizes: Sizes, limit: int, mask: Mask) -> Result | None:
    """The outcome of an attempt that wrote too much; None where it didn't. What is too much of the files is cut off."""
    long = [name for name, size in zip(FILES, sizes, strict=True) if size > limit]
    if not long:
        return None
    for name in long:
        os.truncate(folder / name, limit)
        with (folder / name).open("ab") as end:
            end.write(b"\n[rowd: the rest was cut off]\n")
    left = _left(folder, sizes, mask)
    where = "$ROWD_OUTPUT" if long[0] == OUTPUT else long[0]
    message = f"it wrote more than {spelled(limit)} to {where}; make it say less, or raise its output_limit"
    return Result(Outcome.FAILED, message, left.outputs)


def unread(status: int | str, ok: Collection[int], why: OSError) -> Result:
    """The outcome of an attempt whose files can't be read, or not be made fit to be read: how it ended is known all the same."""
    outcome = Outcome.SUCCEEDED if status in ok else Outcome.FAILED
    what = "done" if status in ok else _failure(status)
    return Result(outcome, f"{what}; what it printed can't be read: {why.strerror}")


def _left(folder: Path, sizes: Sizes, mask: Mask) -> Left:
    """What is empty isn't opened."""
    if not any(sizes):
        return _NOTHING
    stdout, stderr, output = (folder / name if size else None for name, size in zip((STDOUT, STDERR, OUTPUT), sizes, strict=True))
    said = "" if stdout is None else mask.text(outputs.last_line(stdout))
    of_line = outputs.from_json(said)
    given = outputs.merged({} if output is None else outputs.from_lines(output), of_line or {})
    masked = {name: mask.value(value) for name, value in given.items()}
    return Left(said, "" if stderr is None else mask.text(outputs.last_line(stderr)), masked, of_line is not None)


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
