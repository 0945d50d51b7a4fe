"""A command made ready: starts attempts, and takes over those that outlived their daemon."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from actions.api import Context, Lost, Outcome, Process, Request, Result
from actions.command import argv
from actions.command.environment import PATH, account_of, variables
from actions.command.folder import EXIT, STDERR, STDOUT, booted, revoke, take_back
from actions.command.identity import boot
from actions.command.launcher import Launch, Order
from actions.command.script import without_interpreter
from actions.command.settings import CommandSettings
from actions.command.verdict import exit_status, past, result, too_much
from actions.command.wards import End
from actions.command.watch import Adopted, Held, too_long, until_gone
from actions.paths import confined
from actions.telling import Mask, cut, plain
from actions.values import BadValue, Value, quoted

LAUNCHES = 3
"""Times that an attempt is made ready, where its warden is gone before it has begun anything."""


def make(name: str, settings: CommandSettings, base: Path) -> Command:  # noqa: ARG001 (a Kind's signature)
    """A command from its definition. Raises ValueError where a row's value could become a command."""
    return Command(settings, argv.read(settings.argv, settings.parameters), base / settings.cwd)


class Command:
    """`kind = "command"`. Its attempts are processes that outlive the daemon: Adoptable; Checkable and Refusing as well."""

    kind = "command"

    def __init__(self, settings: CommandSettings, elements: argv.Argv, cwd: Path) -> None:
        self._settings = settings
        self._argv = elements
        self._cwd = cwd

    async def run(self, request: Request, context: Context) -> Result:
        return await self._anew(request, context, None)

    async def adopt(self, request: Request, context: Context, process: Process) -> Result | Lost | None:
        """As `Adoptable` says. An attempt that has run nothing, and now never will, is started.

        That nothing ran is certain only while the machine is up: a file that a power cut took away proves nothing.
        """
        folder, mask = context.folder, self._mask(context)
        made = booted(folder)
        if made not in (None, boot()):
            self._tidy(folder, mask)
            down = Lost("it left no exit status: the machine went down, most likely while it ran")
            return _timed(self._result(folder, None, None, mask), folder) or down
        if made is not None and (revoked := revoke(folder)) is not None:
            return await self._anew(request, context, revoked)
        adopted = Adopted(process, folder, request)
        long, over, stopped = None, adopted.is_over(), False
        try:
            if not over:
                long = await self._until_gone(adopted, folder)
        finally:
            stopped = adopted.close()
            self._tidy(folder, mask)
        if made is not None and not (folder / STDOUT).exists():
            return await self._anew(request, context, None)
        found = self._result(folder, long, None, mask)
        if found is None:
            return None if made is None else Lost(_why_lost(folder, stopped=stopped))
        return _timed(found, folder) if over else found

    async def _anew(self, request: Request, context: Context, revoked: str | None) -> Result:
        """Make an attempt, anew for as long as its warden is gone before it has begun.   revoked: its ticket of an earlier one."""
        mask = self._mask(context)
        for _ in range(LAUNCHES):
            try:
                launch = Launch(self._order(request, context), request, revoked)
            except (OSError, ValueError, subprocess.SubprocessError) as exc:
                why = cut(plain(mask.text(f"it could not be started: {exc}")))
                return Result(Outcome.FAILED, why, final=isinstance(exc, BadValue))
            await context.launched(launch.process)
            launch.release()
            try:
                long = await self._until_gone(launch, context.folder)
            finally:
                end = launch.close()
                self._tidy(context.folder, mask)
            if isinstance(end, End):
                known = end.why if end.status is None else end.status
                return self._result(context.folder, long, known, mask) or Result(Outcome.FAILED, "it left no exit status")
            revoked = end
        return Result(Outcome.FAILED, "it could not be started: its warden was gone each time, before it began")

    def lacking(self) -> str | None:
        """The folder that it runs in, its program, or the user that it runs as."""
        try:
            self._in_place()
            self._program(self._argv[0].filled(lambda _: ""), self._settings.environment.get("PATH", PATH))
            if self._settings.user is not None:
                account_of(self._settings.user)
        except (OSError, ValueError) as exc:
            return str(exc)
        return None

    def refusal(self, parameters: Mapping[str, Value]) -> str | None:
        """A path that leads out of its folder."""
        try:
            confined(self._settings.parameters, parameters)
        except BadValue as exc:
            return str(exc)
        return None

    async def _until_gone(self, held: Held, folder: Path) -> Path | None:
        files = (folder / STDOUT, folder / STDERR)
        return await until_gone(held, files, self._settings.output_limit, self._settings.kill_after)

    def _result(self, folder: Path, long: Path | None, status: int | str | None, mask: Mask) -> Result | None:
        """None where nobody can know it; only after `_tidy`.   status: what we were told; where that is none, the file has it."""
        limit = self._settings.output_limit
        long = long or too_long((folder / STDOUT, folder / STDERR), limit)
        if long is not None:
            return too_much(folder, long, limit, mask)
        known = status
        if not isinstance(known, int) and (written := exit_status(folder)) is not None:
            known = written
        return None if known is None else result(folder, known, self._settings.ok_exit_codes, mask)

    def _tidy(self, folder: Path, mask: Mask) -> None:
        """What holds for the logs however an attempt ended."""
        take_back(folder)
        for log in (folder / STDOUT, folder / STDERR):
            mask.file(log)

    def _mask(self, context: Context) -> Mask:
        return Mask(context.secret(name) for name in self._settings.secrets)

    def _order(self, request: Request, context: Context) -> Order:
        """Raises ValueError, with a sentence, for what only the machine knows: a folder or a program that isn't there."""
        settings = self._settings
        self._in_place()
        secrets = {name: context.secret(name) for name in settings.secrets}
        environment = variables(request, context.folder, settings.environment, secrets, settings.user)
        elements = argv.filled(self._argv, confined(settings.parameters, request.parameters))
        return Order(
            argv=(self._program(elements[0], environment["PATH"]), *elements[1:]),
            cwd=self._cwd.absolute(),
            environment=environment,
            folder=context.folder,
            user=settings.user,
            memory=settings.memory,
            cpu=settings.cpu,
            nice=settings.nice,
        )

    def _in_place(self) -> None:
        if not self._cwd.is_dir():
            raise ValueError(f"there is no folder {self._cwd}; create it, or correct its cwd")

    def _program(self, name: str, path: str) -> str:
        """The program's path, found as a shell would."""
        there = self._cwd.absolute() / name
        found = shutil.which(str(there) if "/" in name else name, path=path)
        if found is None and "/" in name and there.is_file():
            raise ValueError(
                f"the file {quoted(name)} may not be executed; chmod +x it, or name the program that reads it before it"
            )
        if found is None:
            where = "" if "/" in name else f" in {path}"
            raise ValueError(f"there is no program {quoted(name)}{where}; install it, or write its full path")
        program = str((self._cwd / found).absolute())
        if (missing := without_interpreter(program, name, self._cwd, path)) is not None:
            raise ValueError(missing)
        return program


def _why_lost(folder: Path, *, stopped: bool) -> str:
    """Of an attempt that was begun in this run of the machine, and has no exit status.   stopped: it ran on, and we killed it."""
    if stopped:
        return "its warden was killed, as rowd was, so that nobody could see it to its end; what still ran of it was killed, too"
    if (folder / EXIT).exists():
        return "it left no exit status: that could not be written, as on a full disk"
    return "it left no exit status: its warden was killed, as rowd was, most likely before it ended; it may well have finished"


def _timed(result: Result | None, folder: Path) -> Result | None:
    """With when it ended and how long it ran, where it had ended before anybody looked."""
    return None if result is None else replace(result, past=past(folder))
