"""Crontabs read as Debian's cron 3.0pl1-162 reads them. What is expected here was seen of that cron, not of its manual."""

from __future__ import annotations

import os
import stat
from pathlib import PurePath

import pytest

from rowd.crontab import Crontab, Job, ignored, insecure, names_users, read

DEBIAN = """\
# /etc/crontab: system-wide crontab
SHELL=/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin

# m h dom mon dow user\tcommand
17 *\t* * *\troot\tcd / && run-parts --report /etc/cron.hourly
25 6\t* * *\troot\ttest -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }
#
"""


def one(line: str, *, with_user: bool = False) -> Job:
    """The only job of a crontab."""
    found = read(line + "\n", "tab", with_user=with_user)
    assert found.refused == ()
    assert len(found.jobs) == 1
    return found.jobs[0]


def refusal(line: str, *, with_user: bool = False) -> str:
    found = read(line + "\n", "tab", with_user=with_user)
    assert found.jobs == ()
    assert len(found.refused) == 1
    return found.refused[0].reason


def test_the_crontab_that_debian_installs_is_read_whole() -> None:
    found = read(DEBIAN, "/etc/crontab", with_user=True)
    assert (found.refused, found.notes) == ((), ())
    hourly, daily = found.jobs
    assert (hourly.place, hourly.schedule, hourly.user) == ("/etc/crontab:6", "17 * * * *", "root")
    assert hourly.command == "cd / && run-parts --report /etc/cron.hourly"
    assert hourly.environment == {"PATH": "/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin"}
    assert daily.command == "test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A = a b  c   ", "a b  c"),
        ('A="  x y  "', "  x y"),  # crontab(5) says otherwise of the blanks at the end
        ("""A='it "is"'""", 'it "is"'),
        ("A=a # b", "a # b"),
        ('A=""', ""),
        ('"A"=v', "v"),
        ("A=$HOME/x", "$HOME/x"),
        ("  A = v", "v"),
        ("A=a\\b", "a\\b"),
        ("A=it's", "it's"),
    ],
)
def test_a_variable_has_the_value_that_cron_gives_it(line: str, value: str) -> None:
    found = read(f"{line}\n* * * * * x\n", "tab", with_user=False)
    assert found.jobs[0].environment == {"A": value}


def test_a_variable_holds_only_for_the_lines_below_it() -> None:
    first, second = read("* * * * * x\nA=1\n* * * * * x\n", "tab", with_user=False).jobs
    assert (first.environment, second.environment) == ({}, {"A": "1"})


@pytest.mark.parametrize("line", ["A=", 'A="abc', 'A="q" rest', "A B=c", "FOO", "99 * * * * x", "5/10 * * * * x", "*/0 * * * * x"])
def test_a_line_for_which_cron_ignores_the_whole_file_says_so(line: str) -> None:
    assert "cron ignores the whole file for that" in refusal(line)


@pytest.mark.parametrize(
    "said",
    ["@Daily", "@every_minute", "? * * * *", "0 0 * * monday", "0 0 l * *", "0, 1 * * *", "60 * * * *", "0 0 * * 8", "0 0 0 * *"],
)
def test_a_time_that_cron_refuses_is_refused(said: str) -> None:
    refusal(f"{said} x")


@pytest.mark.parametrize("said", ["50-49 * * * *", "0 22-2 * * *", "0 0 * * sat-fri", "0 0 * * fri-sun"])
def test_a_range_that_goes_backwards_is_refused_since_cron_never_runs_it(said: str) -> None:
    assert "goes backwards" in refusal(f"{said} x")


@pytest.mark.parametrize(
    "said",
    [
        "*/7 * * * *",
        "0-59/7 * * * *",
        "*,5 * * * *",
        "0 0 1,15 * 5",
        "00 007 * * *",
        "0 0 * jan-dec SUN-SAT",
        "0 0 * * 1-7",
        "@annually",
    ],
)
def test_a_time_that_cron_takes_is_kept_as_it_stands(said: str) -> None:
    assert one(f"{said} x").schedule == said


def test_reboot_is_no_time_that_comes_due() -> None:
    assert "systemd unit" in refusal("@reboot x")


@pytest.mark.parametrize(
    ("line", "command", "stdin"),
    [
        (r"printf '\%s|\n|\\' x", r"printf '%s|\n|\' x", None),
        (r": a\\b \% \c \\\% end", r": a\b % \c \% end", None),
        (r": a\\%b", ": a\\", "b\n"),
        (r"cat%one%two \% three\\% four%", "cat", "one\ntwo % three\\% four\n"),
        ("cat%", "cat", ""),
        ("cat%%a", "cat", "\na\n"),
        ("echo a\\", "echo a\\", None),
        ("echo hi ; : \ttab   ", "echo hi ; : \ttab   ", None),
        ("x # no comment", "x # no comment", None),
    ],
)
def test_percent_signs_and_backslashes_mean_what_they_mean_to_cron(line: str, command: str, stdin: str | None) -> None:
    job = one(f"* * * * * {line}")
    assert (job.command, job.stdin) == (command, stdin)


