"""What the sample tables of the vendors need of an operator, and what a daemon said of them."""

from __future__ import annotations

from tests.acceptance.site import Daemon

ACTIONS = """
[daemon]
stop_within = "5s"
[defaults]
time_zone = "UTC"
[actions.read_guidelines]
kind = "command"
argv = ["echo", "12 guidelines read"]
[actions.run_vitest]
kind = "command"
argv = ["echo", "48 tests passed"]
[actions.check_coverage]
kind = "command"
argv = ["echo", "coverage 78.5 %"]
"""


def said(daemon: Daemon) -> str:
    return "\n".join(map(str, [*daemon.events, *daemon.other]))
