"""What a row can wait for beside the clock. The registry below is the only list of kinds; each is imported on first use."""

from __future__ import annotations

from config.registry import Registry
from watches.api import Kind

KINDS = Registry[Kind](
    "rowd.watches",
    {
        "events": "watches.events:KIND",
        "file": "watches.file:KIND",
        "git": "watches.git:KIND",
        "url": "watches.url:KIND",
        "command": "watches.command:KIND",
        "sql": "watches.sql:KIND",
        "outcomes": "watches.outcomes:KIND",
        "rowd": "watches.itself:KIND",
        "table": "watches.table:KIND",
        "webhook": "watches.webhook:KIND",
    },
)
"""Name → where its `Kind` is. Other packages add theirs through the entry point group `rowd.watches`."""

known, load = KINDS.known, KINDS.load
