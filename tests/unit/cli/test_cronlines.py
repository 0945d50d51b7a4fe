"""Which schedules cron can say, and how."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.schedule import parse
from rowd.cronlines import expression, shell_command, written
from rowd.crontab import PATH, Wrong, read

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def said(text: str, zone: str = "Europe/London") -> str | None:
    return expression(parse(text, type=None, zone=ZoneInfo(zone), since=NOW).schedule, NOW)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("every 15 minutes", "*/15 * * * *"),
        ("every hour", "0 * * * *"),
        ("every minute", "* * * * *"),
        ("daily 07:00", "0 7 * * *"),
        ("daily 07:00, 19:00", "0 7,19 * * *"),
        ("weekdays 9:30", "30 9 * * 1-5"),
        ("mon,thu 18:00", "0 18 * * 1,4"),
        ("sunday 03:00", "0 3 * * 7"),
        ("monthly 15th 09:30", "30 9 15 * *"),
        ("0 7 1-7 * mon", "0 7 1-7 * mon"),
        ("*/5 9-17 * * mon-fri", "*/5 9-17 * * mon-fri"),
        ("@hourly", "@hourly"),
        ("0 22-2 * * *", "0 0-2,22,23 * * *"),  # cron takes it, and never runs it
        ("5/10 * * * *", "5,15,25,35,45,55 * * * *"),  # cron refuses it
    ],
)
def test_what_cron_can_say_is_said_in_a_line(text: str, line: str) -> None:
    assert said(text) == line


@pytest.mark.parametrize(
    "text",
    [
        "every 90 minutes",
        "every 7 minutes",
        "last day of month 18:00",
        "2nd tuesday 09:00",
        "every other tuesday from 2026-03-03 09:00",
        "2027-12-24 10:00",
        "monthly 31st 09:00",  # the last day of shorter months, which cron leaves out
        "daily 07:00, 19:30",
        "30 0 7 * * *",
        "0 0 l * *",
    ],
)
def test_what_cron_cannot_say_is_not_said_roughly(text: str) -> None:
    assert said(text) is None


def test_hours_counted_in_real_time_are_no_line_where_the_clock_changes() -> None:
    assert said("every 2 hours", "UTC") == "0 */2 * * *"
    assert said("every 2 hours", "Europe/London") is None


@pytest.mark.parametrize(
    ("command", "line"),
    [("date +%F", r"@daily date +\%F"), (r"a\b", r"@daily a\b"), (r"a\\b", r"@daily a\\\\b"), ("a\\", "@daily a\\\\")],
)
def test_a_command_is_written_so_that_cron_undoes_it(command: str, line: str) -> None:
    assert written("@daily", command) == line


def test_a_command_over_several_lines_is_no_line() -> None:
    with pytest.raises(Wrong, match="several lines"):
        written("@daily", "a\nb")


@given(
    st.text(st.sampled_from("ab%\\ '|"), min_size=1, max_size=20).map(str.strip).filter(bool),
    st.none() | st.text(st.sampled_from("ab%\n \\"), max_size=20).map(lambda text: text and text + "\n"),
)
def test_what_is_written_reads_back_as_it_was(command: str, stdin: str | None) -> None:
    assume("\\\n" not in (stdin or ""))
    job = read(written("@daily", command, "root", stdin) + "\n", "tab", with_user=True).jobs[0]
    assert (job.user, job.command, job.stdin) == ("root", command, stdin)


@pytest.mark.parametrize("stdin", ["a", "a\\\nb\n"])
def test_input_that_cron_would_change_is_no_line(stdin: str) -> None:
    with pytest.raises(Wrong):
        written("@daily", "cat", None, stdin)


def test_a_definition_becomes_what_a_shell_is_given() -> None:
    home = Path("/home/ada")
    given_by_cron = {"PATH": PATH, "SHELL": "/bin/sh", "HOME": "/home/ada"}
    assert shell_command(["/bin/sh", "-c", "a {{ b }}"], {"PATH": PATH, "SHELL": "/bin/sh"}, Path.home()) == ("a { b }", None)
    assert shell_command(["du", "-sh", "/a b"], given_by_cron, home) == ("env HOME=/home/ada du -sh '/a b'", None)
    assert shell_command(["x"], {}, Path("/srv/a b")) == ("cd '/srv/a b' && x", None)
