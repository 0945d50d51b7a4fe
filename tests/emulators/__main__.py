"""`python -m tests.emulators VENDOR`: one emulator by itself, until Ctrl-C."""

from __future__ import annotations

import argparse
import threading
from importlib import import_module
from pathlib import Path

from tests.emulators import VENDORS
from tests.emulators.core.clock import RealClock
from tests.emulators.core.emulator import Emulator
from tests.emulators.core.server import Server


def main() -> None:
    words = argparse.ArgumentParser(prog="python -m tests.emulators", description=__doc__)
    words.add_argument("vendor", choices=VENDORS)
    words.add_argument("--port", type=int, default=0, help="0, the default: one that is free")
    words.add_argument("--seed-file", type=Path, help="JSON that the vendor's `fill` understands; without, the sample tables")
    words.add_argument("--random", type=int, default=0, help="what faults are drawn from")
    words.add_argument(
        "--switch", action="append", default=[], metavar="NAME=ANSWER", help="how an unsettled behaviour is answered"
    )
    given = words.parse_args()
    vendor = import_module(f"tests.emulators.{given.vendor}")
    emulator: Emulator = vendor.make(RealClock(), dict(word.split("=", 1) for word in given.switch), given.random)
    vendor.fill(emulator, given.seed_file)
    with Server(emulator, given.port) as server:
        print(f"{given.vendor} at {server.base}\n\n{emulator.snippet(server.base)}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("\nended")


if __name__ == "__main__":
    main()
