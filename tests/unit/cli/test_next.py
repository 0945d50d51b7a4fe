"""`rowd next`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from tests.unit.cli.desk import Desk

FAST = "1,fast,,every 10 minutes,work,active,,,,"
DAILY = "2,daily,,daily 02:30,work,active,,,,"


def test_a_row_that_comes_due_every_hour_or_more_often_is_shown_once(tmp_path: Path) -> None:
    text = Desk(tmp_path, FAST, DAILY).said("next", "--hours", "48")
    assert text.count("every 10 minutes") == 1
    assert "every 10 minutes and so on" in text
    assert text.count("every day at 02:30") == 2


def test_what_a_blackout_skips_of_such_a_row_does_not_hide_what_runs(tmp_path: Path) -> None:
    window = '[[blackout]]\nname = "all but noon"\nfrom = "13:00"\nto = "12:00"\n'
    told = Desk(tmp_path, FAST, more=window).said("next")
    assert told.count("every 10 minutes") in (1, 2)  # one where it is between noon and one o'clock
    assert "and so on" in told


def test_each_run_is_shown_on_request(tmp_path: Path) -> None:
    text = Desk(tmp_path, FAST, DAILY).said("next", "--hours", "1", "--all")
    assert text.count("every 10 minutes") == 6
    assert "daily" in Desk(tmp_path, FAST, DAILY).said("next", "--count", "200")


def test_json_is_in_order_and_ends_where_it_was_told_to(tmp_path: Path) -> None:
    told = Desk(tmp_path, FAST, DAILY).json("next", "--hours", "48")
    instants = [datetime.fromisoformat(run["at"]) for run in told["runs"]]
    assert instants == sorted(instants)
    assert instants[-1] <= datetime.fromisoformat(told["until"])
    assert len(instants) == 6 * 48 + 2


def test_people_get_a_page_and_are_told_that_there_is_more(tmp_path: Path) -> None:
    desk = Desk(tmp_path, FAST)
    assert "and more within 24 hours" in desk.said("next", "--all")
    assert "and more" not in desk.said("next", "--all", "--hours", "2")
    assert len(desk.json("next", "--count", "3")["runs"]) == 3


def test_how_far_it_looks_is_said_above_the_list(tmp_path: Path) -> None:
    desk = Desk(tmp_path, FAST)
    assert desk.said("next").startswith("Within 24 hours: When ")
    assert desk.said("next", "--hours", "1").startswith("Within 1 hour: ")
    assert desk.said("next", "--count", "3").startswith("The next 3 runs: ")
    assert desk.said("next", "--count", "3", "--hours", "2").startswith("Within 2 hours: ")


def test_nothing_to_come_is_said(tmp_path: Path) -> None:
    assert "Nothing comes due within 24 hours." in Desk(tmp_path, "1,hand,manual,,work,,,,,").said("next")


def test_an_icalendar_file_is_written_whole_with_its_line_ends(tmp_path: Path) -> None:
    desk = Desk(tmp_path, FAST, DAILY)
    target = tmp_path / "rowd.ics"
    assert "102 runs" in desk.said("next", "--hours", "48", "--ics", str(target))
    raw = target.read_bytes()
    assert raw.count(b"BEGIN:VEVENT\r\n") == 102  # a hundred of the fast one, and two
    assert b"X-WR-CALDESC:Only the first 100 runs of: fast\r\n" in raw
    assert "Only the first 100 runs of: fast" in desk.run("next", "--hours", "48", "--ics", "-").stderr
    assert "CALDESC" not in desk.run("next", "--hours", "2", "--ics", "-").stdout
    assert raw.endswith(b"END:VCALENDAR\r\n")
    assert sorted(p.name for p in tmp_path.iterdir() if "ics" in p.name) == ["rowd.ics"]


def test_the_calendar_goes_to_standard_output_on_request(tmp_path: Path) -> None:
    result = Desk(tmp_path, DAILY).run("next", "--ics", "-")
    assert result.stdout_bytes.startswith(b"BEGIN:VCALENDAR\r\n")


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    assert "can't be written" in Desk(tmp_path, DAILY).said("next", "--ics", str(tmp_path / "no" / "x.ics"), code=4)


def test_events_keep_their_uid_from_one_export_to_the_next(tmp_path: Path) -> None:
    desk = Desk(tmp_path, DAILY)
    desk.daemon_reads()

    def uids() -> set[str]:
        return {line for line in desk.run("next", "--hours", "72", "--ics", "-").stdout.split() if line.startswith("UID:")}

    assert len(uids()) == 3
    assert uids() == uids()


def test_ics_and_json_exclude_each_other(tmp_path: Path) -> None:
    assert "can't be had together" in Desk(tmp_path, DAILY).said("next", "--ics", "-", "--json", code=2)
