"""What holds of one plan for all holds of many plans as well, of which each is decided while the one before is made durable."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine import foresight
from tests.unit import test_loop_corners as corners
from tests.unit import test_loop_troubles as troubles

ALL = (
    corners.test_a_table_released_while_the_disk_is_full_runs_on,
    corners.test_an_edit_read_while_the_disk_is_full_is_not_lost,
    corners.test_what_a_full_disk_kept_from_starting_is_missed_for_that_reason,
    troubles.test_a_breaker_leaves_a_failing_action_alone_and_tries_it_once,
    troubles.test_many_rows_gone_at_once_hold_the_whole_table_until_they_are_back,
    troubles.test_workers_are_shared_by_priority_and_never_exceeded,
)


@pytest.mark.parametrize("together", [1, 2])
@pytest.mark.parametrize("test", ALL, ids=lambda test: test.__name__.removeprefix("test_"))
def test_in_many_plans(test: Callable[[Path], None], together: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foresight, "TOGETHER", together)
    test(tmp_path)
