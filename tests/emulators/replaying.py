"""`tests/emulators/replay.sh VENDOR FILE [replay options]`: recorded traffic of the real service, sent to its emulator.

The replay tool is a program beside the repository, found at $REPLAY, else at ../shared/tools/replay.py. A recording is an object
with `sessions`, each with `id` and `recorded`, the moment of recording. A vendor's package may have
`prepare_replay(emulator, recordings) -> list[str]`: it puts in what the recordings need beforehand, and gives further options.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

from tests.emulators import VENDORS
from tests.emulators.core.clock import RealClock, Shifted
from tests.emulators.core.emulator import Emulator
from tests.emulators.core.exchange import Json
from tests.emulators.core.server import Server
from tests.emulators.core.sessions import Sessions, recorded_at

ROOT = Path(__file__).parents[2]


def moments(clock: Shifted, recordings: Mapping[str, Json]) -> Sessions:
    """Sets the clock to the moment of recording whenever another session begins."""

    def begin(session: Json) -> None:
        if (at := recorded_at(session)) is not None:
            clock.set(at)

    return Sessions(recordings, begin)


def replay(name: str, file: Path, options: Sequence[str]) -> int:
    """The replay tool's status. It prints for itself."""
    tool = Path(os.environ.get("REPLAY") or ROOT.parent / "shared" / "tools" / "replay.py")
    vendor = import_module(f"tests.emulators.{name}")
    recordings = json.loads(file.read_text("utf-8"))
    clock = Shifted(RealClock())
    emulator: Emulator = vendor.make(clock, {}, 0)
    emulator.before.append(moments(clock, recordings))
    prepared = vendor.prepare_replay(emulator, recordings) if hasattr(vendor, "prepare_replay") else []
    with Server(emulator) as server:
        words = [sys.executable, str(tool), str(file), "--base", server.base, *prepared, *options]
        status = subprocess.run(words, check=False).returncode
    for unserved in {f"{request.method} {request.path}" for request in emulator.unserved}:
        print("not emulated:", unserved)
    return status


def main() -> None:
    if len(sys.argv) < 3 or sys.argv[1] not in VENDORS:
        sys.exit(f"usage: tests/emulators/replay.sh {'|'.join(VENDORS)} FILE [replay options]")
    sys.exit(replay(sys.argv[1], Path(sys.argv[2]), sys.argv[3:]))


if __name__ == "__main__":
    main()
