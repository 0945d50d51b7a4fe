"""Any JSON service over HTTP, by configuration.

settings (what the operator says: auth, paging, asks, pointers) · client (one request) → errors (how it failed) · listing (all rows)
→ rows (records) → cells (values) · sending (a row written) · news (whether anything changed) · table (all of it together) · checks
(whether all is there). `httpx` is imported with the first request.
"""

from connectors.api import Backend
from connectors.rest.settings import RestSettings
from connectors.rest.table import EditableRestTable, RestTable, opened

BACKEND = Backend(settings=RestSettings, open=opened, secrets=RestSettings.secrets)

__all__ = ["BACKEND", "EditableRestTable", "RestSettings", "RestTable"]