def test_a_user_may_stand_between_tabs() -> None:
    job = one("*\t*\t*\t*\t*\twww-data\t  echo  two", with_user=True)
    assert (job.user, job.command) == ("www-data", "echo  two")


@pytest.mark.parametrize("line", ["* * * * *", "* * * * *  ", "@daily"])
def test_a_time_without_a_command_is_refused(line: str) -> None:
    assert "no command" in refusal(line)


def test_a_user_without_a_command_is_refused() -> None:
    assert "and the user" in refusal("* * * * * root", with_user=True)


def test_shell_and_zone_and_mail_are_no_part_of_the_environment() -> None:
    found = read("SHELL=/bin/bash\nMAILTO=ada\nCRON_TZ=Asia/Tokyo\nTZ=UTC\n* * * * * x\n", "tab", with_user=False)
    job = found.jobs[0]
    assert (job.shell, job.zone, job.environment) == ("/bin/bash", "Asia/Tokyo", {"TZ": "UTC"})
    mail, zone = found.notes
    assert "MAILTO left out" in mail
    assert "CRON_TZ became" in zone


def test_line_ends_of_other_systems_and_a_missing_last_one_are_told_and_forgiven() -> None:
    found = read("* * * * * x\r\n@daily y", "tab", with_user=False)
    assert [job.command for job in found.jobs] == ["x", "y"]
    assert len(found.notes) == 2


def test_bytes_that_are_no_text_are_refused() -> None:
    assert "UTF-8" in refusal("* * * * * echo " + b"\xff".decode("utf-8", "surrogateescape"))


def test_one_bad_line_leaves_the_others_standing() -> None:
    found = read("* * * * * a\n99 * * * * b\n* * * * * c\n", "tab", with_user=False)
    assert [job.command for job in found.jobs] == ["a", "c"]
    assert [(r.place, r.text) for r in found.refused] == [("tab:2", "99 * * * * b")]


def test_an_empty_crontab_has_nothing() -> None:
    assert read("", "tab", with_user=True) == Crontab(())


@pytest.mark.parametrize(
    ("file", "owner", "mode", "reader", "refused"),
    [
        ("/etc/cron.d/php", 0, 0o644, 0, None),
        ("/etc/cron.d/php", 1000, 0o644, 0, "isn't root's"),
        ("/etc/cron.d/php", 0, 0o664, 0, "may write it"),
        ("/etc/cron.d/php", 0, 0o646, 1000, "may write it"),
        ("/home/ada/cron.d/php", 1000, 0o644, 1000, None),
        ("/etc/crontab", 1000, 0o644, 0, "isn't root's"),
        ("/home/ada/tab", 1000, 0o666, 0, None),
    ],
)
def test_a_system_crontab_that_others_could_have_written_is_refused_as_cron_refuses_it(
    file: str, owner: int, mode: int, reader: int, refused: str | None
) -> None:
    found = os.stat_result((mode | stat.S_IFREG, 1, 1, 1, owner, owner, 1, 0, 0, 0))
    why = insecure(PurePath(file), found, reader)
    assert why is None if refused is None else why is not None and refused in why


def test_a_crontab_may_not_say_whose_it_is() -> None:
    found = read("LOGNAME=fake\n@daily /opt/a\n", "tab", with_user=False)
    assert found.jobs[0].environment == {}
    assert found.notes == ("tab: LOGNAME is left out; cron doesn't let a crontab change it either",)


@pytest.mark.parametrize(("name", "looked_at"), [("php", True), ("a_b-C9", True), ("x.dpkg-old", False), (".placeholder", False)])
def test_cron_looks_only_at_plain_names_in_its_folder(name: str, *, looked_at: bool) -> None:
    assert (ignored(PurePath("/etc/cron.d") / name) is None) is looked_at
    assert ignored(PurePath("/home/ada") / name) is None


@pytest.mark.parametrize(
    ("text", "file", "expected"),
    [
        ("* * * * * x", "/etc/crontab", True),
        ("* * * * * x", "/etc/cron.d/php", True),
        ("* * * * * root x", "/var/spool/cron/crontabs/root", False),
        ("* * * * * root x\n@daily ada y", "/tmp/t", True),
        ("* * * * * x\n@daily y", "/tmp/t", False),
        ("#\n* * * * * root x\n@daily y\n@daily z", "/tmp/t", 'in line 2 "root" is a user, in line 3 "y" is none'),
        ("* * * * * mail -s x\n@daily y", "/tmp/t", False),
        ("* * * * * mail x\n@daily root y", "/tmp/t", True),
        ("\n* * * * * mail -s x\n@daily mail y", "/tmp/t", 'in line 2 "mail" is a user and a program'),
        ("", "/tmp/t", False),
    ],
)
def test_whether_lines_name_users_is_told_by_the_place_or_by_the_lines(text: str, file: str, *, expected: bool | str) -> None:
    assert names_users(text, PurePath(file), {"root", "ada", "mail"}, {"mail"}.__contains__) == expected
