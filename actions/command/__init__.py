"""A program of this machine, run without a shell.

settings → argv (what a row's values may become) → launcher (an order) → warden (its ticket, its program)
→ watch (its end, or ours) → verdict.
"""

from actions.api import Kind
from actions.command.action import make
from actions.command.heir import Heir
from actions.command.settings import CommandSettings

KIND = Kind(settings=CommandSettings, make=make, repeatable=lambda _: False, heir=Heir())
"""Whether a program may be run again after a failure, only its operator knows: `repeatable = true`."""
