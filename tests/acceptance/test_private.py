"""What rowd keeps is its user's alone, on the installed command."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

from tests.acceptance.site import Site


def shut(path: Path, state: Path) -> bool:
    """Whether nobody but the owner can open it: by its own bits, or by those of a folder above it, the state folder not counted."""
    above = [one for one in path.parents if one != state and one.is_relative_to(state)]
    return any(not stat.S_IMODE(one.stat().st_mode) & 0o077 for one in (path, *above))


def test_nothing_that_is_kept_can_be_read_by_others(site: Callable[..., Site]) -> None:
    """In a state folder that was made open to all before: what stands in it doesn't lean on that."""
    one = site("1,first,work,daily 00:00,,,,,,,,")
    state = one.folder / ".rowd"
    state.mkdir(mode=0o755)
    daemon = one.start(installed=True)
    daemon.until("table.read")
    assert one.rowd("run-now", "first", "--wait").returncode == 0
    assert daemon.stop() == 0
    kept = [path for path in state.rglob("*") if path.is_file()]
    assert {"ledger.sqlite", "stdout"} <= {path.name for path in kept}
    assert [str(path.relative_to(state)) for path in kept if not shut(path, state)] == []
