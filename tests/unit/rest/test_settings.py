"""What may be said of a service, and what is told of a mistake in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from config.load import load
from config.mistakes import ConfigError
from connectors.rest.asks import Change, Create, Get
from connectors.rest.pointers import pointer
from rowd.wiring import configure
from tests.unit.rest.conftest import settings


def test_a_request_is_a_method_and_a_path_in_short_or_with_its_parts() -> None:
    said = settings(
        update={"request": "POST /t/{key}/edit?x=1", "body": {"update": "{cells}", "id": "{key}", "n": [1]}, "row": "/a/0"}
    )
    assert (said.update.method, said.update.target("a/b c")) == ("POST", "/t/a%2Fb%20c/edit?x=1")
    assert said.update.filled("7", {"A": None}) == {"update": {"A": None}, "id": "7", "n": [1]}
    assert said.update.row.of({"a": [{"id": 1}]}) == {"id": 1}
    assert (said.get is not None and said.get.method) == "GET"
    assert Create.model_validate("POST /t").chooses is False
    assert Create.model_validate("PUT /t/{key}").chooses is True
    assert Create.model_validate({"request": "POST /t", "body": {"id": "{key}", "c": "{cells}"}}).chooses is True
    assert Change.model_validate("PATCH /t/{key}").filled("1", {"A": 2}) == {"A": 2}
    assert Get.model_validate("/t/{key}").target("..") == "/t/.."  # such keys are kept away before


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"url": "http://tasks.example.com"}, "unencrypted"),
        ({"url": "https://me:pw@tasks.example.com"}, "leave it out"),
        ({"url": "https://tasks.example.com/?x=1"}, "is no address"),
        ({"list": "tasks"}, "is no path"),
        ({"list": "//evil.example.net/tasks"}, "is no path"),
        ({"list": "/tasks#x"}, "is no path"),
        ({"list": "/tasks/{key}"}, "there is no {key} in it"),
        ({"list": "/tasks/{id}"}, "only {key} may stand in braces"),
        ({"update": "PATCH tasks/{key}"}, "is no request"),
        ({"update": "DELETE /tasks/{key}"}, "writes nothing"),
        ({"update": "PATCH /tasks"}, "says nowhere which row"),
        ({"update": {"request": "PATCH /tasks/{key}", "body": {"data": 1}}}, "one place for the cells"),
        ({"update": {"request": "PATCH /tasks/{key}", "body": ["{cells}", "{cells}"]}}, "one place for the cells"),
        ({"update": {"request": "PATCH /tasks/{key}", "type": "json; x"}}, "type"),
        ({"update": {"request": "PATCH /tasks/{key}", "by": 1}}, "by"),
        ({"update": "PUT /tasks/{key}", "get": ...}, "say how by `get`"),
        ({"get": "POST /tasks/{key}"}, "reads no row"),
        ({"get": "/tasks"}, "reads no row"),
        ({"delete": "PATCH /tasks/{key}"}, "removes no row"),
        ({"delete": "DELETE /tasks"}, "removes no row"),
        ({"auth": {"by": "bearer", "secret": "abc.def"}}, "is no name of a secret"),
        ({"auth": {"by": "bearer", "secret": "T", "scheme": "two words"}}, "is no scheme"),
        ({"auth": {"by": "basic", "secret": "T", "user": "a:b"}}, "user"),
        ({"auth": {"by": "header", "secret": "T", "name": "Host"}}, "not for settings"),
        ({"auth": {"by": "cookie", "secret": "T"}}, "cookie"),
        ({"headers": {"Authorization": "x"}}, "not for settings"),
        ({"headers": {"X\nY": "x"}}, "no name of a header"),
        ({"headers": {"X": "a\r\nHost: b"}}, "no header can"),
        ({"paging": {"by": "cursor", "parameter": "c"}}, "next"),
        ({"paging": {"by": "page", "next": "x"}}, "next"),
        ({"rows": 5}, "is no place in an answer"),
        ({"rows": "/" + "9" * 600}, "too long for a place"),
        ({"blank": "none"}, "blank"),
        ({"requests_per_minute": 0}, "requests_per_minute"),
        ({"fields": [" "]}, "blank"),
        ({"lists": "/x"}, "lists"),
    ],
)
def test_a_mistake_is_told_with_what_to_write(said: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        settings(**said)
    assert says in str(caught.value)


def test_a_secret_that_was_written_where_its_name_belongs_is_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "rowd.toml").write_text(
        '[tables.ops]\nconnector = "rest"\nurl = "https://x.example"\nlist = "/t"\nupdate = "PATCH /t/{key}"\n'
        'auth = { by = "bearer", secret = "sk-live-0123456789" }\n[actions.a]\nkind = "simulate"\n'
    )
    with pytest.raises(ConfigError) as caught:
        configure(load(tmp_path / "rowd.toml", {}, tmp_path))
    assert "is no name of a secret; put the secret into .env" in str(caught.value)
    assert "0123456789" not in str(caught.value)


def test_tables_of_one_host_and_secret_are_counted_together() -> None:
    auth = {"by": "bearer", "secret": "TOKEN"}
    assert settings(auth=auth).scope == settings(auth=auth, list="/other").scope == "tasks.example.com with TOKEN"
    assert settings().scope == "tasks.example.com without a secret"


def test_a_place_in_an_answer_is_a_name_or_a_pointer() -> None:
    document = {"data": [{"a/b": {"~": 1}}], "": 2, "a b": 3}
    assert pointer("").of(document) is document
    assert pointer("data").of(document) == [{"a/b": {"~": 1}}]
    assert pointer("/data/0/a~1b/~0").of(document) == 1
    assert pointer("/").of(document) == 2
    assert pointer("a b").of(document) == 3
    for nowhere in ("/data/1", "/data/x", "/data/-1", "/data/²", "/no/thing", "/data/0/a~1b/~0/x"):
        assert pointer(nowhere).of(document) is None
    assert str(pointer("")) == "the whole answer"
