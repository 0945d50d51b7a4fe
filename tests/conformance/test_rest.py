"""Real JSON services keep the contract by configuration alone."""

from __future__ import annotations

import sqlite3
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.conformance.rest_bench import DatasetteBench, KintoBench, RestBench
from tests.conformance.suite import TableConformance
from tests.servers import Service


@pytest.fixture(scope="module")
def kinto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("kinto"), "kinto")
    yield service
    service.close()


@pytest.fixture(scope="module")
def datasette(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Path]]:
    folder = tmp_path_factory.mktemp("datasette")
    database = folder / "ops.db"
    sqlite3.connect(database).close()
    service = Service(folder, "datasette", str(database))
    yield service, database
    service.close()


class RestConformance(TableConformance):
    @pytest.fixture
    @abstractmethod
    def fresh_bench(self) -> Callable[[], AbstractContextManager[RestBench]]: ...

    @pytest.fixture
    def bench(self, fresh_bench: Callable[[], AbstractContextManager[RestBench]]) -> Iterator[RestBench]:
        with fresh_bench() as bench:
            yield bench


def _benches(make: Callable[[], RestBench]) -> Callable[[], AbstractContextManager[RestBench]]:
    @contextmanager
    def fresh() -> Iterator[RestBench]:
        bench = make()
        yield bench
        bench.close()

    return fresh


class TestKinto(RestConformance):
    """ETags for the list and for rows, changes of single fields."""

    @pytest.fixture
    def fresh_bench(self, kinto: Service) -> Callable[[], AbstractContextManager[RestBench]]:
        return _benches(lambda: KintoBench(kinto, pages=False))


class TestKintoInPages(RestConformance):
    """Pages by an address in a header of Kinto's own; rows put as a whole, with keys of rowd's choice."""

    @pytest.fixture
    def fresh_bench(self, kinto: Service) -> Callable[[], AbstractContextManager[RestBench]]:
        return _benches(lambda: KintoBench(kinto, pages=True))


class TestDatasette(RestConformance):
    """No ETags; pages by a cursor; another shape for each request."""

    @pytest.fixture
    def fresh_bench(self, datasette: tuple[Service, Path]) -> Callable[[], AbstractContextManager[RestBench]]:
        service, database = datasette
        return _benches(lambda: DatasetteBench(service, database))
