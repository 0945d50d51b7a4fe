"""What a line of shell leaves running in the background when it ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowd.shellwords import left_behind


@pytest.mark.parametrize(
    "command",
    [
        "(sleep 3; touch x) &",
        "nohup sh -c 'sleep 3; touch x' >/dev/null 2>&1 &",
        "{ sleep 3; touch x; } & ",
        "/opt/a & # later",
        "/opt/a & /opt/b",
        "wait; /opt/a &",
        "sh -c '/opt/a &'",
        "bash -euo pipefail -c '/opt/a & echo begun'",
        "su ada -c '/opt/a &'",
        "curl http://example.org/?a=1&b=2",
        "/opt/a &>/dev/null",
        "sudo -u ada nohup /opt/a&",
    ],
)
def test_what_is_begun_in_the_background_and_not_waited_for_is_left(command: str) -> None:
    assert left_behind(command)


@pytest.mark.parametrize(
    "command",
    [
        "/opt/a && /opt/b",
        "/opt/a >/dev/null 2>&1",
        "/opt/a 2>&1 | tee x >&2",
        "/opt/a & /opt/b & wait",
        "/opt/a & wait $!; /opt/c",
        "setsid /opt/a &",
        "curl 'http://example.org/?a=1&b=2'",
        'curl "http://example.org/?a=1&b=2"',
        "echo a\\&b",
        "/opt/a # b &",
        "echo $((6 & 3))",
        "sh -c '/opt/a & wait'",
        "sh /opt/a.sh -c 'x &'",
        "",
    ],
)
def test_what_is_waited_for_or_no_ampersand_at_all_is_not(command: str) -> None:
    assert not left_behind(command)


def test_bash_reads_ampersand_and_bracket_as_a_redirection() -> None:
    assert not left_behind("/opt/a &>/dev/null", "/bin/bash")
    assert not left_behind("bash -c '/opt/a &>/dev/null'")
    assert left_behind("sh -c '/opt/a &>/dev/null'", "/bin/bash")


@given(st.text(max_size=200))
def test_any_command_can_be_looked_at(command: str) -> None:
    assert left_behind(command) in (True, False)
