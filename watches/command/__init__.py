"""What programs of this machine print."""

from __future__ import annotations

from watches.api import Kind
from watches.command.settings import CommandSettings
from watches.command.watch import CommandWatch, make

__all__ = ["KIND", "CommandSettings", "CommandWatch"]

LIMITS = frozenset({"secrets", "timeout", "max_output"})
"""Settings that don't say what is watched."""

SAYS = frozenset({"old", "new"})
"""The names of all that an event says of an output."""

KIND = Kind(settings=CommandSettings, make=make, limits=LIMITS, says=SAYS, secrets=lambda settings: settings.secrets)
