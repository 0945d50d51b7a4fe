"""Cells that a person has merged: what they hide holds nothing, so nothing is written there, and it is said why."""

from __future__ import annotations

from connectors.api import Effect, Patch
from tests.conformance.sheets_bench import SheetsBench
from tests.unit.google_sheets.test_writes import PUT, marked, rows

WHY = 'the cell under "Last Result" is merged with another one, which hides it; unmerge them'


def over_two(bench: SheetsBench) -> str:
    """The cells under Last Result of the first two rows."""
    return f"{bench.at('alpha', 'Last Result')}:{bench.at('beta', 'Last Result')}"


def test_what_a_merge_hides_is_not_written_and_said_to_be_unfit(bench: SheetsBench) -> None:
    bench.person.merge(over_two(marked(bench)))
    assert rows(bench)["beta"].cells["Last Result"] is None
    bench.asked()
    first, second = bench.table.write([Patch("a", {"Last Result": "1"}), Patch("b", {"Last Result": "2", "Notes": "n"})])
    assert bench.asked() == [PUT]
    assert (first.effect, first.unfit) == (Effect.APPLIED, {})
    assert (second.effect, second.unfit) == (Effect.APPLIED, {"Last Result": WHY})
    assert [bench.row(name)["Last Result"] for name in ("alpha", "beta")] == ["1", None]
    assert bench.row("beta")["Notes"] == "n"


def test_a_row_of_which_all_is_hidden_costs_no_request(bench: SheetsBench) -> None:
    bench.person.merge(over_two(marked(bench)))
    rows(bench)
    bench.asked()
    (answer,) = bench.table.write([Patch("b", {"Last Result": "2"})])
    assert (answer.effect, answer.unfit) == (Effect.APPLIED, {"Last Result": WHY})
    (answer,) = bench.table.write([Patch("b", {"Last Result": None})])
    assert (answer.effect, answer.unfit) == (Effect.APPLIED, {}), "it holds nothing already"
    assert bench.asked() == []


def test_once_they_are_unmerged_it_is_written(bench: SheetsBench) -> None:
    cells = over_two(marked(bench))
    bench.person.merge(cells)
    rows(bench)
    bench.person.unmerge(cells)
    rows(bench)
    (answer,) = bench.table.write([Patch("b", {"Last Result": "2"})])
    assert (answer.effect, answer.unfit) == (Effect.APPLIED, {})
    assert bench.row("beta")["Last Result"] == "2"


def test_headers_that_are_hidden_are_no_columns_and_those_beside_stay_what_they_are(bench: SheetsBench) -> None:
    marked(bench)
    letters = [bench.letters(header) for header in ("Last Result", "Notes")]
    headers = sorted(f"{letter}1" for letter in letters)
    bench.person.merge(":".join(headers))
    columns = bench.table.read().columns
    assert len({"Last Result", "Notes"} & set(columns)) == 1
    assert bench.table.write([Patch("a", {columns[-1]: "x", "Health": "y"})])[0].effect is Effect.APPLIED
