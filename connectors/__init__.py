"""Tables of rows. The registry below is the only list of backends; each is imported on first use."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points

from connectors.api import Backend

BACKENDS = {
    "local": "connectors.local:BACKEND",
    "airtable": "connectors.airtable:BACKEND",
    "google_sheets": "connectors.google_sheets:BACKEND",
    "notion": "connectors.notion:BACKEND",
    "rest": "connectors.rest:BACKEND",
}
"""Name → where its `Backend` is. Other packages add theirs through the entry point group `rowd.connectors`."""


def known() -> list[str]:
    """Names of every backend that could be loaded, ours first."""
    return [*BACKENDS, *sorted(e.name for e in entry_points(group="rowd.connectors") if e.name not in BACKENDS)]


def load(name: str) -> Backend:
    """The backend of that name. Raises KeyError for an unknown name."""
    if name in BACKENDS:
        module, _, attribute = BACKENDS[name].partition(":")
        backend: Backend = getattr(import_module(module), attribute)
        return backend
    for entry in entry_points(group="rowd.connectors"):
        if entry.name == name:
            found: Backend = entry.load()
            return found
    raise KeyError(name)
