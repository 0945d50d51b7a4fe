"""The audit trail: any deeds hold, and whatever is changed, removed, put in or moved is noticed where it is."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.ledger.sealing import sealed
from engine.trail import UNTOLD, Deed, Head, Kind, Record, Verdict, deeds_of, examined, root

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEDGER = "00112233aabbccdd"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
saids = st.one_of(texts, st.integers(-(2**53), 2**53), st.booleans(), st.none(), st.floats(allow_nan=False, allow_infinity=False))
deeds = st.builds(
    Deed,
    at=st.integers(0, 4 * 10**15).map(lambda micros: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)),
    kind=st.one_of(st.sampled_from(sorted(Kind)), texts),
    table=texts,
    key=texts,
    row=texts,
    by=texts,
    run=texts,
    what=st.dictionaries(texts, saids, max_size=3),
)
commits = st.lists(st.lists(deeds, min_size=1, max_size=4), min_size=1, max_size=6)


def trail(*commits: list[Deed]) -> list[Record]:
    head, records = Head(0, root(LEDGER)), list[Record]()
    for commit in commits:
        records += [Record(**one) for one in sealed(commit, head)]
        head = Head(records[-1].n, records[-1].seal)
    return records


def told(n: int) -> list[Deed]:
    return [Deed(NOON + timedelta(minutes=n), Kind.RUN_BEGUN, "ops", "a", "task", "schedule", f"run{n}")]


def look(records: list[Record], against: Head | None = None, counted: int | None = None) -> Verdict:
    return examined(records, LEDGER, records[-1].n if counted is None else counted, against)


@given(commits)
def test_any_deeds_hold_and_are_read_as_they_were_written(written: list[list[Deed]]) -> None:
    records = trail(*written)
    verdict = look(records)
    assert (verdict.broken, verdict.holds, verdict.first) == (None, len(records), 1)
    assert verdict.number == sum(map(len, written))
    assert verdict.head == Head(records[-1].n, records[-1].seal)
    assert [deeds_of(record) for record in records] == written
    assert all("\n" not in record.deeds for record in records)


@given(commits, st.data())
def test_a_change_of_one_byte_anywhere_is_noticed_where_it_is(written: list[list[Deed]], data: st.DataObject) -> None:
    records = trail(*written)
    which = data.draw(st.integers(0, len(records) - 1))
    column = data.draw(st.sampled_from(Record.__struct_fields__))
    before = str(getattr(records[which], column)).encode()
    place = data.draw(st.integers(0, len(before) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda one: one != before[place]))
    after = before[:place] + bytes([byte]) + before[place + 1 :]
    if column in ("n", "at"):
        try:
            value: object = int(after)
        except ValueError:
            return  # a STRICT table holds no such number
        if value == int(before):
            return
    else:
        value = after.decode("utf-8", "surrogateescape")
    changed = [*records]
    changed[which] = replace(records[which], **{column: value})
    verdict = look(sorted(changed, key=lambda record: record.n), counted=records[-1].n)
    assert verdict.broken is not None
    if column != "n":
        assert verdict.broken.n == records[which].n
        assert verdict.holds == which
        assert verdict.behind == len(records) - which - 1


def test_half_a_surrogate_pair_is_spelled_out_and_all_else_stays() -> None:
    odd = Deed(NOON, Kind.REQUEST_MADE, "ops", "a", "caf\udce9", "cli:ann", "run1", {"remark\udce9": "ü\udcff", "request": 1})
    records = trail([*told(1), odd])
    assert look(records).broken is None
    plain = replace(odd, row="caf\\udce9", what={"remark\\udce9": "ü\\udcff", "request": 1})
    assert deeds_of(records[0]) == [*told(1), plain]


def test_a_record_is_sealed_as_the_page_says() -> None:
    record = trail(told(1))[0]
    text = f"{record.before}\n{record.n}\n{record.at}\n{record.deeds}"
    assert record.seal == hashlib.sha256(text.encode()).hexdigest()
    assert record.before == hashlib.sha256(f"rowd audit trail 1\n{LEDGER}".encode()).hexdigest()
    assert record.deeds == '[["2026-03-01T12:01:00Z","run.begun","ops","a","task","schedule","run1",{}]]'


FIVE = trail(*map(told, range(5)))


def test_what_was_removed_is_told_by_its_numbers() -> None:
    verdict = look([*FIVE[:2], *FIVE[3:]])
    assert verdict.broken is not None
    assert (verdict.broken.n, verdict.holds, verdict.behind, verdict.apart) == (4, 2, 1, 0)
    assert verdict.broken.why == "deeds 3 to 3 are gone: what stood before it was removed"
    assert verdict.head == Head(2, FIVE[1].seal)


def test_a_record_that_was_put_in_between_with_a_seal_of_its_own_is_noticed() -> None:
    forged = Record(**sealed(told(9), Head(2, FIVE[1].seal))[0])
    verdict = look([*FIVE[:2], forged, *FIVE[2:]])
    assert verdict.broken is not None
    assert (verdict.broken.n, verdict.holds) == (3, 3)  # the forged one follows on the second; the true third doesn't follow on it
    assert "doesn't follow on the one before it" in verdict.broken.why


def test_records_that_changed_places_are_noticed() -> None:
    moved = [FIVE[0], FIVE[2], FIVE[1], *FIVE[3:]]
    assert look(moved).broken is not None
    as_numbered = [FIVE[0], replace(FIVE[2], n=2), replace(FIVE[1], n=3), *FIVE[3:]]
    verdict = look(as_numbered)
    assert verdict.broken is not None
    assert (verdict.broken.n, verdict.holds) == (2, 1)
    assert verdict.broken.why.startswith("it was changed")
    assert verdict.apart == 2


def test_the_trail_of_another_ledger_is_none_of_ours() -> None:
    verdict = examined(FIVE, "another", 5)
    assert verdict.broken is not None
    assert (verdict.broken.n, verdict.broken.why, verdict.holds, verdict.behind) == (1, UNTOLD, 0, 4)


def test_that_the_newest_are_gone_is_told_by_the_count() -> None:
    verdict = look(FIVE[:3], counted=5)
    assert verdict.broken is not None
    assert verdict.broken.n is None
    assert verdict.broken.why == "the newest deeds are gone: the last deed that is there is number 3, and 5 were put down"
    assert (verdict.holds, verdict.behind) == (3, 0)
    assert examined([], LEDGER, 5).broken is not None
    assert examined([], LEDGER, 0).broken is None


def pruned(until: int, seal: str) -> list[Deed]:
    return [Deed(NOON, Kind.TRAIL_PRUNED, by="rowd", what={"until": until, "seal": seal})]


def test_what_was_pruned_is_missed_by_nobody_only_where_a_record_says_so() -> None:
    said = [*FIVE, *(Record(**one) for one in sealed(pruned(2, FIVE[1].seal), Head(5, FIVE[4].seal)))]
    verdict = look(said[2:])
    assert (verdict.broken, verdict.holds, verdict.first) == (None, 4, 3)
    more = look(said[3:])
    assert more.broken is not None
    assert (more.broken.n, more.broken.why, more.holds) == (4, UNTOLD, 0)
    otherwise = [*FIVE, *(Record(**one) for one in sealed(pruned(2, FIVE[0].seal), Head(5, FIVE[4].seal)))]
    assert look(otherwise[2:]).broken is not None


@pytest.mark.parametrize(
    ("against", "known"),
    [
        (Head(5, FIVE[4].seal), True),
        (Head(4, FIVE[3].seal), True),
        (Head(0, FIVE[3].seal), True),
        (Head(4, FIVE[4].seal), False),
        (Head(9, FIVE[4].seal), False),
        (Head(0, "0" * 64), False),
    ],
)
def test_a_head_that_was_kept_elsewhere_is_found_or_not(against: Head, known: bool) -> None:
    assert look(FIVE, against).known is known


def test_a_trail_that_was_written_anew_as_a_whole_holds_but_a_kept_head_shows_it() -> None:
    forged = trail(*map(told, (0, 1, 2, 7, 4)))
    assert look(forged).broken is None
    assert look(forged, Head(3, FIVE[2].seal)).known is True
    assert look(forged, Head(5, FIVE[4].seal)).known is False


def test_a_head_of_what_was_pruned_can_not_be_told_but_for_the_last_of_it() -> None:
    said = [*FIVE, *(Record(**one) for one in sealed(pruned(2, FIVE[1].seal), Head(5, FIVE[4].seal)))]
    assert look(said[2:], Head(1, FIVE[0].seal)).known is None
    assert look(said[2:], Head(2, FIVE[1].seal)).known is True


def test_a_copy_that_was_put_back_is_told_as_a_fork() -> None:
    deed = Deed(NOON, Kind.LEDGER_RESTORED, by="cli:ann", what={"copied_at": "2026-03-01T03:15:00+00:00", "replaced": "9:aa"})
    verdict = look(trail(told(1), [*told(2), deed], told(3)))
    assert verdict.broken is None
    assert [(fork.n, fork.deed) for fork in verdict.forks] == [(3, deed)]
