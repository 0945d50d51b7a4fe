"""The other sides, each as a process of its own, run as its documentation says; what it does is written down by the same witness.

A module here is run as `python -m bench.rivals.NAME WORDS`. It prints one line when it is ready, and goes on until it is told to
end, or does a fixed work and prints the seconds that it took.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import witness

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True, slots=True)
class Rival:
    """One that runs.   said: its line when it was ready."""

    pid: int
    seen: Path
    said: str


@contextmanager
def running(folder: Path, name: str, *words: object, extra: Mapping[str, str] | None = None) -> Iterator[Rival]:
    """Start one and wait until it says that it is ready; it is ended with the block."""
    folder.mkdir(parents=True)
    with (folder / "stderr").open("wb") as errors:
        process = subprocess.Popen(
            _command(name, words), cwd=folder, env=_environment(folder, extra), stdout=subprocess.PIPE, stderr=errors
        )
        try:
            assert process.stdout is not None, "it was started with a pipe"
            if not (said := process.stdout.readline()):
                raise RuntimeError(f"{name} did not start: {(folder / 'stderr').read_text()[-2000:]}")
            yield Rival(process.pid, folder / "witness", said.decode().strip())
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def seconds(folder: Path, name: str, *words: object, extra: Mapping[str, str] | None = None) -> float:
    """Let one do a fixed work; the seconds that it says it took."""
    folder.mkdir(parents=True)
    done = subprocess.run(
        _command(name, words), cwd=folder, env=_environment(folder, extra), capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{name} failed: {done.stderr[-2000:]}")
    return float(done.stdout.split()[-1])


def _command(name: str, words: tuple[object, ...]) -> list[str]:
    return [sys.executable, "-m", f"bench.rivals.{name}", *map(str, words)]


def _environment(folder: Path, extra: Mapping[str, str] | None) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), witness.VARIABLE: str(folder / "witness"), **(extra or {})}
