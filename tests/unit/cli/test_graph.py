"""`rowd graph`: which rows wait for which."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from connectors.api import Lease, Row
from engine.asked import Wish
from engine.findings import Reading
from engine.model import Defect
from engine.remit import Remit
from rowd.cli.site import site_at
from rowd.known import known
from rowd.view import take_up
from tests.fakes.virtual import NOON
from tests.unit.cli.desk import Desk

HOUR = timedelta(hours=1)
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


TWO = """
[tables.web]
connector = "local"
path = "web.csv"
readable_by = ["*"]
"""


def two(folder: Path, *web: str) -> Desk:
    """A table ops, which web may read, and web."""
    made = Desk(folder, "1,build,manual,,work,,", "2,tidy,,,work,,web/deploy", more=TWO, header=CHAINED)
    at = folder / "rowd.toml"
    at.write_text(at.read_text().replace('path = "ops.csv"', 'path = "ops.csv"\nreadable_by = ["web"]'))
    made.table("web", *(web or ("1,deploy,,,work,,ops/build", "2,tell,,,work,,deploy")), header=CHAINED)
    return made


def test_rows_of_several_tables_are_drawn_together_and_bear_their_table_where_it_changes(tmp_path: Path) -> None:
    at = two(tmp_path)
    lines = at.run("graph").output.splitlines()
    assert [line.partition("  OK")[0] for line in lines] == ["ops/build", "└─ web/deploy", "   ├─ ops/tidy", "   └─ tell"]
    lines = at.run("graph", "--table", "web").output.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["deploy", "└─ tell"]
    at.daemon_reads()
    assert "deploy OK, waits for ops/build" in at.said("graph", "--table", "web")  # known from the ledger
    assert '    r1["ops/build"]:::good' in at.run("graph", "--mermaid").output.splitlines()
    rows = {row["name"]: row["depends_on"] for row in at.json("graph", "deploy")["rows"]}
    assert rows == {"build": [], "tidy": ["web/1"], "deploy": ["ops/1"], "tell": ["1"]}


def test_what_another_table_has_is_known_also_where_it_is_not_looked_at(tmp_path: Path) -> None:
    at = two(tmp_path, "1,deploy,,,work,,ops/bild", "2,mend,,,work,,ops/tidy")
    assert "(the table ops has not been read yet)" in at.run("list", "--table", "web", columns=400).output
    at.daemon_reads()
    for words in (("list", "--table", "web"), ("list",)):
        assert 'no row of the table ops has the Name or ID "bild"; did you mean "build"?' in at.run(*words, columns=400).output
    at.table("ops", "1,bild,manual,,work,,", header=CHAINED)
    assert "OK, waits for ops/bild" in at.run("list", columns=400).output


def test_what_waits_in_other_tables_runs_again_too_and_is_said_with_its_table(tmp_path: Path) -> None:
    at = two(
        tmp_path, "1,deploy,,,work,,ops/build", "2,tell,,,work,,deploy", '3,late,,,work,,"ops/build, more"', "4,more,manual,,work,,"
    )
    at.daemon_reads()
    said = at.said("rerun", "build", "--downstream", "--table", "ops")
    assert "Behind it, once it has succeeded: tidy, web/deploy and web/tell " in said
    assert "web/late does not run then: it waits for more (has not run yet), too" in said
    with at.ledger() as ledger:
        assert {(r.table, r.key, r.wish) for r in ledger.requests()} == {
            *((table, key, Wish.MAKE_UP) for table, key in (("ops", "2"), ("web", "1"), ("web", "2"), ("web", "3"))),
            ("ops", "1", Wish.RUN_NOW),
        }


def test_a_row_of_a_table_that_another_daemon_runs_is_told_as_that(tmp_path: Path) -> None:
    site = site_at(two(tmp_path).folder / "rowd.toml")
    now, bounds = NOON, list(site.tables.values())
    shared = [replace(b, rules=replace(b.rules, rules=replace(b.rules.rules, remit=Remit()))) for b in bounds]
    for lease, told in (
        (Lease("us", "a", NOON + HOUR), False),
        (Lease("x", "a", NOON - HOUR), False),
        (Lease("x", "a", NOON + HOUR), True),
    ):
        ours = known(site, shared, None, now, "us")
        for bound in shared:
            rows = [Row("1", {"ID": "1", "Name": "build", "Type": "manual", "Action": "work"})]
            columns = ("ID", "Name", "Type", "Action", "Depends On")
            if bound.rules.rules.table == "web":
                rows = [Row("1", {"ID": "1", "Name": "deploy", "Action": "work", "Depends On": "ops/build"})]
            leases = (lease,) if bound.rules.rules.table == "ops" else ()
            take_up(ours[bound.rules.rules.table], Reading(tuple(rows), columns, "ID", leases=leases), now, bound)
        understood = ours["web"].keeper.understood["1"]
        assert isinstance(understood, Defect) == told
        assert not isinstance(understood, Defect) or "is run by another daemon" in understood.message


def test_a_row_without_an_id_is_shown_beside_the_other_tables(tmp_path: Path) -> None:
    at = two(tmp_path, ",deploy,,,work,,ops/bild", ",well,,,work,,ops/build")
    assert "OK, waits for ops/build" in at.run("list", columns=400).output
    assert 'no row of the table ops has the Name or ID "bild"' in at.run("list", columns=400).output


def test_rows_of_another_table_that_have_no_id_yet_are_no_reason_for_an_error(tmp_path: Path) -> None:
    at = Desk(tmp_path, ",build,manual,,work,,", more=TWO, header=CHAINED)
    file = tmp_path / "rowd.toml"
    file.write_text(file.read_text().replace('path = "ops.csv"', 'path = "ops.csv"\nreadable_by = ["web"]'))
    at.table("web", ",deploy,,,work,,ops/build", header=CHAINED)
    assert at.json("check")["errors"] == 0
    at.table("ops", "1,build,manual,,work,,", header=CHAINED)
    at.table("web", "1,deploy,,,work,,ops/biuld", header=CHAINED)
    assert at.json("check", code=1)["errors"] == 1  # all are known, and this is none
