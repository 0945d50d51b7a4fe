"""Which actions' runs somebody has to approve, as `rowd.toml` says."""

from __future__ import annotations

import json
from collections.abc import Mapping

from actions.api import Definition
from config.load import Config
from engine.approval import ApprovalRule
from rowd.sourcing import mark_of


def approval_rules(config: Config, definitions: Mapping[str, Definition]) -> dict[str, ApprovalRule]:
    """By the name of the action. Its definition is approved as a whole: whatever else the file says of it makes it another one."""
    return {
        name: ApprovalRule(_mark(config, name), definition.approve_in_table, definition.approval_within)
        for name, definition in definitions.items()
        if definition.approval
    }


def _mark(config: Config, name: str) -> str:
    said = json.dumps(config.settings.actions[name], sort_keys=True, default=str)  # TOML has dates, which JSON hasn't
    return mark_of(str(config.base), said)
