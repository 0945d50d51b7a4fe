"""From a plain function to a command: its examples, and what becomes of the errors that it lets through."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand

from rowd.cli.exits import Exit
from rowd.cli.output import fail

F = TypeVar("F", bound=Callable[..., Any])


def examples(*lines: str) -> Callable[[F], F]:
    """Give a command its examples, shown at the end of its `--help`: whole command lines, most useful first."""

    def mark(function: F) -> F:
        function.__dict__["examples"] = lines
        return function

    return mark


def group(help: str) -> typer.Typer:  # noqa: A002 (typer's own word)
    """A command that has commands of its own; give it those with `include`."""
    return typer.Typer(help=help, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)


def include(commands: typer.Typer, function: Callable[..., Any], name: str) -> typer.Typer:
    """Add the function as a command of this name."""
    commands.command(name=name, epilog=epilog_of(function))(told(function))
    return commands


def command_of(function: Callable[..., Any], name: str) -> TyperCommand:
    """The function as a command of this name."""
    alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    command = typer.main.get_command(include(alone, function, name))
    assert isinstance(command, TyperCommand)  # noqa: S101 (a Typer with one command and no callback is that command)
    return command


def epilog_of(function: Callable[..., Any]) -> str | None:
    """The examples, kept line by line (`\\b`)."""
    lines = getattr(function, "examples", ())
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)]) if lines else None


def told(function: F) -> F:
    """The function with the errors that are a user's business said in a sentence, with the exit status that belongs to them.

    What isn't foreseen here is a bug of ours and shows its traceback.
    """

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (KeyboardInterrupt, typer.Abort):
            raise typer.Exit(int(Exit.INTERRUPTED)) from None
        except (typer.Exit, typer.BadParameter):
            raise
        except Exception as exc:
            if (code := code_of(exc)) is None:
                raise
            fail(str(exc), code)

    return guarded  # type: ignore[return-value]  # functools.wraps keeps the signature, which mypy can't see


def code_of(exc: Exception) -> Exit | None:
    """The exit status for an error of ours; None for a stranger."""
    from config.mistakes import ConfigError
    from connectors.errors import NeedsOwner, NoRoom, OutcomeUnknown, TableError, Taken, TryLater
    from engine.ledger.errors import IllegalMove, LedgerError, LedgerUnwritable
    from rowd.lock import AlreadyRunning, StateUnusable

    match exc:
        case AlreadyRunning() | Taken():
            return Exit.REFUSED
        case ConfigError() | NeedsOwner() | NoRoom() | StateUnusable():
            return Exit.OWNER
        case TryLater() | OutcomeUnknown():
            return Exit.LATER
        case IllegalMove():
            return None
        case LedgerUnwritable() if _locked(exc):
            return Exit.LATER
        case LedgerError():
            return Exit.OWNER
        case TableError():
            return Exit.BAD
    return None


def _locked(exc: Exception) -> bool:
    """Whether another program keeps the ledger locked, which passes; a full disk and missing rights are for a person to mend."""
    cause: BaseException | None = exc
    while cause is not None:
        if getattr(cause, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return True
        cause = getattr(cause, "orig", None) or cause.__cause__
    return False
