"""The local table: a CSV file as the contract wants it."""

from __future__ import annotations

import errno
import os
import shlex
import stat
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from config.shortages import FULL, READ_ONLY, said
from connectors.api import Cell, Effect, Page, Patch, Place, Traits, Written
from connectors.errors import Bug, NeedsOwner, NoRoom, NotThere, TableError, Taken, TryLater
from connectors.local.beside import Beside
from connectors.local.content import NoFile, regular
from connectors.local.dialect import opened
from connectors.local.document import Document
from connectors.local.editor import editor_of, lock_of
from connectors.local.edits import created, deleted, patched
from connectors.local.exchange import Exchange, exchange
from connectors.local.grid import Grid, grid
from connectors.local.links import Foreign, Loop, followed, user
from connectors.local.prepare import added, begun, lacking, made, widened
from connectors.local.saver import Saver
from connectors.local.settings import LocalSettings
from connectors.local.watch import watched
from connectors.preparing import Check, Preparation, Step, Wanted

T = TypeVar("T")

BATCH = 10_000  # patches; only so that one write is soon over

_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
_EFFECTIVE = os.access in os.supports_effective_ids
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DENIED = frozenset({errno.EACCES, errno.EPERM})
_MOUNTED = frozenset({errno.EBUSY, errno.EXDEV})


