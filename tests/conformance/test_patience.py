"""The patience wrapper keeps the contract of the table that it wraps: what passes through it is neither lost nor repeated."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors.api import Page, Patch, Traits, Written
from engine.clock import SystemClock
from engine.patience import PatientTable
from tests.conformance.local_bench import Flavour, LocalBench
from tests.conformance.suite import TableConformance
from tests.fakes.memory_table import InlineWorker


class Through:
    """A table whose calls go through `PatientTable`, seen from the blocking world again."""

    def __init__(self, table: Any) -> None:
        self._inner = table
        self._patient = PatientTable(table, SystemClock(), InlineWorker())

    @property
    def traits(self) -> Traits:
        return self._patient.traits

    def read(self, cursor: str | None = None) -> Page:
        assert cursor is None
        reading = asyncio.run(self._patient.read())
        return Page(reading.rows, reading.columns, None, reading.id_column)

    def write(self, patches: Sequence[Patch]) -> list[Written]:
        return asyncio.run(self._patient.write(patches))

    def close(self) -> None:
        asyncio.run(self._patient.close())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class PatientBench(LocalBench):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder, Flavour())
        self.table = Through(self.table)  # type: ignore[assignment]  # the same contract, by another road


class TestPatience(TableConformance):
    @pytest.fixture
    def fresh_bench(self, tmp_path: Path) -> Callable[[], AbstractContextManager[PatientBench]]:
        @contextmanager
        def fresh() -> Iterator[PatientBench]:
            bench = PatientBench(Path(tempfile.mkdtemp(dir=tmp_path)))
            yield bench
            bench.table.close()

        return fresh

    @pytest.fixture
    def bench(self, fresh_bench: Callable[[], AbstractContextManager[PatientBench]]) -> Iterator[PatientBench]:
        with fresh_bench() as bench:
            yield bench
