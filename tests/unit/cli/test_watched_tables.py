"""What commands say of watched tables: who may watch them, and what can't be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from rowd.cli.site import site_at
from tests.unit.cli.test_watches import HEADER, Desk

SHOP = """
[tables.shop]
connector = "local"
path = "shop.csv"
{more}
[watch.orders]
kind = "table"
table = "{table}"
{its}
"""
ROWS = ("1,take,,work,,orders,,,,active,", "2,count,counter,work,,,orders,3,0,active,")
OPEN = 'readable_by = ["ops"]'


def desk(folder: Path, more: str = OPEN, its: str = "", table: str = "shop") -> Desk:
    made = Desk(folder, *ROWS, more=SHOP.format(more=more, its=its, table=table), header=HEADER)
    (folder / "shop.csv").write_text(
        "ID,Titel,Action,Schedule,Watch,Stage,Due Date,Health\n7,mine,work,daily 07:00,orders,new,,\n"
        if "Titel" in more
        else "ID,Name,Action,Schedule,Watch,Stage,Due Date,Health\n7,mine,work,daily 07:00,orders,new,,\n"
    )
    return made


def test_rows_that_may_read_the_table_and_its_own_can_watch_it(tmp_path: Path) -> None:
    its = desk(tmp_path, its='columns = ["stage", "due-date", "Description", "name"]\nchanges = ["edited"]')
    assert "It waits until something changes in orders" in its.said("show", "take")
    assert "counted up by orders" in its.said("show", "count")
    assert "every day at 07:00, and when something changes in orders" in its.said("next", "--table", "shop")
    said = its.said("check")
    assert 'tells edits of "Description", and the table shop has no such column; add it' in " ".join(said.split())
    assert '"stage"' not in said
    assert "✓ watch: orders can be looked at" in its.said("doctor", code=1)


def test_rows_of_a_table_that_may_not_read_it_are_defects_with_the_remedy_and_get_no_hint(tmp_path: Path) -> None:
    its = desk(tmp_path, more="")
    why = (
        '"orders" tells of another table, and rows of this table may not speak of those of the table shop; '
        'the operator can let them, by "ops" in readable_by under [tables.shop] in rowd.toml'
    )
    found = {one["column"]: one["message"] for one in its.json("check", code=1)["findings"] if one["level"] == "error"}
    assert found == {"Watch": f'Watch "orders": {why}', "Counts": f'Counts "orders": {why}'}
    refused = its.said("add", "more", "--action", "work", "--watch", "orderz", "--table", "ops", code=1)
    assert "orderz" in refused
    assert 'mean "orders"' not in refused


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"table": "shp"}, 'watch.orders.table: there is no table "shp"; did you mean "shop"?'),
        (
            {"more": "serve = false"},
            'watch.orders.table: the table "shop" says serve = false, so nobody reads it; name one that is',
        ),
        (
            {"its": 'columns = ["health"]'},
            "watch.orders.columns: Health is a column that rowd writes; name columns that people alone",
        ),
        ({"its": 'columns = ["Status"]'}, "watch.orders.columns: Status is a column that rowd writes"),
        (
            {"more": 'columns = { Name = "Titel" }', "its": 'columns = ["titel"]'},
            'the table has "titel" for rowd\'s Name; write "Name"',
        ),
        ({"its": 'changes = ["new"]'}, 'watch.orders.changes: "new" is nothing that is done to rows'),
        ({"its": "colums = []"}, "watch.orders.colums"),
    ],
)
def test_what_can_not_be_meant_is_a_mistake_with_the_remedy(tmp_path: Path, settings: dict[str, str], said: str) -> None:
    assert said in " ".join(desk(tmp_path, **settings).said("check", code=4).split())


def test_a_column_that_was_misspelt_is_told_with_the_right_one(tmp_path: Path) -> None:
    its = desk(tmp_path, its='columns = ["Stag"]')
    (found,) = [one for one in its.json("check")["findings"] if one["kind"] == "watch"]
    assert (found["table"], found["name"], found["column"], found["level"]) == ("shop", "watch.orders", "Stag", "warning")
    assert found["message"] == 'tells edits of "Stag", and the table shop has no such column; did you mean "Stage"?'
    assert '✗ watch: watch.orders tells edits of "Stag"' in its.said("doctor", code=1)


def test_what_it_has_gone_by_holds_on_but_where_another_table_is_named(tmp_path: Path) -> None:
    def mark(its: str, table: str = "shop") -> str:
        desk(tmp_path, its=its, table=table)
        return site_at(tmp_path / "rowd.toml").parts.sources["orders"].definition

    one = mark("")
    assert mark('columns = ["Stage"]') == mark('changes = ["added"]') == mark('runs = "each"') == mark('every = "5m"') == one
    assert mark("", table="ops") != one
