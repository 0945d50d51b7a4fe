"""A command made ready: starts attempts, and takes over those that outlived their daemon."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from actions.api import NOT_STARTED, Context, Lost, Outcome, Request, Result, Unbegun, Uptime
from actions.boot import boot
from actions.command import argv, bwrap
from actions.command.environment import PATH, account_of, variables
from actions.command.finding import in_place, looked_up
from actions.command.folder import FILES, STDERR, STDOUT, Sizes, take_back
from actions.command.identity import kill_left
from actions.command.launcher import Launch, Order, account_to_become
from actions.command.outputs import last_line
from actions.command.sandbox import HERE, TMP, Account, Profile, outside, profile, was_made
from actions.command.settings import CommandSettings
from actions.command.tickets import Ticket, begun, is_made, newest, unmade
from actions.command.verdict import result, too_much, unread
from actions.command.warden import NOT_EXECUTABLE, NOT_FOUND, TICKS
from actions.command.wards import End
from actions.command.watch import Adopted, Held, until_gone
from actions.paths import confined
from actions.telling import Mask, cut, plain
from actions.values import BadValue, Value

LONGEST_SECRET = 1 << 20
"""Bytes. So much beyond its limit is kept of a file until its secrets are masked, lest half of one stay at its end."""

LAUNCHES = 3
"""Times that an attempt is made ready, where its warden is gone before it has begun anything."""


def make(name: str, settings: CommandSettings, base: Path) -> Command:  # noqa: ARG001 (a Kind's signature)
    """A command from its definition. Raises ValueError where a row's value could become a command, or a sandbox would be none."""
    elements, cwd = argv.read(settings.argv, settings.parameters), (base / settings.cwd).absolute()
    if settings.sandbox is None:
        return Command(settings, elements, cwd)
    said = Path(os.path.normpath(cwd)) if "cwd" in settings.model_fields_set else None
    return Command(settings, elements, cwd, profile(settings.sandbox, base.absolute(), said))


