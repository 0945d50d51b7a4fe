"""What a task is called after its command."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowd.naming import named


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("cd / && run-parts --report /etc/cron.hourly", "run-parts-hourly"),
        ("test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }", "run-parts-daily"),
        ("test -e /run/systemd/system || SERVICE_MODE=1 /sbin/e2scrub_all -A -r", "e2scrub_all"),
        ("/usr/local/bin/backup.sh /home", "backup"),
        ("python3 /srv/x/report.py --all > /dev/null 2>&1", "report"),
        ("/usr/bin/php8.2 -q /a/b.php", "b"),
        ("python3 -m app.tool x", "app-tool"),
        ("nice -n 19 /opt/a b", "a"),
        ("flock -n /tmp/l /usr/bin/foo", "foo"),
        ("command -v debian-sa1 > /dev/null && debian-sa1 1 1", "debian-sa1"),
        ("perl -e 'sleep int(rand(43200))' && certbot -q renew", "certbot"),
        ("[ -x /usr/lib/php/sessionclean ] && if [ ! -d /run/x ]; then /usr/lib/php/sessionclean; fi", "sessionclean"),
        ("echo hi {b}", "echo"),
        ("sh -c 'foo bar'", "sh"),
        ("", "task"),
        ("/opt/Über", "ber"),
    ],
)
def test_a_name_tells_what_the_line_is_about(command: str, name: str) -> None:
    assert named(command, ()) == name


def test_a_name_that_is_taken_gets_a_number() -> None:
    assert named("/bin/x", {"x", "x-2"}) == "x-3"


@given(st.text(max_size=200))
def test_any_command_has_a_name_that_an_action_may_have(command: str) -> None:
    assert re.fullmatch(r"[a-z0-9_-]{1,64}", named(command, {"task", "a"}))
