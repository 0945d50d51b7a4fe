"""What `rowd once` counts."""

from __future__ import annotations

from engine.events import RunEnded
from rowd.cli.once import last_attempts
from tests.fakes.virtual import NOON


def attempt(run: str, n: int, outcome: str) -> RunEnded:
    return RunEnded(
        at=NOON, table="ops", key="1", task="a", run=run, attempt=n, outcome=outcome, reason="", duration_s=1, retry_at=None
    )


def test_a_run_that_was_tried_twice_counts_once_by_its_last_attempt() -> None:
    told = [attempt("x", 1, "failed"), attempt("y", 1, "failed"), attempt("x", 2, "succeeded")]
    assert [(one.run, one.outcome) for one in last_attempts(told)] == [("x", "succeeded"), ("y", "failed")]
