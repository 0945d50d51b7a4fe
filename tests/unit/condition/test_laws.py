"""Laws of conditions, for any text and any values."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from time import process_time
from typing import Any as Anything

from hypothesis import example, given, settings
from hypothesis import strategies as st

from config.fields import LONGEST as LONGEST_SPAN
from engine.condition import Condition, Given, Reference, Undecidable, Unknown, Unreadable, Verdict, evaluate, parse
from engine.condition.spelling import spelled
from engine.condition.tree import (
    All,
    Any,
    Compared,
    Denied,
    Name,
    Negative,
    Node,
    Number,
    Product,
    Span,
    Sum,
    Text,
    Truth,
    Within,
)

LONGEST_MESSAGE = 700


def read(text: str) -> Condition | Unreadable:
    try:
        return parse(text)
    except Unreadable as exc:
        return exc


def decided(condition: Condition, values: Anything) -> Verdict | Undecidable:
    try:
        return evaluate(condition, values)
    except Undecidable as exc:
        return exc


def assert_fit_for_a_cell(exc: Exception) -> None:
    assert str(exc).isprintable()
    assert len(str(exc)) < LONGEST_MESSAGE


pieces = st.sampled_from(
    [
        *("a", "b.c", 'tasks["Run tests"].outcome', "now", "é", "x["),
        *("5", "78.5", "80%", "2h", "1h 30m", "1e5", ".5", "1,500", "0", "2026-12-01", "1" * 20),
        *('"main"', "'x'", '"2026-12-01"', '"', "'", "“", "”", "\\", "#", "$", "{", "}"),
        *("==", "!=", "<", "<=", ">", ">=", "=", "=>", "<>", "&&", "||", "!", "≥"),
        *("+", "-", "*", "/", "%", "**", "(", ")", "[", "]", ",", ".", ":", ";", "?"),
        *("and", "or", "not", "in", "not in", "true", "no", "is", "is not", "if", "between", "percent", "less than"),
        *(" ", "  ", "\n", "\t", "\0", "\u200b", "\xa0", "(a)", "f(x)", "in (1, 2)", " and a < 1"),
    ]
)
texts = st.one_of(st.lists(pieces, max_size=25).map(" ".join), st.lists(pieces, max_size=25).map("".join), st.text(max_size=80))


@settings(max_examples=500)
@given(texts)
@example("(" * 500 + "a" + ")" * 499)
@example("not " * 249 + "a")
@example("-" * 999 + "1")
@example("a" + "[" * 999)
@example('"' * 999)
@example("a=" * 500)
def test_any_text_is_read_or_refused_and_what_is_read_is_written_so_that_it_is_read_again(text: str) -> None:
    condition = read(text)
    if isinstance(condition, Unreadable):
        assert_fit_for_a_cell(condition)
        return
    assert parse(condition.text) == condition
    assert parse(condition.text).text == condition.text
    assert hash(parse(condition.text)) == hash(condition)


words = st.text("abcxyz_é", min_size=1, max_size=6).filter(lambda w: w not in {"a_b"})
quotable = st.one_of(
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters='"'), max_size=12),
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="'"), max_size=12),
).map(lambda text: unicodedata.normalize("NFC", text))
names: st.SearchStrategy[Node] = st.builds(
    lambda first, rest: Name((first, *rest)), words, st.lists(st.one_of(words, quotable.filter(bool)), max_size=3)
)
numbers: st.SearchStrategy[Node] = st.builds(
    Number, st.decimals(min_value=0, max_value=10**15, allow_nan=False, allow_infinity=False, places=3), st.booleans()
)
spans: st.SearchStrategy[Node] = st.builds(Span, st.timedeltas(min_value=timedelta(0), max_value=LONGEST_SPAN))
atoms = st.one_of(names, names, numbers, spans)
counted: st.SearchStrategy[Node] = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds(Negative, inner),
        st.builds(Sum, inner, st.lists(st.tuples(st.sampled_from("+-"), inner), min_size=1, max_size=3).map(tuple)),
        st.builds(Product, inner, st.lists(st.tuples(st.sampled_from("*/"), inner), min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)
signs = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
members = st.one_of(atoms, st.builds(Text, quotable), st.builds(Truth, st.booleans()))
asked: st.SearchStrategy[Node] = st.one_of(
    names,
    st.builds(Truth, st.booleans()),
    st.builds(Compared, counted, signs, counted),
    st.builds(Compared, names, st.sampled_from(["==", "!="]), members),
    st.builds(Within, counted, st.lists(members, min_size=1, max_size=3).map(tuple), st.booleans()),
)


def joined(kind: Anything, parts: list[Node]) -> Node:
    """What stands within its own kind is no part by itself: `a and (b and c)` is `a and b and c`."""
    return kind(tuple(below for part in parts for below in (part.parts if isinstance(part, kind) else (part,))))


trees = st.recursive(
    asked,
    lambda inner: st.one_of(
        st.builds(Denied, inner),
        st.builds(lambda parts: joined(All, parts), st.lists(inner, min_size=2, max_size=3)),
        st.builds(lambda parts: joined(Any, parts), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=6,
)


@settings(max_examples=200)
@given(trees)
def test_any_tree_is_written_so_that_it_is_read_again(tree: Node) -> None:
    text = spelled(tree)
    condition = read(text)
    if isinstance(condition, Unreadable):  # what a tree can say and nobody can mean: then the reason is one of these
        assert any(why in str(condition) for why in ("two ways", "longer than 1000", "parts;", "deep;")), (text, str(condition))
        return
    assert parse(condition.text) == condition
    assert condition.text == text


# --- evaluating

givens: st.SearchStrategy[Given] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from([0, 1, 2, 80, 1e-320, 10**15, 10**4000, "84 %", "84.2%", "1,500", "yes", "x", "", "2h", "01/02/2026"]),
    st.text(max_size=20),
    st.datetimes(timezones=st.sampled_from([None, UTC])),
    st.dates(),
    st.timedeltas(),
    st.just(Unknown("it has not run yet; run it")),
)


class Values(dict[Reference, Given]):
    """Every name has some value, drawn when it is asked for."""

    def __init__(self, data: st.DataObject) -> None:
        super().__init__()
        self._data = data

    def __call__(self, words: Reference) -> Given:
        assert words not in self, "asked for once at the most"
        self[words] = self._data.draw(givens)
        return self[words]


@settings(max_examples=300)
@given(trees, st.data())
def test_any_condition_of_any_values_holds_or_does_not_or_is_undecidable(tree: Node, data: st.DataObject) -> None:
    values = Values(data)
    condition = read(spelled(tree))
    if isinstance(condition, Unreadable):
        return
    verdict = decided(condition, values.__call__)
    assert set(values) <= condition.names
    if isinstance(verdict, Undecidable):
        assert_fit_for_a_cell(verdict)
        return
    assert verdict.why.isprintable()
    assert 0 < len(verdict.why) < 600
    denied = evaluate(parse(f"not ({condition.text})"), dict(values))
    assert denied.holds is not verdict.holds


# --- held against Python's own evaluation of the same text


class Strict:
    """A value as Python has it, but never equal, or unequal, to one of another kind."""

    def __init__(self, value: float | str) -> None:
        self.value = value

    def _other(self, other: object) -> Anything:
        value = other.value if isinstance(other, Strict) else other
        if isinstance(value, str) is not isinstance(self.value, str):
            raise TypeError
        return value

    def __eq__(self, other: object) -> bool:
        return bool(self.value == self._other(other))

    def __hash__(self) -> int:
        return hash(self.value)

    def __lt__(self, other: object) -> bool:
        return bool(self._number() < self._other(other))

    def __le__(self, other: object) -> bool:
        return bool(self._number() <= self._other(other))

    def __gt__(self, other: object) -> bool:
        return bool(self._number() > self._other(other))

    def __ge__(self, other: object) -> bool:
        return bool(self._number() >= self._other(other))

    def _number(self) -> Anything:
        if isinstance(self.value, str):
            raise TypeError
        return self.value


SMALL: Mapping[str, object] = {"zero": 0, "one": 1, "two": 2, "x": "x", "yy": "yy", "on": True, "off": False}
"""`gone` besides has no value."""

things = st.sampled_from(["zero", "one", "two", "x", "yy", "gone"])
"""Python asks for all of a list before it looks into it, so nothing in it is missing."""
numeric = st.sampled_from(["zero", "one", "two", "gone", "0", "1", "2", "x"])
plain = st.one_of(
    st.sampled_from(["on", "off", "gone"]),
    st.builds("{} {} {}".format, things, st.sampled_from(["==", "!="]), things),
    st.builds("{} {} {}".format, numeric, signs, numeric),
    st.builds("{} {} {} {} {}".format, numeric, st.just("<"), numeric, st.sampled_from(["<", "<="]), numeric),
    st.builds(
        "{} {} ({}, {})".format,
        things,
        st.sampled_from(["in", "not in"]),
        things,
        *[things.filter(lambda thing: thing != "gone")] * 2,
    ),
)
python = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.builds("not ({})".format, inner),
        st.builds("not {}".format, inner),
        st.builds("({}) {} ({})".format, inner, st.sampled_from(["and", "or"]), inner),
        st.builds("{} {} {}".format, inner, st.sampled_from(["and", "or"]), inner),
    ),
    max_leaves=5,
)


def by_python(text: str) -> bool | None:
    """None for what can't be decided."""
    values = {name: value if isinstance(value, bool) else Strict(value) for name, value in SMALL.items()}  # type: ignore[arg-type]  # numbers
    try:
        return bool(eval(text, {"__builtins__": {}}, values))  # noqa: S307  # a text that this test has put together
    except (NameError, TypeError):
        return None


