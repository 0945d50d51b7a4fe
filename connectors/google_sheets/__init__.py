"""A tab of a spreadsheet in Google Sheets.

settings → credentials (who we are: a key, or a person who has signed in by login) → edge (one request each, errors translated) →
grid (a tab seen as rows) → sheet → writing, sending (what is sent, and held against its answer), rows (new ones, removed ones) →
table, with told (what the engine knows).
"""

from connectors.api import Backend
from connectors.google_sheets.settings import GoogleSheetsSettings
from connectors.google_sheets.table import GoogleSheetsTable, opened

BACKEND = Backend(
    settings=GoogleSheetsSettings, open=opened, secrets=GoogleSheetsSettings.secrets, private=GoogleSheetsSettings.private
)

__all__ = ["BACKEND", "GoogleSheetsSettings", "GoogleSheetsTable"]
