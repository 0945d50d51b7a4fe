"""Commands that make and activate rows, called in a run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.api import Cell
from connectors.errors import NeedsOwner, OutcomeUnknown, TableError, TryLater
from connectors.local.table import LocalTable
from engine.crash import CrashPoints
from engine.ledger import Ledger
from engine.made import Made
from rowd.making import run_around
from tests.unit.cli.desk import Desk

RUN = {"ROWD_RUN_ID": "r1", "ROWD_TABLE": "ops", "ROWD_TASK": "build"}


@pytest.fixture
def in_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in RUN.items():
        monkeypatch.setenv(name, value)


def desk(path: Path, *rows: str, more: str = "") -> Desk:
    made = Desk(path, *rows, more=more)
    made.daemon_reads()
    return made


def rows(one: Desk, table: str = "ops") -> dict[str, str]:
    """Name → Status."""
    lines = [line.split(",") for line in (one.folder / f"{table}.csv").read_text().splitlines()]
    header = lines[0]
    return {line[header.index("Name")]: line[header.index("Status")] for line in lines[1:]}


def announced(one: Desk) -> list[tuple[str, Made]]:
    with one.ledger() as ledger:
        return [(a.name, a.made) for a in ledger.announced()]


TABLE = 'connector = "local"\npath = "ops.csv"\n'


def limited(one: Desk, *settings: str) -> None:
    file = one.folder / "rowd.toml"
    file.write_text(file.read_text().replace('path = "ops.csv"\n', 'path = "ops.csv"\n' + "".join(f"{s}\n" for s in settings)))


def test_outside_of_a_run_nothing_is_different(tmp_path: Path) -> None:
    one = desk(tmp_path)
    assert "every day at 09:00" in one.said("add", "idea", "--action", "work", "--schedule", "daily 9:00")
    assert (rows(one), announced(one)) == ({"idea": "active"}, [])


def test_what_a_run_adds_is_a_draft_whatever_was_asked_for(tmp_path: Path, in_a_run: None) -> None:
    one = desk(tmp_path)
    told = one.said("add", "an idea", "--action", "work", "--schedule", "daily 9:00", "--set", "Status=active")
    assert "a draft, for a run has made it (build (run r1)). It runs once a person puts `active` into its Status" in told
    assert "`rowd resume 'an idea'` outside of a run; else it expires" in told
    assert rows(one) == {"an idea": "draft"}
    ((name, made),) = announced(one)
    assert (name, made.run, made.task) == ("an idea", "r1", "build")
    assert made.until is not None
    assert timedelta(0) < made.until - made.at - timedelta(days=7) <= timedelta(minutes=1)
    assert (made.until.second, made.until.microsecond) == (0, 0)
    (listed,) = one.json("list", "--status", "draft")["tasks"]
    assert listed["health"].startswith("DRAFT made by build (run r1), expires ")
    one.daemon_reads()
    assert "DRAFT made by build (run r1), expires" in one.said("show", "an idea")


def test_json_tells_who_has_made_it_and_until_when_it_waits(
    tmp_path: Path, in_a_run: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROWD_TABLE", "other")
    one = desk(tmp_path)
    limited(one, 'drafts_expire = "never"')
    told = one.json("add", "idea", "--action", "work", "--type", "manual")
    assert (told["draft"], told["made_by_run"], told["expires"]) == (True, "r1", None)
    assert announced(one)[0][1].task == "other/build"
    assert "until somebody activates it" in one.said("show", "idea")


def test_a_row_that_would_not_be_understood_is_refused_in_a_run_too(tmp_path: Path, in_a_run: None) -> None:
    one = desk(tmp_path)
    assert "not added" in one.said("add", "idea", "--action", "work", "--schedule", "whenever", code=1)
    assert (rows(one), announced(one)) == ({}, [])


def test_beyond_the_cap_nothing_is_made_and_activating_makes_room(
    tmp_path: Path, in_a_run: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = desk(tmp_path)
    limited(one, "max_made_by_runs = 1")
    words = ["--action", "work", "--type", "manual"]
    one.said("add", "first", *words)
    told = one.said("add", "second", *words, code=5)
    assert "ops has 1 draft that runs have made, and another one would be beyond tables.ops.max_made_by_runs = 1: nothing" in told
    monkeypatch.delenv("ROWD_RUN_ID")
    one.said("add", "by a person", *words)
    one.said("resume", "first")
    monkeypatch.setenv("ROWD_RUN_ID", "r2")
    one.said("add", "second", *words, code=5)  # no daemon has seen it yet
    one.daemon_reads()
    one.said("add", "second", *words)
    assert rows(one) == {"first": "active", "by a person": "active", "second": "draft"}


def test_an_import_in_a_run_makes_drafts_and_keeps_to_the_cap_as_a_whole(tmp_path: Path, in_a_run: None) -> None:
    one = desk(tmp_path)
    limited(one, "max_made_by_runs = 2")
    many = [{"Name": f"n{n}", "Action": "work", "Type": "manual", "Status": "active"} for n in range(3)]
    (tmp_path / "many.json").write_text(json.dumps(many))
    (tmp_path / "two.json").write_text(json.dumps(many[:2]))
    told = one.said("import", "json", str(tmp_path / "many.json"), code=5)
    assert "ops has 0 drafts that runs have made, and 3 more would be beyond" in told
    assert rows(one) == {}
    told = one.said("import", "json", str(tmp_path / "two.json"))
    assert "ops: The 2 rows that were made there are drafts, for this was called in a run" in told
    assert rows(one) == {"n0": "draft", "n1": "draft"}
    assert len(announced(one)) == 2


def test_a_copy_in_a_run_makes_drafts_where_a_daemon_runs_them_and_nowhere_else(tmp_path: Path, in_a_run: None) -> None:
    more = '[tables.mirror]\nconnector = "local"\npath = "mirror.csv"\nserve = false\n'
    one = Desk(tmp_path, "1,there,manual,,work,active,,,,", more=more)
    one.table("mirror", "2,new,manual,,work,active,,,,")
    one.daemon_reads()
    told = one.said("copy", "mirror", "ops")
    assert "ops: The row that was made there is a draft, for this was called in a run" in told
    assert rows(one) == {"there": "active", "new": "draft"}
    one.said("copy", "ops", "mirror")
    assert rows(one, "mirror") == {"new": "active", "there": "active"}
    assert [name for name, _ in announced(one)] == ["new"]
    one.said("sync", "ops", "mirror")
    assert rows(one)["new"] == "draft"


@pytest.mark.parametrize("seen", [True, False])
def test_no_run_activates_what_a_run_has_made(tmp_path: Path, in_a_run: None, monkeypatch: pytest.MonkeyPatch, seen: bool) -> None:
    one = desk(tmp_path, "1,mine,manual,,work,draft,,,,")
    one.said("add", "idea", "--action", "work", "--type", "manual")
    if seen:
        one.daemon_reads()
    why = "it was made by build (run r1), and no run activates or renames what a run has made: a person does"
    assert why in one.said("resume", "idea", code=5)
    assert why in one.said("pause", "idea", code=5)
    assert why in one.said("edit", "idea", "--set", "Status=active", code=5)
    assert why in one.said("edit", "idea", "--anyway", "--set", "Status=", code=5)
    assert why in one.said("edit", "idea", "--set", "Name=another", code=5)
    (tmp_path / "up.json").write_text(json.dumps([{"Name": "idea", "Action": "work", "Status": "active"}]))
    assert why in one.said("import", "json", str(tmp_path / "up.json"), "--update", code=1)
    assert rows(one)["idea"] == "draft"
    one.said("edit", "idea", "--set", "Metadata=")  # another cell
    one.said("resume", "mine")  # a person's draft
    monkeypatch.delenv("ROWD_RUN_ID")
    one.said("resume", "idea")
    assert rows(one) == {"mine": "active", "idea": "active"}
    assert "Made by build (run r1), today" in (shown := one.said("show", "idea"))
    assert "; activated by today" in shown
    assert one.json("show", "idea")["made_by"]["task"] == "build"
    assert one.json("show", "mine")["made_by"] is None


def test_what_has_expired_is_not_resumed_by_a_person_either_and_says_the_remedy(
    tmp_path: Path, in_a_run: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from msgspec.structs import replace

    from engine.drafts import expired

    one = desk(tmp_path)
    one.said("add", "idea", "--action", "work", "--type", "manual")
    one.daemon_reads()
    with one.ledger() as ledger:
        (state,) = ledger.rows("ops")
        ledger.save_rows([expired(replace(state), datetime.now(UTC))])
    monkeypatch.delenv("ROWD_RUN_ID")
    told = one.said("resume", "idea", code=1)
    assert "idea was left as it is: made by build (run r1), and nobody activated it until" in told
    assert "duplicate it under another Name, or delete it and add it anew" in told
    assert "EXPIRED: made by build" in one.said("show", "idea")


def test_in_a_table_without_ids_a_row_is_known_by_its_name(tmp_path: Path, in_a_run: None) -> None:
    one = Desk(tmp_path, header="Name,Type,Action,Status,Health")
    one.daemon_reads()
    one.said("add", "idea", "--action", "work", "--type", "manual")
    one.said("edit", "idea", "--set", "Name=another", code=5)
    one.daemon_reads()
    assert announced(one) == []
    assert "DRAFT made by build (run r1), expires" in one.said("show", "idea")


def test_a_table_without_status_takes_no_row_of_a_run(tmp_path: Path, in_a_run: None) -> None:
    one = Desk(tmp_path, header="ID,Name,Type,Action")
    one.daemon_reads()
    told = one.said("add", "idea", "--action", "work", "--type", "manual", code=4)
    assert "the table has no column Status to say so. Add it" in told
    assert (tmp_path / "ops.csv").read_text() == "ID,Name,Type,Action\n"


def test_without_a_ledger_nothing_is_made(tmp_path: Path, in_a_run: None) -> None:
    one = Desk(tmp_path)
    told = one.said("add", "idea", "--action", "work", "--type", "manual", code=3)
    assert "No daemon has run here yet" in told
    assert rows(one) == {}


class _Failing:
    def __init__(self, error: TableError) -> None:
        self.error = error

    def __call__(self, *_: Any) -> list[str]:
        raise self.error


@pytest.mark.parametrize(("error", "left"), [(TryLater("away"), []), (NeedsOwner("no"), []), (OutcomeUnknown("perhaps"), ["idea"])])
def test_what_was_surely_not_made_is_not_announced_any_more(
    tmp_path: Path, in_a_run: None, monkeypatch: pytest.MonkeyPatch, error: TableError, left: list[str]
) -> None:
    one = desk(tmp_path)
    monkeypatch.setattr(LocalTable, "create", _Failing(error))
    one.run("add", "idea", "--action", "work", "--type", "manual")
    assert [name for name, _ in announced(one)] == left


def test_the_row_is_announced_before_it_is_there(tmp_path: Path, in_a_run: None, monkeypatch: pytest.MonkeyPatch) -> None:
    one, before = desk(tmp_path), []
    create = LocalTable.create

    def watched(table: LocalTable, made: Sequence[Mapping[str, Cell]]) -> list[str]:
        before.append((rows(one), [name for name, _ in announced(one)]))
        return create(table, made)

    monkeypatch.setattr(LocalTable, "create", watched)
    one.said("add", "idea", "--action", "work", "--type", "manual")
    assert before == [({}, ["idea"])]


def test_what_the_environment_says_is_cut_to_one_plain_line() -> None:
    assert run_around({}) is None
    assert run_around({"ROWD_RUN_ID": ""}) is None
    found = run_around({"ROWD_RUN_ID": "r\n1" * 100, "ROWD_TASK": "a\x1b[31m\nb"})
    assert found is not None
    assert len(found.id) == 64
    assert "\n" not in found.id
    assert found.task == found.called("ops") == "a [31m b"


def test_what_was_never_made_is_forgotten_after_a_later_read(tmp_path: Path) -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    one = desk(tmp_path)
    with one.ledger() as ledger:
        ledger.announce("ops", [("a", "a")], Made("r", "build", noon))
        mark = ledger.table_mark("ops")
        assert mark is not None
        kept = [len(_after(ledger, mark, noon + span)) for span in (timedelta(hours=24), timedelta(hours=24, seconds=1))]
        ledger.announce("gone", [("a", "a")], Made("r", "build", noon))
        ledger.forget_unmade(noon + timedelta(days=31))
        assert len(ledger.announced()) == 1
        ledger.forget_unmade(noon + timedelta(days=31, seconds=1))
        assert ledger.announced() == []
    assert kept == [1, 0]


def _after(ledger: Ledger, mark: Any, read_at: datetime) -> list[Any]:
    from msgspec.structs import replace

    ledger.mark_table(replace(mark, last_read=read_at))
    ledger.prune(read_at, 20, timedelta(days=30))
    return ledger.announced()


def test_the_crash_points_of_an_announcement_are_known() -> None:
    for point in ("announce.before", "announce.after", "announce.made"):
        CrashPoints(point)
