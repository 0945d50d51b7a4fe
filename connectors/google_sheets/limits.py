"""What Google counts, and for whom (developers.google.com/workspace/sheets/api/limits, read 2026-11-21)."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cache
from typing import Literal

from connectors.api import Window

PER_USER, PER_PROJECT = 60, 300
"""Requests a minute, reads and writes each for themselves; an account is one user, however many daemons use it."""

MINUTE = timedelta(seconds=61)
"""Google counts requests when they come in, we when they go out: what they may take longer by is kept clear."""

_METRIC = re.compile(r"\b(read|write)[ _]requests", re.IGNORECASE)
_PER_PROJECT = re.compile(r"requests per minute(?! per user)", re.IGNORECASE)


def project(name: str) -> str:
    """The scope of all accounts that ask by way of one project."""
    return f"Google Cloud project {name}"


@cache
def windows(user: str, of_project: str) -> tuple[Window, ...]:
    """user: the scope of the account that asks, as `Subject.user` has it.   of_project: of its key, or of the OAuth client."""
    return (
        Window("read", PER_USER, MINUTE, user),
        Window("write", PER_USER, MINUTE, user),
        Window("read", PER_PROJECT, MINUTE, project(of_project)),
        Window("write", PER_PROJECT, MINUTE, project(of_project)),
    )


def broken(message: str, user: str, of_project: str) -> tuple[str, Literal["read", "write", "any"]]:
    """Which scope, and which kind, a refusal is about. Where it doesn't say: the account, and both kinds.

    user, of_project: as `windows` has them.
    """
    metric = _METRIC.search(message)
    kind: Literal["read", "write", "any"] = "any" if metric is None else "read" if metric[1].lower() == "read" else "write"
    return project(of_project) if _PER_PROJECT.search(message) else user, kind
