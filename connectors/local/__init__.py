"""The local table: a CSV file that people open in any spreadsheet program or editor.

document (bytes kept) → grid (rows with keys) → edits (patches carried out) → saver (the file replaced, nobody's save lost) → table.
"""

from connectors.api import Backend
from connectors.local.settings import LocalSettings
from connectors.local.table import LocalTable

BACKEND = Backend(settings=LocalSettings, open=LocalTable, exclusive=True, files=lambda settings: [settings.path])

__all__ = ["BACKEND", "LocalSettings", "LocalTable"]
