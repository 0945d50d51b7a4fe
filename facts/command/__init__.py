"""What a program of this machine prints, or how it ends."""

from __future__ import annotations

from pathlib import Path

from facts.api import Kind, Lend
from facts.command.fact import Command
from facts.command.settings import CommandSettings


def make(name: str, settings: CommandSettings, base: Path, lend: Lend) -> Command:  # noqa: ARG001 (a Kind's signature)
    """Raises KeyError for a secret without a value. A program that isn't there may come."""
    return Command(settings, (base / settings.cwd).absolute(), {secret: lend(secret) for secret in settings.secrets})


KIND = Kind(settings=CommandSettings, make=make)
