"""Notion keeps the contract, whichever way it behaves where its documentation leaves that open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import ClassVar

import pytest

from tests.conformance.notion_bench import NotionBench, World
from tests.conformance.suite import TableConformance


class NotionConformance(TableConformance):
    world: ClassVar[World]

    @pytest.fixture
    def fresh_bench(self) -> Callable[[], AbstractContextManager[NotionBench]]:
        @contextmanager
        def fresh() -> Iterator[NotionBench]:
            bench = NotionBench(self.world)
            yield bench
            bench.close()

        return fresh

    @pytest.fixture
    def bench(self, fresh_bench: Callable[[], AbstractContextManager[NotionBench]]) -> Iterator[NotionBench]:
        with fresh_bench() as bench:
            yield bench


class TestNotion(NotionConformance):
    """All within one minute."""

    world: ClassVar[World] = World()


class TestNotionOtherwise(NotionConformance):
    world: ClassVar[World] = World(
        switches={
            "times": "milliseconds",
            "dates": "milliseconds",
            "trashed_rows": "shown",
            "trashed_pages": "not_found",
            "wrong_id": "validation_error",
            "order": "any",
            "cursor": "snapshot",
            "short_pages": "yes",
            "empty_text": "kept",
            "text_neighbours": "kept",
            "trash_edit": "done",
            "index_lag_s": "60",
        },
        kind="personal",
        takes=timedelta(seconds=7),
        lag=timedelta(seconds=61),
    )
