"""`rowd import`: rows from elsewhere."""

from __future__ import annotations

import typer

from rowd.cli.command import epilog_of, told
from rowd.cli.importing_crontab import import_crontab
from rowd.cli.importing_rows import import_csv, import_json

import_app = typer.Typer(
    name="import",
    help="Take rows from a crontab, a CSV file or a JSON file.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)
for _name, _function in (("crontab", import_crontab), ("csv", import_csv), ("json", import_json)):
    import_app.command(_name, epilog=epilog_of(_function))(told(_function))
