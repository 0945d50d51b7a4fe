"""Watched addresses, against a real server on the loopback: what is a change, what is trouble, and what is told of either."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from actions.telling import Mask
from tests.unit.watches.asking import Asking, Service, made, served
from watches.api import Endable, Unseen
from watches.url import UrlSettings, UrlWatch
from watches.url.answers import LONGEST_VALIDATOR, LONGEST_WAIT, address, retry_after, validator

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET = "sesame-open-1"


@pytest.fixture
def service() -> Iterator[Service]:
    with served() as made_:
        yield made_


def asking(service: Service, path: str = "/v", lent: dict[str, str] | None = None, **settings: Any) -> Asking:
    its = {"timeout": "20s", "secrets": list(lent or {}), **settings}
    return Asking(made("url", Path("/"), lent, url=f"{service.url}{path}", **its))


def test_first_sight_is_no_change_and_another_body_is_one(service: Service) -> None:
    one = asking(service, "/v?key=hidden#part")
    assert one.look() == ()
    assert one.look() == ()
    service.body = b"two"
    told = one.one()
    assert told.summary == f"{service.url}/v answers something else"
    assert told.values == {"url": f"{service.url}/v", "status": "200", "etag": "", "old": "", "new": ""}
    assert one.look() == ()
    assert len(one.state or "") < 200
    assert "two" not in (one.state or "")


def test_a_server_that_knows_the_tag_is_asked_for_nothing_more(service: Service) -> None:
    service.tag = lambda: f'"{sha256(service.body).hexdigest()[:8]}"'
    one = asking(service)
    one.look()
    assert "if-none-match" not in service.asked[-1]
    assert one.look() == ()
    assert service.asked[-1]["if-none-match"] == service.tag()
    assert one.sees == "304 Not Modified"
    service.body = b"two"
    assert one.one().values["etag"] == service.tag()
    assert one.look() == ()
    assert service.asked[-1]["if-none-match"] == service.tag()


def test_what_the_server_calls_the_same_is_the_same_and_another_name_for_it_is_no_change(service: Service) -> None:
    one = asking(service)
    service.headers = {"ETag": '"a"'}
    one.look()
    service.body = b"one, and a clock in it"
    assert one.look() == ()
    service.headers = {"ETag": '"b"'}
    service.body = b"one"
    assert one.look() == ()
    service.body = b"two"
    service.headers = {"ETag": '"c"'}
    assert one.one().values["etag"] == '"c"'


def test_a_date_of_change_is_given_back_once_no_other_content_can_bear_it(service: Service) -> None:
    one = asking(service)
    service.headers = {"Last-Modified": format_datetime(NOON, usegmt=True), "Date": format_datetime(NOON, usegmt=True)}
    one.look()
    one.look()
    assert "if-modified-since" not in service.asked[-1]
    service.headers["Date"] = format_datetime(NOON + timedelta(seconds=2), usegmt=True)
    one.look()
    one.look()
    assert service.asked[-1]["if-modified-since"] == "Mon, 02 Mar 2026 12:00:00 GMT"
    service.status, service.body = 304, b""
    assert one.look() == ()


def test_of_a_document_only_what_the_pointer_finds_counts(service: Service) -> None:
    service.body = b'{"version": {"b": 1, "a": "\\u00e4"}, "now": 1}'
    one = asking(service, pointer="/version")
    one.look()
    service.body = b'{"now": 2, "version": {"a": "\xc3\xa4", "b": 1}}'
    assert one.look() == ()
    assert one.sees == '200 OK, "{"a": "ä", "b": 1}"'
    service.body = b'{"version": "2\\u001b[31m\\n' + b"x" * 1000 + b'"}'
    told = one.one()
    assert told.values["old"] == '{"a": "ä", "b": 1}'
    assert str(told.values["new"]).startswith("2 xxx")
    assert len(str(told.values["new"])) == 500
    assert told.summary.startswith(f'/version of {service.url}/v was "{{"a": "ä", "b": 1}}", is "2 xxx')
    service.body = b'{"version": 2}'
    one.look()
    service.body = b'{"version": "2"}'
    assert len(one.look()) == 1  # a text is no number


def test_of_a_page_only_the_text_of_what_is_selected_counts(service: Service) -> None:
    service.body = b"<title>1</title><p id=price class=a>5 \xe2\x82\xac</p><script>now = 1</script>"
    one = asking(service, select="#price")
    one.look()
    assert one.sees == '200 OK, "5 \u20ac"'
    service.body = b"<title>2</title><div><p id='price'>\n5 <b>\xe2\x82\xac</b></p></div><script>now = 2</script>"
    assert one.look() == ()
    service.body = "<p id=price>6 \u20ac".encode("cp1252")
    service.headers["Content-Type"] = "text/html; charset=ISO-8859-1"
    told = one.one()
    assert (told.values["old"], told.values["new"]) == ("5 \u20ac", "6 \u20ac")
    assert told.summary == f'#price of {service.url}/v was "5 \u20ac", is "6 \u20ac"'


def test_a_page_on_which_nothing_is_selected_is_trouble_and_no_change(service: Service) -> None:
    service.body = b"<p id=price>5 key-of-ours"
    one = asking(service, lent={"KEY": "key-of-ours"}, select="#price")
    one.look()
    where = service.url.removeprefix("http://")
    service.body = b"<h1>Under maintenance</h1>"
    remedy = "correct `select`, or see whether a script puts it there"
    assert one.trouble() == f"what {where} answers has nothing that #price selects; {remedy}"
    service.headers["Content-Encoding"] = "br"
    assert "answers in br, which it was asked not to; remove `select`, or ask another" in one.trouble()
    service.headers.clear()
    service.body = b"<p id=price>6 key-of-ours"
    told = one.one()
    assert (told.values["old"], told.values["new"]) == ("5 ***", "6 ***")


def test_reading_a_page_ends_when_nobody_looks_any_more(service: Service) -> None:
    one = asking(service, select="p")
    assert isinstance(one.watch, Endable)
    one.watch.shut()
    assert one.trouble() == "rowd looks at it no more; nothing is to be done"


def test_what_lacks_the_place_is_trouble_and_what_was_known_stays_known(service: Service) -> None:
    service.body, service.headers = b'{"version": 1}', {"ETag": '"1"'}
    one = asking(service, pointer="/version")
    one.look()
    where = service.url.removeprefix("http://")
    service.headers, service.body = {"ETag": '"2"'}, b"[]"
    assert one.trouble() == f"what {where} answers has nothing at /version; correct `pointer`"
    service.body = b"<html>"
    assert one.trouble() == f"what {where} answers is no JSON; remove `pointer`, or have it say JSON"
    service.headers["Content-Encoding"] = "gzip"
    assert "answers in gzip, which it was asked not to" in one.trouble()
    service.headers, service.body = {"ETag": '"3"'}, b'{"version": 2}'
    assert one.one().values["old"] == "1"


def test_answers_that_do_not_count_are_trouble(service: Service) -> None:
    one = asking(service, max_response="10 B")
    one.look()
    where = service.url.removeprefix("http://")
    known = one.state
    service.body = b"x" * 11
    assert one.trouble() == f"{where} answers more than 10 B; ask for less, or raise `max_response`"
    service.body, service.status = b"x", 500
    remedy = "see whether the service runs, or name the status in `expect`"
    assert one.trouble() == f"{where} answers 500 Internal Server Error; {remedy}"
    service.status, service.headers = 302, {"Location": "https://ada:pw@example.org/new?token=1"}
    assert one.trouble() == f"{where} answers 302 Found, leads to https://example.org/new; correct the url"
    service.status, service.headers = 304, {}
    assert "answers 304 Not Modified; " in one.trouble()  # nobody had given it a condition
    assert one.state == known
    assert asking(service, expect=["200-299", 304]).look() == ()


def test_a_server_that_wants_to_be_left_alone_is(service: Service) -> None:
    service.status, service.headers = 503, {"Retry-After": "120"}
    one = asking(service)
    with pytest.raises(Unseen, match="503 Service Unavailable, and wants to be left alone for a while; ") as told:
        one.look()
    assert told.value.wait == timedelta(seconds=120)
    service.headers = {}
    with pytest.raises(Unseen) as told:
        one.look()
    assert told.value.wait == timedelta(0)


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("0", timedelta(0)),
        ("90", timedelta(seconds=90)),
        ("9" * 40, LONGEST_WAIT),
        (format_datetime(NOON + timedelta(minutes=5), usegmt=True), timedelta(minutes=5)),
        (format_datetime(NOON - timedelta(minutes=5), usegmt=True), timedelta(0)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT),
        ("soon", timedelta(0)),
        ("-5", timedelta(0)),
        ("٣", timedelta(0)),
        ("", timedelta(0)),
    ],
)
def test_how_long_a_server_is_left_alone(said: str, wait: timedelta) -> None:
    assert retry_after(said, NOON) == wait


def test_who_does_not_answer_in_time_is_let_go_of(service: Service) -> None:
    service.hold.clear()
    one = asking(service, timeout="0.2s")
    assert "has not answered in whole within 0.2s; see whether the service runs, or raise `timeout`" in one.trouble()


def test_a_name_that_leads_inside_is_not_asked(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a name whose DNS somebody else keeps may."""
    port = int(service.url.rpartition(":")[2])

    async def inside(self: object, *_: object, **__: object) -> list[tuple[object, ...]]:
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", inside)
    url = f"http://api.example:{port}/v"
    refused = "api.example is 127.0.0.1, a loopback address: not asked; if it is meant, name it in allow_private"
    assert refused in Asking(made("url", Path("/"), url=url)).trouble()
    assert Asking(made("url", Path("/"), url=url, allow_private=["api.example"])).look() == ()


