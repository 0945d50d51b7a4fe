"""In which order the files of all tests begin."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tests.conftest import LONGEST, WAITS, longest, pytest_collection_modifyitems


def test_the_files_that_are_begun_first_are_there() -> None:
    assert [name for name in LONGEST if not longest(name).is_file()] == []


def test_of_each_kind_the_longest_is_begun_first_and_the_kinds_take_turns() -> None:
    short = [longest(f"{folder}short {n}") for folder in ("", "conformance/") for n in range(30)]
    items: list[Any] = [SimpleNamespace(path=path) for path in (*short, *map(longest, reversed(LONGEST)))]
    pytest_collection_modifyitems(items)
    for waits in (True, False):
        begun = [item.path for item in items if (WAITS in item.path.parts) is waits]
        known = [path for path in map(longest, LONGEST) if (WAITS in path.parts) is waits]
        assert begun[: len(known)] == known
    assert {WAITS in item.path.parts for item in items[:3]} == {WAITS in item.path.parts for item in items[-3:]} == {True, False}
