"""A command as a watched source: run whether it still prints what it did."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from actions.command.environment import usual
from actions.command.finding import in_place, looked_up
from actions.command.held import Program, Ran, Stopped, TooLong, TooMuch
from actions.sizes import spelled as sized
from actions.telling import Mask, cut
from config.fields import spelled
from watches.api import Happening, Look, Unseen, Value
from watches.command.settings import CommandSettings
from watches.holding import Held, pointed, sayable, whole
from watches.polling import never

VERSION = 1


class State(Struct, frozen=True):
    """What it printed. See `Held`."""

    version: int
    mark: str
    shown: str


class CommandWatch:
    """`kind = "command"`."""

    def __init__(self, name: str, settings: CommandSettings, base: Path, lent: Mapping[str, str]) -> None:
        self._settings = settings
        self._cwd = (base / settings.cwd).absolute()
        self._mask = Mask(lent.values())
        self._environment = {**usual(settings.environment, lent), "ROWD_WATCH": name}
        self._program = Program(settings.max_output, settings.timeout.total_seconds())

    def look(self, before: str | None) -> Look:
        """Run it once. Raises Unseen."""
        last = _understood(before)
        held = self._held(self._ran())
        state = msgspec.json.encode(State(VERSION, held.mark, held.shown)).decode()
        told = (self._happening(last, held),) if last is not None and last.mark != held.mark else ()
        return Look(state, told, f"it prints {_short(held.shown)}" if held.shown else "it prints nothing")

    def stirs(self) -> AsyncIterator[None]:
        """Nothing tells of a change."""
        return never()

    def shut(self) -> None:
        """See `Endable`."""
        self._program.stop()

    def _ran(self) -> Ran:
        """Raises Unseen, also where it fails."""
        settings, name = self._settings, self._settings.argv[0]
        try:
            in_place(self._cwd)
            argv = [looked_up(name, self._cwd, self._environment["PATH"]), *settings.argv[1:]]
            ran = self._program.run(argv, self._cwd, self._environment)
        except TooLong:
            raise Unseen(f"{name} took longer than {spelled(settings.timeout)}; make it quicker, or raise `timeout`") from None
        except TooMuch:
            raise Unseen(
                f"{name} printed more than {sized(settings.max_output)}; have it print less, or raise `max_output`"
            ) from None
        except Stopped:
            raise Unseen("rowd looks at it no more; nothing is to be done") from None
        except (OSError, ValueError) as exc:
            raise Unseen(sayable(str(exc), self._mask)) from exc
        if ran.status:
            lines = ran.complaint.decode("utf-8", "replace").strip().splitlines()
            said = f"it said: {sayable(lines[-1], self._mask)}" if lines else "only what it prints with exit 0 counts"
            raise Unseen(f"{name} {_ended(ran.status)}; {said}")
        return ran

    def _held(self, ran: Ran) -> Held:
        """Raises Unseen."""
        if self._settings.pointer is None:
            return whole(ran.output, self._mask)
        try:
            return pointed(ran.output, self._settings.pointer, self._mask)
        except ValueError as exc:
            raise Unseen(f"what {self._settings.argv[0]} prints {exc}") from None

    def _happening(self, last: State, now: Held) -> Happening:
        what = self._settings.pointer or "its output"
        values: dict[str, Value] = {"old": last.shown, "new": now.shown}
        return Happening(f"{what} was {_short(last.shown)}, is {_short(now.shown)}", values)


def make(name: str, settings: CommandSettings, base: Path, lent: Mapping[str, str]) -> CommandWatch:
    """Raises ValueError for an argv without a program."""
    if not settings.argv[0]:
        raise ValueError('argv names no program; write it like argv = ["/usr/bin/df", "--output=pcent", "/"]')
    return CommandWatch(name, settings, base, lent)


def _understood(text: str | None) -> State | None:
    """A kept state; None for none, and for one of another version: then it is first sight."""
    try:
        state = msgspec.json.decode(text or "", type=State)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
    return state if state.version == VERSION else None


def _ended(status: int) -> str:
    try:
        return f"was ended by {signal.Signals(status - 128).name}"
    except ValueError:
        return f"ended with exit {status}"


def _short(shown: str) -> str:
    return f'"{cut(shown, 60)}"'
