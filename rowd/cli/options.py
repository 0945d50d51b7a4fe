"""The options that many commands share, so that each looks and reads the same everywhere."""

from __future__ import annotations

from contextvars import ContextVar
from pathlib import Path
from typing import Annotated

import typer

CONFIG_HELP = "The rowd.toml to use. Default: $ROWD_CONFIG, ./rowd.toml, /etc/rowd/rowd.toml."

ConfigOption = Annotated[Path | None, typer.Option("--config", metavar="PATH", help=CONFIG_HELP)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
TableOption = Annotated[str | None, typer.Option("--table", metavar="TABLE", help="Only this table, by its name in rowd.toml.")]
TaskArgument = Annotated[str, typer.Argument(metavar="NAME", help="A task by its Name or ID; TABLE/NAME where two tables have it.")]

BEFORE: ContextVar[Path | None] = ContextVar("config given before the command", default=None)
"""`rowd --config PATH list`: what stands before the command; the command's own option wins."""
