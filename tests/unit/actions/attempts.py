"""What the tests of actions lend to an attempt, and how they make one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import actions
from actions.api import Action, Request, Result, Uptime, Value

DUE = datetime(2026, 3, 2, 12, tzinfo=UTC)
RUN = f"01RUN{os.environ.get('PYTEST_XDIST_WORKER', '')}"
"""By it what is left of an attempt is found and killed, so tests that run beside each other must not share it."""


@dataclass
class Lent:
    """A context."""

    path: Path
    secrets: Mapping[str, str] = field(default_factory=dict)
    told: list[Uptime] = field(default_factory=list)

    def began(self, at: Uptime) -> None:
        self.told.append(at)

    @property
    def folder(self) -> Path:
        self.path.mkdir(exist_ok=True)
        return self.path

    @classmethod
    def anew(cls, path: Path, secrets: Mapping[str, str] | None = None) -> Lent:
        """For an attempt where another one has been."""
        for ticket in path.parent.glob(f"{path.name}.*"):
            ticket.unlink()
        return cls(path, secrets or {})

    def secret(self, name: str) -> str:
        return self.secrets[name]


def request(attempt: int = 1, **parameters: Value) -> Request:
    return Request(
        run=RUN,
        attempt=attempt,
        table="ops",
        task="Nightly report",
        action="it",
        parameters=parameters,
        due=DUE,
        trigger=f"at:{DUE.isoformat()}",
        timeout=timedelta(minutes=5),
    )


def action(base: Path, kind: str, **settings: Any) -> Action:
    """An action as rowd.toml would define it."""
    of = actions.load(kind)
    return of.make("it", of.settings.model_validate({"kind": kind, **settings}), base)


def ran(folder: Path, kind: str, secrets: Mapping[str, str] | None = None, **settings: Any) -> Result:
    """The result of one attempt without parameters."""
    made = action(folder.parent, kind, secrets=tuple(secrets or ()), **settings)
    return asyncio.run(made.run(request(), Lent.anew(folder, secrets)))
