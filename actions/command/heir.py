"""Takes over attempts whose definition is gone from rowd.toml: waited for as others are, told by their exit status alone."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from actions.api import Context, Lost, Outcome, Request, Result, Unbegun, Uptime
from actions.command import argv
from actions.command.action import Command
from actions.command.settings import CommandSettings
from actions.command.tickets import newest


class Heir(Command):
    """A command without a definition: what a definition may say is as if it said nothing.

    What was printed is not repeated: which of it is secret stood in the definition.
    """

    def __init__(self) -> None:
        settings = CommandSettings(kind="command", argv=("true",))
        super().__init__(settings, argv.read(settings.argv, {}), Path())

    async def run(self, request: Request, context: Context) -> Result:  # noqa: ARG002 (an Action's)
        return Result(Outcome.FAILED, f"the action {request.action} is no longer defined in rowd.toml")

    async def adopt(self, request: Request, context: Context, since: Uptime | None) -> Result | Lost | Unbegun:
        found = await super().adopt(request, context, since)
        ticket = newest(context.path)
        if not isinstance(found, Result) or ticket is None or ticket.status is None:
            return found
        summary = f"exit {ticket.status}; what it printed is in its log, since its action is no longer in rowd.toml"
        return replace(found, summary=summary, outputs={})
