"""What a row may give to an action, and what is made of it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from actions.parameters import BadParameter, Parameter, bind, read
from actions.paths import confined
from actions.values import BadValue, has_control


def one(given: object, **declared: Any) -> object:
    return bind({"p": Parameter.model_validate(declared)}, {"p": given})["p"]


def refusal(given: object, **declared: Any) -> str:
    with pytest.raises(BadParameter) as caught:
        one(given, **declared)
    assert caught.value.name == "p"
    return caught.value.message


@pytest.mark.parametrize(
    ("given", "declared", "expected"),
    [
        ("abc", {}, "abc"),
        (5, {}, "5"),
        (5.0, {}, "5"),
        (2.5, {}, "2.5"),
        (True, {}, "true"),
        (date(2026, 3, 2), {}, "2026-03-02"),
        ("Grüße, 世界", {}, "Grüße, 世界"),
        ("7", {"type": "integer"}, 7),
        (" 7 ", {"type": "integer"}, 7),
        (7.0, {"type": "integer"}, 7),
        ("7.0", {"type": "integer"}, 7),
        ("2.5", {"type": "number"}, 2.5),
        (2.0, {"type": "number"}, 2),
        ("-3", {"type": "integer", "min": -5}, -3),
        ("1e3", {"type": "number"}, 1000),
        ("Yes", {"type": "boolean"}, True),
        ("off", {"type": "boolean"}, False),
        (1, {"type": "boolean"}, True),
        (0.0, {"type": "boolean"}, False),
        ("WEEKLY ", {"type": "choice", "choices": ["daily", "weekly"]}, "weekly"),
        ("5 min", {"type": "span"}, 300),
        ("1.5s", {"type": "span"}, 1.5),
        ("a/b.csv", {"type": "path", "under": "/srv/data"}, "/srv/data/a/b.csv"),
        ("/srv/data/./x", {"type": "path", "under": "/srv/data"}, "/srv/data/x"),
        ("-n", {"allow_dash": True}, "-n"),
        ("@x", {"allow_at": True}, "@x"),
        ("a\nb\tc", {"allow_control": True}, "a\nb\tc"),
        (None, {"default": "x"}, "x"),
        ("", {"default": ""}, ""),
        (None, {"type": "integer", "default": 3}, 3),
    ],
)
def test_a_value_is_read_as_its_type(given: object, declared: dict[str, Any], expected: object) -> None:
    bound = one(given, **declared)
    assert bound == expected
    assert type(bound) is type(expected)


@pytest.mark.parametrize(
    ("given", "declared", "words"),
    [
        ("-rf", {}, "hyphen"),
        ("@/etc/passwd", {}, "@"),
        ("a\nb", {}, "control"),
        ("a\x1b[2J", {}, "control"),
        ("a\0b", {"allow_control": True}, "type it again"),
        ("\ud800", {"allow_control": True}, "type it again"),
        ("x" * 1001, {}, "1,000"),
        (["a"], {}, "single value"),
        ({"a": 1}, {"type": "integer"}, "not a number"),
        ("2.5", {"type": "integer"}, "write one such as 2"),
        (True, {"type": "integer"}, "not a number"),
        ("1,500", {"type": "number"}, "point"),
        ("nan", {"type": "number"}, "not a number"),
        (float("nan"), {"type": "number"}, "too large"),
        (float("inf"), {"type": "number"}, "too large"),
        (10**4000, {"type": "integer"}, "too large"),
        (10**4000, {}, "too large"),
        ("1e300", {"type": "number"}, "too large"),
        (-9, {"type": "integer"}, "write 0 or more"),
        (11, {"type": "integer", "max": 10}, "write 10 or less"),
        ("maybe", {"type": "boolean"}, "true or false"),
        (2, {"type": "boolean"}, "true or false"),
        ("weekley", {"type": "choice", "choices": ["daily", "weekly"]}, 'did you mean "weekly"?'),
        (90, {"type": "span"}, "unit"),
        ("soon", {"type": "span"}, "5 min"),
        ("2h", {"type": "span", "max": 3600}, "write 3600 seconds or less"),
        ("../etc/passwd", {"type": "path", "under": "/srv/data"}, ".."),
        ("a/../../b", {"type": "path", "under": "/srv/data"}, ".."),
        ("/etc/passwd", {"type": "path", "under": "/srv/data"}, "/srv/data"),
        ("/srv/database", {"type": "path", "under": "/srv/data"}, "/srv/data"),
        ("abc", {"pattern": "[a-b]+"}, "[a-b]+"),
        (None, {}, "give it one"),
        ("", {"type": "integer"}, "give it one"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_with_the_remedy(given: object, declared: dict[str, Any], words: str) -> None:
    assert words in refusal(given, **declared)


def test_an_unknown_name_is_refused_with_the_name_that_was_probably_meant() -> None:
    with pytest.raises(BadParameter, match=r'did you mean "folder"\?'):
        bind({"folder": Parameter()}, {"foldr": "x"})
    with pytest.raises(BadParameter, match="takes no parameters"):
        bind({}, {"x": 1})


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"type": "choice"}, "choices"),
        ({"choices": ["a"]}, "means nothing"),
        ({"type": "integer", "pattern": "x"}, "means nothing"),
        ({"type": "path"}, "under"),
        ({"type": "path", "under": "data"}, "absolute"),
        ({"type": "path", "under": "/srv/../etc"}, "absolute"),
        ({"pattern": "("}, "regular expression"),
        ({"type": "integer", "min": 5, "max": 1}, "exchange"),
        ({"type": "integer", "default": "many"}, "default"),
        ({"default": "-x"}, "default"),
        ({"typ": "text"}, "extra"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(declared: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=r"(?i)" + words):
        Parameter.model_validate(declared)


cells = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)
KINDS = [
    Parameter(),
    *(Parameter.model_validate({"type": t}) for t in ("integer", "number", "boolean", "span")),
    Parameter.model_validate({"type": "choice", "choices": ["a", "b"]}),
    Parameter.model_validate({"type": "path", "under": "/srv"}),
]


@given(cells, st.sampled_from(KINDS))
@example("-0", Parameter.model_validate({"type": "number"}))
@settings(max_examples=300, deadline=None)
def test_whatever_is_given_it_is_bound_safely_or_refused(given: object, parameter: Parameter) -> None:
    try:
        value = read(parameter, given)
    except BadValue as exc:
        message = str(exc)
    else:
        message = ""
    assert message.isprintable()
    if message:
        return
    written = str(value)
    assert not written.startswith(("-", "@"))
    assert not has_control(written)
    json.dumps(value, allow_nan=False)
    assert read(parameter, value) == value or parameter.type == "span"  # what was bound is bound to itself


def test_a_symbolic_link_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    under = tmp_path / "data"
    under.mkdir()
    (under / "inside").symlink_to("real.csv")
    (under / "out").symlink_to("/etc")
    (under / "round").symlink_to("round")
    declared = {"file": Parameter.model_validate({"type": "path", "under": str(under)})}

    assert confined(declared, bind(declared, {"file": "inside"})) == {"file": str(under.resolve() / "real.csv")}
    for name in ("out/passwd", "out"):
        with pytest.raises(ValueError, match="symbolic link"):
            confined(declared, bind(declared, {"file": name}))
    with pytest.raises(ValueError, match="another path"):
        confined(declared, bind(declared, {"file": "round"}))
