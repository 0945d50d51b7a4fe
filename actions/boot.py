"""Which run of the machine this is."""

from functools import cache
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")


@cache
def boot() -> str:
    """The id of this run of the machine (random(4)): another one after each start."""
    return _BOOT.read_text().strip()
