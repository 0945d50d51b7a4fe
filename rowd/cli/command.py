"""From a plain function to a command: its examples, and what becomes of the errors that it lets through."""

from __future__ import annotations

import functools
import re
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand

from rowd.cli.exits import Exit
from rowd.cli.output import fail
from rowd.streams import VOICE

F = TypeVar("F", bound=Callable[..., Any])


class Command(TyperCommand):
    """A command whose usage, arguments and refusals read as a person would write them."""

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **more: Any) -> Any:
        """As the base's; of a command line that is refused it is said in plain words why."""
        given = tuple(args)
        try:
            return super().make_context(info_name, args, *rest, **more)
        except typer.BadParameter as exc:
            exc.message = _phrased(exc) or exc.message
            raise
        except Exception as exc:  # an unknown option: typer doesn't export that class
            if (negative := _negative(getattr(exc, "option_name", ""), given)) is not None:
                raise typer.BadParameter(f"{negative}: no number here may be negative", ctx=getattr(exc, "ctx", None)) from exc
            raise

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """`NAME`, `NAME…` for one or more, `[N]` for what can be left out."""
        arguments = [p for p in self.get_params(ctx) if p.param_type_name == "argument"]
        return [self.options_metavar or "", *(p.metavar or "" if p.required else f"[{p.metavar}]" for p in arguments)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """What each argument and option is; of arguments without their type, which their name tells."""
        arguments: list[tuple[str, str]] = []
        options: list[tuple[str, str]] = []
        for parameter in self.get_params(ctx):
            if (record := parameter.get_help_record(ctx)) is not None:
                argument = parameter.param_type_name == "argument"
                name = parameter.metavar if argument else None
                (arguments if argument else options).append((name or record[0], _bounded(record[1])))
        for title, records in (("Arguments", arguments), ("Options", options)):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def _bounded(about: str) -> str:
    """What typer writes of a number's bounds, for readers: `1<=x<=9` as `1 to 9`."""
    return re.sub(r"x>=(\d+)", r"\1 or more", re.sub(r"(\d+)<=x<=(\d+)", r"\1 to \2", about))


def _phrased(refusal: typer.BadParameter) -> str | None:
    """A value that pydantic refused, in our words; None where it wasn't pydantic."""
    from pydantic import ValidationError

    from config.phrases import phrase

    cause = refusal.__cause__
    return phrase(cause.errors()[0])[0] if isinstance(cause, ValidationError) else None


def _negative(option: str, given: Sequence[str]) -> str | None:
    """The negative number among the words given that was taken for this option; None where it was none."""
    return next((word for word in given if re.fullmatch(r"-\d", option) and word.startswith(option)), None)


def examples(*lines: str) -> Callable[[F], F]:
    """Give a command its examples, shown at the end of its `--help`: whole command lines, most useful first."""

    def mark(function: F) -> F:
        function.__dict__["examples"] = lines
        return function

    return mark


def group(about: str, *lines: str) -> typer.Typer:
    """A command that has commands of its own; give it those with `include`.   lines: its examples."""
    return typer.Typer(
        help=about,
        epilog=_epilog(lines),
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
    )


def include(commands: typer.Typer, function: Callable[..., Any], name: str) -> typer.Typer:
    """Add the function as a command of this name."""
    first, *_ = (function.__doc__ or "").split("\n\n")
    short = " ".join(first.split())
    commands.command(name=name, cls=Command, epilog=epilog_of(function), short_help=short)(told(function))
    return commands


def command_of(function: Callable[..., Any], name: str) -> TyperCommand:
    """The function as a command of this name."""
    alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    command = typer.main.get_command(include(alone, function, name))
    assert isinstance(command, TyperCommand)  # noqa: S101 (a Typer with one command and no callback is that command)
    return command


def epilog_of(function: Callable[..., Any]) -> str | None:
    """Its examples as they end its `--help`."""
    return _epilog(getattr(function, "examples", ()))


def _epilog(lines: Sequence[str]) -> str | None:
    """Kept line by line (`\\b`)."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)]) if lines else None


def told(function: F) -> F:
    """The function with the errors that are a user's business said in a sentence, with the exit status that belongs to them.

    What isn't foreseen here is a bug of ours and shows its traceback.
    """

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        VOICE.began = True
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
    from connectors.errors import NeedsOwner, NoHeader, NoRoom, OutcomeUnknown, TableError, Taken, TryLater
    from engine.ledger.errors import IllegalMove, LedgerError, LedgerUnwritable
    from rowd.lock import AlreadyRunning, StateUnusable
    from rowd.making import TooMany

    match exc:
        case AlreadyRunning() | Taken() | TooMany():
            return Exit.REFUSED
        case ConfigError() | NeedsOwner() | NoHeader() | NoRoom() | StateUnusable():
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
        cause = cause.__cause__
    return False
