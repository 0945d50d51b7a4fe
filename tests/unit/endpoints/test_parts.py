"""Signatures, pauses, and what is sent of a fact."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.api import Outcome
from actions.telling import Mask
from engine import events
from engine.events import EndpointFailed, QuotaLow, RowEdited, WorkflowEnded
from engine.ledger.dispatches import Ended
from engine.model import Cause, Occurrence, Stage
from rowd.endpoints.facts import HEARD, NAMES, OF_THE_LEDGER, ROWS, Fact, Wanted, body_of, of_alteration, of_end, of_event
from rowd.endpoints.pace import LONGEST_REST, PAUSES, again, left, opens, rest
from rowd.endpoints.signing import key_of, signed
from tests.fakes.virtual import NOON
from watches.api import Alteration

DAY = timedelta(days=1)


def test_the_signature_is_the_published_one() -> None:
    """standard-webhooks/standard-webhooks: the vector of its reference libraries."""
    headers = signed(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        [key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")],
        datetime.fromtimestamp(1614265330, UTC),
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_while_a_secret_is_changed_both_sign() -> None:
    both = signed("msg_1", b"{}", [b"n" * 32, b"o" * 32], NOON)["webhook-signature"].split(" ")
    alone = [signed("msg_1", b"{}", [key], NOON)["webhook-signature"] for key in (b"n" * 32, b"o" * 32)]
    assert both == alone


@pytest.mark.parametrize("secret", ["", "whsec_", "hunter2", "whsec_äöü", base64.b64encode(b"x" * 23).decode(), "A" * 88 + "="])
def test_what_is_no_key_is_refused_without_a_word_of_it(secret: str) -> None:
    with pytest.raises(ValueError, match=r"^is not base64 of 24 to 64 bytes$"):
        key_of(secret)


@given(st.integers(1, 100), st.floats(0, 1))
def test_pauses_grow_and_none_reaches_beyond_the_end(attempts: int, lot: float) -> None:
    at = again(attempts, NOON + DAY, NOON, lot)
    pause = PAUSES[min(attempts, len(PAUSES)) - 1]
    assert abs(at - NOON - pause) <= pause / 10 + timedelta(microseconds=1)
    assert again(attempts, NOON + timedelta(seconds=1), NOON, lot) == NOON + timedelta(seconds=1)
    assert again(attempts, NOON - DAY, NOON, lot) == NOON


def test_all_attempts_of_a_day_are_few_and_the_first_is_soon() -> None:
    at, times = NOON, []
    while at < NOON + DAY:
        times.append(at)
        at = again(len(times), NOON + DAY, at, 0.5)
    assert [round((t - NOON).total_seconds()) for t in times] == [0, 5, 305, 2105, 9305, 27305, 63305]


def test_what_lies_ahead_since_the_clock_was_set_back_is_not_waited_for() -> None:
    assert left(NOON + timedelta(hours=10), NOON) == timedelta(hours=10)
    assert left(NOON + timedelta(hours=12), NOON) == timedelta(0)
    assert left(NOON - DAY, NOON) == timedelta(0)


def test_an_endpoint_that_takes_nothing_is_left_alone_for_longer_and_longer() -> None:
    assert [rest(n).total_seconds() for n in (1, 2, 3, 7, 100)] == [5, 10, 20, 300, 300]
    assert rest(10**6) == LONGEST_REST
    assert opens([1.0, 2.0], 3) == 0.0
    assert opens([1.0, 2.0, 3.0], 2) == 62.0


def occurrence(**fields: object) -> Occurrence:
    known: dict[str, object] = {
        "id": "r1",
        "table": "ops",
        "key": "7",
        "task": "backup",
        "trigger": "at:1",
        "cause": Cause.SCHEDULE,
        "due": NOON,
        "claimed_at": NOON,
        "stage": Stage.ENDED,
        "action": "work",
        "attempt": 2,
        "started_at": NOON,
        "ended_at": NOON + timedelta(seconds=3),
        "duration": timedelta(seconds=2.5),
        "outcome": Outcome.FAILED,
        "reason": "disk full",
    }
    return Occurrence(**{**known, **fields})  # type: ignore[arg-type]  # a dict's values have no types of their own


def sent(fact: Fact, mask: Mask | None = None) -> object:
    return json.loads(body_of(fact, mask or Mask([])))


def test_a_run_that_is_over_is_told_with_the_names_of_the_log() -> None:
    assert sent(of_end(Ended(1, 1, occurrence()), NOON)) == {
        "type": "run.ended",
        "timestamp": "2026-03-02T12:00:03.000Z",
        "data": {
            "table": "ops",
            "key": "7",
            "task": "backup",
            "run": "r1",
            "outcome": "failed",
            "reason": "disk full",
            "attempt": 2,
            "action": "work",
            "due": "2026-03-02T12:00:00.000Z",
            "started_at": "2026-03-02T12:00:00.000Z",
            "duration_s": 2.5,
        },
    }


def test_what_did_not_run_is_told_with_how_often_of_now() -> None:
    fact = of_end(Ended(9, 3, occurrence(started_at=None, duration=None, outcome=Outcome.MISSED, count=40)), NOON)
    assert (fact.type, fact.outcome, fact.data["count"]) == ("occurrence.recorded", "missed", 3)


def test_what_people_do_to_rows_is_told_without_what_stands_in_cells() -> None:
    edit = Alteration("ops", "backup", "7", "edited", "Schedule", "daily 9:00", "daily 10:00")
    assert sent(of_alteration(edit, NOON)) == {
        "type": "row.edited",
        "timestamp": "2026-03-02T12:00:00.000Z",
        "data": {"table": "ops", "key": "7", "task": "backup", "column": "Schedule"},
    }
    assert {of_alteration(Alteration("ops", "b", "7", change), NOON).type for change in ("added", "edited", "deleted")} == set(ROWS)


def test_all_else_is_told_with_its_fields() -> None:
    low = QuotaLow(at=NOON, scope="app1", spent=900, left=100, until=NOON + DAY)
    assert sent(of_event(low)) == {
        "type": "quota.low",
        "timestamp": "2026-03-02T12:00:00.000Z",
        "data": {"scope": "app1", "spent": 900, "left": 100, "until": "2026-03-03T12:00:00.000Z"},
    }
    ended = WorkflowEnded(
        at=NOON, table="ops", workflow="nightly", number=3, outcome="failed", reason="", began_at=NOON, ended_at=NOON
    )
    assert (of_event(ended).outcome, of_event(ended).table) == ("failed", "ops")


def test_every_event_that_is_heard_is_one_and_none_of_it_holds_cells() -> None:
    kinds = {
        events.name_of(kind): kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, events.Event)
    }
    assert set(kinds) >= HEARD
    assert not HEARD & OF_THE_LEDGER
    for name in HEARD:
        assert not {"old", "new", "cells"} & set(kinds[name].__struct_fields__), name
    assert events.name_of(RowEdited) not in HEARD


@given(st.text(), st.text())
def test_whatever_a_text_holds_the_body_is_json_in_ascii_and_bounded(reason: str, table: str) -> None:
    body = body_of(Fact("x", NOON, "", {"reason": reason * 500, "table": table, "none": None, "many": (reason, 1, True)}), Mask([]))
    assert body.isascii()
    said = json.loads(body)["data"]
    assert "none" not in said
    assert len(said["reason"]) <= 1000
    assert said["many"][1:] == [1, True]


def test_secrets_are_masked_in_every_text() -> None:
    assert sent(Fact("x", NOON, "", {"a": "say sesame99", "b": ("sesame99",)}), Mask(["sesame99"])) == {
        "type": "x",
        "timestamp": "2026-03-02T12:00:00.000Z",
        "data": {"a": "say ***", "b": ["***"]},
    }


def test_patterns_name_events_and_filters_hold_for_what_has_them() -> None:
    failing = of_event(EndpointFailed(at=NOON, endpoint="ops", message="away"))
    assert not Wanted(("*",)).takes(failing, "ops")
    assert Wanted(("*",)).takes(failing, "other")
    assert not Wanted(("run.*",)).takes(failing, "other")
    run = of_end(Ended(1, 1, occurrence()), NOON)
    assert Wanted(("run.*",), frozenset({"failed"}), frozenset({"ops"})).takes(run, "ops")
    assert not Wanted(("run.*",), frozenset({"succeeded"})).takes(run, "ops")
    assert not Wanted(("run.*",), frozenset(), frozenset({"more"})).takes(run, "ops")
    assert Wanted(("*",), frozenset({"failed"}), frozenset({"more"})).takes(failing, "other")  # of no table, without an outcome
    assert all(Wanted((name,)).names(name) for name in NAMES)


PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "endpoints.md").read_text(encoding="utf-8")


def test_the_page_names_every_event_that_can_be_told() -> None:
    listed = PAGE.split("| all others |")[1].split("* `outcomes`")[0]
    assert tuple(re.findall(r"`([a-z]+\.[a-z.]+)`", listed)) == NAMES


def test_the_example_on_the_page_has_the_fields_that_are_sent() -> None:
    [example] = re.findall(r'"data": \{(.*?)\n  \}', PAGE, re.DOTALL)
    found = sent(of_end(Ended(1, 1, occurrence()), NOON))
    assert isinstance(found, dict)
    assert re.findall(r'"(\w+)":', example) == list(found["data"])
