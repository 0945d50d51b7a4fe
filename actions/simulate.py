"""Does nothing but what it is told: waits, fails, puts out. For trying a schedule out, and for tests.

What the definition fixes can be given by rows instead: a declared parameter called `sleep` or `fail` takes the place of that
setting, and any other declared parameter is put out as an output of its name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from actions.api import Context, Definition, Kind, Outcome, Request, Result
from actions.parameters import ParameterType
from actions.telling import cut, listed
from actions.values import Value
from config.fields import Span, spelled

_TYPES: Mapping[str, tuple[ParameterType, ...]] = {
    "sleep": (ParameterType.SPAN,),
    "fail": (ParameterType.BOOLEAN, ParameterType.INTEGER),
}
"""Parameter that stands for a setting → what it may be."""


class SimulateSettings(Definition, frozen=True):
    """`kind = "simulate"`: nothing real."""

    sleep: Span = Field(default=timedelta(0), description="How long it takes.")
    fail: bool | Annotated[int, Field(ge=0)] = Field(
        default=False, description="true: every attempt fails; a number: so many of the first attempts do."
    )
    outputs: Mapping[Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.]{0,99}$")], Value] = Field(
        default={}, description="What it puts out, also when it fails."
    )


class Simulate:
    """`kind = "simulate"`. It waits on the event loop's own time, so a loop on virtual time needs no other clock."""

    def __init__(self, settings: SimulateSettings) -> None:
        self._settings = settings

    async def run(self, request: Request, context: Context) -> Result:  # noqa: ARG002 (it needs nothing)
        given = request.parameters
        seconds = float(given.get("sleep", self._settings.sleep.total_seconds()))
        fail = given.get("fail", self._settings.fail)
        outputs = {**self._settings.outputs, **{name: value for name, value in given.items() if name not in _TYPES}}
        await asyncio.sleep(seconds)
        if fail is True or (fail is not False and request.attempt <= int(fail)):
            which = "" if fail is True else f": attempt {request.attempt}, and the first {fail} were to fail"
            return Result(Outcome.FAILED, f"failed, as told{which}", outputs)
        waited = f"waited {spelled(timedelta(seconds=seconds))}" if seconds else ""
        return Result(Outcome.SUCCEEDED, cut(", ".join(filter(None, (waited, listed(outputs)))) or "done"), outputs)


def make(name: str, settings: SimulateSettings, base: Path) -> Simulate:  # noqa: ARG001 (a Kind's signature)
    """Raises ValueError where a parameter that stands for a setting has a type that the setting hasn't."""
    for parameter, types in _TYPES.items():
        declared = settings.parameters.get(parameter)
        if declared is not None and declared.type not in types:
            raise ValueError(f"its parameter {parameter} takes the place of that setting; give it the type {' or '.join(types)}")
    return Simulate(settings)


KIND = Kind(settings=SimulateSettings, make=make, repeatable=lambda _: True)
