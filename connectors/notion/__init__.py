"""A database of Notion, or one of its data sources.

settings (what the operator says) · client (one request) → errors (how it failed) · source (which data source) → fields (its
properties) → cells (values) · table (rows) · news (whether anything changed) · checks (whether all is there) · prepare (making
properties). `notion_client` is imported with the first request.
"""

from connectors.api import Backend
from connectors.notion.settings import NotionSettings
from connectors.notion.table import NotionTable

BACKEND = Backend(settings=NotionSettings, open=NotionTable, secrets=lambda settings: [settings.token])

__all__ = ["BACKEND", "NotionSettings", "NotionTable"]
