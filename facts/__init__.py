"""What conditions can ask of the world outside. The registry below is the only list of kinds; each is imported on first use."""

from __future__ import annotations

from config.registry import Registry
from facts.api import Kind

KINDS = Registry[Kind](
    "rowd.facts",
    {
        "command": "facts.command:KIND",
        "sql": "facts.sql:KIND",
        "url": "facts.url:KIND",
    },
)
"""Name → where its `Kind` is. Other packages add theirs through the entry point group `rowd.facts`."""

known, load = KINDS.known, KINDS.load
