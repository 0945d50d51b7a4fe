"""What may be emitted, and what it becomes."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from watches.api import LONGEST_VALUE, THROUGH, Happening
from watches.events.settings import EventsSettings
from watches.events.values import LONGEST_ID, LONGEST_IN_ALL, MOST_COUNTED, MOST_VALUES, event, identity


def test_values_are_said_as_text_and_the_summary_by_them() -> None:
    found = event("ci", ["branch=main", "build=42", "note=a=b", "empty="], 1)
    assert found == Happening(
        "branch main, build 42, note a=b, empty", {"branch": "main", "build": "42", "note": "a=b", "empty": ""}, 1
    )


def test_without_values_it_is_said_that_it_was_emitted() -> None:
    assert event("ci", [], 3) == Happening("ci was emitted", {}, 3)


def test_a_summary_may_be_given_and_is_one_line() -> None:
    assert event("ci", ["summary=Build 42\nis out", "build=42"], 1) == Happening("Build 42 is out", {"build": "42"}, 1)


def test_what_a_terminal_obeys_becomes_blanks() -> None:
    found = event("ci", ["note=a\x1b[31mb\nc\td"], 1)
    assert found.values == {"note": "a [31mb\nc\td"}
    assert found.summary == "note a [31mb c d"


def test_what_has_brought_the_run_about_is_handed_on() -> None:
    assert event("ci", ["a=b"], 1, "failures").values == {"a": "b", THROUGH: "failures"}


@pytest.mark.parametrize(
    ("words", "number", "said"),
    [
        (["branch"], 1, '"branch" is no value; write NAME=VALUE, like branch=main'),
        (["=x"], 1, "can't be the name of a value"),
        (["Branch=x"], 1, '"Branch" can\'t be the name of a value; use a-z'),
        (["a-b=x"], 1, '"a-b" can\'t be the name of a value'),
        (["a" * 65 + "=x"], 1, "can't be the name of a value"),
        (["source=x"], 1, "every event says it by itself"),
        (["number=3"], 1, "say it with --count"),
        ([f"{THROUGH}=x"], 1, "rowd says by it"),
        (["old=x"], 1, "it is of edits"),
        (["a=1", "a=2"], 1, "a is said twice"),
        (["a=\udcff"], 1, "the value of a is no UTF-8"),
        ([f"a={'x' * (LONGEST_VALUE + 1)}"], 1, "the value of a is 2,001 characters long"),
        ([f"a{n}=x" for n in range(MOST_VALUES + 1)], 1, "30 values at the most, and these are 31"),
        ([f"a{n}={'x' * LONGEST_VALUE}" for n in range(6)], 1, "12,000 characters together"),
        ([], 0, "0 can't be counted"),
        ([], MOST_COUNTED + 1, "1000001 can't be counted; give a whole number from 1 to 1,000,000"),
    ],
)
def test_what_can_not_be_said_is_refused_with_the_remedy(words: list[str], number: int, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        event("ci", words, number)
    assert said in str(refused.value)


def test_the_limits_themselves_are_kept() -> None:
    words = [f"a{n}={'x' * (LONGEST_IN_ALL // MOST_VALUES)}" for n in range(MOST_VALUES)]
    assert len(event("ci", words, MOST_COUNTED).values) == MOST_VALUES
    assert len(str(event("ci", [f"a={'x' * LONGEST_VALUE}"], 1).values["a"])) == LONGEST_VALUE


def test_an_id_is_what_was_said() -> None:
    assert identity("build 42 ") == "build 42 "
    assert identity("x" * LONGEST_ID)
    for wrong, said in (("  ", "blank"), ("x" * (LONGEST_ID + 1), "201 characters"), ("\udcff", "no UTF-8")):
        with pytest.raises(ValueError, match=said):
            identity(wrong)


def test_a_debounce_is_refused_with_the_remedy() -> None:
    with pytest.raises(ValidationError, match="taken up at once; remove it"):
        EventsSettings.model_validate({"kind": "events", "debounce": "2s"})
