"""`rowd endpoint`, and what other commands say of endpoints."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.ledger import Dispatch
from tests.fakes.receiver import Receiver, receiving
from tests.unit.cli.desk import Desk

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
SECRET = "whsec_" + base64.b64encode(b"sesame" * 6).decode()
HOOK = '[endpoint.hook]\nurl = "http://127.0.0.1:9/?key=grape77"\nsecret = "HOOK"\nevents = ["run.ended"]\n'


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def desk(folder: Path, more: str = HOOK) -> Desk:
    (folder / ".env").write_text(f"HOOK={SECRET}\nSHORT=hunter2\n")
    (folder / ".env").chmod(0o600)
    return Desk(folder, "1,deploy,manual,,work,active,,,,", more=more)


def dead(one: Desk, *ids: str) -> None:
    """These could not be told."""
    with one.ledger() as ledger:
        ledger.begin_endpoint("hook", "here", NOW)
        body = '{"type":"run.ended","data":{"task":"deploy"}}'
        ledger.put_dispatches([Dispatch(0, i, "hook", "run.ended", "ops/deploy", body, NOW, 7, NOW, NOW) for i in ids])
        ledger.bury("hook", "it answered 500", NOW)


def test_a_test_is_sent_signed_and_told(tmp_path: Path, receiver: Receiver) -> None:
    url = f"http://127.0.0.1:{receiver.server_port}/"
    more = f'[endpoint.hook]\nurl = "{url}"\nsecret = "HOOK"\nevents = ["*"]\nallow_private = true\n'
    one = desk(tmp_path, more)
    said = one.said("endpoint", "test", "hook")
    assert said.startswith("hook: msg_")
    assert said.endswith("was taken")
    [body] = receiver.bodies
    assert (body["type"], body["data"]["endpoint"]) == ("rowd.test", "hook")
    receiver.status = 500
    found = one.json("endpoint", "test", "hook", code=1)
    assert (found["endpoint"], found["taken"]) == ("hook", False)
    assert "it answered 500" in found["why"]
    assert one.said("endpoint", "test", "hok", code=2).endswith('did you mean "hook"?')


def test_an_inner_address_is_not_asked(tmp_path: Path) -> None:
    said = desk(tmp_path).said("endpoint", "test", "hook", code=1)
    assert "127.0.0.1 is a loopback address: not asked; if it is meant, name it in allow_private" in said


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (HOOK.replace("HOOK", "NONE"), "endpoint.hook.secret: NONE has no value; put NONE=… into .env"),
        (HOOK.replace("HOOK", "SHORT"), "endpoint.hook.secret: SHORT is not base64 of 24 to 64 bytes; make one: echo"),
        (HOOK.replace("HOOK", SECRET), "endpoint.hook.secret: is no name of a secret"),
        (HOOK + 'previous_secret = "SHORT"', "endpoint.hook.previous_secret: SHORT is not base64"),
        (HOOK.replace("http://127", "ftp://127"), "endpoint.hook.url: is no address of a web service; write it in full"),
        (
            HOOK.replace("run.ended", "run.ende"),
            'endpoint.hook.events: "run.ende" is nothing that an endpoint is told of; did you mean',
        ),
        (HOOK.replace('"run.ended"', ""), "endpoint.hook.events"),
        (HOOK + 'outcomes = ["fialed"]', '"fialed" is nothing that an endpoint is told of; did you mean "failed"?'),
        (HOOK + 'tables = ["opps"]', 'endpoint.hook.tables: there is no table "opps"; did you mean "ops"?'),
        (HOOK + 'allow_private = ["a b"]', 'endpoint.hook.allow_private: "a b" is neither a host nor a network; write'),
        (HOOK + "max_waiting = 0", "must be at least 1"),
        (HOOK + "retries = 3", "endpoint.hook.retries: there is no such setting"),
        (HOOK.replace("endpoint.hook", "endpoint.Hook"), "can't be a name"),
    ],
)
def test_what_is_wrong_with_an_endpoint_is_told_without_its_secret(tmp_path: Path, more: str, said: str) -> None:
    found = desk(tmp_path, more).said("check", code=4)
    assert said in found
    assert "hunter2" not in found
    assert SECRET not in found


def test_how_endpoints_stand_is_listed_without_the_query_of_an_url(tmp_path: Path) -> None:
    assert "defines no endpoint" in desk(tmp_path, "").said("endpoint", "list")
    one = desk(tmp_path)
    [hook] = one.json("endpoint", "list")["endpoints"]  # before any daemon
    assert (hook["endpoint"], hook["url"], hook["events"], hook["taken"], hook["since"]) == (
        "hook",
        "http://127.0.0.1:9/",
        ["run.ended"],
        0,
        None,
    )
    dead(one, "m1", "m2")
    with one.ledger() as ledger:
        ledger.trouble_endpoint("hook", "nobody there", NOW)
    assert "takes nothing: nobody there; 2 dead letters" in one.said("endpoint", "list")
    assert "hook takes nothing: nobody there; 2 dead letters" in one.said("status", code=1)
    assert one.json("status", code=1)["endpoints"][0]["dead"] == 2
    assert "✗ endpoint: hook takes nothing: nobody there" in one.said("doctor", code=1)
    assert "grape77" not in one.said("endpoint", "list", "--json")


def test_dead_letters_are_listed_sent_again_and_dropped(tmp_path: Path) -> None:
    one = desk(tmp_path)
    assert one.said("endpoint", "dead") == "0 dead letters"
    assert "nothing was ever sent there" in one.said("endpoint", "resend", "hook", "--all", code=5)
    dead(one, "m1", "m2", "m3")
    text = one.said("endpoint", "dead", "hook")
    assert "hook m1 run.ended ops/deploy" in text
    assert text.endswith("3 dead letters")
    letters = one.json("endpoint", "dead")["dead"]
    assert [(d["id"], d["attempts"], d["why"]) for d in letters] == [(i, 7, "it answered 500") for i in ("m1", "m2", "m3")]
    assert letters[0]["body"]["data"] == {"task": "deploy"}
    for wrong in (["hook"], ["hook", "m1", "--all"]):
        assert "Say which are meant" in one.said("endpoint", "resend", *wrong, code=2)
    assert "hook has no dead letter m9" in one.said("endpoint", "drop", "hook", "m1", "m9", code=2)
    assert len(one.json("endpoint", "dead")["dead"]) == 3  # nothing was changed
    assert "1 dead letter to be sent again; no daemon is running" in one.said("endpoint", "resend", "hook", "m2")
    assert one.json("endpoint", "drop", "hook", "m1") == {"endpoint": "hook", "dropped": 1}
    assert one.json("endpoint", "resend", "hook", "--all") == {"endpoint": "hook", "resent": 1, "daemon_running": False}
    with one.ledger() as ledger:
        assert ledger.endpoint_marks()["hook"].waiting == 2
        next_ = ledger.next_dispatch("hook")
    assert next_ is not None
    assert (next_.id, next_.attempts) == ("m2", 0)
    assert next_.expires_at > NOW + DAY - timedelta(minutes=1)


def test_one_that_is_gone_is_there_again_when_somebody_says_so(tmp_path: Path) -> None:
    one = desk(tmp_path)
    with one.ledger() as ledger:
        ledger.begin_endpoint("hook", "here", NOW)
        ledger.trouble_endpoint("hook", "it answered 410 Gone", NOW, gone=True)
    assert "gone since" in one.said("endpoint", "list")
    one.said("endpoint", "resend", "hook", "--all")
    assert one.json("endpoint", "list")["endpoints"][0]["gone_at"] is None


def test_its_secrets_are_known_by_name(tmp_path: Path) -> None:
    found = desk(tmp_path, HOOK + 'previous_secret = "NONE"').json("secrets", "check", code=1)
    used = {one["name"]: one["used_by"] for one in found["secrets"]}
    assert (used["HOOK"], used["NONE"]) == (["endpoint.hook.secret"], ["endpoint.hook.previous_secret"])


def test_a_ledger_that_is_damaged_is_the_doctors_one_finding_about_it(tmp_path: Path) -> None:
    one = desk(tmp_path)
    dead(one, "m1")
    (tmp_path / ".rowd" / "ledger.sqlite").write_bytes(b"no database at all" * 1000)
    found = [line for line in one.json("doctor", code=1)["checks"] if line["check"] in ("ledger", "endpoint")]
    assert [(line["check"], line["good"]) for line in found] == [("ledger", False)]
