"""`rowd import`: rows from elsewhere."""

from __future__ import annotations

from rowd.cli.command import group, include
from rowd.cli.importing_crontab import import_crontab
from rowd.cli.importing_rows import import_csv, import_json

import_app = group(
    "Take rows from a crontab, a CSV file or a JSON file.",
    "rowd import crontab /etc/crontab /etc/cron.d --dry-run",
    "rowd import csv tasks.csv --table ops",
    "rowd import json tasks.json",
)
include(import_app, import_crontab, "crontab")
include(import_app, import_csv, "csv")
include(import_app, import_json, "json")
