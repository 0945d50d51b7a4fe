"""Keys from a column that people can break."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.api import PROVISIONAL, Cell, Row
from connectors.identity import keys, normalised

_ids = st.lists(st.one_of(st.none(), st.sampled_from(["a", "b", "1", "1.0", " a", "~x", "", 1, 1.0, "c"])), max_size=8)


def keyed(ids: list[Cell]) -> list[str]:
    return keys(ids, lambda i: Row("", {"ID": ids[i], "Name": "x"}))


@given(_ids)
def test_keys_are_unique(ids: list[Cell]) -> None:
    found = keyed(ids)
    assert len(found) == len(set(found)) == len(ids)


@given(_ids, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(ids: list[Cell], random: object) -> None:
    assert sorted(keyed(ids)) == sorted(keyed(ids[::-1]))


@given(_ids)
def test_a_key_without_the_mark_is_the_row_s_own_id(ids: list[Cell]) -> None:
    for value, key in zip(ids, keyed(ids), strict=True):
        assert key.startswith(PROVISIONAL) or key == normalised(value)


@pytest.mark.parametrize(
    ("value", "key"), [(" a ", "a"), ("1.0", "1"), (1.0, "1"), ("-2.00", "-2"), ("1.50", "1.50"), ("1.0.0", "1.0.0"), (None, "")]
)
def test_an_id_is_normalised(value: Cell, key: str) -> None:
    assert normalised(value) == key


def test_equal_rows_are_numbered() -> None:
    first, second, third = keyed([None, None, None])
    assert (second, third) == (f"{first}-2", f"{first}-3")


def test_the_order_of_columns_and_blank_columns_do_not_change_a_provisional_key() -> None:
    one = keys([None], lambda _: Row("", {"Name": "x", "Notes": "y"}))
    other = keys([None], lambda _: Row("", {"notes": "y", "ID": None, "Name": "x"}))
    assert one == other


def test_an_id_of_the_shape_of_a_provisional_key_is_none() -> None:
    (key,) = keyed(["~x"])
    assert key != "~x"
    assert key.startswith(PROVISIONAL)
