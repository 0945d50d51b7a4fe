"""What becomes of deliveries: let in once, answered, refused; what they say; what is remembered of them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from watches.api import LONGEST_STATE, LONGEST_VALUE, Box, Delivery, Happening, Reply
from watches.letterbox import KEPT, MOST_WAITING, Letterbox
from watches.webhook import KIND
from watches.webhook.door import WebhookDoor
from watches.webhook.picking import content, picked
from watches.webhook.settings import Rate, WebhookSettings, rate_of

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
PUSH = {"ref": "refs/heads/main", "pusher": {"name": "Ada"}, "commits": [{"id": "1a"}, {"id": "2b"}], "forced": False, "size": 2}


def settings(scheme: str = "github", **said: Any) -> WebhookSettings:
    secret = {} if scheme == "none" else {"secret": "HOOK"}
    return WebhookSettings.model_validate({"kind": "webhook", "scheme": scheme, **secret, **said})


def door(scheme: str = "github", **said: Any) -> WebhookDoor:
    return WebhookDoor(settings(scheme, **said), {"HOOK": "c2VjcmV0"}.__getitem__)


def signed(body: bytes, **headers: str) -> dict[str, str]:
    its = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"x-hub-signature-256": "sha256=" + hmac.new(b"c2VjcmV0", body, hashlib.sha256).hexdigest(), **its}


def slack(body: bytes, at: datetime = NOW) -> dict[str, str]:
    sent = str(int(at.timestamp()))
    signature = hmac.new(b"c2VjcmV0", b"v0:" + sent.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"x-slack-request-timestamp": sent, "x-slack-signature": f"v0={signature}"}


def brought(its: WebhookDoor, body: bytes, headers: dict[str, str], now: datetime = NOW) -> Delivery:
    delivery = its.judge(headers, body, now)
    assert isinstance(delivery, Delivery), delivery
    return delivery


def push(its: WebhookDoor, what: object = PUSH, **headers: str) -> Delivery:
    body = json.dumps(what).encode()
    return brought(its, body, signed(body, x_github_event="push", x_github_delivery="72d3", **headers))


# --- what it says


def test_a_delivery_says_what_was_asked_of_it() -> None:
    values = {"ref": "/ref", "author": "/pusher/name", "first": "/commits/0/id", "forced": "/forced", "size": "/size"}
    delivery = push(door(values=values))
    assert delivery.id == "72d3"
    said = {"ref": "refs/heads/main", "author": "Ada", "first": "1a", "forced": False, "size": 2}
    assert delivery.happening == Happening("push (72d3)", {"delivery": "72d3", "event": "push", **said})


@pytest.mark.parametrize(
    ("pointer", "found"),
    [
        ("/a~1b", 1),
        ("/m~0n", 2),
        ("/~01", 3),
        ("/", 4),
        ("/list/1", "y"),
        ("/list/01", None),
        ("/list/-", None),
        ("/list/2", None),
        ("/list", None),
        ("/nothing", None),
        ("/list/0/deeper", None),
        ("/none", None),
        ("", None),
        ("/half", 0.5),
        ("/no", False),
        ("/huge", "1" + "0" * 30),
    ],
)
def test_pointers_lead_to_text_numbers_and_truth_values(pointer: str, found: object) -> None:
    body = b'{"a/b": 1, "m~n": 2, "~1": 3, "": 4, "list": ["x", "y"], "none": null, "half": 0.5, "no": false, "huge": 1%s}' % (
        b"0" * 30
    )
    answer = picked(content(body), {"value": pointer})
    if pointer == "/huge":  # as a number that is rounded, or whole as text; never one that the ledger can't keep
        assert answer["value"] in (found, 1e30)
    else:
        assert answer == ({} if found is None else {"value": found})
        assert found is None or type(answer["value"]) is type(found)


def test_text_is_cut_and_holds_nothing_that_a_terminal_obeys_or_a_variable_can_not_hold() -> None:
    what = {"long": "x" * 5000, "odd": "a\u0000b\u001b[31mc\u202ed\ttab\r\nline", "line": "one\ntwo"}
    said = push(door(values={name: f"/{name}" for name in what}), what).happening.values
    assert (len(str(said["long"])), str(said["long"])[-1]) == (LONGEST_VALUE, "…")
    assert said["odd"] == "a b [31mc d\ttab\nline"
    assert said["line"] == "one\ntwo"


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"payload=%7B%7D", b'{"a": "\\ud800"}', b"[" * 100_000, b'{"a": NaN}', b'{"a": 1e999}', b"{"]
)
def test_a_body_that_is_no_json_is_taken_and_says_nothing_more(body: bytes) -> None:
    delivery = brought(door(values={"a": "/a"}), body, signed(body, x_github_delivery="1"))
    assert dict(delivery.happening.values) == {"delivery": "1", "event": ""}
    assert delivery.happening.summary == "a delivery (1)"


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ).map(lambda what: json.dumps(what).encode())
)
def test_whatever_is_sent_can_be_kept_and_handed_to_a_command(body: bytes) -> None:
    values = dict(brought(door(values={"a": "/0", "b": "/", "c": ""}), body, signed(body)).happening.values)
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    for value in values.values():
        str(value).encode()
        assert "\0" not in str(value)
        assert isinstance(value, (str, bool)) or abs(value) <= 2**63 or isinstance(value, float)


# --- what it is called


def test_deliveries_are_told_apart_as_their_sender_does() -> None:
    event = {"type": "event_callback", "event_id": "Ev1", "event": {"type": "app_mention"}}
    body = json.dumps(event).encode()
    its = brought(door("slack"), body, slack(body))
    assert (its.id, its.happening.values["event"]) == ("Ev1", "app_mention")
    form = b"command=%2Fgo"
    first, later = (brought(door("slack"), form, slack(form, at), at) for at in (NOW, NOW + timedelta(seconds=1)))
    assert first.id.startswith("sha256:")
    assert first.id != later.id
    body = b'{"id": "e-1", "type": "page.created", "attempt_number": 2}'
    signature = hmac.new(b"c2VjcmV0", body, hashlib.sha256).hexdigest()
    its = brought(door("notion"), body, {"x-notion-signature": f"sha256={signature}"})
    assert (its.id, its.happening.values["event"]) == ("e-1", "page.created")
    its = brought(door("gitlab"), b"{}", {"x-gitlab-token": "c2VjcmV0", "x-gitlab-event": "Push Hook", "idempotency-key": "k"})
    assert (its.id, its.happening.values["event"]) == ("k", "Push Hook")


def test_what_bears_no_id_is_another_each_time_where_its_sender_is_a_script() -> None:
    assert brought(door("none"), b"{}", {}).id == ""
    assert brought(door("token"), b"{}", {"authorization": "Bearer c2VjcmV0", "idempotency-key": "7"}).id == "7"
    same = [brought(door(), b"{}", signed(b"{}")).id for _ in range(2)]
    assert same[0] == same[1] != ""


# --- what is answered


def test_events_that_do_not_count_are_answered_and_nothing_else() -> None:
    its = door(only=["push", "release"])
    assert isinstance(push(its), Delivery)
    answer = its.judge(signed(b"{}", x_github_event="ping"), b"{}", NOW)
    assert (answer.status, answer.why) == (202, "") if isinstance(answer, Reply) else False


def test_slack_is_given_its_challenge_where_it_has_signed_it() -> None:
    body = b'{"type": "url_verification", "challenge": "3eZbrw1a"}'
    assert door("slack").judge(slack(body), body, NOW) == Reply(200, "3eZbrw1a")
    answer = door("slack").judge({}, body, NOW)
    assert isinstance(answer, Reply)
    assert (answer.status, "3eZ" in answer.text) == (401, False)
    body = b'{"type": "url_verification", "challenge": {}}'
    assert door("slack").judge(slack(body), body, NOW) == Reply(200, "")


def test_notions_token_is_handed_on_while_there_is_none_and_never_after() -> None:
    waiting = WebhookDoor(settings("notion"), dict[str, str]().__getitem__)
    assert waiting.judge({}, b'{"verification_token": "secret_abc"}', NOW) == Reply(200, "noted", token="secret_abc")
    for body in (
        b"{}",
        b"[]",
        b"",
        b'{"verification_token": 1}',
        b'{"verification_token": "a\\nB=c"}',
        b'{"verification_token": ""}',
    ):
        answer = waiting.judge({}, body, NOW)
        assert isinstance(answer, Reply)
        assert (answer.status, answer.token) == (401, "")
        assert "no value yet" in answer.why
    answer = door("notion").judge({}, b'{"verification_token": "secret_abc"}', NOW)
    assert isinstance(answer, Reply)
    assert (answer.status, answer.token) == (401, "")


def test_of_other_schemes_a_secret_without_a_value_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        WebhookDoor(settings("github"), dict[str, str]().__getitem__)


def test_more_than_the_rate_are_to_come_again_and_only_the_sender_uses_it_up() -> None:
    its = door(rate="2/min")
    for _ in range(5):
        assert isinstance(its.judge({}, b"{}", NOW), Reply)
    push(its)
    push(its)
    body = json.dumps(PUSH).encode()
    answer = its.judge(signed(body), body, NOW)
    assert isinstance(answer, Reply)
    assert (answer.status, answer.wait_s) == (429, 30)
    answer = its.judge(signed(body), body, NOW + timedelta(seconds=20))
    assert isinstance(answer, Reply)
    assert (answer.status, answer.wait_s) == (429, 10)
    brought(its, body, signed(body), NOW + timedelta(seconds=30))
    assert isinstance(its.judge(signed(body), body, NOW), Reply)  # the clock was set back: nothing is given for it
    brought(its, body, signed(body), NOW + timedelta(seconds=30))


# --- what the operator may write


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"scheme": "md5", "secret": "S"}, '"md5" is no scheme; write one of github, bitbucket, gitlab, slack'),
        ({"scheme": "github"}, 'scheme "github" needs a secret; name it as `secret`'),
        ({"scheme": "none", "secret": "S"}, 'scheme "none" asks for no secret'),
        ({"scheme": "token", "secret": "S", "only": ["push"]}, 'scheme "token" has none; remove it'),
        ({"scheme": "none", "values": {"a b": "/x"}}, '"a b" can\'t be the name of a value'),
        ({"scheme": "none", "values": {"source": "/x"}}, '"source" is a value that each delivery has by itself'),
        ({"scheme": "none", "values": {"a": "ref"}}, '"ref" is no JSON pointer; write one like "/pusher/name"'),
        ({"scheme": "none", "values": {"a": "/x~2"}}, "is no JSON pointer"),
        ({"scheme": "none", "rate": "60"}, 'is no rate; write one like "60/min"'),
        ({"scheme": "none", "rate": "0/min"}, "is no rate"),
        ({"scheme": "none", "debounce": "2s"}, "a delivery is taken at once; remove it"),
        ({"scheme": "none", "max_bytes": 0}, "greater than or equal to 1"),
    ],
)
def test_what_can_not_be_meant_is_refused(said: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        WebhookSettings.model_validate({"kind": "webhook", **said})
    assert words in str(caught.value)


def test_rates_are_per_second_minute_or_hour() -> None:
    assert [rate_of(said) for said in ("5/s", "60 / min", "9/h")] == [Rate(5, 1), Rate(60, 60), Rate(9, 3600)]


# --- the box


def delivery(name: str) -> Delivery:
    return Delivery(name, Happening(name))


def told(look: Any) -> list[str]:
    return [happening.summary for happening in look.happenings]


def test_what_has_come_is_found_by_one_look_each_id_once_and_answered_when_it_is_durable() -> None:
    async def story() -> None:
        box = Letterbox()
        assert isinstance(box, Box)
        waiting = [asyncio.ensure_future(box.put(delivery(name))) for name in ("a", "b", "a", "", "")]
        first = box.look(None)
        assert told(first) == ["a", "b", "", ""]
        late = asyncio.ensure_future(box.put(delivery("b")))
        await asyncio.sleep(0)
        assert not any(one.done() for one in (*waiting, late))
        box.settled(durable=True)
        assert await asyncio.gather(*waiting) == [True] * 5
        assert not late.done()
        again = box.look(first.state)
        assert (told(again), again.state) == ([], first.state)
        box.settled(durable=True)
        assert await late

    asyncio.run(story())


def test_another_daemon_knows_what_was_taken_and_the_last_thousand_are_kept() -> None:
    async def story() -> None:
        box, state = Letterbox(), None
        for start in range(0, KEPT + 1, 100):
            for number in range(start, start + 100):
                box.put(delivery(str(number)))
            state = box.look(state).state
            box.settled(durable=True)
        assert state is not None
        assert len(state) < LONGEST_STATE / 100
        assert len(state.split("\n")) == KEPT + 1
        other = Letterbox()
        for name in ("0", "99", "100", str(KEPT)):
            other.put(delivery(name))
        assert told(other.look(state)) == ["0", "99"]

    asyncio.run(story())


DOINGS = st.lists(st.sampled_from(["a", "b", "c", "commit", "fail", "restart"]), max_size=30)


@given(DOINGS)
def test_whatever_happens_what_was_called_durable_is_so_and_no_id_is_found_twice(doings: list[str]) -> None:
    async def story() -> None:
        box, state, durable = Letterbox(), None, []
        told: list[tuple[str, asyncio.Future[bool]]] = []
        for doing in [*doings, "commit"]:
            if doing == "restart":
                box.shut()
                box = Letterbox()
            elif doing in ("commit", "fail"):
                look = box.look(state)
                if doing == "commit":
                    state = look.state
                    durable += [happening.summary for happening in look.happenings]
                box.settled(durable=doing == "commit")
            else:
                told.append((doing, asyncio.ensure_future(box.put(delivery(doing)))))
        answers = [(name, await one) for name, one in told]
        assert len(durable) == len(set(durable))
        assert {name for name, answer in answers if answer} == set(durable)

    asyncio.run(story())


def test_what_waits_when_nobody_looks_any_more_or_too_much_waits_is_to_be_sent_again() -> None:
    async def story() -> None:
        box = Letterbox()
        looked_at = box.put(delivery("a"))
        box.look(None)
        waiting = [box.put(delivery(str(number))) for number in range(MOST_WAITING)]
        assert not await box.put(delivery("one more"))
        box.shut()
        assert not await looked_at
        assert not any(await asyncio.gather(*waiting))
        assert not await box.put(delivery("late"))

    asyncio.run(story())


def test_a_state_of_a_later_version_is_none() -> None:
    async def story() -> None:
        box = Letterbox()
        box.put(delivery("a"))
        assert told(box.look("2\nwhatever")) == ["a"]

    asyncio.run(story())


def test_the_kind_has_a_door() -> None:
    assert KIND.door is not None
    assert KIND.door(settings("none"), dict[str, str]().__getitem__).guarded is False
    assert KIND.door(settings(), lambda _: "x").guarded is True
    assert KIND.door(settings(max_bytes=10), lambda _: "x").max_bytes == 10


@pytest.mark.parametrize("body", [b'{"ref":"caf\xe9"}', b'{"ref":"\xff\xfe"}', b'"\xc3'])
def test_a_body_that_is_not_utf_8_is_no_json(body: bytes) -> None:
    delivery = brought(door(values={"ref": "/ref"}), body, signed(body))
    assert "ref" not in delivery.happening.values


def test_a_mark_before_the_json_is_passed_over() -> None:
    body = b'\xef\xbb\xbf{"ref":"main"}'
    assert brought(door(values={"ref": "/ref"}), body, signed(body)).happening.values["ref"] == "main"


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-origin"}, False),
    ],
)
def test_a_page_in_a_browser_brings_nothing_where_nobody_shows_who_they_are(headers: dict[str, str], taken: bool) -> None:
    answer = door("none").judge(headers, b"{}", NOW)
    assert isinstance(answer, Delivery) == taken
    if isinstance(answer, Reply):
        assert answer.status == 403
    token = {"authorization": "Bearer c2VjcmV0", **headers}
    assert isinstance(door("token").judge(token, b"{}", NOW), Delivery)
