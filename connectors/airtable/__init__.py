"""A table of an Airtable base.

settings (what the operator says) · client (one request) → errors (how it failed) · fields (the table's columns) → cells (values) ·
table (rows) · hook (whether anything changed). `pyairtable` is imported with the first request, not before.
"""

from connectors.airtable.settings import AirtableSettings
from connectors.airtable.table import AirtableTable
from connectors.api import Backend

BACKEND = Backend(settings=AirtableSettings, open=AirtableTable, secrets=lambda settings: [settings.token])

__all__ = ["BACKEND", "AirtableSettings", "AirtableTable"]