class LocalTable:
    """Reads and writes one CSV file. Rows are known by their ID cell; without an ID column by their Name.

    `exchange` is how two files change places: the real one, unless a test stands in between.
    """

    def __init__(self, settings: LocalSettings, place: Place, *, exchange: Exchange = exchange) -> None:
        self._settings = settings
        self._place = place
        self._exchange = exchange
        self._path = place.base / settings.path.expanduser()
        self._label = f'{self._path} (table "{place.name}")'
        self._saver_of_now: Saver | None = None
        self._owner: int | None = None
        self._who: str | None = None
        self._last: Grid | None = None  # as the file was understood last: what has not changed since is not looked at again

    @property
    def traits(self) -> Traits:
        """`atomic_expect` where two files can change places; False until that has been seen here, by `own` or by a write."""
        return Traits(atomic_expect=self._saver_of_now is not None and self._saver_of_now.placer.exchanges, batch=BATCH)

    def read(self, cursor: str | None = None) -> Page:
        """Every row, on one page."""
        if cursor is not None:
            raise Bug(f"a local table is read on one page, so there is none at {cursor!r}")
        with self._translated():
            saver = self._saver()
            self._hold(saver)
            self._collect(saver)
            found = self._grid(saver.known())
        return Page(found.rows(), tuple(found.columns), id_column=found.id_column)

    def write(self, patches: Sequence[Patch]) -> list[Written]:
        """Patches merged with what a person saved meanwhile; nothing is written where nothing changes.

        `expect` is tested in the version that is read, again in each version that turns out to have been displaced, and again
        in a version that an editor saves late into a displaced file. The answer is that of the version that stands in the end,
        so an edit to an expected cell is never overwritten for good; but whoever reads the file in the moment between exchange
        and comparison may see it without that edit, and a late save comes after the answer: the next read shows it.
        Without exchange, a save between the last look and the rename is lost, expected or not.
        """
        if len(patches) > BATCH:
            raise Bug(f"{len(patches)} patches, more than {BATCH} at once")
        made = list(patches)
        answers = self._edit(lambda found: patched(found, made, self._regrid(found)), told=True)
        # The edit is kept for late saves: what was refused just now must not come to pass there.
        made[:] = [patch for patch, answer in zip(patches, answers, strict=True) if answer.effect is Effect.APPLIED]
        return answers

    def create(self, rows: Sequence[Mapping[str, Cell]]) -> list[str]:
        """Append rows below the last one, in the style of the table."""
        return self._edit(lambda found: created(found, rows, self._regrid(found)))

    def delete(self, keys: Sequence[str]) -> list[Effect]:
        """Remove rows, lines and all."""
        return self._edit(lambda found: deleted(found, keys))

    def probe(self) -> str:
        """Times, size, inode and mode of the file, and which displaced files were saved into; what we wrote changes none of it."""
        with self._translated():
            return self._saver().marker()

    def own(self, who: str) -> None:
        """Held by a lock of the operating system on a file in the hidden folder, so it ends with the process.

        Where no file stands that it could be held beside, each read tries again, and says what is wrong.
        """
        self._who = who
        try:
            with self._translated():
                self._hold(self._saver())
        except Taken:
            self._who = None
            raise
        except (NeedsOwner, TryLater):
            return

    def watch(self) -> AsyncIterator[None]:
        """Yields soon after the file was saved, deleted or put back."""
        return watched(self._path)

    def examine(self) -> Iterator[Check]:
        """The file, and whether it may be written."""
        try:
            rows = len(self.read().rows)
        except TableError as exc:
            yield Check.failed("file", exc)
            return
        yield Check("file", f"{self._path} is there, with {rows} row{'' if rows == 1 else 's'}")
        try:
            with self._translated():
                self._may_write(self._saver())
        except TableError as exc:
            yield Check.failed("permission", exc)
            return
        yield Check("permission", "the file may be replaced by what rowd writes")

    def prepare(self, wanted: Wanted) -> Preparation:
        """The file's line of headers, by one step; and the file, where there has never been one."""
        try:
            with self._translated():
                raw = self._saver().read()
        except NotThere as exc:
            if not self._path.parent.is_dir():
                raise NeedsOwner(f"{self._label}: the folder {self._path.parent} is not there. Make it first.") from exc
            headers = lacking((), wanted(()))
            says = (f"make the file {self._path}", *map(added, headers))
            return Preparation((), (Step(says, lambda: self._make(begun(b"", headers, self._settings.delimiter))),))
        if not raw.decode("utf-8", "replace").strip("\ufeff \t\r\n"):
            headers = lacking((), wanted(()))
            return Preparation((), (Step(tuple(map(added, headers)), lambda: self._begin(headers)),))
        with self._translated():
            found = self._grid(raw)
        columns = tuple(found.columns)
        if not (headers := lacking(columns, wanted(columns))):
            return Preparation(columns)
        widened(found, headers, self._label)
        return Preparation(columns, (Step(tuple(map(added, headers)), lambda: self._widen(headers)),))

    def _make(self, content: bytes) -> bool:
        with self._translated():
            try:
                made(followed(self._path), content)
            except FileExistsError as exc:
                raise TryLater(f"{self._label} has just been made by somebody else") from exc
        return True

    def _begin(self, headers: Sequence[str]) -> bool:
        def edited(raw: bytes) -> bytes:
            if raw.decode("utf-8", "replace").strip("\ufeff \t\r\n"):
                raise TryLater(f"{self._label} has just been filled by somebody else")
            return begun(raw, headers, self._settings.delimiter)

        with self._translated():
            saver = self._saver()
            self._may_write(saver)
            saver.replace(edited)
        return True

    def _widen(self, headers: Sequence[str]) -> bool:
        self._edit(lambda found: (widened(found, headers, self._label), None))
        return True

    def close(self) -> None:
        if self._owner is not None:
            os.close(self._owner)
        self._owner = self._who = None

    def _hold(self, saver: Saver) -> None:
        if self._who is None or self._owner is not None:
            return
        regular(saver.target)  # beside anything else no folder of ours has a place
        held = saver.beside.owner(self._who)
        if isinstance(held, str):
            raise Taken(f"{self._label} is held by {held}. Stop that one first, or give this daemon a table of its own.")
        self._owner = held
        saver.placer.try_exchange()

    def _edit(self, edit: Callable[[Grid], tuple[Document, T]], *, told: bool = False) -> T:
        answers: list[T] = []

        def edited(raw: bytes) -> bytes:
            found = self._grid(raw)
            document, answer = edit(found)
            answers.append(answer)
            return raw if document is found.opened.document else found.opened.raw(document)

        with self._translated():
            saver = self._saver()
            self._may_write(saver)
            self._collect(saver)
            saver.replace(edited, told=told)
        return answers[-1]

    def _may_write(self, saver: Saver) -> None:
        """Raises what keeps the file from being written now, as far as that shows without writing."""
        regular(saver.target)
        if (who := self._editor(saver)) is not None:
            lock = lock_of(self._path if editor_of(self._path) is not None else saver.target)
            raise TryLater(
                f"{self._label} is open in LibreOffice ({who}), and nothing is written into it until it is closed there."
                f" If nobody has it open any more, remove its lock file (rm {shlex.quote(str(lock))})."
            )
        if (refusal := self._refusal(saver)) is not None:
            raise refusal

    def _collect(self, saver: Saver) -> None:
        if self._editor(saver) is None and self._refusal(saver) is None:
            saver.collect(self._grid)

    def _refusal(self, saver: Saver) -> NeedsOwner | None:
        """Why the file is not ours to write; None where it is. The kernel doesn't ask this of who replaces it."""
        mode = saver.target.stat().st_mode & 0o777
        if not mode & _WRITABLE:  # root may write it all the same, but whoever made it so means root, too
            return NeedsOwner(
                f"{self._label} is read-only (mode {mode:03o}). Its rows run, and their results wait."
                f" To have them written: chmod u+w {shlex.quote(str(self._path))}"
            )
        if not os.access(saver.target, os.W_OK, effective_ids=_EFFECTIVE):
            return self._denied(PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(saver.target)))
        return None

    def _editor(self, saver: Saver) -> str | None:
        if not self._settings.wait_for_editor:
            return None
        return editor_of(self._path) or editor_of(saver.target)

    def _saver(self) -> Saver:
        try:
            target = followed(self._path)
        except Loop as exc:
            raise NeedsOwner(f"{self._label} is a symlink that leads back to itself. Mend it.") from exc
        except Foreign as exc:
            raise NeedsOwner(self._foreign(exc)) from exc
        if self._saver_of_now is None or self._saver_of_now.target != target:
            self._saver_of_now = Saver(target, self._label, self._settings.max_bytes, self._exchange)
        return self._saver_of_now

    def _foreign(self, link: Foreign) -> str:
        way = "It" if link.link == self._path else f"{link.link}, on the way to it,"
        us, whose = user(os.geteuid()), user(link.its_owner)
        return (
            f"{self._label} is not read. {way} is a symlink of {user(link.owner)}'s to {link.target}, a file of {whose}'s; rowd,"
            f" which runs as {us}, follows a link only where it is {us}'s, root's, or of whose file it leads to: whoever may write"
            " the folder could else have rowd read for them what they may not. If it is meant, give that path in rowd.toml, or"
            f" take the link over: chown -h {us} {shlex.quote(str(link.link))}"
        )

    def _grid(self, raw: bytes) -> Grid:
        settings, last = self._settings, self._last
        before = None if last is None else last.opened.document
        file = opened(raw, self._label, self._place.name_column, settings.delimiter, settings.max_cells, before)
        self._last = grid(file, self._place, self._label, last)
        return self._last

    def _regrid(self, found: Grid) -> Callable[[Document], Grid]:
        def regrid(document: Document) -> Grid:
            self._last = grid(replace(found.opened, document=document), self._place, self._label, found)
            return self._last

        return regrid

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, NotADirectoryError) as exc:
            if self._was_there():
                raise NeedsOwner(
                    f"{self._label} is gone. Put it back, or say in rowd.toml where it is; rowd never makes it."
                ) from exc
            raise NotThere(
                f"{self._label} is not there. Put it there, or say in rowd.toml where it is, or let `rowd setup {self._place.name}`"
                " make it."
            ) from exc
        except IsADirectoryError as exc:
            raise NeedsOwner(f"{self._label} is a folder. Give the path of a CSV file in rowd.toml.") from exc
        except NoFile as exc:
            raise NeedsOwner(f"{self._label} is {exc.args[0]}, not a file. Give the path of a CSV file in rowd.toml.") from exc
        except OSError as exc:
            raise self._said(exc) from exc

    def _was_there(self) -> bool:
        """Whether it was read here, or a rowd once held it: that leaves its folder."""
        try:
            return self._last is not None or Beside(followed(self._path)).path.is_dir()
        except (OSError, Loop, Foreign):
            return False

    def _said(self, exc: OSError) -> NeedsOwner | TryLater:
        if exc.errno in _FULL:
            return NoRoom(f"{self._label} can't be written: {FULL}. Nothing was changed.")
        if exc.errno == errno.EROFS:
            return NeedsOwner(f"{self._label} can't be written: {READ_ONLY}.")
        if exc.errno in _DENIED:
            return self._denied(exc)
        if exc.errno in _MOUNTED:
            return NeedsOwner(
                f"{self._label} cannot be replaced: it is a mount point of its own. Mount the folder it is in instead."
            )
        if exc.errno == errno.ELOOP:
            if self._saver_of_now is not None and (named := self._named(exc)).parent == self._saver_of_now.beside.path:
                return NeedsOwner(
                    f"{named} is a symlink, and rowd makes none there. Look who did, then remove it: rm {shlex.quote(str(named))}"
                )
            return TryLater(f"{self._label}: a symlink has just been put in its place, or on the way to it")
        return TryLater(f"{self._label}: {said(exc) or self._spelled(str(exc))}")

    def _denied(self, exc: OSError) -> NeedsOwner:
        named = self._named(exc)
        where = named if named != self._path else "it"
        return NeedsOwner(
            f"{self._label}: rowd is not allowed to use {where} ({exc.strerror}). Let the user that rowd runs as read and write"
            f" the file, and make files in the folder {self._path.parent}."
        )

    def _named(self, exc: OSError) -> Path:
        """The file that it is about."""
        return Path(self._spelled(os.fsdecode(exc.filename))) if isinstance(exc.filename, str | bytes) else self._path

    def _spelled(self, text: str) -> str:
        return text if self._saver_of_now is None else self._saver_of_now.beside.spelled(text)