def test_who_is_not_there_is_trouble() -> None:
    gone = Asking(made("url", Path("/"), url="http://127.0.0.1:1/"))
    assert gone.trouble() == "127.0.0.1:1 refused the connection; see whether the service runs"
    untrusted = Asking(made("url", Path("/nowhere"), url="https://127.0.0.1:1/", verify="ca.pem"))
    assert "No such file" in untrusted.trouble()


def test_a_look_under_way_ends_when_nobody_looks_any_more(service: Service) -> None:
    service.hold.clear()
    one = asking(service)
    assert isinstance(one.watch, Endable)
    told: list[str] = []
    looking = threading.Thread(target=lambda: told.append(one.trouble()), daemon=True)
    looking.start()
    assert service.reached.wait(30)
    one.watch.shut()
    looking.join(30)
    assert told == ["rowd looks at it no more; nothing is to be done"]
    assert one.trouble() == told[0]
    assert len(service.asked) == 1


def test_secrets_reach_the_server_and_nothing_else(service: Service) -> None:
    one = asking(service, "/v", {"KEY": SECRET}, headers={"Authorization": "Bearer {secret.KEY}"}, pointer="/said")
    service.body, service.headers = f'{{"said": "1 {SECRET}"}}'.encode(), {"ETag": f'"{SECRET}"'}
    one.look()
    assert service.asked[-1]["authorization"] == f"Bearer {SECRET}"
    assert service.asked[-1]["accept-encoding"] == "identity"
    assert SECRET not in one.sees
    service.body = f'{{"said": "2 {SECRET}"}}'.encode()
    told = one.one()
    assert told.values["new"] == "2 ***"
    assert SECRET not in f"{told}{one.state}{one.sees}"
    assert "if-none-match" not in service.asked[-1]
    service.status, service.headers = 302, {"Location": f"https://example.org/{SECRET}"}
    assert "leads to https://example.org/***" in one.trouble()
    broken = asking(service, "/v", {"KEY": f"{SECRET}\n2"}, headers={"A": "{secret.KEY}"})
    assert SECRET not in broken.trouble()


