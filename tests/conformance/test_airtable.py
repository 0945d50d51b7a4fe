"""Airtable keeps the contract, whichever way it behaves where its documentation leaves that open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import ClassVar

import pytest

from tests.conformance.airtable_bench import AirtableBench
from tests.conformance.suite import TableConformance


class AirtableConformance(TableConformance):
    switches: ClassVar[Mapping[str, str]]

    @pytest.fixture
    def fresh_bench(self) -> Callable[[], AbstractContextManager[AirtableBench]]:
        @contextmanager
        def fresh() -> Iterator[AirtableBench]:
            bench = AirtableBench(self.switches)
            yield bench
            bench.close()

        return fresh

    @pytest.fixture
    def bench(self, fresh_bench: Callable[[], AbstractContextManager[AirtableBench]]) -> Iterator[AirtableBench]:
        with fresh_bench() as bench:
            yield bench


class TestAirtable(AirtableConformance):
    switches: ClassVar[Mapping[str, str]] = {}


class TestAirtableOtherwise(AirtableConformance):
    switches: ClassVar[Mapping[str, str]] = {
        "batch": "until_error",
        "unknown_record": "403",
        "get_elsewhere": "whole_base",
        "modified_resolution": "millisecond",
        "new_record_modified": "blank",
        "wording": "older",
        "order_without_view": "creation",
        "pages": "live",
    }
