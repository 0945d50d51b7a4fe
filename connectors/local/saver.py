"""A file replaced as a whole, in one step, without losing what others save into it meanwhile or afterwards.

Knows bytes only. What to do with them comes in as an edit, which is asked again for every version that a person saved in between.
No clock is read: ages are differences between time stamps of files.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from connectors.errors import NeedsOwner, OutcomeUnknown, TableError, TryLater
from connectors.local.beside import Beside, Swap, digest
from connectors.local.content import TooLarge, content
from connectors.local.exchange import Exchange
from connectors.local.links import held
from connectors.local.place import Placer

Edit = Callable[[bytes], bytes]
"""What a file should hold, given what it holds. The same bytes: nothing to do. Raises TableError for what cannot be edited.

An edit that was made is kept, and made again on a version that somebody saves late."""

ROUNDS = 8  # versions saved in between that one write takes up, before it leaves the person in peace
KEPT_NS = 60_000_000_000  # how long a displaced file is kept, at the least
KEPT_FILES = 32
KEPT_BYTES = 256 * 1024 * 1024


class _Standing(Struct, frozen=True):
    """What of ours stands in the table, while the version of a person that it displaced is still to be merged."""

    swap: Swap
    raw: bytes


class _Known(Struct, frozen=True):
    """A version of the file of which nothing is left to be read: it was, or is ours, made of such a one.

    mark: its own.   marker: how it is called outside: our writes keep the name of the version that they were made of.
    """

    digest: str
    mark: str
    marker: str


class Saver:
    """One file (not a symlink), and the hidden folder beside it."""

    def __init__(self, target: Path, label: str, max_bytes: int, exchange: Exchange) -> None:
        self.target = target
        self.beside = Beside(target)
        self._label = label
        self._max_bytes = max_bytes
        self.placer = Placer(target, self.beside, exchange)
        self._log: list[tuple[int, Edit]] = []  # what was edited by us, and the number of its last swap
        self._seen: dict[Path, tuple[int, int, int]] = {}  # swap → its stamp when it was last looked into
        self._known: _Known | None = None

    def read(self) -> bytes:
        """What the file holds. Raises TryLater where it is being saved just now, NeedsOwner for one too large, NoFile, OSError."""
        try:
            with self.beside.here():
                for _ in range(3):
                    raw, stayed = content(self.beside.target, self._max_bytes)
                    if stayed:
                        return raw
        except TooLarge as exc:
            raise NeedsOwner(
                f"{self._label} has {exc.args[0]:,} bytes, more than max_bytes ({self._max_bytes:,}) allows."
                " Make it smaller, or raise max_bytes in rowd.toml."
            ) from exc
        raise TryLater(f"{self._label} is being saved just now")

    def known(self) -> bytes:
        """What the file holds, for somebody who reads all of it. Raises as `read`."""
        mark = _mark(self.target)
        raw = self.read()
        self._known = _Known(digest(raw), mark, self._marker(mark))  # a save between the two lines above has a mark of its own
        return raw

    def marker(self) -> str:
        """Differs when the file, or a displaced one that an editor may still save into, may have changed since it was `known`.

        What was written with `told` on a version that was known is no change. Raises OSError.
        """
        with self.beside.here():
            late = [f"{s.path.name}{stamp}" for s in self.beside.swaps() if self._seen.get(s.path) != (stamp := self._stamp(s))]
        return "-".join((self._marker(_mark(self.target)), *late))

    def _marker(self, mark: str) -> str:
        return self._known.marker if self._known is not None and self._known.mark == mark else mark

    def replace(self, edit: Edit, *, told: bool = False) -> None:
        """Let the file hold what `edit` makes of it. Raises TableError, OSError (nothing written).

        told: whoever knows the file learns from the edit itself all that it changes.
        """
        with self.beside.alone():
            base = self.read()
            wanted = self._replace(base, edit)
            if told and wanted is not None and self._known is not None and digest(base) == self._known.digest:
                self._still_known(wanted, self._known.marker)

    def _still_known(self, ours: bytes, marker: str) -> None:
        """Our version stands where one stood that is called so: it is called the same, unless it was saved over just now."""
        with suppress(OSError, TableError):
            mark = _mark(self.target)
            if self.read() == ours and _mark(self.target) == mark:
                self._known = _Known(digest(ours), mark, marker)

    def _replace(self, base: bytes, edit: Edit, *, note: bool = True) -> bytes | None:
        """Answer what stands now in the place of `base`, where nobody saved anything in between; else None."""
        standing: _Standing | None = None
        for _ in range(ROUNDS):
            try:
                wanted = edit(base)
                if wanted == base:
                    break
                expected = standing.raw if standing else base
                self.placer.prepare(wanted)
                if standing is None and (saved := self._saved_since(base)) is not None:
                    base = saved
                    continue
                swap = self.placer.put(digest(expected), digest(wanted))
            except (TableError, OSError) as exc:
                self._restore(standing, exc)
                raise
            found = self._displaced(swap)
            if standing:  # their version is part of what stands now
                self._settled(standing.swap, base)
            if found == expected:
                if note:
                    self._log.append((swap.number, edit))
                with suppress(OSError):  # it is written; what is left behind is looked at again after the next write
                    self._tidy()
                return None if standing else wanted
            base, standing = found, _Standing(swap, wanted)
        else:
            busy = TryLater(f"{self._label} is being saved again and again just now")
            self._restore(standing, busy)
            raise busy
        self._restore(standing, None)  # what they saved holds it all already
        return None

    def _saved_since(self, base: bytes) -> bytes | None:
        """What somebody saved while ours was being prepared, which is let go of then: nothing half saved need be displaced."""
        try:
            saved = self.read()
        except BaseException:  # whatever it is, nobody else would let go of what was prepared
            self.placer.discard()
            raise
        if saved == base:
            return None
        self.placer.discard()
        return saved

    def _displaced(self, swap: Swap) -> bytes:
        try:
            stamp = self._stamp(swap)
            found = held(self.beside.at(swap.path))
        except OSError as exc:
            if exc.errno == errno.ELOOP:
                self.placer.put_back(swap)
            raise OutcomeUnknown(f"{self._label} was replaced, but what it held before cannot be read: {exc}") from exc
        if stamp is not None and digest(found) == swap.before:
            self._seen[swap.path] = stamp
        return found

    def _settled(self, swap: Swap, held: bytes) -> None:
        try:
            self.placer.note(swap, digest(held))
        except OSError as exc:
            raise OutcomeUnknown(f"{self._label} was replaced, but {swap.path} cannot be renamed: {exc}") from exc

    def _restore(self, standing: _Standing | None, cause: BaseException | None) -> None:
        """Give the place back to the version of theirs that ours displaced. Raises OutcomeUnknown where that isn't possible."""
        if standing is None:
            return
        try:
            whole = self.placer.take_back(standing.swap, standing.raw)
        except OSError as exc:
            raise OutcomeUnknown(f"{self._label} was saved by a person meanwhile, and cannot be merged now: {exc}") from cause
        if not whole:
            raise OutcomeUnknown(
                f"{self._label} was saved several times while it was written. The next read sorts it out."
            ) from cause

    def collect(self, check: Callable[[bytes], object]) -> None:
        """Take up what editors saved into displaced files since: the version of a person, with our edits since made on it.

        The last save wins, as it would without us. check: raises TableError for contents that are no table (yet).
        Raises TableError, OSError.
        """
        with self.beside.here():
            if all(self._seen.get(swap.path) == self._stamp(swap) for swap in self.beside.swaps()):
                return
        with self.beside.alone():
            late = [swap for swap in self.beside.swaps() if self._seen.get(swap.path) != self._stamp(swap)]
            for swap in sorted(late, key=lambda s: self._stat(s).st_mtime_ns):
                self._look_into(swap, check)

    def _look_into(self, swap: Swap, check: Callable[[bytes], object]) -> None:
        stat, here = self._stat(swap), self.target.stat()
        saved = held(self.beside.at(swap.path))
        state = digest(saved)
        if state == swap.new or stat.st_ino == here.st_ino:  # never came to be exchanged, or was taken back
            self.beside.at(swap.path).unlink()
            return
        if state != swap.before:
            try:
                check(saved)
            except TableError:
                return  # half saved: look again
            self._merge(swap, saved, newer=stat.st_mtime_ns >= here.st_mtime_ns)
            swap = self.placer.note(swap, state)
        self._seen[swap.path] = _stamp(stat)

    def _merge(self, swap: Swap, saved: bytes, *, newer: bool) -> None:
        table = self.read()
        ours = digest(table) == max(self.beside.swaps(), key=lambda s: s.number).new
        if not (ours or newer):
            return  # somebody saved the table itself after that
        merged = saved
        for number, edit in self._log:
            if number >= swap.number:
                merged = edit(merged)
        self._replace(table, lambda base: merged if base == table else base, note=False)

    def _tidy(self) -> None:
        """Let go of displaced files that are old enough, or too many; never of one with a save still to be taken up."""
        swaps = self.beside.swaps()
        written_ns = self.target.stat().st_mtime_ns
        sizes = {swap: self._stat(swap).st_size for swap in swaps}
        files, size = len(swaps), sum(sizes.values())
        for swap in swaps[:-1]:
            old = written_ns - self._stat(swap).st_ctime_ns > KEPT_NS
            if not (old or files > KEPT_FILES or size > KEPT_BYTES):
                continue
            if digest(held(self.beside.at(swap.path))) == swap.before:
                self.beside.at(swap.path).unlink()
                files, size = files - 1, size - sizes[swap]
        left = self.beside.swaps()
        self._seen = {swap.path: self._seen[swap.path] for swap in left if swap.path in self._seen}
        oldest = min((swap.number for swap in left), default=0)
        self._log = [(number, edit) for number, edit in self._log if number >= oldest]

    def _stat(self, swap: Swap) -> os.stat_result:
        """Of the swap file; only `here`."""
        return self.beside.at(swap.path).stat(follow_symlinks=False)

    def _stamp(self, swap: Swap) -> tuple[int, int, int] | None:
        try:
            return _stamp(self._stat(swap))
        except FileNotFoundError:
            return None


def _stamp(stat: os.stat_result) -> tuple[int, int, int]:
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _mark(path: Path) -> str:
    """Differs when the file was written or replaced, or when who may read it was changed. Raises OSError."""
    stat = path.stat()
    return "-".join(map(str, (*_stamp(stat), stat.st_ctime_ns, stat.st_mode)))
