"""The local table keeps the contract, whichever program wrote the file."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.conformance.local_bench import Flavour, LocalBench
from tests.conformance.suite import TableConformance


class LocalConformance(TableConformance):
    flavour: Flavour

    @pytest.fixture
    def fresh_bench(self, tmp_path: Path) -> Callable[[], AbstractContextManager[LocalBench]]:
        @contextmanager
        def fresh() -> Iterator[LocalBench]:
            bench = LocalBench(Path(tempfile.mkdtemp(dir=tmp_path)), self.flavour)
            yield bench
            bench.table.close()

        return fresh

    @pytest.fixture
    def bench(self, fresh_bench: Callable[[], AbstractContextManager[LocalBench]]) -> Iterator[LocalBench]:
        with fresh_bench() as bench:
            yield bench


class TestComma(LocalConformance):
    flavour = Flavour()


class TestSemicolonAsExcelWritesIt(LocalConformance):
    flavour = Flavour(delimiter=";", bom=True, line_end="\r\n", in_place=True)


class TestTabWithEverythingQuoted(LocalConformance):
    flavour = Flavour(delimiter="\t", quoting=csv.QUOTE_ALL, in_place=True)
