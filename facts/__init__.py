"""What conditions can ask of the world outside. The registry below is the only list of kinds; each is imported on first use."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points

from facts.api import Kind

KINDS = {
    "command": "facts.command:KIND",
    "url": "facts.url:KIND",
}
"""Name → where its `Kind` is. Other packages add theirs through the entry point group `rowd.facts`."""


def known() -> list[str]:
    """Names of every kind that could be loaded, ours first."""
    return [*KINDS, *sorted(e.name for e in entry_points(group="rowd.facts") if e.name not in KINDS)]


def load(name: str) -> Kind:
    """The kind of that name. Raises KeyError for an unknown name."""
    if name in KINDS:
        module, _, attribute = KINDS[name].partition(":")
        kind: Kind = getattr(import_module(module), attribute)
        return kind
    for entry in entry_points(group="rowd.facts"):
        if entry.name == name:
            found: Kind = entry.load()
            return found
    raise KeyError(name)
