"""Log lines: readable for people, JSON for machines, harmless to a terminal."""

from __future__ import annotations

import io
import json
import os
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from engine.events import RowDefective, RowEdited, RunEnded, TableRead
from rowd.log import as_json, level, listener, priorities, readable
from tests.fakes.virtual import NOON

ENDED = RunEnded(
    at=NOON,
    table="ops",
    key="1",
    task="backup",
    run="r1",
    attempt=1,
    outcome="failed",
    reason="exit 2: no\x1b[31m room",
    ended_at=NOON,
    duration_s=0.5,
    retry_at=None,
)


def test_a_readable_line_says_first_what_a_person_looks_for() -> None:
    line = readable(ENDED)
    assert " ! run.ended" in line
    assert line.index("ops/backup") < line.index("outcome=failed") < line.index("reason=") < line.index("run=r1")
    assert "attempt" not in line
    assert "\x1b" not in line


def test_a_line_for_the_journal_bears_its_priority(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as log:
        found = os.fstat(log.fileno())
        before = priorities({"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}, log.fileno())
        for environment in ({}, {"JOURNAL_STREAM": ""}, {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino + 1}"}):
            assert set(priorities(environment, log.fileno()).values()) == {""}
    assert set(priorities({"JOURNAL_STREAM": "1:2"}, 10**6).values()) == {""}
    for form, begins in (("readable", "<4>20"), ("json", '<4>{"at"')):
        out = io.StringIO()
        listener(form, out, before)(ENDED)
        assert out.getvalue().startswith(begins)
        listener(form, out, before)(replace(ENDED, outcome="succeeded"))
        assert out.getvalue().splitlines()[1].startswith("<6>")


def test_a_json_line_has_every_field_and_instants_in_utc() -> None:
    line = json.loads(as_json(ENDED))
    assert (line["at"], line["event"], line["level"]) == ("2026-03-02T12:00:00.000Z", "run.ended", "warning")
    assert (line["attempt"], line["duration_s"], line["retry_at"]) == (1, 0.5, None)


def test_what_went_well_is_no_warning() -> None:
    assert level(replace(ENDED, outcome="succeeded")) == "info"
    assert level(RowDefective(at=NOON, table="ops", key="1", task="a", column="Action", message="?")) == "warning"


def test_what_comes_with_every_poll_is_in_the_json_log_only() -> None:
    read = TableRead(at=NOON + timedelta(seconds=1), table="ops", rows=3, tasks=3, defects=0, drafts=0)
    for form, lines in (("readable", 1), ("json", 2)):
        out = io.StringIO()
        tell = listener(form, out)
        tell(read)
        tell(ENDED)
        assert len(out.getvalue().splitlines()) == lines


def test_a_cell_that_holds_a_book_makes_no_endless_line_and_nothing_is_obeyed() -> None:
    edited = RowEdited(
        at=NOON, table="ops", key="1", task="a", column="x" * 100_000, old="", new="\u202e\x9b\u2028" + "y" * 100_000
    )
    assert len(readable(edited)) < 4500
    line = as_json(edited)
    assert len(line) < 4500
    assert line.isprintable()
    assert json.loads(line)["new"].startswith("\u202e\x9b\u2028yyy")
