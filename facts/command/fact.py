"""Asks a program: run until it ends, and ended with all that it began once nobody waits for it any more."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from actions.command.environment import usual
from actions.command.finding import in_place, looked_up
from actions.command.held import Program, Ran, Stopped, TooLong, TooMuch
from config.fields import spelled
from facts.answers import brief, read
from facts.api import MOST_BYTES, Tree, Unhad
from facts.command.settings import CommandSettings


class Command:
    """`kind = "command"`."""

    def __init__(self, settings: CommandSettings, folder: Path, secrets: Mapping[str, str]) -> None:
        """folder: absolute.   secrets: name → value."""
        self._settings = settings
        self._folder = folder
        self._environment = usual(settings.environment, secrets)

    async def ask(self) -> Tree:
        """Raises Unhad: it can't be run, printed too much or nothing, or ended with another status than 0 where what it prints is
        asked for.
        """
        ran = await self._ran()
        if self._settings.value == "status":
            return ran.status
        if ran.status:
            said = brief(_last_line(ran.complaint))
            remedy = 'see what it lacks, or ask for the status itself: value = "status"'
            raise Unhad(f"its program ended with exit status {ran.status}{': ' if said else ''}{said}; {remedy}")
        return read(ran.output, "its program")

    async def _ran(self) -> Ran:
        program = Program(MOST_BYTES, self._settings.timeout.total_seconds())
        running = asyncio.create_task(asyncio.to_thread(self._run, program))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            program.stop()
            await asyncio.gather(running, return_exceptions=True)  # at once, unless the machine itself hangs
            raise

    def _run(self, program: Program) -> Ran:
        """Blocks. Raises Unhad."""
        try:
            in_place(self._folder)
            argv = [looked_up(self._settings.argv[0], self._folder, self._environment["PATH"]), *self._settings.argv[1:]]
            return program.run(argv, self._folder, self._environment)
        except TooMuch:
            raise Unhad(f"it printed more than {MOST_BYTES // 1024} kB; let it print the value alone") from None
        except TooLong:
            raise Unhad(f"timed out after {spelled(self._settings.timeout)}; make it quicker, or raise `timeout`") from None
        except Stopped:
            raise Unhad("rowd waits for it no more; nothing is to be done") from None
        except ValueError as exc:
            raise Unhad(str(exc)) from None
        except OSError as exc:
            raise Unhad(f"no process can be started ({exc.strerror}); see what this machine is short of") from exc


def _last_line(complained: bytes) -> str:
    lines = complained.decode("utf-8", "replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
