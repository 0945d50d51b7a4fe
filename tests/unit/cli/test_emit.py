"""`rowd emit`: what it puts into the ledger, and what it refuses."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from actions.api import Process
from rowd.cli.site import site_at
from rowd.note import Note, leave
from tests.unit.cli.desk import Desk
from watches.api import Emitted, Happening
from watches.events.values import MOST_WAITING

HEADER = "ID,Name,Type,Action,Schedule,Watch,Counts,Threshold,Current,Status,Metadata"
WATCH = """
[watch.ci-builds]
kind = "events"
[watch.failures]
kind = "outcomes"
tables = ["ops"]
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(
        tmp_path,
        "1,deploy,,work,,ci-builds,,,,active,",
        "2,page,,work,,failures,,,,active,",
        "3,failures today,counter,work,,,failures,10,0,active,",
        more=WATCH,
        header=HEADER,
    )
    made.daemon_reads()
    return made


def waiting(desk: Desk, source: str = "ci-builds") -> list[Emitted]:
    with desk.ledger() as ledger:
        return ledger.emitted(source)


def test_it_is_kept_for_the_next_daemon_and_names_are_found_as_in_cells(desk: Desk) -> None:
    said = desk.said("emit", "CI Builds", "branch=main", "--count", "3")
    assert said.startswith("ci-builds: emitted (event 1); no daemon is running, so it is kept until one starts")
    (one,) = waiting(desk)
    assert (one.happening.summary, one.happening.values, one.happening.number) == ("branch main", {"branch": "main"}, 3)


def test_a_daemon_that_runs_is_woken(desk: Desk) -> None:
    desk.daemon_runs()
    wake = desk.folder / ".rowd" / "wake"
    before = time.time_ns()
    assert desk.said("emit", "ci-builds") == "ci-builds: emitted (event 1)"
    assert wake.stat().st_mtime_ns >= before - 10**9


def test_as_json(desk: Desk) -> None:
    expected: dict[str, Any] = {"event": 1, "watch": "ci-builds", "count": 1, "id": "b-1", "known": False}
    assert desk.json("emit", "ci-builds", "a=b", "--id", "b-1") == {**expected, "daemon_running": False, "behind": None}
    assert desk.json("emit", "ci-builds", "a=c", "--id", "b-1") == {
        **expected,
        "event": None,
        "known": True,
        "daemon_running": False,
        "behind": None,
    }
    assert len(waiting(desk)) == 1


def test_what_is_tried_again_counts_once(desk: Desk) -> None:
    desk.said("emit", "ci-builds", "--id", "build 42")
    said = desk.said("emit", "ci-builds", "--id", "build 42")
    assert said == 'ci-builds: "build 42" was emitted before, and counts once: nothing was added'
    desk.said("emit", "ci-builds", "--id", "build 43")
    assert len(waiting(desk)) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ci-buidls"], 'There is no source of events "ci-buidls" in'),
        (["ci-buidls"], 'did you mean "ci-builds"?'),
        (["x"], "there are ci-builds"),
        (
            ["failures"],
            'failures is of the kind "outcomes", at which nothing can be emitted; declare a source of the kind "events"',
        ),
        (["ci-builds", "branch"], '"branch" is no value; write NAME=VALUE, like branch=main. Nothing was emitted.'),
        (["ci-builds", "--count", "0"], "0 can't be counted"),
        (["ci-builds", "--count", "1.5"], "--count"),
        (["ci-builds", "--id", " "], "the id is blank"),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_put_down(desk: Desk, words: list[str], said: str) -> None:
    assert said in desk.said("emit", *words, code=2)
    assert waiting(desk) == []


def test_too_many_that_wait_are_refused_and_their_id_is_not_taken_for_known(desk: Desk) -> None:
    with desk.ledger() as ledger:
        for _ in range(MOST_WAITING):
            ledger.emit("ci-builds", Happening("x"), datetime.now(UTC))
    said = desk.said("emit", "ci-builds", "--id", "late", code=3)
    assert "ci-builds: 1,000 events wait to be taken up, and no more are kept; no daemon is running to" in said
    with desk.ledger() as ledger:
        ledger.forget_emitted("ci-builds", 1)
    assert "emitted (event" in desk.said("emit", "ci-builds", "--id", "late")


def test_where_rowd_never_ran_nobody_could_take_it_up(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,deploy,,work,,ci-builds,,,,active,", more=WATCH, header=HEADER)
    assert "rowd has not run here yet" in desk.said("emit", "ci-builds", code=3)


def test_a_daemon_that_has_read_another_rowd_toml_is_told_of(desk: Desk) -> None:
    desk.daemon_runs()
    process = Process(os.getpid(), int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]))
    leave(desk.folder / ".rowd", Note(process, "another", datetime.now(UTC), ("ops",)))
    assert "were changed since the daemon read them" in desk.said("emit", "ci-builds")


def test_in_a_run_that_outcomes_have_brought_about_it_hands_that_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROWD_EVENT_THROUGH", "failures\n../x\nother")
    desk.said("emit", "ci-builds")
    (one,) = waiting(desk)
    assert one.happening.values == {"through": "failures\nother"}


def test_the_other_commands_know_both_kinds(desk: Desk) -> None:
    assert "waits until something changes in failures" in desk.said("show", "page")
    assert "when Current reaches 10, counted up by failures" in desk.said("show", "failures today")
    said = desk.said("doctor")
    assert "✓ watch: ci-builds can be looked at" in said
    assert "✓ watch: failures can be looked at" in said
    assert desk.run("check").exit_code == 0
    assert "something changes in ci-builds" in desk.said("list")


def test_tables_that_are_not_there_are_mistakes(tmp_path: Path) -> None:
    desk = Desk(tmp_path, more='[watch.failures]\nkind = "outcomes"\ntables = ["osp"]\n')
    said = desk.said("check", code=4)
    assert "watch.failures.tables" in said
    assert 'there is no table "osp"' in said
    assert 'did you mean "ops"?' in said


def test_add_takes_what_counts_a_counter_up(desk: Desk) -> None:
    said = desk.said("add", "each", "--action", "work", "--counts", "ci-builds, failures", "--set", "Threshold=3")
    assert "counter, counted up by ci-builds and failures" in said
    assert "no watched source is called" in desk.said(
        "add", "more", "--action", "work", "--counts", "nothing", "--set", "Threshold=3", code=1
    )


def test_another_filter_is_no_other_source_so_nothing_is_seen_for_the_first_time_by_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, more=WATCH)
    before = site_at(tmp_path / "rowd.toml").parts.sources
    toml = tmp_path / "rowd.toml"
    toml.write_text(toml.read_text().replace('tables = ["ops"]', 'rows = ["back*"]\noutcomes = ["missed"]'))
    after = site_at(toml).parts.sources
    assert {name: one.definition for name, one in before.items()} == {name: one.definition for name, one in after.items()}
    assert not before["failures"].like(after["failures"])  # but it is looked at by the new one
    assert desk.folder == tmp_path
