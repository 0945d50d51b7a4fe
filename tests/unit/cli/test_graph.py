"""`rowd graph`: which rows wait for which."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from tests.unit.cli.desk import Desk

CHAINED = "ID,Name,Type,Schedule,Action,Status,Depends On"


def desk(folder: Path, *rows: str) -> Desk:
    return Desk(folder, *rows, header=CHAINED)


def diamond(folder: Path) -> Desk:
    return desk(
        folder,
        '4,deploy,,,work,,"assets, docs"',
        "1,tests,manual,,work,,",
        "2,assets,,,work,,tests",
        "3,docs,,,work,,1",
        "5,tell,,,work,,deploy",
        "6,other,manual,,work,,",
    )


def test_each_row_stands_under_one_that_it_waits_for_and_in_full_once(tmp_path: Path) -> None:
    lines = diamond(tmp_path).run("graph").output.splitlines()
    assert [line.partition("  ")[0] if line[0].isalpha() else line.split("  OK")[0] for line in lines[:6]] == [
        "tests",
        "├─ assets",
        "│  └─ deploy",
        "│     └─ tell",
        "└─ docs",
        "   └─ deploy (above)",
    ]
    assert "other" not in " ".join(lines)


def test_of_one_row_only_its_own_chain_is_drawn(tmp_path: Path) -> None:
    found = json.loads(diamond(tmp_path).run("graph", "docs", "--json").output)
    assert [row["name"] for row in found["rows"]] == ["deploy", "tests", "docs", "tell"]
    assert found["rows"][2] == {
        "table": "ops",
        "id": "3",
        "name": "docs",
        "depends_on": ["1"],
        "on_failure": "skip",
        "status": "active",
        "health": "OK, waits for 1",
    }


def test_a_flowchart_takes_no_name_for_its_own_words(tmp_path: Path) -> None:
    at = desk(tmp_path, '1,"a""] --> b;%% <x>",manual,,work,,', "2,b,,,work,paused,1")
    assert at.run("graph", "--mermaid").output.splitlines()[:4] == [
        "flowchart LR",
        '    r1["a#34;#93; --#62; b#59;#37;#37; #60;x#62;"]:::good',
        '    r2["b"]:::quiet',
        "    r1 --> r2",
    ]


def test_where_nothing_waits_or_a_row_can_not_be_understood_that_is_said(tmp_path: Path) -> None:
    at = desk(tmp_path, "1,a,manual,,work,,")
    assert "No row waits for another one" in at.said("graph")
    assert at.said("graph", "a") == "a: it waits for no row, and none waits for it"
    at.table("ops", "1,a,,,work,,b", "2,b,,,work,,a", "3,c,,daily,work,,a", header=CHAINED)
    assert at.said("graph") == "Not drawn: 3 rows with a Depends On that can't be understood as a whole (`rowd check`)"
    assert at.said("graph", "a").startswith('a: ERROR: Depends On "b": a circle, ')
    assert "can't be had together" in at.said("graph", "--json", "--mermaid", code=2)


def test_a_row_that_speaks_of_rows_that_are_not_there_is_not_added(tmp_path: Path) -> None:
    at = desk(tmp_path, "1,disk,manual,,work,,")
    assert 'did you mean "disk"?' in at.said("add", "x", "--action", "work", "--depends-on", "dsk", code=1)
    assert "added x to ops as row" in at.said("add", "x", "--action", "work", "--depends-on", "disk")
    at.table("ops", "1,disk,manual,,work,,,", header=CHAINED + ",Condition")
    late = ("--schedule", "daily", "--set", "Condition=late.outcome == 'failed'")
    assert 'no row of this table has the Name or ID "late"' in at.said("add", "y", "--action", "work", *late, code=1)
    well = ("--schedule", "daily", "--set", "Condition=disk.outcome == 'failed'")
    assert "added y to ops as row" in at.said("add", "y", "--action", "work", *well)


def test_a_row_that_is_renamed_is_told_to_who_waits_for_it_also_by_a_daemon_that_begins_later(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,disk,,daily 07:00,work,,", "2,report,,,work,,disk", header=CHAINED)
    desk.daemon_reads()
    desk.table("ops", "1,room,,daily 07:00,work,,", "2,report,,,work,,disk", header=CHAINED)
    said = 'no row of this table has the Name or ID "disk" any more; it was renamed to "room"'
    assert said in desk.said("graph", "report")
    desk.daemon_reads()
    assert said in desk.said("graph", "report")
    desk.table("ops", "1,room,,daily 07:00,work,,", "2,report,,,work,,room", header=CHAINED)
    assert "renamed" not in desk.said("graph", "report")


def test_what_runs_again_behind_a_row_is_told_apart_from_what_can_not(tmp_path: Path) -> None:
    desk = Desk(
        tmp_path,
        *("1,a,manual,,work,,", "2,b,manual,,work,,", "3,b2,manual,,work,,"),
        *(
            '4,c,,,work,,"a, b"',
            '5,d,,,work,,"c, b2"',
            '6,e,,,work,,"d, b"',
            "7,f,,,work,paused,a",
            "8,g,,,work,,f",
            "9,h,,,work,,c",
        ),
        header=CHAINED,
    )
    desk.daemon_reads()
    for key, name in (("2", "b"), ("4", "c"), ("5", "d"), ("7", "f")):
        desk.ended(desk.began(key, name, ago=timedelta(0)))
    said = desk.said("rerun", "a", "--downstream")
    assert "Behind it, once it has succeeded: c and h " in said
    assert "d does not run then: it waits for b2 (has not run yet), too" in said
    assert "e does not run then: it waits for d, too" in said
    assert "f does not run then: it is paused" in said
    assert "g does not run then: it waits for f (paused), too" in said
