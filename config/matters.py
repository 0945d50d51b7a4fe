"""What channels may tell people about."""

from __future__ import annotations

from enum import StrEnum


class Matter(StrEnum):
    """A kind of problem; and `RECOVERED`: that one is over which was told."""

    FAILED = "failed"
    MISSED = "missed"
    DEADLINE = "deadline"
    DEFECT = "defect"
    UNREACHABLE = "unreachable"
    OWNER = "owner"
    HELD = "held"
    UNWRITABLE = "unwritable"
    QUOTA = "quota"
    RECOVERED = "recovered"
