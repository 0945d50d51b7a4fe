"""What of all that ends is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from msgspec import Struct
from pydantic import ValidationError

from actions.api import Outcome
from engine.ledger.tallies import FAILED
from watches.api import Altered, Emitted, End
from watches.numbered import MOST, PASSED_OVER
from watches.outcomes.settings import ALL, FAILURES, OutcomesSettings
from watches.outcomes.watch import MOST_LINKS, Outcomes


class Ended(Struct):
    """A record of ends."""

    all: list[End]
    read: int = 0

    def emitted(self, source: str, after: int) -> Sequence[Emitted]:
        raise AssertionError(source, after)

    def ends(self, after: int) -> Iterator[End]:
        for end in self.all:
            if end.n > after:
                self.read += 1
                yield end

    def last_end(self) -> int:
        return self.all[-1].n if self.all else 0

    def altered(self, after: int) -> Iterator[Altered]:
        raise AssertionError(after)

    def last_altered(self) -> int:
        raise AssertionError


def end(n: int, row: str = "backup", outcome: str = "failed", **said: object) -> End:
    return End(**{"n": n, "table": "ops", "row": row, "outcome": outcome, "reason": "exit code 3", "run": f"r{n}", **said})  # type: ignore[arg-type]  # of many types


def watch(**settings: object) -> Outcomes:
    return Outcomes("failures", OutcomesSettings.model_validate({"kind": "outcomes", **settings}))


def test_the_words_are_those_of_the_engine() -> None:
    assert set(ALL) == {str(outcome) for outcome in Outcome}
    assert set(FAILURES) == {str(outcome) for outcome in FAILED}


def test_first_sight_is_no_news() -> None:
    look = watch().look_into(Ended([end(1), end(2)]), None)
    assert (look.state, look.happenings) == ("2", ())
    assert watch().look_into(Ended([]), None).state == "0"


def test_each_end_is_told_with_what_it_was() -> None:
    look = watch().look_into(Ended([end(1), end(2, duration_s=1.5), end(3, number=4, through=("other",))]), "1")
    assert look.state == "3"
    first, second = look.happenings
    assert first.summary == "backup failed: exit code 3"
    assert first.values == {
        "table": "ops",
        "row": "backup",
        "outcome": "failed",
        "reason": "exit code 3",
        "run": "r2",
        "through": "failures",
        "duration": 1.5,
    }
    assert (second.number, second.values["through"]) == (4, "other\nfailures")
    assert second.summary == "backup failed 4 times: exit code 3"
    assert "duration" not in second.values


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("*", "x", True),
        ("backup", "Backup ", True),
        ("backup", "backup 2", False),
        ("back*", "backup", True),
        ("*up", "back UP", True),
        ("b*k*p", "backup", True),
        ("b*p*k", "backup", False),
        ("ab*ba", "aba", False),
        ("ab*ba", "abba", True),
        ("a*b*c", "ac", False),
        ("**", "", True),
        ("[a].", "[A].", True),
        ("a*", "a\nb", True),
    ],
)
def test_patterns_of_rows(pattern: str, name: str, fits: bool) -> None:
    assert bool(watch(rows=[pattern]).look_into(Ended([end(1, name)]), "0").happenings) is fits


def test_only_outcomes_and_tables_that_are_named_are_told() -> None:
    record = Ended([end(1, outcome="missed"), end(2, outcome="succeeded"), end(3, table="other", outcome="missed")])
    assert [h.values["run"] for h in watch(outcomes=["missed"]).look_into(record, "0").happenings] == ["r1", "r3"]
    assert [h.values["run"] for h in watch(outcomes=["missed"], tables=["ops"]).look_into(record, "0").happenings] == ["r1"]


def test_what_it_has_brought_about_itself_is_not_told_nor_what_too_many_have() -> None:
    long = tuple(f"s{n}" for n in range(MOST_LINKS))
    look = watch().look_into(Ended([end(1, through=("a", "failures", "b")), end(2, through=long), end(3, through=long[1:])]), "0")
    assert [h.values["run"] for h in look.happenings] == ["r3"]
    assert look.untold[0] == "backup failed: exit code 3; it came about through a, failures, b"
    assert len(look.untold) == 2
    assert look.state == "3"


def test_what_is_not_to_be_told_is_written_down_only_now_and_then() -> None:
    record = Ended([end(n, outcome="succeeded") for n in range(1, PASSED_OVER)])
    assert watch().look_into(record, "0").state == "0"
    record.all.append(end(PASSED_OVER, outcome="succeeded"))
    assert watch().look_into(record, "0").state == str(PASSED_OVER)


def test_a_look_tells_so_many_and_the_next_one_goes_on() -> None:
    record = Ended([end(n) for n in range(1, MOST + 3)])
    look = watch().look_into(record, "0")
    assert (len(look.happenings), look.state, record.read) == (MOST, str(MOST), MOST)
    assert len(watch().look_into(record, look.state).happenings) == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"outcomes": ["faild"]}, '"faild" is no outcome; write some of succeeded, failed'),
        ({"outcomes": []}, "names none"),
        ({"rows": []}, "names none"),
        ({"rows": [" "]}, "blank name"),
        ({"tables": []}, "names none"),
        ({"debounce": "2s"}, "an outcome is told at once; remove it"),
        ({"only": ["failed"]}, "Extra inputs"),
    ],
)
def test_what_can_not_be_meant_is_refused_with_the_remedy(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        watch(**wrong)


def test_outcomes_are_read_as_people_write_them() -> None:
    settings = OutcomesSettings.model_validate({"kind": "outcomes", "outcomes": ["Timed Out", "timed_out", "FAILED"]})
    assert settings.outcomes == ("timed out", "failed")