class Command:
    """`kind = "command"`. Its attempts are processes that outlive the daemon: Adoptable; Checkable and Refusing as well."""

    kind = "command"

    def __init__(self, settings: CommandSettings, elements: argv.Argv, cwd: Path, sandbox: Profile | None = None) -> None:
        self._settings = settings
        self._argv = elements
        self._cwd = cwd
        self._sandbox = sandbox

    async def run(self, request: Request, context: Context) -> Result:
        """The attempt is made ready anew for as long as its warden is gone before it has begun anything."""
        mask, folder = self._mask(context), context.path
        ticket = unmade(folder)
        for nth in range(ticket, ticket + LAUNCHES):
            try:
                launch = Launch(self._order(request, context, folder, nth), request)
            except (OSError, ValueError, subprocess.SubprocessError) as exc:
                why = cut(plain(mask.text(f"{NOT_STARTED}{exc}")))
                return Result(Outcome.FAILED, why, final=isinstance(exc, BadValue))
            try:
                await self._until_gone(launch, folder)
            finally:
                end = launch.close()
                left = self._tidy(folder, mask, end)
            if end is not None:
                return self._result(folder, left, end, mask)
        return Result(Outcome.FAILED, f"{NOT_STARTED}its warden was gone each time, before it began")

    async def adopt(self, request: Request, context: Context, since: Uptime | None) -> Result | Lost | Unbegun:
        """As `Adoptable` says. That nothing was begun is certain only while the machine is up: what a power cut took away proves
        nothing.
        """
        folder, mask = context.path, self._mask(context)
        if since is None or since.boot != boot():
            if since is None:
                kill_left(request, None, None)
            why = "it was begun by an older version of rowd" if since is None else "the machine went down, most likely while it ran"
            return self._found(folder, self._tidy(folder, mask), newest(folder), mask) or Lost(f"it left no exit status: {why}")
        first = 1
        while (ticket := self._begun(folder, first)) is not None:
            if isinstance(ticket, Lost):
                return ticket
            adopted = Adopted(folder, ticket, request)
            over, stopped = adopted.is_over(), False
            if (program := adopted.ticket.program) is not None:
                context.began(Uptime(ticket.boot, program.started / TICKS))
            try:
                if not over:
                    await self._until_gone(adopted, folder)
            finally:
                stopped = adopted.close()
                left = self._tidy(folder, mask)
            if not self._came_to_nothing(folder, adopted.ticket):
                found = self._found(folder, left, adopted.ticket, mask)
                if found is None:
                    return Lost(_why_lost(stopped=stopped))
                return found if over else replace(found, past=None)
            first = ticket.nth + 1
        return Unbegun()

    @staticmethod
    def _begun(folder: Path, first: int) -> Ticket | Lost | None:
        """As `begun`. On a disk that takes no file any more nothing can be made void, so an order may still be on its way."""
        try:
            return begun(folder, first)
        except OSError as exc:
            return Lost(f"whether it had begun can't be told: {exc.strerror}")

    def _came_to_nothing(self, folder: Path, ticket: Ticket) -> bool:
        """Whether its warden was gone before it had begun anything. A file that isn't there proves it: stdout comes just before."""
        if ticket.program is not None or ticket.status is not None:
            return False
        return is_made(folder, ticket.nth + 1) or not (folder / STDOUT).exists()

    def lacking(self) -> str | None:
        """The folder that it runs in, its program, the user that it runs as, or its sandbox, which is tried."""
        return self._absent() or self._untried()

    def _absent(self) -> str | None:
        """The same, as far as it can be seen."""
        try:
            in_place(self._cwd)
            path = self._settings.environment.get("PATH", PATH)
            program = Path(looked_up(self._argv[0].filled(lambda _: ""), self._cwd, path))
            if self._settings.user is not None:
                account_of(self._settings.user)
        except (OSError, ValueError) as exc:
            return str(exc)
        if self._sandbox is not None and self._sandbox.hides(program):
            return f"its sandbox doesn't show {program}; add that, or its folder, to sandbox.read"
        return None

    def _untried(self) -> str | None:
        if self._sandbox is None:
            return None
        try:
            return self._sandbox.wanting(None) or bwrap.tried(self._wrapped(self._sandbox, ["/bin/true"], None))
        except ValueError as exc:
            return str(exc)

    def refusal(self, parameters: Mapping[str, Value]) -> str | None:
        """A path that leads out of its folder."""
        try:
            confined(self._settings.parameters, parameters)
        except BadValue as exc:
            return str(exc)
        return None

    async def _until_gone(self, held: Held, folder: Path) -> None:
        await until_gone(held, folder, self._settings.output_limit, self._settings.kill_after)

    def _result(self, folder: Path, left: Sizes | OSError, end: End, mask: Mask) -> Result:
        """What it came to; only after `_tidy`."""
        status: int | str = end.why if end.status is None else end.status
        why = end.why if end.status is None and not end.orphaned else None
        if self._sandbox is not None and end.status is not None and not was_made(folder):
            why = bwrap.unmade(_said(folder) or f"exit {end.status}")
        elif end.status in (NOT_FOUND, NOT_EXECUTABLE):
            why = self._absent()  # looked for only now: most programs are there
        if why is not None:
            return Result(Outcome.FAILED, cut(plain(mask.text(f"{NOT_STARTED}{why}"))))
        return self._judged(folder, left, status, mask)

    def _found(self, folder: Path, left: Sizes | OSError, ticket: Ticket | None, mask: Mask) -> Result | None:
        """What an attempt of another daemon came to, with when; None where nobody can know it. Only after `_tidy`."""
        if ticket is None or ticket.status is None:
            return None if isinstance(left, OSError) else too_much(folder, left, self._settings.output_limit, mask)
        said = _said(folder) if self._sandbox is not None and ticket.status and not was_made(folder) else ""
        if said.startswith(bwrap.SAYS):  # else it was begun by a definition without a sandbox
            return Result(Outcome.FAILED, cut(plain(mask.text(f"{NOT_STARTED}{bwrap.unmade(said)}"))), past=ticket.past)
        return replace(self._judged(folder, left, ticket.status, mask), past=ticket.past)

    def _judged(self, folder: Path, left: Sizes | OSError, status: int | str, mask: Mask) -> Result:
        """By its exit status, also where its files can't be read just now: on a disk that fails, or with too many files open."""
        ok = self._settings.ok_exit_codes
        if isinstance(left, OSError):
            return unread(status, ok, left)
        try:
            return too_much(folder, left, self._settings.output_limit, mask) or result(folder, left, status, ok, mask)
        except OSError as exc:
            return unread(status, ok, exc)

    def _tidy(self, folder: Path, mask: Mask, end: End | None = None) -> Sizes | OSError:
        """What holds for the files however an attempt ended. Answers their sizes before secrets were masked; or why one of them
        couldn't be looked at or masked, which is removed then, with the secrets that may stand in it."""
        failed: OSError | None = None
        try:
            sizes = take_back(folder) if end is None or end.sizes is None else Sizes(*end.sizes)
        except OSError as exc:
            return exc
        for name, size in zip(FILES, sizes, strict=True):
            try:
                if size > self._settings.output_limit + LONGEST_SECRET:
                    os.truncate(folder / name, self._settings.output_limit + LONGEST_SECRET)
                if size:
                    mask.file(folder / name)
            except OSError as exc:
                failed = exc
                if not mask.idle:
                    with suppress(OSError):
                        (folder / name).unlink()
        return failed or sizes

    def _mask(self, context: Context) -> Mask:
        return Mask(context.secret(name) for name in self._settings.secrets)

    def _order(self, request: Request, context: Context, folder: Path, ticket: int) -> Order:
        """Raises ValueError, with a sentence, for what only the machine knows: a program or a user that isn't there."""
        settings, sandbox = self._settings, self._sandbox
        secrets = {name: context.secret(name) for name in settings.secrets}
        seen, fixed = folder, settings.environment
        if sandbox is not None:
            seen, fixed = Path(HERE), {"HOME": TMP, **fixed}
        environment = variables(request, seen, fixed, secrets, settings.user)
        elements = argv.filled(self._argv, confined(settings.parameters, request.parameters))
        elements[0] = self._program(elements[0], environment["PATH"])
        if sandbox is not None:
            if (why := sandbox.wanting(folder.parent.parent)) is not None:
                raise ValueError(why)
            elements, environment = self._wrapped(sandbox, elements, folder), outside(environment)
        return Order(
            argv=elements,
            cwd=self._cwd if sandbox is None else Path("/"),
            environment=environment,
            folder=folder,
            ticket=ticket,
            user=settings.user if sandbox is None else None,
            memory=settings.memory,
            cpu=settings.cpu,
            nice=settings.nice,
        )

    def _wrapped(self, sandbox: Profile, elements: Sequence[str], folder: Path | None) -> list[str]:
        """Raises ValueError, with a sentence. folder: as `Profile.wrapped` has it."""
        account, user = account_to_become(self._settings.user), None
        if account is not None and account.pw_uid != 0:
            user = Account(account.pw_uid, account.pw_gid, os.getgrouplist(account.pw_name, account.pw_gid))
        return sandbox.wrapped(bwrap.bwrap(), elements, folder, user, self._settings.environment)

    def _program(self, name: str, path: str) -> str:
        """The program's path, found as a shell would. One that is named by its path is looked at only once it can't be executed."""
        return str(self._cwd / name) if "/" in name else looked_up(name, self._cwd, path)


def _why_lost(*, stopped: bool) -> str:
    """Of an attempt that was begun in this run of the machine, and has no exit status.   stopped: it ran on, and we killed it."""
    if stopped:
        return "its warden was killed, as rowd was, so that nobody could see it to its end; what still ran of it was killed, too"
    return "it left no exit status: its warden was killed, as rowd was, or the disk was full; it may well have finished"


def _said(folder: Path) -> str:
    """The last line of its errors; "" where they can't be read just now."""
    try:
        return last_line(folder / STDERR)
    except OSError:
        return ""
