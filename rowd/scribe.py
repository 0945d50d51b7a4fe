"""Writing from a thread of its own: a terminal or a pipe that nobody reads holds up whoever reads it, and nobody else."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TextIO, TypeVar

T = TypeVar("T")

MOST_LINES = 10_000
"""Lines of a log that wait for a reader; of more, the oldest are left out."""


class Scribe(Generic[T]):
    """Hands what it is given to `write`, in order, all that waits at once."""

    def __init__(self, write: Callable[[Sequence[T], int], object], most: int) -> None:
        """write: is given at least one thing, and how many before it were left out.   most: so many wait, the newest."""
        self._write = write
        self._most = most
        self._waiting: deque[T] = deque()
        self._left_out = 0
        self._closing = False
        self._failed: Exception | None = None
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="scribe", daemon=True)
        self._thread.start()

    def put(self, item: T) -> None:
        """To be written soon. Raises what `write` raised: then nothing is written any more."""
        with self._news:
            if self._failed is not None:
                raise self._failed
            self._waiting.append(item)
            if len(self._waiting) > self._most:
                self._waiting.popleft()
                self._left_out += 1
            self._news.notify()

    def close(self, within: float = 1.0) -> bool:
        """Write what waits. False where that takes longer than `within` seconds: then nobody reads it."""
        with self._news:
            self._closing = True
            self._news.notify()
        self._thread.join(within)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                items, left_out = list(self._waiting), self._left_out
                self._waiting.clear()
                self._left_out = 0
            try:
                self._write(items, left_out)
            except Exception as exc:  # whatever it is, who writes next is told
                with self._news:
                    self._failed = exc
                return


class Lines:
    """A stream of lines that is never waited for. A line that can't be written is left out: the work goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._scribe = Scribe(self._write, MOST_LINES)

    def write(self, text: str) -> None:
        """Whole lines."""
        self._scribe.put(text)

    def flush(self) -> None:
        """Each write is flushed."""

    def close(self) -> bool:
        """See `Scribe.close`."""
        return self._scribe.close()

    def _write(self, texts: Sequence[str], left_out: int) -> None:
        told = [f"{left_out} lines were left out here: nobody read them\n"] if left_out else []
        try:
            self._stream.write("".join([*told, *texts]))
            self._stream.flush()
        except (OSError, ValueError):  # a full disk, a closed pipe or terminal
            return
