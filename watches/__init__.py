"""What a row can wait for beside the clock. The registry below is the only list of kinds; each is imported on first use."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points

from watches.api import Kind

KINDS = {
    "events": "watches.events:KIND",
    "file": "watches.file:KIND",
    "git": "watches.git:KIND",
    "url": "watches.url:KIND",
    "command": "watches.command:KIND",
    "sql": "watches.sql:KIND",
    "outcomes": "watches.outcomes:KIND",
    "webhook": "watches.webhook:KIND",
}
"""Name → where its `Kind` is. Other packages add theirs through the entry point group `rowd.watches`."""


def known() -> list[str]:
    """Names of every kind that could be loaded, ours first."""
    return [*KINDS, *sorted(e.name for e in entry_points(group="rowd.watches") if e.name not in KINDS)]


def load(name: str) -> Kind:
    """The kind of that name. Raises KeyError for an unknown name."""
    if name in KINDS:
        module, _, attribute = KINDS[name].partition(":")
        kind: Kind = getattr(import_module(module), attribute)
        return kind
    for entry in entry_points(group="rowd.watches"):
        if entry.name == name:
            found: Kind = entry.load()
            return found
    raise KeyError(name)
