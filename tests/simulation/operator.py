"""What the operator of a simulated rowd has said: its actions, and what else stands in rowd.toml."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, tzinfo

from actions.api import Definition
from actions.parameters import Parameter, ParameterType
from engine.blackout import Blackout
from engine.brakes import Brake

_NUMBER = {"n": Parameter(type=ParameterType.INTEGER, default=0)}

DEFINITIONS = {
    "quick": Definition(kind="sim", parameters=_NUMBER),
    "again": Definition(kind="sim", parameters=_NUMBER, repeatable=True, attempts=3, retry_wait=timedelta(seconds=2)),
    "outside": Definition(kind="sim", parameters=_NUMBER, attempts=2, retry_wait=timedelta(seconds=5)),
    "rare": Definition(kind="sim", parameters=_NUMBER, at_most_every=timedelta(seconds=50)),
    "frail": Definition(kind="sim", parameters=_NUMBER, repeatable=True, attempts=2, retry_wait=timedelta(seconds=1)),
    "slow": Definition(kind="sim", parameters=_NUMBER, attempts=2, retry_wait=timedelta(seconds=12)),
    "extra": Definition(kind="sim", parameters=_NUMBER),
    "teller": Definition(kind="sim", parameters=_NUMBER, at_most_every=timedelta(seconds=20)),
}


@dataclass
class Operator:
    """What stands in rowd.toml now."""

    zone: tzinfo
    actions: frozenset[str]
    limits: dict[str, int]
    max_parallel: int
    blackouts: tuple[Blackout, ...]
    brakes: dict[str, Brake]
