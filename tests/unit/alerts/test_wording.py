"""What messages say."""

from __future__ import annotations

from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest

from config.matters import Matter
from engine.ledger import Notice, Problem
from rowd.alerts.wording import HEADS, LONGEST_NAME, LONGEST_WHY, Tone, message, tamed
from tests.fakes.virtual import NOON

MINUTE = timedelta(minutes=1)


def problem(name: str = "backup", matter: Matter = Matter.FAILED, why: str = "disk full", table: str = "ops") -> Problem:
    return Problem(table, name, matter, name, NOON, why)


def notice(one: Problem, over: str = "", after: int = 0) -> Notice:
    return Notice(1, "mail", NOON + after * MINUTE, one, over)


def test_every_kind_of_problem_has_a_word() -> None:
    assert set(HEADS) == set(Matter) - {Matter.RECOVERED}


def test_what_began_and_ended_before_it_could_be_told_is_one_entry() -> None:
    one = problem()
    told = message([notice(one), notice(one, "it has succeeded", 3)], ZoneInfo("Europe/Berlin"))
    assert told.title == "rowd: backup: it has succeeded"
    assert told.body == (
        "ops/backup: over at Mon 2 Mar 2026 13:03 Berlin: it has succeeded\n  FAILED since Mon 2 Mar 2026 13:00 Berlin: disk full"
    )
    later = message([notice(one, "it has succeeded", 3)], ZoneInfo("Europe/Berlin"))  # why it failed was told then
    assert later.body.endswith("FAILED since Mon 2 Mar 2026 13:00 Berlin")


def test_what_people_open_in_a_browser_is_linked() -> None:
    def link(table: str, key: str) -> str | None:
        return f"https://sheets.example/{table}#{key}" if table == "ops" else None

    away = Problem("ops", "", Matter.UNREACHABLE, "ops", NOON, "the store is away")
    told = message([notice(problem()), notice(away), notice(problem(table="far"))], UTC, link).body.split("\n\n")
    assert told[0].endswith("\n  rowd show ops/backup\n  https://sheets.example/ops#backup")
    assert told[1].endswith("\n  https://sheets.example/ops#")
    assert "https://" not in told[2]
    assert "https://" not in message([notice(problem(), "it has succeeded")], UTC, link).body


def test_the_tone_is_that_of_the_worst_that_stands() -> None:
    failed, over = notice(problem()), notice(problem(), "it has succeeded")
    low = notice(Problem("", "airtable base x", Matter.QUOTA, "airtable base x", NOON, "few are left"))
    odd = notice(Problem("ops", "9", Matter.DEFECT, "odd", NOON, "no such action"))
    told = [message(its, UTC).tone for its in ([failed], [failed, over], [over], [low, odd], [low, odd, failed], [over, failed])]
    assert told == [Tone.FAILURE, Tone.SUCCESS, Tone.SUCCESS, Tone.WARNING, Tone.FAILURE, Tone.FAILURE]


def test_what_comes_and_goes_is_counted() -> None:
    one = problem()
    told = message([notice(one), notice(one, "it has succeeded"), notice(one), notice(one, "it has succeeded"), notice(one)], UTC)
    assert told.title == "rowd: backup FAILED"
    assert told.body.startswith("ops/backup: FAILED since Mon 2 Mar 2026 12:00 UTC (3 times)\n")


def test_problems_of_tables_and_of_quotas_are_named_by_these() -> None:
    away = Problem("ops", "", Matter.UNREACHABLE, "ops", NOON, "the store is away")
    low = Problem("", "airtable base x", Matter.QUOTA, "airtable base x", NOON, "few are left")
    told = message([notice(away), notice(low), notice(problem(), "it has succeeded")], UTC)
    assert told.title == "rowd: 2 problems, 1 over"
    first, second, _ = told.body.split("\n\n")
    assert first == "ops: UNREACHABLE since Mon 2 Mar 2026 12:00 UTC\n  the store is away"
    assert second == "airtable base x: QUOTA LOW since Mon 2 Mar 2026 12:00 UTC\n  few are left"


def test_the_last_message_for_now_says_until_when() -> None:
    told = message([notice(problem())], UTC, until=NOON + 30 * MINUTE)
    assert told.body.endswith("No more messages go here for now: what comes before Mon 2 Mar 2026 12:30 UTC is told together then.")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\r\nBcc: x\x00\x1b[31m", "a Bcc: x"),
        ("<b>hi</b>", "‹b›hi‹/b›"),
        ("@everyone", "@\u2060everyone"),
        ("<!channel>", "‹!channel›"),
        ("[bank](http://x)", "[bank] (http://x)"),
        ("\u202egnp.exe", "gnp.exe"),
    ],
)
def test_text_of_strangers_is_harmless(text: str, said: str) -> None:
    assert tamed(text, 100) == said
    told = message([notice(problem(text, why=text, table=text))], UTC)
    assert "\n" not in told.title
    assert text not in told.title + told.body


def test_text_of_strangers_is_cut() -> None:
    told = message([notice(problem("n" * 5000, why="w" * 5000))], UTC)
    assert len(told.title) <= 120
    assert len(told.body) < 2 * LONGEST_NAME + LONGEST_WHY + 150
