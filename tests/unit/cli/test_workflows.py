"""`rowd workflows`: how rows that belong together have ended."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.cli.desk import Desk

FLOWING = "ID,Name,Type,Schedule,Action,Status,Depends On,Workflow"
BROKEN = """
[actions.break]
kind = "command"
argv = ["/bin/false"]
"""


def desk(folder: Path, *rows: str) -> Desk:
    return Desk(folder, *rows, header=FLOWING, more=BROKEN)


def test_how_far_each_has_come_and_how_its_last_rounds_ended(tmp_path: Path) -> None:
    at = desk(
        tmp_path,
        "1,tests,,now,work,,,Nightly",
        "2,deploy,,,work,,tests,nightly",
        "3,late,,daily 03:00,work,,,slow",
        "4,else,,now,work,,,",
    )
    assert "the daemon has not seen it yet" in at.said("workflows")
    at.said("once")
    lines = at.run("workflows").output.splitlines()
    assert lines[0].split() == ["Workflow", "Rows", "Last", "When", "Took", "Now"]
    assert lines[2].split()[:3] == ["Nightly", "2", "succeeded"]
    assert lines[3].split()[:3] == ["slow", "1", "never"]
    assert lines[3].rstrip().endswith("waits for late")
    said = at.said("workflows", "NIGHTLY")
    assert "Rows tests (completed) and deploy" in said
    assert "Now waits for deploy" in said
    assert "1 succeeded" in said
    assert "2 of 2 succeeded" in said


def test_programs_are_told_which_runs_a_round_went_by(tmp_path: Path) -> None:
    at = desk(tmp_path, "1,tests,,now,break,,,nightly", "2,deploy,,,work,,tests,nightly", "3,rest,,daily,work,paused,,nightly")
    at.said("once", code=1)
    (found,) = json.loads(at.run("workflows", "nightly", "--json").output)["workflows"]
    assert (found["table"], found["workflow"]) == ("ops", "nightly")
    assert found["rows"][2] == {"id": "3", "name": "rest", "apart": "paused"}
    assert found["under_way"] == {"ended": [], "waits_for": ["2"]}
    (last,) = found["rounds"]
    assert (last["number"], last["outcome"]) == (1, "failed")
    assert last["reason"].startswith("tests failed ")
    assert last["reason"].endswith("; without rest (paused)")
    runs = {run["task"]: run["run"] for run in json.loads(at.run("history", "--json").output)["runs"]}
    assert last["runs"] == {"1": runs["tests"], "2": runs["deploy"]}


def test_a_name_that_no_row_bears_is_refused_with_the_nearest(tmp_path: Path) -> None:
    at = desk(tmp_path, "1,tests,,daily,work,,,nightly")
    assert 'did you mean "nightly"?' in at.said("workflows", "nihgtly", code=2)
    assert "`rowd workflows` lists them" in at.said("workflows", "x", code=2)
    at.table("ops", "1,tests,,daily,work,,,", header=FLOWING)
    assert at.said("workflows").startswith("No row belongs to a workflow (Workflow).")
    assert json.loads(at.run("workflows", "--json").output) == {"workflows": []}
