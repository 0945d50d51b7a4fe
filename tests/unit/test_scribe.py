"""What nobody reads holds up nobody."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Sequence

import pytest

from rowd.scribe import Lines, Scribe


class Stuck:
    """A reader that reads nothing until it is let go."""

    def __init__(self) -> None:
        self.begun, self.gate = threading.Event(), threading.Event()
        self.read: list[tuple[list[int], int]] = []

    def write(self, items: Sequence[int], left_out: int) -> None:
        self.begun.set()
        self.gate.wait(10)
        self.read.append((list(items), left_out))


def test_what_waits_is_written_in_order_and_all_at_once() -> None:
    stuck = Stuck()
    scribe = Scribe(stuck.write, most=10)
    scribe.put(0)
    assert stuck.begun.wait(10)
    for n in (1, 2, 3):
        scribe.put(n)
    assert not scribe.close(within=0.01)
    stuck.gate.set()
    assert scribe.close(within=10)
    assert stuck.read == [([0], 0), ([1, 2, 3], 0)]


def test_of_too_much_the_oldest_is_left_out_and_counted() -> None:
    stuck = Stuck()
    scribe = Scribe(stuck.write, most=2)
    scribe.put(0)
    assert stuck.begun.wait(10)
    for n in range(1, 6):
        scribe.put(n)
    stuck.gate.set()
    assert scribe.close(within=10)
    assert stuck.read == [([0], 0), ([4, 5], 3)]


def test_what_fails_is_told_to_who_writes_next() -> None:
    def write(_items: Sequence[int], _left_out: int) -> None:
        raise OSError("the terminal is gone")

    scribe = Scribe(write, most=2)
    scribe.put(0)
    assert scribe.close(within=10)
    with pytest.raises(OSError, match="gone"):
        scribe.put(1)


def test_lines_reach_their_stream_and_a_closed_one_is_no_trouble() -> None:
    out = io.StringIO()
    lines = Lines(out)
    lines.write("a\n")
    lines.write("b\n")
    assert lines.close()
    assert out.getvalue() == "a\nb\n"
    out.close()
    late = Lines(out)
    late.write("c\n")
    assert late.close()


def test_a_pipe_that_nobody_reads_is_not_waited_for() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as reader, os.fdopen(writing, "w") as stream:
        lines = Lines(stream)
        line = "x" * 999 + "\n"
        for _ in range(12_000):  # 12 MB; a pipe holds 64 kB
            lines.write(line)
        assert not lines._scribe.close(within=0.05)
        read = threading.Thread(target=lambda: said.append(reader.read()))
        said: list[str] = []
        read.start()
        assert lines._scribe.close(within=10)
        stream.close()
        read.join(10)
    told = [text for text in said[0].splitlines() if not text.startswith("x")]
    left_out = [int(text.removesuffix(" lines were left out here: nobody read them")) for text in told]
    assert said[0].count("x" * 999) + sum(left_out) == 12_000
