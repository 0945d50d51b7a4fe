"""The command line. Every command is registered here by name, and its module is imported only when it is called."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from msgspec import Struct
from typer.core import TyperCommand, TyperGroup

from rowd import __version__
from rowd.cli.options import BEFORE, ConfigOption
from rowd.streams import VOICE


class Entry(Struct, frozen=True):
    """One command. place: `module:function`, or `module:Typer` for a command with commands of its own.

    help: the first line of its docstring, repeated here so that `rowd --help` need import nothing.
    """

    name: str
    place: str
    group: str
    help: str


START, LOOK, ACT, EDIT, MOVE = "Start", "Look", "Ask the daemon", "Edit rows", "Move"

COMMANDS = (
    Entry("init", "rowd.cli.init:init", START, "Write a commented rowd.toml and a first table."),
    Entry("demo", "rowd.cli.demo:demo", START, "Show rowd at work on a table that it makes for you."),
    Entry("setup", "rowd.cli.setup:setup", START, "Check what a table needs, then make and mend its columns."),
    Entry("login", "rowd.cli.login:login", START, "Sign in at a table's store, so that rowd may use what you may use."),
    Entry("run", "rowd.cli.run:run", START, "Run the daemon until it is stopped."),
    Entry("service", "rowd.cli.service:service_app", START, "Make rowd a service of systemd, and say how that stands."),
    Entry("backup", "rowd.cli.backup:backup", START, "Copy the ledger: what has run, what waits, and how every row stands."),
    Entry("restore", "rowd.cli.restore:restore", START, "List the backups of the ledger; put one in its place."),
    Entry("once", "rowd.cli.once:once", START, "Make one pass: read the tables, run what is due, write back, end."),
    Entry("check", "rowd.cli.check:check", LOOK, "Look for defects and doubtful things in the tables."),
    Entry("secrets", "rowd.cli.secrets:secrets_app", LOOK, "Say which secrets rowd.toml names, and whether they are there."),
    Entry("doctor", "rowd.cli.doctor:doctor", LOOK, "Check the whole installation: files, ledger, actions, tables."),
    Entry("status", "rowd.cli.status:status", LOOK, "Say how the daemon and its tables stand."),
    Entry("list", "rowd.cli.list:list_tasks", LOOK, "List the tasks of all tables."),
    Entry("show", "rowd.cli.show:show", LOOK, "Show one task: schedule, settings, last runs, and why it does not run now."),
    Entry("next", "rowd.cli.next:next_runs", LOOK, "Show the coming runs of all tables, also as an iCalendar file."),
    Entry("graph", "rowd.cli.graph:graph", LOOK, "Draw which rows wait for which, as a tree."),
    Entry("workflows", "rowd.cli.workflows:workflows", LOOK, "Say how workflows have ended: rows that belong together."),
    Entry(
        "channel",
        "rowd.cli.channel:channel_app",
        LOOK,
        "Say how the channels stand that tell people of problems, and try them out.",
    ),
    Entry(
        "endpoint",
        "rowd.cli.endpoint:endpoint_app",
        LOOK,
        "Say how the web services stand that are told of events; send again what they did not take.",
    ),
    Entry("history", "rowd.cli.history:history", LOOK, "List what happened, newest first."),
    Entry("reconcile", "rowd.cli.reconcile:reconcile", LOOK, "Hold what has run against what the schedules asked for."),
    Entry("logs", "rowd.cli.logs:logs", LOOK, "Print what a run printed."),
    Entry("audit", "rowd.cli.audit:audit_app", LOOK, "Tell who did what, out of a trail that can't be changed unnoticed."),
    Entry("run-now", "rowd.cli.run_now:run_now", ACT, "Run a task now."),
    Entry("rerun", "rowd.cli.rerun:rerun", ACT, "Run a task again, and with --downstream what waits for it."),
    Entry("tick", "rowd.cli.tick:tick", ACT, "Count a counter up."),
    Entry("emit", "rowd.cli.emit:emit", ACT, "Tell rows, and counters, that something has happened."),
    Entry("cancel", "rowd.cli.cancel:cancel", ACT, "Stop what is running or waiting."),
    Entry("approve", "rowd.cli.approve:approve", ACT, "List what waits for an approval; approve it, or decline it."),
    Entry("pause", "rowd.cli.pause:pause", EDIT, "Pause tasks: put paused into their Status."),
    Entry("resume", "rowd.cli.pause:resume", EDIT, "Resume paused tasks: put active into their Status."),
    Entry("add", "rowd.cli.add:add", EDIT, "Add a row to a table."),
    Entry("edit", "rowd.cli.edit:edit", EDIT, "Change cells of a row."),
    Entry("delete", "rowd.cli.delete:delete", EDIT, "Delete a row from its table."),
    Entry("import", "rowd.cli.importing:import_app", MOVE, "Take rows from a crontab, a CSV file or a JSON file."),
    Entry("copy", "rowd.cli.copy:copy", MOVE, "Make the rows of one table in another that doesn't have them."),
    Entry("sync", "rowd.cli.sync:sync", MOVE, "Bring two tables to say the same, whichever of them was edited."),
    Entry("export", "rowd.cli.exporting:export_app", MOVE, "Write the rows as CSV, as JSON or as a crontab."),
)
"""In the order of `rowd --help`."""

MEANT = {
    **dict.fromkeys(("retry", "trigger", "exec", "execute"), ("run-now",)),
    "start": ("run-now", "run"),
    "ls": ("list",),
    "rm": ("delete",),
    "remove": ("delete",),
}
"""What other programs call it → the commands that may be meant. A likeness of letters would tell of others."""

CHANGING = frozenset({*(e.name for e in COMMANDS if e.group in (START, ACT, EDIT)), "import", "copy", "sync"})
"""Commands that change something: a table, rowd.toml, the ledger."""


class Commands(TyperGroup):
    """The commands by name, known by their help alone until one of them is called."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {e.name: TyperCommand(e.name, help=e.help, rich_markup_mode=None) for e in COMMANDS}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is called, whole."""
        if args and (meant := MEANT.get(args[0])) is not None:
            ctx.fail(f"No such command '{args[0]}'. Did you mean {' or '.join(map(repr, meant))}?")
        name, command, rest = super().resolve_command(ctx, args)
        VOICE.changes = name in CHANGING
        return name, command if name is None else load(name), rest

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 (typer gives it)
        """List them by group; `ctx` and `formatter` are typer's."""
        widest = max(len(e.name) for e in COMMANDS)
        for group in dict.fromkeys(e.group for e in COMMANDS):
            with formatter.section(group):
                formatter.write_dl([(e.name.ljust(widest), e.help) for e in COMMANDS if e.group == group])


def load(name: str) -> TyperCommand | TyperGroup:
    """The whole command of this name; imports its module. Raises KeyError."""
    from rowd.cli.command import command_of

    entry = {e.name: e for e in COMMANDS}[name]
    module, _, attribute = entry.place.partition(":")
    found = getattr(import_module(module), attribute)
    if isinstance(found, typer.Typer):
        return typer.main.get_group(found)
    return command_of(found, name)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"rowd {__version__}")
        raise typer.Exit


app = typer.Typer(
    name="rowd",
    cls=Commands,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


@app.callback(
    no_args_is_help=True,
    epilog="\n".join(
        [
            "\b",
            "Examples:",
            "  rowd init && rowd run",
            "  rowd list --config /etc/rowd/rowd.toml",
            "  rowd show backup --help",
        ]
    ),
)
def _rowd(
    config: ConfigOption = None,
    version: Annotated[  # noqa: ARG001 (its callback has answered it by now)
        bool, typer.Option("--version", "-V", help="Print the version and end.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    """The daemon whose crontab is a shared table: each row is a task."""
    BEFORE.set(config)


__all__: Sequence[str] = ("COMMANDS", "app", "load")
