"""`rowd audit`: who did what, whether that is as it was written, and where it has come to."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from actions.api import Outcome
from engine.trail import Deed, Kind
from rowd.cli.site import me
from tests.unit.cli.desk import Desk
from tests.unit.ledger.making import raw

NOTHING = "There is no ledger yet, so there is no trail"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path, "1,backup,,daily 02:30,work,,,,,", "2,report,,daily 03:30,work,,,,,")
    desk.daemon_reads()
    return desk


@pytest.fixture
def lived(desk: Desk) -> Desk:
    """Somebody has asked for a run, and it has ended; another row was run, too."""
    desk.said("run-now", "backup")
    desk.ended(desk.began("1", "backup", id="run1", by=f"cli:{me()}"), Outcome.FAILED, "disk full")
    desk.ended(desk.began("2", "report", id="run2"))
    return desk


def kinds(desk: Desk, *words: str) -> list[str]:
    return [deed["kind"] for deed in desk.json("audit", "list", *words)["deeds"]]


def path(desk: Desk) -> Path:
    return desk.folder / ".rowd" / "ledger.sqlite"


def test_deeds_are_listed_newest_first_with_all_that_they_say(lived: Desk) -> None:
    deeds = lived.json("audit", "list")["deeds"]
    assert [(d["deed"], d["kind"], d["name"], d["by"], d["run"]) for d in deeds] == [
        (5, "run.ended", "report", "rowd", "run2"),
        (4, "run.begun", "report", "schedule", "run2"),
        (3, "run.ended", "backup", "rowd", "run1"),
        (2, "run.begun", "backup", f"cli:{me()}", "run1"),
        (1, "request.made", "backup", f"cli:{me()}", None),
    ]
    assert deeds[2]["what"] == {"outcome": "failed", "attempt": 1, "reason": "disk full"}
    said = " ".join(lived.run("audit", "list", columns=200).output.split())
    assert "outcome failed, attempt 1, reason disk full" in said
    assert "request 1, wish run now" in said


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        (("--task", "report"), [5, 4]),
        (("--task", "1"), [3, 2, 1]),
        (("--kind", "run"), [5, 4, 3, 2]),
        (("--kind", "run.ended"), [5, 3]),
        (("--by", "CLI:"), [2, 1]),
        (("--run", "run1"), [3, 2]),
        (("--table", "ops", "--limit", "1"), [5]),
        (("--since", "1 min"), [5, 3, 1]),
        (("--since", "2026-01-01", "--kind", "request"), [1]),
    ],
)
def test_what_is_asked_for_is_listed_and_nothing_else(lived: Desk, words: tuple[str, ...], numbers: list[int]) -> None:
    assert [deed["deed"] for deed in lived.json("audit", "list", *words)["deeds"]] == numbers


def test_what_is_not_there_is_said_and_what_can_not_be_meant_is_refused(desk: Desk) -> None:
    assert desk.said("audit", "list") == "Nothing is in the trail yet."
    assert desk.said("audit", "list", "--kind", "run") == "Nothing like that is in the trail."
    assert 'did you mean "run.ended"?' in desk.said("audit", "list", "--kind", "run.endd", code=2)
    assert "there are row, request, event, run, table, daemon, config, ledger, trail, row.added" in desk.said(
        *("audit", "list", "--kind", "zzz"), code=2
    )
    assert 'The ledger knows no task "nobody"' in desk.said("audit", "list", "--task", "nobody", code=2)


def test_what_commands_put_into_a_table_is_said_with_who_put_it(desk: Desk) -> None:
    desk.said("edit", "backup", "--set", "Schedule=daily 04:00")
    desk.said("pause", "report")
    desk.said("add", "another", "--schedule", "daily 05:00", "--action", "work")
    desk.said("delete", "report", "--yes")
    deeds = desk.json("audit", "list")["deeds"]
    assert [(d["kind"], d["name"], d["by"], d["what"]["change"]) for d in reversed(deeds)] == [
        ("row.put", "backup", f"cli:{me()}", "edited"),
        ("row.put", "report", f"cli:{me()}", "edited"),
        ("row.put", "another", f"cli:{me()}", "added"),
        ("row.put", "report", f"cli:{me()}", "deleted"),
    ]
    assert deeds[-1]["what"]["columns"] == "Schedule"


def test_a_table_made_ready_is_a_deed_and_a_dry_run_is_none(desk: Desk) -> None:
    desk.said("setup", "ops", "--dry-run")
    assert kinds(desk) == []
    desk.said("setup", "ops")
    (deed,) = desk.json("audit", "list")["deeds"]
    assert (deed["kind"], deed["table"], deed["by"]) == ("table.prepared", "ops", f"cli:{me()}")
    assert 'add the column "Description"' in deed["what"]["changes"]
    desk.said("setup", "ops")
    assert len(kinds(desk)) == 1


def test_what_is_emitted_is_a_deed_once_and_says_nothing_of_its_values(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,,daily 02:30,work,,,,,", more='[watch.ci]\nkind = "events"\n')
    desk.daemon_reads()
    for _ in range(2):
        desk.said("emit", "ci", "branch=main", "--id", "17", "--count", "3")
    (deed,) = desk.json("audit", "list")["deeds"]
    assert (deed["kind"], deed["by"], deed["what"]) == (*("event.emitted", f"cli:{me()}"), {"watch": "ci", "event": 1, "count": 3})


def test_rows_moved_between_tables_are_deeds(tmp_path: Path) -> None:
    more = '[tables.mirror]\nconnector = "local"\npath = "mirror.csv"\nserve = false\n'
    desk = Desk(tmp_path, "1,backup,,daily 02:30,work,,,,,", more=more)
    desk.table("mirror")
    desk.daemon_reads()
    desk.said("copy", "ops", "mirror", "--dry-run")
    desk.said("sync", "ops", "mirror", "--dry-run")
    assert kinds(desk) == []
    desk.said("copy", "ops", "mirror")
    desk.said("sync", "ops", "mirror")
    assert [(d["table"], d["by"], d["what"]) for d in reversed(desk.json("audit", "list")["deeds"])] == [
        ("mirror", f"cli:{me()}", {"command": "copy", "with": "ops", "stage": "begins"}),
        ("mirror", f"cli:{me()}", {"command": "copy", "with": "ops", "stage": "done", "made": 1}),
        ("mirror", f"cli:{me()}", {"command": "sync", "with": "ops", "stage": "begins"}),
        ("mirror", f"cli:{me()}", {"command": "sync", "with": "ops", "stage": "done", "made": 0, "changed": 0, "removed": 0}),
    ]


def test_a_trail_that_holds_is_said_to_with_its_head(lived: Desk) -> None:
    head = lived.said("audit", "head")
    assert lived.json("audit", "head")["head"] == head
    assert lived.said("audit", "verify") == f"5 records of 5 deeds hold. Head: {head}"
    assert lived.said("audit", "verify", "--against", head).endswith("It is the trail that had the head that you gave.")
    assert lived.said("audit", "verify", "--against", head.partition(":")[2].upper()).endswith("the head that you gave.")
    told = lived.json("audit", "verify", "--against", head)
    assert (told["good"], told["holds"], told["head"], told["against"]) == (True, True, head, {"head": head, "found": True})


def test_a_record_that_was_changed_is_named_with_what_is_before_and_after_it(lived: Desk) -> None:
    raw(path(lived), "UPDATE trail SET deeds = replace(deeds, 'disk full', 'all well') WHERE n = 3")
    said = lived.said("audit", "verify", code=1)
    assert "2 records of 2 deeds hold." in said
    assert "The trail is broken. The record that ends with deed 3 (today" in said
    assert "it was changed: its seal is not that of what it says." in said
    assert "Before it 2 records hold; after it 2 records follow, each on the one before it." in said
    told = lived.json("audit", "verify", code=1)
    assert (told["good"], told["holds"], told["records"]) == (False, False, 2)
    assert (told["broken"]["deed"], told["broken"]["records_after"], told["broken"]["further_breaks"]) == (3, 2, 0)
    assert len(kinds(lived)) == 5  # it is shown all the same


def test_whoever_has_the_exported_lines_can_prove_them_as_the_page_says(lived: Desk) -> None:
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "audit.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    lines = lived.run("audit", "export").stdout

    def proves(text: str) -> bool:
        return (
            subprocess.run([sys.executable, "-c", program], input=text, text=True, check=False, capture_output=True).returncode == 0
        )

    assert len(lines.splitlines()) == 5
    assert proves(lines)
    assert not proves(lines.replace("disk full", "all well"))
    assert not proves("".join(line for line in lines.splitlines(keepends=True) if '"n":3' not in line))
    assert lived.run("audit", "export", "--since", "1 min").stdout.count("\n") == 3


def test_that_the_newest_are_gone_is_told(lived: Desk) -> None:
    raw(path(lived), "DELETE FROM trail WHERE n > 3")
    assert "At its end: the newest deeds are gone: the last deed that is there is number 3, and 5 were put down." in lived.said(
        *("audit", "verify"), code=1
    )


def test_a_head_that_the_trail_never_had_is_told(lived: Desk) -> None:
    head, other = lived.said("audit", "head"), "0" * 64
    said = lived.said("audit", "verify", "--against", f"4:{other}", code=1)
    assert "It is not the trail that had that head. It was written anew, or it is another ledger's." in said
    said = lived.said("audit", "verify", "--against", f"9:{other}", code=1)
    assert "it ends with deed 5, before it; newer records are gone, or this is a copy." in said
    assert "neither a head, like 1041:9f86…, nor its seal" in lived.said("audit", "verify", "--against", "x", code=2)
    with lived.ledger() as ledger:
        ledger.prune_trail(datetime.now(UTC) + timedelta(days=2), timedelta(days=1), 10**6)
    said = lived.said("audit", "verify", "--against", f"1:{other}", code=1)
    assert "can't be told any more: deeds before 5 were pruned" in said
    assert "2 records of 2 deeds hold, from deed 5 on (older ones were pruned, as a record says)." in said
    assert lived.json("audit", "verify", "--against", head)["good"] is True


def test_a_copy_that_was_put_back_is_told_as_a_fork(lived: Desk) -> None:
    copy = Path(lived.json("backup")["path"])
    with lived.ledger() as ledger:
        ledger.note([Deed(datetime.now(UTC), Kind.DAEMON_STARTED, by="somebody")])
    head = lived.said("audit", "head")
    lived.said("restore", copy.name)
    with lived.ledger() as ledger:
        ledger.settle_copy(datetime.now(UTC))
    said = lived.said("audit", "verify", "--against", head, code=1)
    assert "A fork, at deed 6: a copy of today" in said
    assert f"was put in the ledger's place (by cli:{me()}). That one had come to {head}: what it had recorded since" in said
    assert "It is not the trail that had that head. The ledger was put back since, see above." in said
    (fork,) = lived.json("audit", "verify")["forks"]
    assert (fork["deed"], fork["by"], fork["replaced"]) == (6, f"cli:{me()}", head)


def test_before_the_first_run_there_is_no_trail(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,,daily 02:30,work,,,,,")
    assert desk.said("audit", "verify", code=4).startswith(NOTHING)
    assert desk.said("audit", "head", code=4).startswith(NOTHING)
    assert desk.said("audit", "export", code=4).startswith(NOTHING)
    assert desk.said("audit", "list") == "Nothing is in the trail yet."
    desk.said("edit", "backup", "--set", "Schedule=daily 04:00")  # whoever edits is not kept from it
    assert not path(desk).exists()
