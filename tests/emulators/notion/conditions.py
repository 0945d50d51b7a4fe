"""What the filters of a query mean, by the type of the property."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.emulators.core.exchange import Json, NotEmulated
from tests.emulators.notion import dates, texts
from tests.emulators.notion.errors import UNDEFINED, bad, complaint, invalid, none_of
from tests.emulators.notion.ids import property_forms, wanted
from tests.emulators.notion.reading import default_status
from tests.emulators.notion.world import Page, Property, Source

Values = dict[str, Any]
Test = Callable[[Page, Values], bool]
"""Takes a row, and its values as the query sees them, which may be older ones."""

NESTED = 2
"""Levels of compound filters (reference/filter-data-source-entries)."""

TEXT = ("title", "rich_text", "url", "email", "phone_number")
DATE = ("date", "created_time", "last_edited_time")
PEOPLE = ("people", "created_by", "last_edited_by")
TIMESTAMPS = ("created_time", "last_edited_time")

KINDS = (
    *TEXT,
    "number",
    "checkbox",
    "select",
    "multi_select",
    "status",
    *DATE,
    *PEOPLE,
    "files",
    "relation",
    "formula",
    "unique_id",
)

MISMATCH = "The property type in the database does not match the property type of the filter provided"
"""So worded in 2025-09-03 as well (answers quoted in public repositories)."""

RELATIVE = ("this_week", "past_week", "past_month", "past_year", "next_week", "next_month", "next_year")


WORDS = ("today", "tomorrow", "yesterday", *(f"one_{span}_{way}" for span in ("week", "month") for way in ("ago", "from_now")))
"""Which may stand for dates; nobody here has seen it."""


@dataclass(frozen=True)
class Meaning:
    """What the same words may mean.   today: in UTC."""

    today: date
    ignore_case: bool
    refuse_unknown_options: bool
    week_begins: str


def passing(source: Source, given: Json, meaning: Meaning, path: str = "body.filter", depth: int = 0) -> Test:
    """Which rows a filter lets through. Raises Refused."""
    if not isinstance(given, dict):
        raise bad(path, "an object", given)
    for word, joined in (("and", all), ("or", any)):
        if word in given:
            return _compound(source, given, word, joined, meaning, path, depth)
    if "timestamp" in given:
        kind = given["timestamp"]
        if kind not in TIMESTAMPS or kind not in given:
            raise none_of([complaint(f"{path}.{kind}", "defined", UNDEFINED) for kind in TIMESTAMPS])
        return _on(_date(given[kind], meaning, f"{path}.{kind}"), lambda row, _values: _time(row, kind))
    if not isinstance(given.get("property"), str):
        raise none_of([complaint(f"{path}.{kind}", "defined", UNDEFINED) for kind in ("or", "and", "property", "timestamp")])
    column = next((found for form in property_forms(given["property"]) if (found := source.find(form)) is not None), None)
    if column is None:
        raise invalid(f"Could not find property with name or id: {given['property']}")
    kind = next((kind for kind in KINDS if kind in given), "")
    if not kind and ("rollup" in given or "verification" in given):
        raise NotEmulated("a filter on a rollup or a verification")
    if not kind:
        raise none_of([complaint(f"{path}.{kind}", "defined", UNDEFINED) for kind in KINDS])
    for key in given:
        if key not in ("property", "type", kind):
            raise bad(f"{path}.{key}", "not present", given[key])
    return _of_column(column, kind, given[kind], meaning, f"{path}.{kind}")


def _compound(
    source: Source, given: Json, word: str, joined: Callable[[list[bool]], bool], meaning: Meaning, path: str, depth: int
) -> Test:
    if depth == NESTED:
        raise bad(f"{path}.{word}", "not present", given[word])
    if not isinstance(given[word], list):
        raise bad(f"{path}.{word}", "an array", given[word])
    parts = [passing(source, part, meaning, f"{path}.{word}[{at}]", depth + 1) for at, part in enumerate(given[word])]
    return lambda row, values: joined([part(row, values) for part in parts])


def _on(condition: Callable[[Any], bool], value: Callable[[Page, Values], Any]) -> Test:
    return lambda row, values: condition(value(row, values))


def _time(row: Page, kind: str) -> Any:
    return dates.floored(row.created if kind == "created_time" else row.edited)


def _of_column(column: Property, kind: str, given: Json, meaning: Meaning, path: str) -> Test:
    fits = kind == column.type or (kind == "rich_text" and column.type in TEXT) or (kind == "number" and column.type == "unique_id")
    if not fits:
        raise invalid(f"{MISMATCH}: database property {column.type} does not match filter {kind}")
    if column.type == "formula":
        return _formula(column, given, meaning, path)
    if column.type in TEXT:
        return _on(_text(given, meaning, path), lambda _row, values: _plain(column, values.get(column.id)))
    if column.type in ("number", "unique_id"):
        return _on(_number(given, path), lambda _row, values: values.get(column.id))
    if column.type == "checkbox":
        return _on(_checkbox(given, path), lambda _row, values: bool(values.get(column.id)))
    if column.type in ("select", "status"):
        empty = default_status(column) if column.type == "status" else None
        return _on(_choice(column, given, meaning, path), lambda _row, values: values.get(column.id) or empty)
    if column.type in TIMESTAMPS:
        return _on(_date(given, meaning, path), lambda row, _values: _time(row, column.type))
    if column.type == "date":
        return _on(_date(given, meaning, path), lambda _row, values: _start(values.get(column.id)))
    if column.type in ("created_by", "last_edited_by"):
        mine = "created_by" if column.type == "created_by" else "edited_by"
        return _on(_list(column, given, meaning, path), lambda row, _values: [getattr(row, mine)])
    return _on(_list(column, given, meaning, path), lambda _row, values: values.get(column.id) or [])


def _one(given: Json, path: str, known: tuple[str, ...]) -> tuple[str, Json]:
    """The one condition that there is. Raises Refused."""
    if not isinstance(given, dict):
        raise bad(path, "an object", given)
    for key in given:
        if key not in known:
            raise bad(f"{path}.{key}", "not present", given[key])
    if len(given) != 1:
        raise none_of([complaint(f"{path}.{key}", "defined", UNDEFINED) for key in known])
    name, value = next(iter(given.items()))
    if name in ("is_empty", "is_not_empty") and value is not True:
        raise bad(f"{path}.{name}", "`true`", value)
    return name, value


def _plain(column: Property, value: Any) -> str:
    if column.type in ("title", "rich_text"):
        return texts.plain(value or [])
    return value or ""


def _text(given: Json, meaning: Meaning, path: str) -> Callable[[str], bool]:
    known = ("equals", "does_not_equal", "contains", "does_not_contain", "starts_with", "ends_with", "is_empty", "is_not_empty")
    name, value = _one(given, path, known)
    if name in ("is_empty", "is_not_empty"):
        return lambda text: (text == "") == (name == "is_empty")
    if not isinstance(value, str):
        raise bad(f"{path}.{name}", "a string", value)
    fold: Callable[[str], str] = str.lower if meaning.ignore_case else str
    want = fold(value)
    tests: dict[str, Callable[[str], bool]] = {
        "equals": lambda text: fold(text) == want,
        "does_not_equal": lambda text: fold(text) != want,
        "contains": lambda text: want in fold(text),
        "does_not_contain": lambda text: want not in fold(text),
        "starts_with": lambda text: fold(text).startswith(want),
        "ends_with": lambda text: fold(text).endswith(want),
    }
    return tests[name]


def _number(given: Json, path: str) -> Callable[[float | None], bool]:
    known = ("equals", "does_not_equal", "greater_than", "less_than", "greater_than_or_equal_to", "less_than_or_equal_to")
    name, value = _one(given, path, (*known, "is_empty", "is_not_empty"))
    if name in ("is_empty", "is_not_empty"):
        return lambda number: (number is None) == (name == "is_empty")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise bad(f"{path}.{name}", "a number", value)
    tests: dict[str, Callable[[float], bool]] = {
        "equals": lambda number: number == value,
        "greater_than": lambda number: number > value,
        "less_than": lambda number: number < value,
        "greater_than_or_equal_to": lambda number: number >= value,
        "less_than_or_equal_to": lambda number: number <= value,
    }
    if name == "does_not_equal":
        return lambda number: number != value
    return lambda number: number is not None and tests[name](number)


def _checkbox(given: Json, path: str) -> Callable[[bool], bool]:
    name, value = _one(given, path, ("equals", "does_not_equal"))
    if not isinstance(value, bool):
        raise bad(f"{path}.{name}", "a boolean", value)
    return lambda ticked: (ticked == value) == (name == "equals")


def _wanted_option(column: Property, value: Json, meaning: Meaning, path: str) -> str | None:
    if not isinstance(value, str):
        raise bad(path, "a string", value)
    option = column.option(value)
    if option is None and meaning.refuse_unknown_options:
        known = ", ".join(f'"{option.name}"' for option in column.options)
        raise invalid(f'{column.type} option "{value}" not found for property "{column.name}". Available options: {known}.')
    return option.id if option is not None else None


def _choice(column: Property, given: Json, meaning: Meaning, path: str) -> Callable[[str | None], bool]:
    name, value = _one(given, path, ("equals", "does_not_equal", "is_empty", "is_not_empty"))
    if name in ("is_empty", "is_not_empty"):
        return lambda chosen: (chosen is None) == (name == "is_empty")
    want = _wanted_option(column, value, meaning, f"{path}.{name}")
    if name == "equals":
        return lambda chosen: chosen is not None and chosen == want
    return lambda chosen: chosen is None or chosen != want


def _list(column: Property, given: Json, meaning: Meaning, path: str) -> Callable[[list[str]], bool]:
    """Options, people, relations and files."""
    known = ("is_empty", "is_not_empty") if column.type == "files" else ("contains", "does_not_contain", "is_empty", "is_not_empty")
    name, value = _one(given, path, known)
    if name in ("is_empty", "is_not_empty"):
        return lambda items: (not items) == (name == "is_empty")
    if column.type == "multi_select":
        want = _wanted_option(column, value, meaning, f"{path}.{name}")
    else:
        want = wanted(value, f"{path}.{name}")
    return lambda items: (want in items) == (name == "contains")


def _start(value: Any) -> dates.Instant | None:
    return None if value is None else dates.parse(value["start"])


def _date(given: Json, meaning: Meaning, path: str) -> Callable[[dates.Instant | None], bool]:
    absolute = ("equals", "before", "after", "on_or_before", "on_or_after")
    name, value = _one(given, path, (*absolute, "is_empty", "is_not_empty", *RELATIVE))
    if name in ("is_empty", "is_not_empty"):
        return lambda at: (at is None) == (name == "is_empty")
    span = dates.span(name, meaning.today, meaning.week_begins)
    if span is not None:
        if value != {}:
            raise bad(f"{path}.{name}", "an empty object", value)
        return lambda at: at is not None and span[0] <= dates.day(at) <= span[1]
    if value in WORDS:
        raise NotEmulated(f"the date {value!r}")
    limit = dates.parse(value)
    if limit is None:
        raise bad(f"{path}.{name}", "a valid ISO 8601 date string", value)
    good = {"equals": (0,), "before": (-1,), "after": (1,), "on_or_before": (-1, 0), "on_or_after": (0, 1)}[name]
    return lambda at: at is not None and dates.compare(at, limit) in good


def _formula(column: Property, given: Json, meaning: Meaning, path: str) -> Test:
    """On values that were fixed: what a formula computes is not emulated."""
    kind = next((kind for kind in ("string", "number", "checkbox", "date") if isinstance(given, dict) and kind in given), None)
    if kind is None:
        raise none_of([complaint(f"{path}.{kind}", "defined", UNDEFINED) for kind in ("string", "checkbox", "number", "date")])
    inner, where = given[kind], f"{path}.{kind}"
    condition: Callable[[Any], bool]
    if kind == "string":
        condition = _text(inner, meaning, where)
    elif kind == "date":
        condition = _date(inner, meaning, where)
    else:
        condition = _number(inner, where) if kind == "number" else _checkbox(inner, where)

    def fixed(row: Page, _values: Values) -> Any:
        if column.id not in row.fixed:
            raise NotEmulated(f"what the formula {column.name!r} computes (but Page.fixed can be set)")
        value = row.fixed[column.id]
        result = value.get(value["type"])
        if value["type"] == "date":
            return _start(result)
        return result or "" if kind == "string" else result

    return _on(condition, fixed)
