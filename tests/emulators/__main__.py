"""`python -m tests.emulators VENDOR`: one emulator by itself, until Ctrl-C or SIGTERM. More: docs/how-to/emulators.md."""

from __future__ import annotations

import argparse
import signal
import threading
from importlib import import_module
from pathlib import Path

from tests.emulators import VENDORS
from tests.emulators.core.clock import RealClock
from tests.emulators.core.emulator import Emulator, Lacking
from tests.emulators.core.seeds import BadSeed
from tests.emulators.core.server import Server
from tests.emulators.core.switches import table


def main() -> None:
    words = argparse.ArgumentParser(prog="python -m tests.emulators", description=__doc__)
    words.add_argument("vendor", choices=VENDORS)
    words.add_argument("--port", type=int, default=0, help="0, the default: one that is free")
    words.add_argument("--seed-file", type=Path, help="JSON that the vendor's `fill` understands; without, the sample tables")
    words.add_argument("--random", type=int, default=0, help="what faults are drawn from")
    words.add_argument(
        "--switch",
        action="append",
        default=[],
        metavar="NAME=ANSWER",
        help="how an unsettled behaviour is answered; --switches lists them",
    )
    words.add_argument("--switches", action="store_true", help="list the vendor's switches, with all their answers, and end")
    given = words.parse_args()
    vendor = import_module(f"tests.emulators.{given.vendor}")
    if given.switches:
        print(table(vendor.SWITCHES))
        return
    try:
        emulator: Emulator = vendor.make(RealClock(), dict(_pair(word) for word in given.switch), given.random)
    except ValueError as wrong:
        words.error(f"--switch: {wrong}")
    except Lacking as lacking:
        words.exit(1, f"{given.vendor}: {lacking}\n")
    try:
        vendor.fill(emulator, given.seed_file)
    except BadSeed as wrong:
        words.error(f"--seed-file: {wrong}")
    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with Server(emulator, given.port) as server:
            print(f"{given.vendor} at {server.base}\n\n{emulator.snippet(server.base)}", flush=True)
            threading.Event().wait()
    except KeyboardInterrupt:
        print("\nended")
    except OSError as exc:
        words.error(f"--port {given.port}: {exc.strerror}. Name another port, or none for one that is free")
    finally:
        emulator.close()


def _pair(word: str) -> tuple[str, str]:
    """Raises ValueError."""
    name, equals, answer = word.partition("=")
    if not equals:
        raise ValueError(f'"{word}" is not NAME=ANSWER')
    return name, answer


if __name__ == "__main__":
    main()