def by_us(text: str) -> bool | None:
    try:
        return evaluate(parse(text), {(name,): value for name, value in SMALL.items()}).holds  # type: ignore[misc]  # a dict is invariant
    except Undecidable:
        return None


@settings(max_examples=700)
@given(python)
def test_what_python_reads_too_comes_to_the_same_there(text: str) -> None:
    assert by_us(text) == by_python(text), text


def test_every_pair_of_parts_is_decided_from_left_to_right() -> None:
    """All of three truths, joined in both ways: what is missing counts only where it is asked for."""
    truths: Mapping[str, bool | None] = {"on": True, "off": False, "gone": None}
    for left, one in truths.items():
        assert by_us(left) is one
        assert by_us(f"not {left}") is (None if one is None else not one)
        for right, other in truths.items():
            assert by_us(f"{left} and {right}") is (one if one is not True else other)
            assert by_us(f"{left} or {right}") is (one if one is not False else other)


# --- time


def test_the_longest_conditions_take_little_time() -> None:
    """Of CPU, and far more than they need, for slow machines; what isn't linear takes seconds."""
    parse("warm == 1")
    texts = [
        " and ".join(f"a{n} < 1" for n in range(60)),
        "x in (" + ", ".join(str(n) for n in range(190)) + ")",
        " + ".join(["a"] * 190) + " > 0",
        "(" * 490 + "a" + ")" * 490,
        "a " * 499,
        "a=" * 499,
        "[" * 999,
        "a." * 499,
        "1 h " * 249,
        "is less than or equal to " * 39,
        'a == "' + "é" * 950 + '"',
    ]
    huge: Mapping[str, Given] = {"x": "e\u0301" * 1_000_000, "a": 1}
    for text in texts:
        begun = process_time()
        condition = read(text)
        if isinstance(condition, Condition):
            decided(condition, {words: huge.get(words[0], 0) for words in condition.names})
        assert process_time() - begun < 1, text[:40]


def test_a_date_is_an_instant_and_an_instant_is_a_date() -> None:
    assert evaluate(parse("a == b"), {("a",): date(2026, 12, 1), ("b",): datetime(2026, 12, 1, tzinfo=UTC)}).holds
