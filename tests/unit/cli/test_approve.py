"""`rowd approve`, and what other commands say of runs that wait for an approval."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.approval import Approval
from engine.asked import Request, Wish
from engine.ledger.ids import new_run_id
from engine.model import Cause, Occurrence, Stage
from rowd.cli.site import me
from tests.unit.cli.desk import Desk

ACTION = """
[actions.deploy]
kind = "command"
argv = ["/bin/echo", "{branch}", "{key}"]
secrets = ["KEY"]
approval = true
[actions.deploy.parameters]
branch = {}
key = { default = "" }
"""
HEADER = "ID,Name,Schedule,Action,Status,Overlap,Metadata"
ROWS = ('1,deploy,daily 03:00,deploy,active,parallel,"{""branch"": ""main""}"', "2,other,daily 03:00,work,active,,")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / ".env").write_text("KEY=hunter2hunter2\n")
    (tmp_path / ".env").chmod(0o600)
    made = Desk(tmp_path, *ROWS, more=ACTION, header=HEADER)
    made.daemon_reads()
    return made


def waits(desk: Desk, *, terms: str = "8ca64f2ea01e6387fe3c40c03b80e1ef", ago: int = 12, **fields: object) -> Occurrence:
    """A run that waits for so many minutes."""
    at = datetime.now(UTC) - timedelta(minutes=ago)
    plain = Occurrence(
        id=new_run_id(at, secrets.token_bytes),
        table="ops",
        key="1",
        task="deploy",
        trigger=f"at:{at.isoformat()}",
        cause=Cause.SCHEDULE,
        due=at,
        claimed_at=at,
        stage=Stage.CLAIMED,
        action="deploy",
        parameters={"branch": "main", "key": ""},
        approval=Approval(at, "d", "r", terms),
    )
    one = replace(plain, **fields)  # type: ignore[arg-type]  # names are the struct's own
    with desk.ledger() as ledger:
        assert ledger.claim([one]) == [True]
    return one


def requests(desk: Desk) -> list[Request]:
    with desk.ledger() as ledger:
        return ledger.requests()


def test_the_list_says_what_waits_and_what_it_would_run_without_secrets(desk: Desk) -> None:
    assert desk.said("approve") == "Nothing waits for an approval."
    assert desk.json("approve") == {"approvals": []}
    one = waits(desk, parameters={"branch": "main", "key": "hunter2hunter2"})
    said = " ".join(desk.run("approve", columns=200).output.split())
    assert f"{one.id} deploy" in said
    assert '12m ago 8ca64f2e deploy with branch = "main", key = "***"' in said
    assert said.endswith(f"approve {one.id}; to leave it out, add --decline")
    (told,) = desk.json("approve")["approvals"]
    assert (told["run"], told["parameters"]) == (one.id, {"branch": "main", "key": "***"})
    assert (told["approval"]["terms"], told["approval"]["by"]) == ("8ca64f2ea01e6387fe3c40c03b80e1ef", None)


def test_a_value_that_is_cut_says_so(desk: Desk) -> None:
    waits(desk, parameters={"branch": "x" * 5000 + "; rm -rf"})
    said = desk.run("approve", columns=600).output
    assert "… (5,010 characters, --json shows all)" in said
    assert "rm -rf" not in said


@pytest.mark.parametrize("columns", [60, 100, 300])
def test_what_it_would_run_is_shown_to_its_end_on_any_screen(desk: Desk, columns: int) -> None:
    waits(desk, parameters={"branch": "y" * 200 + "; rm -rf /", "key": ""})
    said = "".join(desk.run("approve", columns=columns).output.split())
    assert ';rm-rf/",key=""' in said


def test_approve_asks_for_just_what_waits_also_while_no_daemon_runs(desk: Desk) -> None:
    one = waits(desk)
    said = desk.said("approve", "deploy", "--reason", " as\n agreed ")
    asked_for = f'deploy: asked to approve (run {one.id}): deploy with branch = "main", key = ""'
    kept = "deploy: no daemon is running; the request is kept, and done when one starts (`rowd run`, `rowd once`)"
    assert said == f"{asked_for} {kept}"
    (asked,) = requests(desk)
    assert (asked.wish, asked.by, asked.key) == (Wish.APPROVE, f"cli:{me()}", "1")
    assert asked.about == {"run": one.id, "terms": "8ca64f2ea01e6387fe3c40c03b80e1ef", "remark": "as agreed"}


def test_what_was_decided_is_not_asked_once_more_and_a_program_reads_what_it_was_about(desk: Desk) -> None:
    one = waits(desk)
    told = desk.json("approve", "deploy")
    assert (told["taken"], told["about"]) == (None, {"run": one.id, "terms": "8ca64f2ea01e6387fe3c40c03b80e1ef", "remark": ""})
    said = desk.said("approve", "deploy", "--decline", code=5)
    assert said == f"deploy: approved already, by cli:{me()}; it is done when a daemon starts. Nothing was asked."
    assert len(requests(desk)) == 1


def test_decline_is_the_opposite_and_a_run_may_be_named(desk: Desk) -> None:
    one = waits(desk)
    desk.said("approve", one.id[:14], "--decline", "--reason", "not on a Friday")
    (asked,) = requests(desk)
    assert (asked.wish, asked.about["run"], asked.about["remark"]) == (Wish.DECLINE, one.id, "not on a Friday")


def test_the_id_of_a_row_is_never_taken_for_the_beginning_of_a_run(desk: Desk) -> None:
    assert waits(desk, key="2", task="other").id.startswith("1")
    assert desk.said("approve", "1", code=5) == "deploy: nothing of it waits for an approval"


def test_of_several_that_wait_one_has_to_be_named(desk: Desk) -> None:
    first, second = waits(desk, ago=12), waits(desk, ago=3, terms="ffff", parameters={"branch": "wild"})
    said = desk.said("approve", "deploy", code=2)
    assert "deploy: several of its runs wait, " in said
    assert f"write the id of one: {first.id} (due today " in said
    assert requests(desk) == []
    desk.said("approve", second.id)
    desk.said("approve", "deploy", "--terms", "8CA6")
    assert [request.about["run"] for request in requests(desk)] == [second.id, first.id]


def test_other_terms_than_those_that_were_seen_are_refused(desk: Desk) -> None:
    waits(desk)
    assert "what waits is not what had this mark" in desk.said("approve", "deploy", "--terms", "deadbeef", code=5)
    assert requests(desk) == []


def test_what_waits_for_none_says_so(desk: Desk) -> None:
    assert desk.said("approve", "other", code=5) == "other: nothing of it waits for an approval"
    given = Approval(datetime.now(UTC), "d", "r", "t", by="cli:ann", given_at=datetime.now(UTC))
    waits(desk, approval=given)
    assert desk.said("approve", "deploy", code=5) == "deploy: approved already, by cli:ann"
    assert "There is no task" in desk.said("approve", "nobody", code=2)
    assert "--reason has 501 characters; 500 are the most" in desk.said("approve", "deploy", "--reason", "x" * 501, code=2)
    assert "Say which run is meant" in desk.said("approve", "--decline", code=2)


def test_other_commands_tell_of_it(desk: Desk) -> None:
    one = waits(desk)
    named = f" --config {desk.folder}/rowd.toml"
    assert "Approvals 1 run waits for one: rowd approve" in desk.said("status", code=1).replace(named, "")
    assert desk.json("status", code=1)["unapproved"] == 1
    shown = desk.said("show", "deploy").replace(named, "")
    assert "It waits for approval since today" in shown
    assert "`rowd approve` shows what it would run" in shown
    assert "WAITING for approval since" in str(desk.json("list"))
    (told,) = desk.json("history")["runs"]
    assert (told["run"], told["approval"]["terms"]) == (one.id, "8ca64f2ea01e6387fe3c40c03b80e1ef")
    assert "unapproved" in desk.said("history")


def test_history_says_who_approved_it(desk: Desk) -> None:
    now = datetime.now(UTC)
    given = Approval(now, "d", "r", "t", by="cli:ann", given_at=now, remark="as agreed")
    desk.ended(desk.began(approval=given))
    assert "all well (approved by cli:ann: as agreed)" in " ".join(desk.run("history", columns=200).output.split())


@pytest.mark.parametrize("setting", ["approve_in_table = true", 'approval_within = "3d"'])
def test_settings_of_an_approval_that_is_not_asked_for_are_a_mistake(tmp_path: Path, setting: str) -> None:
    desk = Desk(tmp_path, more=f'\n[actions.deploy]\nkind = "command"\nargv = ["/bin/true"]\n{setting}\n')
    said = desk.said("check", code=4)
    assert f"{setting.partition(' ')[0]} says how runs are approved, but they need no approval; add `approval = true`" in said


@pytest.mark.parametrize("setting", ['approval = "maybe"', 'approval = true\napproval_within = "0s"', 'approval_within = "3"'])
def test_wrong_values_of_these_settings_are_told(tmp_path: Path, setting: str) -> None:
    desk = Desk(tmp_path, more=f'\n[actions.deploy]\nkind = "command"\nargv = ["/bin/true"]\n{setting}\n')
    assert "actions.deploy" in desk.said("check", code=4)


def test_a_secret_in_a_reason_reaches_neither_the_request_nor_the_audit_trail(desk: Desk) -> None:
    waits(desk)
    desk.said("approve", "deploy", "--reason", "the key is hunter2hunter2")
    (deed, *_) = desk.json("audit", "list", "--kind", "request")["deeds"]
    assert deed["what"]["remark"] == "the key is ***"
    with desk.ledger() as ledger:
        assert [one.about["remark"] for one in ledger.requests()] == ["the key is ***"]