def test_a_secret_that_the_body_repeats_is_no_part_of_the_mark(service: Service) -> None:
    service.body = f"for {SECRET}".encode()
    one = asking(service, "/v", {"KEY": SECRET}, headers={"A": "{secret.KEY}"})
    one.look()
    service.body = b"for another"
    other = Asking(asking(service, "/v", {"KEY": "another"}, headers={"A": "{secret.KEY}"}).watch, one.state)
    assert other.look() == ()


@pytest.mark.parametrize("state", ["", "{}", '{"version":99,"mark":"a"}', "\ud800", '{"version":1,"mark":2}'])
def test_a_state_that_nobody_understands_is_first_sight(service: Service, state: str) -> None:
    assert Asking(asking(service).watch, state).look() == ()


def test_what_a_server_says_is_given_back_only_where_it_can_be() -> None:
    idle = Mask(())
    assert validator('W/"a"', idle) == 'W/"a"'
    assert [validator(said, idle) for said in ("a\x1b", "é", "x" * (LONGEST_VALIDATOR + 1))] == ["", "", ""]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://a:b@example.org:8/p?q#f", "https://example.org:8/p"),
        ("/p?q", "/p"),
        ("https://[::1]/x", "https://[::1]/x"),
        ("https://[x", ""),
        ("", ""),
    ],
)
def test_an_address_is_told_without_keys(url: str, told: str) -> None:
    assert address(url) == told


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"every": "4s"}, "4s is too short; write 5s or more"),
        ({"timeout": "0s"}, "0s can't be a limit; write up to 10m, and more than 0s"),
        ({"timeout": "11m"}, "11m can't be a limit"),
        ({"debounce": "1s"}, "nothing tells of a change here before it is looked for"),
        ({"pointer": "version"}, "is no JSON pointer"),
        ({"pointer": ""}, "an empty pointer means the whole; remove it"),
        ({"select": "#price >"}, '"#price >" is no CSS selector; write one like "#price"'),
        ({"select": "p", "pointer": "/a"}, "`pointer` is for answers in JSON, and `select` for web pages; remove one"),
        ({"headers": {"Host": "x"}}, "Host is rowd's own affair"),
        ({"expect": [700]}, "is no status"),
    ],
)
def test_settings_that_make_no_sense_are_refused_with_the_remedy(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        UrlSettings.model_validate({"kind": "url", "url": "https://example.org/", **settings})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"url": "ftp://example.org/"}, "is no address of a web service"),
        ({"url": "https://ada:pw@example.org/"}, "the url holds a user name; give it in a header: Authorization"),
        ({"url": "https://example.org/{x}"}, "there is no parameter"),
        ({"headers": {"A": "{secret.KEY}"}}, r'the secret KEY isn\'t declared; add secrets = \["KEY"\]'),
    ],
)
def test_requests_that_cannot_be_made_are_refused_with_the_remedy(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        UrlWatch(UrlSettings.model_validate({"kind": "url", "url": "https://example.org/", **settings}), Path("/"), {})
