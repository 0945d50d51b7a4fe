"""pydantic's errors in our words, and how mistakes are told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, ValidationError

from config.fields import Span
from config.mistakes import ConfigError, Mistake, closest, mistakes_of, nearest_first


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


def _refuses(_: str) -> str:
    raise ValueError("points nowhere; write where it is")


def _says_only_what(_: str) -> str:
    raise ValueError("is nonsense.")


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: int = 1
    begin: str = Field(default="", alias="from")


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")
    needed: str = "x"
    number: int = 1
    share: float = 0.5
    exact: Decimal = Decimal(1)
    flag: bool = False
    text: str = ""
    words: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    items: list[int] = []
    table: Mapping[str, int] = {}
    file: Path = Path()
    day: date = date(2026, 1, 1)
    hour: time = time(9)
    moment: datetime | None = None
    wait: Span = timedelta(1)
    raw_wait: timedelta = timedelta(1)
    colour: Colour = Colour.RED
    level: Literal["low", "high"] = "low"
    few: Annotated[int, Field(gt=0, lt=10)] = 1
    some: Annotated[int, Field(ge=2, le=9)] = 2
    short: Annotated[str, Field(max_length=3)] = ""
    long: Annotated[str, Field(min_length=2)] = "xx"
    pair: Annotated[tuple[str, ...], Field(min_length=1, max_length=2)] = ("a",)
    shaped: Annotated[str, Field(pattern="^a+$")] = "a"
    keyed: Mapping[Annotated[str, Field(pattern="^a+$")], int] = {}
    ours: Annotated[str, AfterValidator(_refuses)] = ""
    bare: Annotated[str, AfterValidator(_says_only_what)] = ""
    either: str | list[str] = ""
    url: HttpUrl | None = None
    address: IPv4Address | None = None
    id: UUID | None = None
    step: Annotated[int, Field(multiple_of=5)] = 5
    api_token: int = 0
    inner: Inner = Inner()
    many: tuple[Inner, ...] = ()
    sort: Mapping[str, Inner | int] = {}
    by_name: Mapping[str, Inner | None] = {}


def told(**given: Any) -> Mistake:
    with pytest.raises(ValidationError) as caught:
        Model.model_validate(given)
    (mistake,) = mistakes_of(caught.value, "rowd.toml", "actions.x", Model)
    return mistake


@pytest.mark.parametrize(
    ("given", "key", "message", "remedy"),
    [
        ({"number": "many"}, "number", 'must be a whole number, not "many"', "digits without quotes"),
        ({"number": 1.5}, "number", "must be a whole number, not 1.5", "digits"),
        ({"number": []}, "number", "must be a whole number", "digits"),
        ({"share": "half"}, "share", 'must be a number, not "half"', "without quotes"),
        ({"exact": "half"}, "exact", 'must be a number, not "half"', "without quotes"),
        ({"flag": "perhaps"}, "flag", 'must be yes or no, not "perhaps"', "true or false"),
        ({"text": 5}, "text", "must be text, not 5", "in quotes"),
        ({"words": "a"}, "words", 'must be a list, not "a"', "brackets"),
        ({"names": "a"}, "names", 'must be a list, not "a"', "brackets"),
        ({"items": {"a": 1}}, "items", "must be a list", "brackets"),
        ({"items": [1, "x"]}, "items[2]", 'must be a whole number, not "x"', "digits"),
        ({"table": "a"}, "table", 'must be a group of settings, not "a"', "heading"),
        ({"table": {"a": "b"}}, "table.a", 'must be a whole number, not "b"', "digits"),
        ({"file": 5}, "file", "must be a path, not 5", "quotes"),
        ({"day": "tomorrow"}, "day", 'must be a date, not "tomorrow"', "2026-12-24"),
        ({"hour": "noon"}, "hour", 'must be a time of day, not "noon"', "09:00"),
        ({"moment": "later"}, "moment", 'must be a date and time, not "later"', "2026-12-24T"),
        ({"wait": "5"}, "wait", '"5" is not a span of time', 'write a number and a unit, like "90s"'),
        ({"wait": 5}, "wait", "5 has no unit", 'write "5s"'),
        ({"raw_wait": "x"}, "raw_wait", 'must be a span of time, not "x"', "unit"),
        ({"colour": "green"}, "colour", "must be 'red' or 'blue', not \"green\"", "one of these"),
        ({"level": "mid"}, "level", "must be 'low' or 'high', not \"mid\"", "one of these"),
        ({"few": 0}, "few", "must be more than 0, not 0", "bound"),
        ({"few": 10}, "few", "must be less than 10, not 10", "bound"),
        ({"some": 1}, "some", "must be at least 2, not 1", "bound"),
        ({"some": 10}, "some", "must be at most 9, not 10", "bound"),
        ({"short": "long"}, "short", "must have at most 3 characters", "shorter"),
        ({"long": "x"}, "long", "must have at least 2 characters", "longer"),
        ({"pair": []}, "pair", "must have at least 1 items", "longer"),
        ({"pair": ["a", "b", "c"]}, "pair", "must have at most 2 items", "shorter"),
        ({"keyed": {"b": 1}}, "keyed.b", 'must match the pattern ^a+$, not "b"', "so that it does"),
        ({"table": {"Cost (EUR)": "b"}}, "table.Cost (EUR)", "must be a whole number", "digits"),
        ({"shaped": "b"}, "shaped", 'must match the pattern ^a+$, not "b"', "so that it does"),
        ({"ours": "x"}, "ours", "points nowhere", "write where it is"),
        ({"bare": "x"}, "bare", "is nonsense", "correct the value"),
        ({"url": "x"}, "url", 'must be a URL, not "x"', "in full"),
        ({"address": "x"}, "address", "address", "correct"),
        ({"id": "x"}, "id", 'must be a UUID, not "x"', "123e4567"),
        ({"step": 3}, "step", "multiple of 5, not 3", "correct"),
        ({"inner": 3}, "inner", "must be a group of settings, not 3", "heading"),
        ({"inner": {"size": "x"}}, "inner.size", "must be a whole number", "digits"),
        ({"many": [{}, {"from": 3}]}, "many[2].from", "must be text, not 3", "quotes"),
    ],
)
def test_every_error_is_a_sentence_with_a_remedy(given: dict[str, Any], key: str, message: str, remedy: str) -> None:
    mistake = told(**given)
    assert mistake.key == f"actions.x.{key}"
    assert message in mistake.message
    assert remedy in mistake.remedy
    assert "nput should" not in mistake.message
    assert not mistake.message.endswith(".")


@pytest.mark.parametrize(
    ("given", "key", "meant"),
    [
        ({"nubmer": 1}, "nubmer", "number"),
        ({"inner": {"sise": 1}}, "inner.sise", "size"),
        ({"inner": {"form": "x"}}, "inner.form", "from"),
        ({"many": [{"sizes": 1}]}, "many[1].sizes", "size"),
        ({"by_name": {"a": {"sizes": 1}}}, "by_name.a.sizes", "size"),
    ],
)
def test_an_unknown_key_is_told_with_the_one_that_was_meant(given: dict[str, Any], key: str, meant: str) -> None:
    mistake = told(**given)
    assert mistake.key == f"actions.x.{key}"
    assert mistake.message == "there is no such setting"
    assert mistake.remedy == f'did you mean "{meant}"?'


def test_an_unknown_key_like_no_other_is_told_with_all_that_are_known() -> None:
    assert told(inner={"zzz": 1}).remedy == "known here: from, size"


def test_keys_that_may_stand_beside_the_models_own_are_meant_too() -> None:
    with pytest.raises(ValidationError) as caught:
        Inner.model_validate({"time_zon": "x"})
    (mistake,) = mistakes_of(caught.value, "f", "tables.ops", Inner, also=("time_zone",))
    assert mistake.remedy == 'did you mean "time_zone"?'


@pytest.mark.parametrize(
    ("said", "known", "meant"),
    [
        ("run", ("argv", "cwd"), "argv"),
        ("Type", ("argv", "kind"), "kind"),
        ("type", ("connector", "path"), "connector"),
        ("every", ("poll", "serve"), "poll"),
        ("every", ("max_age", "timeout"), "max_age"),
        ("max_age", ("every", "timeout"), "every"),
        ("selector", ("pointer", "select"), "select"),
        ("run", ("rung",), "rung"),
        ("env", ("cwd",), None),
    ],
)
def test_a_word_of_other_programs_is_told_with_the_one_of_ours(said: str, known: tuple[str, ...], meant: str | None) -> None:
    assert closest(said, known) == meant


def test_without_the_model_an_unknown_key_still_has_a_remedy() -> None:
    with pytest.raises(ValidationError) as caught:
        Inner.model_validate({"zzz": 1})
    assert [m.remedy for m in mistakes_of(caught.value, "f")] == ["remove it"]


def test_what_each_branch_of_a_union_says_is_one_mistake() -> None:
    mistake = told(either=5)
    assert mistake.key == "actions.x.either"
    assert mistake.message == "must be text, not 5, and must be a list, not 5"


def test_a_mistake_within_a_branch_of_a_union_has_a_key_without_the_branch() -> None:
    with pytest.raises(ValidationError) as caught:
        Model.model_validate({"sort": {"a": {"sise": 1}}})
    first, second = mistakes_of(caught.value, "f", model=Model)
    assert (first.key, first.remedy) == ("sort.a.sise", 'did you mean "size"?')
    assert second.key == "sort.a"


def test_a_missing_key_is_told_by_its_name() -> None:
    class Wants(BaseModel):
        path: str

    with pytest.raises(ValidationError) as caught:
        Wants.model_validate({})
    assert mistakes_of(caught.value, "f", "tables.ops") == [
        Mistake("f", "tables.ops.path", "is needed and not there", "add `path = …`")
    ]


def test_a_value_that_may_be_a_secret_is_not_shown() -> None:
    assert "hunter2" not in str(told(api_token="hunter2"))


def test_a_value_that_is_long_is_not_shown() -> None:
    assert "xxxx" not in str(told(number="x" * 500))


def test_mistakes_are_listed_by_file() -> None:
    error = ConfigError(
        [
            Mistake("rowd.toml", "daemon.log", "is wrong", "mend it"),
            Mistake("environment", "ROWD_DAEMON__LOG", "is wrong", "mend it"),
            Mistake("rowd.toml", "", "is odd", "look at it"),
        ]
    )
    assert str(error).splitlines() == [
        "environment: 1 mistake",
        "  ROWD_DAEMON__LOG: is wrong; mend it",
        "rowd.toml: 2 mistakes",
        "  daemon.log: is wrong; mend it",
        "  is odd; look at it",
    ]
    assert str(error.mistakes[0]) == "rowd.toml: daemon.log: is wrong; mend it"


def test_the_closest_word_is_found_whatever_its_case() -> None:
    assert closest("GREAT", ["greet", "backup"]) == "greet"
    assert closest("zzz", ["greet", "backup"]) is None


def test_who_names_what_is_not_there_is_told_the_nearest_ten() -> None:
    known = [f"Sheet{number}" for number in range(1, 21)]
    assert nearest_first("tasks", ["Archive", "Runs", "Task", "Notes"]).startswith("Task, ")
    told = nearest_first("sheet20", known)
    assert told.startswith("Sheet20, ")
    assert told.endswith(" and 10 more")
    assert told.count(",") == 9
    assert nearest_first("x", []) == ""
