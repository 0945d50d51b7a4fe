"""What the commands of `rowd service` share: which service is meant, and how steps are told as they are made."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec import Struct, field

from config.settings import NAME
from rowd.cli.exits import Exit
from rowd.cli.output import clean, emit_json, fail, say
from rowd.systemd.control import Control, Failed, NoSystemd, Standing
from rowd.systemd.installing import SYSTEM_UNITS, user_units
from rowd.systemd.steps import Plan, ours
from rowd.systemd.unit import words_in

UserOption = Annotated[bool, typer.Option("--user", help="A service of your own, without root: your own manager runs it.")]
NameOption = Annotated[str, typer.Option("--name", metavar="NAME", help="What the service is called: a-z, 0-9, _ and -.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]

OWN = ("--user",)
"""How systemctl and journalctl are told that a user's own manager is meant."""


class Meant(Struct, frozen=True):
    """The service that a command line means."""

    name: str
    units: Path
    control: Control

    @property
    def unit(self) -> Path:
        return self.units / f"{self.name}.service"

    @property
    def own(self) -> bool:
        """Whether it is a user's own."""
        return self.control.flags == OWN

    def standing(self) -> Standing:
        """How it stands. Ends the command where no systemd can be asked."""
        try:
            return self.control.standing(self.unit.name)
        except NoSystemd as exc:
            fail(str(exc), Exit.OWNER)

    def admit(self) -> None:
        """End the command where its user may not change a service of the machine."""
        if not self.own and os.geteuid() != 0:
            again = f"sudo {shlex.join([*program(), *sys.argv[1:]])}"
            fail(
                f"Only root may change the services of this machine: {again}. A service of your own needs no root: --user",
                Exit.OWNER,
            )


def meant(name: str, own: bool) -> Meant:
    """Raises typer.BadParameter for what no service may be called."""
    if not NAME.fullmatch(name) or name.startswith("-"):
        raise typer.BadParameter("use 1 to 64 of a-z, 0-9, _ and -, and no - at the beginning", param_hint="--name")
    if own:
        return Meant(name, user_units(os.environ, Path.home()), Control(OWN))
    return Meant(name, SYSTEM_UNITS, Control())


def program() -> list[str]:
    """The words that start this very program, the first an absolute path."""
    called = Path(sys.argv[0])
    found = called if called.is_file() else Path(shutil.which(sys.argv[0]) or "")
    if found.name == "__main__.py" or not found.is_file():
        return [os.path.abspath(sys.executable), "-m", "rowd"]  # noqa: PTH100 (a venv's python is a link that must stay one)
    return [os.path.abspath(found)]  # noqa: PTH100 (a link to the program stays one)


def program_of(found: Meant) -> list[str]:
    """The same, by the name by which its unit has it already: one program may have several, and each is as good."""
    ours_now = program()
    named = words_in(found.unit.read_text(encoding="utf-8", errors="replace")) if ours(found.unit) else []
    same = named and len(ours_now) == 1 and os.path.realpath(named[0]) == os.path.realpath(ours_now[0])
    return named[:1] if same else ours_now


class Report(Struct):
    """What is told of a plan while it is carried out; at once, unless it is for a program.

    changes: made, or, in a dry run, to be made.
    """

    quiet: bool
    dry_run: bool
    changes: list[str] = field(default_factory=list)
    trouble: str | None = None

    def carry_out(self, plan: Plan) -> Exit:
        """Do it step by step, up to the first that fails."""
        for one in plan.found:
            self._say(f"{'✓' if one.good else '✗'} {one.what}: {one.says}", None if one.good else "red")
        if plan.obstructed:
            return Exit.OWNER
        for step in plan.steps:
            if not self.dry_run:
                try:
                    step.do()
                except (Failed, OSError) as exc:
                    self.trouble = str(exc)
                    self._say(f"✗ {exc}", "red")
                    return Exit.OWNER
            self.changes.append(step.says)
            self._say(f"+ {'would ' if self.dry_run else ''}{step.says}", "green")
        for sentence in plan.by_hand:
            self._say(f"! {sentence}", "yellow")
        for sentence in plan.hints:
            self._say(f"→ {sentence}")
        return Exit.OWNER if plan.by_hand else Exit.OK

    def _say(self, line: str, style: str | None = None) -> None:
        if not self.quiet:
            say(f"  {clean(line)}", style)

    def end(self, found: Meant, plan: Plan, code: Exit, sentence: str, **more: Any) -> None:
        """The last word. Ends the command with its status.   sentence: where nothing is left to do."""
        if self.quiet:
            emit_json(
                {
                    "service": found.name,
                    "scope": "user" if found.own else "system",
                    "unit": str(found.unit),
                    "dry_run": self.dry_run,
                    "done": code is Exit.OK and not (self.dry_run and self.changes),
                    "checks": [{"check": one.what, "good": one.good, "says": one.says} for one in plan.found],
                    "changes": self.changes,
                    "by_hand": plan.by_hand,
                    "hints": plan.hints,
                    "trouble": self.trouble,
                    "journal": found.control.journal(found.name),
                    **more,
                }
            )
        elif plan.obstructed:
            say("Nothing was changed: see the lines with ✗, then repeat this.")
        elif self.trouble is not None:
            say(f"It ended there; once that is mended, repeat this. What the service has said: {found.control.journal(found.name)}")
        elif self.dry_run:
            say("Nothing was changed: this was a dry run." if self.changes else "There is nothing to change.")
        elif code is not Exit.OK:
            say("Not all is done yet: see the lines with !, then repeat this.")
        else:
            say(sentence if self.changes else f"There was nothing to change. {sentence}")
        if code is not Exit.OK:
            raise typer.Exit(int(code))
