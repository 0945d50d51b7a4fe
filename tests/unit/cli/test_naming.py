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
        ("sh -c 'foo bar'", "foo"),
        ("sh /opt/a.sh -c /etc/a.conf", "a"),
        ("flock -n /tmp/l /usr/bin/foo -c /etc/foo.conf", "foo"),
        ("flock -w 5 /tmp/l -c '/opt/work.sh a'", "work"),
        ("bash -euo pipefail -c 'cd /srv && ./sync.sh'", "sync"),
        ("su - ada -c '/opt/work.sh'", "work"),
        ("runuser -u ada -- /opt/work.sh", "work"),
        ("python3 -c 'print(1)'", "python3"),
        ("exec >/dev/null 2>&1; /opt/work", "work"),
        ("today=$(date) && /usr/bin/report $today", "report"),
        ("echo $((1 + 2))", "echo"),
        ("/opt/7 x", "task-7"),
        ("nohup sh -c 'sleep 3; touch x' >/dev/null 2>&1 &", "touch"),
        ("nohup /usr/local/bin/backup.sh >/dev/null 2>&1 &", "backup"),
        ("(sleep 3; touch x) &", "touch"),
        ("", "task"),
        ("/opt/Über", "ber"),
    ],
)
def test_a_name_tells_what_the_line_is_about(command: str, name: str) -> None:
    assert named(command, ()) == name


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("cd / && run-parts --report /etc/cron.hourly", "run-parts-hourly"),
        ("test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.weekly; }", "run-parts-weekly"),
        (
            "[ -x /etc/init.d/anacron ] && if [ ! -d /run/systemd/system ]; then /usr/sbin/invoke-rc.d anacron start"
            " >/dev/null; fi",
            "anacron-start",
        ),
        (
            "if [ -x /usr/share/mdadm/checkarray ] && [ $(date +%d) -le 7 ]; then /usr/share/mdadm/checkarray --cron --all --idle"
            " --quiet; fi",
            "checkarray",
        ),
        (
            "[ -x /usr/lib/php/sessionclean ] && if [ ! -d /run/systemd/system ]; then /usr/lib/php/sessionclean; fi",
            "sessionclean",
        ),
        (
            "test -x /usr/bin/certbot -a \\! -d /run/systemd/system && perl -e 'sleep int(rand(43200))' && certbot -q renew"
            " --no-random-sleep-on-renew",
            "certbot",
        ),
        ("command -v debian-sa1 > /dev/null && debian-sa1 1 1", "debian-sa1"),
        ("test -e /run/systemd/system || SERVICE_MODE=1 /usr/lib/x86_64-linux-gnu/e2fsprogs/e2scrub_all_cron", "e2scrub_all_cron"),
        (
            "if [ $(date +%w) -eq 0 ] && [ -x /usr/lib/zfs-linux/scrub ]; then /usr/lib/zfs-linux/scrub; fi",
            "scrub",
        ),
        (
            "if [ -x /etc/munin/plugins/apt_all ]; then /etc/munin/plugins/apt_all update 7200 12 >/dev/null; elif"
            " [ -x /etc/munin/plugins/apt ]; then /etc/munin/plugins/apt update 7200 12 >/dev/null; fi",
            "apt_all",
        ),
        ("test -x /usr/share/sendmail/sendmail && /usr/share/sendmail/sendmail cron-msp", "sendmail"),
        ("systemctl restart nginx.service", "nginx-restart"),
        ("service apache2 reload", "apache2-reload"),
    ],
)
def test_lines_of_debian_packages_are_named_after_the_program_that_does_the_work(command: str, name: str) -> None:
    """As they stand in /etc/crontab and in the cron.d of anacron, mdadm, php-common, certbot, sysstat, e2fsprogs, zfsutils-linux,
    munin-node and sendmail-base, with their percent signs read."""
    assert named(command, ()) == name


def test_a_name_that_is_taken_gets_a_number() -> None:
    assert named("/bin/x", {"x", "x-2"}) == "x-3"


@given(st.text(max_size=200))
def test_any_command_has_a_name_that_an_action_may_have(command: str) -> None:
    assert re.fullmatch(r"[a-z0-9_-]{1,64}", named(command, {"task", "a"}))
