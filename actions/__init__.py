"""What a row can do. The registry below is the only list of kinds; each is imported on first use."""

from __future__ import annotations

from actions.api import Kind
from config.registry import Registry

KINDS = Registry[Kind](
    "rowd.actions",
    {
        "command": "actions.command:KIND",
        "http": "actions.http:KIND",
        "simulate": "actions.simulate:KIND",
    },
)
"""Name → where its `Kind` is. Other packages add theirs through the entry point group `rowd.actions`."""

known, load = KINDS.known, KINDS.load
