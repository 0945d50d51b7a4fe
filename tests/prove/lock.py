"""How a reader knows that a file was being written in place while it looked: then half a file is the editor's doing, not rowd's."""

from __future__ import annotations

import mmap
import struct
import threading
from pathlib import Path
from types import TracebackType

_FORM = struct.Struct("<QQ")


class Saving:
    """Shared memory: how often saving began or ended (odd: it is under way), and the fewest rows that the table may have.

    Written by one process, a person's; read by another.
    """

    def __init__(self, path: Path, fewest: int | None = None) -> None:
        """fewest: lay the file down anew; None to look at the one that is there."""
        if fewest is not None:
            path.write_bytes(_FORM.pack(0, fewest))
        self._file = path.open("r+b")
        self._memory = mmap.mmap(self._file.fileno(), _FORM.size)
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._put(1)

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        self._put(1)

    def _put(self, more: int, fewest: int | None = None) -> None:
        with self._lock:
            count, before = self.state
            _FORM.pack_into(self._memory, 0, count + more, before if fewest is None else fewest)

    def expect(self, fewest: int) -> None:
        """From now on the table may have so few rows."""
        self._put(0, fewest)

    @property
    def state(self) -> tuple[int, int]:
        """(count, fewest)."""
        count, fewest = _FORM.unpack_from(self._memory)
        return count, fewest

    def close(self) -> None:
        self._memory.close()
        self._file.close()
