"""Ten times kill -9 under load on a sheet, also at crash points: ROWD_CLOUD_KILLS=N for more, and then on 1,000 rows.

ROWD_KILLS_SEED=N repeats the lots of a run, though not its luck.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.killing import KILLS, SEED, broken, course, something_happened, tampered


@pytest.mark.timeout(200 + 15 * KILLS)
def test_kills_lose_nothing_double_nothing_and_trample_nothing(tmp_path: Path) -> None:
    found = course("sheets", tmp_path, idle=1000 if KILLS > 10 else 150)
    assert not list(broken(found)), f"ROWD_KILLS_SEED={SEED}"
    something_happened(found)
    assert [what for what, other in tampered(found) if not list(broken(other))] == []
