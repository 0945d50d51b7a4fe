"""Tables of rows. The registry below is the only list of backends; each is imported on first use."""

from __future__ import annotations

from config.registry import Registry
from connectors.api import Backend

BACKENDS = Registry[Backend](
    "rowd.connectors",
    {
        "local": "connectors.local:BACKEND",
        "airtable": "connectors.airtable:BACKEND",
        "google_sheets": "connectors.google_sheets:BACKEND",
        "notion": "connectors.notion:BACKEND",
        "rest": "connectors.rest:BACKEND",
    },
)
"""Name → where its `Backend` is. Other packages add theirs through the entry point group `rowd.connectors`."""

known, load = BACKENDS.known, BACKENDS.load
