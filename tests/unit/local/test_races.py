"""Somebody else saves, deletes or dies in the middle. Nothing that was saved is lost, nothing half-made is left."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Event

import pytest

from connectors.api import Effect, Patch
from connectors.errors import NeedsOwner, NoRoom, OutcomeUnknown, TryLater
from connectors.local.beside import TURN, Beside, digest
from connectors.local.exchange import Exchange, exchange
from connectors.local.saver import KEPT_FILES, KEPT_NS, ROUNDS
from connectors.local.table import LocalTable

Opener = Callable[..., LocalTable]
ROOT = Path(__file__).parents[3]
PATCH = Patch("a", {"Last Result": "ok"})
HEAD = b"ID,Name,Status,Last Result\n"
THEIRS = HEAD + b"b,beta,PAUSED,\na,alpha,edited,\nc,new,,\n"
MERGED = HEAD + b"b,beta,PAUSED,\na,alpha,edited,ok\nc,new,,\n"


def save_in_place(file: Path, raw: bytes) -> None:
    file.write_bytes(raw)


def save_beside(file: Path, raw: bytes) -> None:
    temporary = file.with_name("editor.tmp")
    temporary.write_bytes(raw)
    temporary.replace(file)


def no_exchange(one: Path, other: Path) -> None:
    raise OSError(errno.EINVAL, "Invalid argument", str(one))


class Meanwhile:
    """The exchange, with something done before or after each one; a list of steps, then nothing more."""

    def __init__(
        self, *before: Callable[[], object], after: tuple[Callable[[], object], ...] = (), real: Exchange = exchange
    ) -> None:
        self._before, self._after, self._real = list(before), list(after), real

    def __call__(self, one: Path, other: Path) -> None:
        if self._before:
            self._before.pop(0)()
        self._real(one, other)
        if self._after:
            self._after.pop(0)()


def swaps(file: Path) -> list[bytes]:
    return [swap.path.read_bytes() for swap in Beside(file).swaps()]


@pytest.mark.parametrize("save", [save_in_place, save_beside])
def test_what_is_saved_while_ours_is_written_beside_it_is_taken_up_before_anything_is_replaced(
    file: Path, table: Opener, save: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody sees a file in its place that was made of one half saved."""
    synced, put = os.fsync, []
    file.write_bytes(THEIRS[: THEIRS.index(b"c,new")])  # an editor has come so far

    def saved_meanwhile(descriptor: int) -> None:
        monkeypatch.undo()
        save(file, THEIRS)
        synced(descriptor)

    def watched(one: Path, other: Path) -> None:
        put.append(one.read_bytes())
        exchange(one, other)

    opened = table(watched)
    put.clear()
    monkeypatch.setattr(os, "fsync", saved_meanwhile)
    opened.write([PATCH])
    assert put == [MERGED]
    assert swaps(file) == [THEIRS]
    assert not Beside(file).draft.exists()


@pytest.mark.parametrize("save", [save_in_place, save_beside])
@pytest.mark.parametrize("real", [exchange, no_exchange])
def test_a_save_between_read_and_exchange_is_merged(file: Path, table: Opener, save: Callable[..., None], real: Exchange) -> None:
    written = table(Meanwhile(lambda: save(file, THEIRS), real=real)).write([PATCH])
    assert file.read_bytes() == MERGED
    assert written[0].effect is Effect.APPLIED
    assert written[0].row is not None
    assert written[0].row.cells["Status"] == "edited"
    assert table().read() == table().read()
    assert file.read_bytes() == MERGED


def test_a_save_during_the_second_exchange_is_merged_too(file: Path, table: Opener) -> None:
    newer = THEIRS.replace(b"PAUSED", b"again")
    table(Meanwhile(lambda: save_beside(file, THEIRS), lambda: save_beside(file, newer))).write([PATCH])
    assert file.read_bytes() == MERGED.replace(b"PAUSED", b"again")


def test_a_row_deleted_meanwhile_is_missing(file: Path, table: Opener) -> None:
    theirs = HEAD + b"b,beta,paused,\n"
    written = table(Meanwhile(lambda: save_beside(file, theirs))).write([PATCH])
    assert written[0].effect is Effect.MISSING
    assert file.read_bytes() == theirs


def test_somebody_who_saves_without_end_wins_and_we_say_so(file: Path, table: Opener) -> None:
    versions = [THEIRS.replace(b"PAUSED", str(n).encode()) for n in range(ROUNDS)]
    with pytest.raises(TryLater, match="again and again"):
        table(Meanwhile(*[lambda v=v: save_beside(file, v) for v in versions])).write([PATCH])
    assert file.read_bytes() == versions[-1]
    assert table().write([PATCH])[0].effect is Effect.APPLIED
    assert file.read_bytes() == versions[-1].replace(b"edited,", b"edited,ok")


@pytest.mark.parametrize("half", [b"", b"ID,Na", HEAD + b'a,"alp'])
def test_a_file_that_is_half_saved_at_the_exchange_gets_its_place_back(file: Path, table: Opener, half: bytes) -> None:
    with file.open("r+b") as editor:

        def begin() -> None:
            editor.truncate(0)
            editor.write(half)
            editor.flush()

        opened = table(Meanwhile(begin))
        with pytest.raises((TryLater, NeedsOwner)):
            opened.write([PATCH])
        assert file.read_bytes() == half
        editor.seek(0)
        editor.write(THEIRS)
    assert file.read_bytes() == THEIRS
    assert opened.write([PATCH])[0].effect is Effect.APPLIED
    assert file.read_bytes() == MERGED


@pytest.mark.parametrize("real", [exchange, no_exchange])
def test_a_file_deleted_before_the_exchange_is_not_made_again(file: Path, table: Opener, real: Exchange) -> None:
    with pytest.raises(NeedsOwner, match="is gone"):
        table(Meanwhile(file.unlink, real=real)).write([PATCH])
    assert not file.exists()
    assert swaps(file) == []


def test_a_disk_that_is_full_leaves_everything_as_it_was(file: Path, table: Opener) -> None:
    def full(one: Path, other: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(one))

    before = file.read_bytes()
    with pytest.raises(NoRoom, match="the disk is full; make room"):
        table(full).write([PATCH])
    assert file.read_bytes() == before
    assert swaps(file) == []
    assert not Beside(file).draft.exists()


def test_a_disk_that_fills_up_while_merging_gives_their_version_its_place_back(file: Path, table: Opener) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "x")

    with pytest.raises(NoRoom, match="the disk is full; make room"):
        table(Meanwhile(lambda: save_beside(file, THEIRS), full)).write([PATCH])
    assert file.read_bytes() == THEIRS


@pytest.mark.parametrize(
    ("number", "says"), [(errno.EACCES, "not allowed"), (errno.EROFS, "disk is read-only; mount it"), (errno.EBUSY, "mount point")]
)
def test_what_only_the_owner_can_change_is_said(file: Path, table: Opener, number: int, says: str) -> None:
    def refused(one: Path, other: Path) -> None:
        raise OSError(number, os.strerror(number), str(one))

    with pytest.raises(NeedsOwner, match=says):
        table(refused).write([PATCH])


def test_a_displaced_file_that_cannot_be_compared_leaves_the_outcome_unknown(file: Path, table: Opener) -> None:
    def spoil() -> None:
        for swap in Beside(file).swaps():
            swap.path.unlink()
            swap.path.mkdir()

    with pytest.raises(OutcomeUnknown, match="was replaced"):
        table(Meanwhile(after=(spoil,))).write([PATCH])


CURRENT = b"ID,Name,Status,Current\na,alpha,active,5\nb,beta,active,1\n"
TICKS = [Patch("a", {"Current": 6}, {"Current": "5"}), Patch("b", {"Current": 2}, {"Current": "1"})]


@pytest.mark.parametrize("save", [save_in_place, save_beside])
@pytest.mark.parametrize("real", [exchange, no_exchange])
def test_an_expected_cell_that_a_person_changes_meanwhile_stands(
    file: Path, table: Opener, save: Callable[..., None], real: Exchange
) -> None:
    file.write_bytes(CURRENT)
    theirs = CURRENT.replace(b"active,5", b"active,9")
    written = table(Meanwhile(lambda: save(file, theirs), real=real)).write(TICKS)
    assert [w.effect for w in written] == [Effect.CONFLICT, Effect.APPLIED]
    assert file.read_bytes() == theirs.replace(b"active,1", b"active,2")
    assert tuple(w.row for w in written) == table().read().rows


@pytest.mark.parametrize("save", [save_in_place, save_beside])
@pytest.mark.parametrize("real", [exchange, no_exchange])
def test_another_cell_of_the_row_that_a_person_changes_meanwhile_stands_beside_ours(
    file: Path, table: Opener, save: Callable[..., None], real: Exchange
) -> None:
    file.write_bytes(CURRENT)
    theirs = CURRENT.replace(b"active,5", b"paused,5")
    written = table(Meanwhile(lambda: save(file, theirs), real=real)).write(TICKS)
    assert [w.effect for w in written] == [Effect.APPLIED, Effect.APPLIED]
    assert file.read_bytes() == theirs.replace(b"paused,5", b"paused,6").replace(b"active,1", b"active,2")
    assert tuple(w.row for w in written) == table().read().rows


@pytest.mark.parametrize("save", [save_in_place, save_beside])
@pytest.mark.parametrize("real", [exchange, no_exchange])
def test_where_no_expectation_holds_any_more_their_version_gets_its_place_back(
    file: Path, table: Opener, save: Callable[..., None], real: Exchange
) -> None:
    file.write_bytes(CURRENT)
    theirs = CURRENT.replace(b"active,5", b"active,9").replace(b"active,1", b"active,8")
    written = table(Meanwhile(lambda: save(file, theirs), real=real)).write(TICKS)
    assert [w.effect for w in written] == [Effect.CONFLICT, Effect.CONFLICT]
    assert file.read_bytes() == theirs
    assert tuple(w.row for w in written) == table().read().rows
    assert file.read_bytes() == theirs


def test_an_expected_cell_that_a_person_changes_and_changes_back_gets_the_patch(file: Path, table: Opener) -> None:
    file.write_bytes(CURRENT)
    theirs = CURRENT.replace(b"active,5", b"active,9")
    back = CURRENT.replace(b"alpha", b"ALPHA")
    written = table(Meanwhile(lambda: save_beside(file, theirs), lambda: save_beside(file, back))).write(TICKS)
    assert [w.effect for w in written] == [Effect.APPLIED, Effect.APPLIED]
    assert file.read_bytes() == back.replace(b"active,5", b"active,6").replace(b"active,1", b"active,2")


def test_an_expected_cell_in_a_late_save_stands(file: Path, table: Opener) -> None:
    file.write_bytes(CURRENT)
    opened = table()
    with file.open("r+b") as editor:
        opened.write(TICKS)
        opened.write([Patch("a", {"Current": 7}, {"Current": "6"}), Patch("b", {"Current": 3}, {"Current": "2"})])
        editor.write(CURRENT.replace(b"active,5", b"paused,9"))
    opened.read()
    assert file.read_bytes() == CURRENT.replace(b"active,5", b"paused,9").replace(b"active,1", b"active,3")


def test_a_patch_that_was_refused_is_not_made_on_a_late_save_either(file: Path, table: Opener) -> None:
    file.write_bytes(CURRENT.replace(b"active,5", b"active,9"))
    opened = table()
    with file.open("r+b") as editor:
        assert [w.effect for w in opened.write(TICKS)] == [Effect.CONFLICT, Effect.APPLIED]
        editor.write(CURRENT)
    opened.read()
    assert file.read_bytes() == CURRENT.replace(b"active,1", b"active,2")


@pytest.mark.parametrize("first", ["own", "write"])
@pytest.mark.parametrize(("real", "promised"), [(exchange, True), (no_exchange, False)])
def test_expectations_are_promised_once_files_were_seen_to_change_places(
    file: Path, table: Opener, first: str, real: Exchange, promised: bool
) -> None:
    opened = table(real)
    opened.read()
    assert not opened.traits.atomic_expect
    if first == "own":
        opened.own("a test")
        assert {path.name for path in Beside(file).path.iterdir()} == {"owner", "owner.gate"}
    else:
        opened.write([PATCH])
    assert opened.traits.atomic_expect is promised
    opened.close()


def test_expectations_are_no_more_promised_where_files_no_longer_change_places(file: Path, table: Opener) -> None:
    opened = table(Meanwhile(lambda: None, lambda: no_exchange(file, file)))
    opened.own("a test")
    assert opened.traits.atomic_expect
    opened.write([PATCH])
    assert not opened.traits.atomic_expect
    opened.close()


def test_a_table_is_owned_also_where_an_exchange_cannot_be_tried(file: Path, table: Opener) -> None:
    def full(one: Path, other: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(one))

    opened = table(full)
    opened.own("a test")
    assert not opened.traits.atomic_expect
    with pytest.raises(NeedsOwner, match="a test"):
        table().own("another")
    opened.close()


def being_saved(monkeypatch: pytest.MonkeyPatch, path: Path, *saves: bytes) -> None:
    """Let each of the first reads of `path` find that somebody saved it meanwhile.

    An open file is looked at before it is read and afterwards: each save happens right after the first of these looks.
    """
    fstat, left, looks = os.fstat, list(saves), count()

    def looked(descriptor: int) -> os.stat_result:
        found = fstat(descriptor)
        if next(looks) % 2 == 0 and left:
            path.write_bytes(left.pop(0))
            os.utime(path, ns=(0, len(left)))
        return found

    monkeypatch.setattr(os, "fstat", looked)


def test_a_file_that_changes_while_it_is_read_is_read_again(file: Path, table: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    being_saved(monkeypatch, file, THEIRS, MERGED)
    assert [row.cells["Last Result"] for row in table().read().rows] == [None, "ok", None]


def test_a_file_that_changes_whenever_it_is_read_is_left_for_later(
    file: Path, table: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    being_saved(monkeypatch, file, THEIRS, MERGED, MERGED)
    with pytest.raises(TryLater, match="is being saved just now"):
        table().read()


@pytest.mark.parametrize("call", ["read", "write", "probe and read"])
def test_a_late_save_into_the_displaced_file_is_taken_up_with_our_patches(file: Path, table: Opener, call: str) -> None:
    opened = table()
    opened.read()
    with file.open("r+b") as editor:  # opened before we write, saved after
        opened.write([PATCH])
        opened.write([Patch("b", {"Last Result": "2"})])
        opened.read()
        marker = opened.probe()
        editor.write(THEIRS)
        editor.truncate()
    assert b"edited" not in file.read_bytes()
    merged = MERGED.replace(b"PAUSED,", b"PAUSED,2")
    if call == "probe and read":
        assert opened.probe() != marker
    if call == "write":
        opened.write([Patch("c", {"Last Result": "3"})])
        merged = merged.replace(b"new,,", b"new,,3")
    else:
        assert [row.cells["Status"] for row in opened.read().rows] == ["PAUSED", "edited", None]
    assert file.read_bytes() == merged
    opened.read()
    assert opened.probe() == opened.probe()
    assert file.read_bytes() == merged


def test_a_late_save_that_is_half_done_is_looked_at_again(file: Path, table: Opener) -> None:
    opened = table()
    with file.open("r+b") as editor:
        opened.write([PATCH])
        before = file.read_bytes()
        editor.truncate(0)
        assert len(opened.read().rows) == 2
        assert file.read_bytes() == before
        marker = opened.probe()
        editor.write(THEIRS)
    assert opened.probe() != marker
    opened.read()
    assert file.read_bytes() == MERGED


def test_a_late_save_older_than_a_save_of_the_table_itself_does_not_win(file: Path, table: Opener) -> None:
    opened = table()
    with file.open("r+b") as editor:
        opened.write([PATCH])
        editor.write(THEIRS)
    newest = HEAD + b"z,last,save,\n"
    save_beside(file, newest)
    os.utime(file, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns + 1_000_000_000))
    assert [row.key for row in opened.read().rows] == ["z"]
    assert file.read_bytes() == newest
    opened.read()
    assert file.read_bytes() == newest


def test_a_late_save_is_found_by_the_next_daemon_too(file: Path, table: Opener) -> None:
    with file.open("r+b") as editor:
        table().write([PATCH])
        editor.write(THEIRS)
    assert [row.key for row in table().read().rows] == ["b", "a", "c"]
    assert file.read_bytes() == THEIRS  # which patches were ours is not known here; the engine shows them again


def test_a_late_save_that_was_taken_up_is_not_taken_up_again_by_the_next_daemon(file: Path, table: Opener) -> None:
    opened = table()
    with file.open("r+b") as editor:
        opened.write([PATCH])
        editor.write(THEIRS)
    opened.read()
    opened.write([Patch("c", {"Last Result": "3"})])
    now = file.read_bytes()
    assert table().read().rows
    assert file.read_bytes() == now


def test_a_late_save_that_bears_an_old_time_is_taken_up_where_the_table_is_as_we_left_it(file: Path, table: Opener) -> None:
    opened = table()
    with file.open("r+b") as editor:
        opened.write([PATCH])
        editor.write(THEIRS)
    os.utime(Beside(file).swaps()[0].path, ns=(0, 0))
    opened.read()
    assert file.read_bytes() == MERGED


def test_a_save_that_meets_a_late_save_being_taken_up_wins(file: Path, table: Opener) -> None:
    newest = HEAD + b"z,last,save,\n"
    opened = table(Meanwhile(lambda: None, lambda: save_beside(file, newest)))
    with file.open("r+b") as editor:
        opened.write([PATCH])
        editor.write(THEIRS)
    assert [row.key for row in opened.read().rows] == ["z"]
    opened.read()
    assert file.read_bytes() == newest


def test_a_late_save_is_taken_up_only_when_libreoffice_is_closed(file: Path, table: Opener) -> None:
    opened = table()
    with file.open("r+b") as editor:
        opened.write([PATCH])
        editor.write(THEIRS)
    lock = file.parent / ".~lock.tasks.csv#"
    lock.write_text("Erika,erika,desk-7,21.11.2026 09:00,file:///home/erika;")
    before = file.read_bytes()
    opened.read()
    assert file.read_bytes() == before
    lock.unlink()
    opened.read()
    assert file.read_bytes() == MERGED


def test_of_two_late_saves_the_later_one_wins(file: Path, table: Opener) -> None:
    opened = table()
    other = HEAD + b"a,alpha,other,\n"
    with file.open("r+b") as first:
        opened.write([PATCH])
        with file.open("r+b") as second:
            opened.write([Patch("b", {"Last Result": "2"})])
            second.write(other)
            second.truncate()
            first.write(THEIRS)
    swap = Beside(file).swaps()[0].path
    os.utime(swap, ns=(0, swap.stat().st_mtime_ns + 1_000_000_000))
    opened.read()
    assert file.read_bytes() == MERGED.replace(b"PAUSED,", b"PAUSED,2")


def test_a_link_left_by_a_kill_before_a_plain_rename_is_no_late_save(file: Path, table: Opener) -> None:
    beside = Beside(file)
    with beside.here(make=True):
        pass
    os.link(file, beside.swap(digest(file.read_bytes()), digest(b"new")).path)
    save_in_place(file, THEIRS)
    table().read()
    assert file.read_bytes() == THEIRS
    assert swaps(file) == []


def test_a_row_created_and_a_row_deleted_survive_a_late_save(file: Path, table: Opener) -> None:
    opened = table()
    with file.open("r+b") as editor:
        opened.create([{"ID": "n", "Name": "made"}])
        opened.delete(["b"])
        editor.write(THEIRS)
    opened.read()
    assert file.read_bytes() == HEAD + b"a,alpha,edited,\nc,new,,\nn,made,,\n"


def test_displaced_files_are_kept_for_a_minute_by_the_stamps_of_files(file: Path, table: Opener) -> None:
    opened = table()
    for n in range(3):
        opened.write([Patch("a", {"Last Result": n})])
    assert len(swaps(file)) == 3  # seconds old


def test_displaced_files_are_bounded(file: Path, table: Opener) -> None:
    opened = table()
    for n in range(KEPT_FILES + 5):
        opened.write([Patch("a", {"Last Result": n})])
    assert len(swaps(file)) == KEPT_FILES


def test_a_late_save_is_never_thrown_away_to_make_room(file: Path, table: Opener) -> None:
    hooks: list[Callable[[], object]] = [lambda: None] * KEPT_FILES
    with file.open("r+b", buffering=0) as editor:
        opened = table(Meanwhile(*hooks, lambda: editor.write(THEIRS)))
        for n in range(KEPT_FILES + 1):  # the late save falls into the write that has to make room
            opened.write([Patch("a", {"Last Result": n})])
    opened.read()
    assert file.read_bytes() == MERGED.replace(b"ok", str(KEPT_FILES).encode())


def test_displaced_files_go_when_they_are_older_than_a_minute(file: Path, table: Opener) -> None:
    opened = table()
    for n in range(3):
        opened.write([Patch("a", {"Last Result": n})])
    later = file.stat().st_mtime_ns + KEPT_NS + 1_000_000_000

    def pass_time(one: Path, other: Path) -> None:
        os.utime(one, ns=(later, later))
        exchange(one, other)

    table(pass_time).write([Patch("a", {"Last Result": "later"})])
    assert len(swaps(file)) == 1  # the one that was just displaced


def test_another_process_of_ours_that_writes_is_waited_for(file: Path, table: Opener) -> None:
    with ThreadPoolExecutor(1) as pool:
        with Beside(file).alone():
            writing = pool.submit(table().write, [PATCH])
            with pytest.raises(TimeoutError):
                writing.result(0.1)
        assert writing.result()[0].effect is Effect.APPLIED


def test_who_writes_for_long_is_told_of_by_the_name_of_the_table(file: Path, table: Opener) -> None:
    with (
        Beside(file).alone(),
        pytest.raises(TryLater, match=f"{file} is just being written by rowd's daemon or another command; try"),
    ):
        table().write([PATCH])
    assert table().write([PATCH])[0].effect is Effect.APPLIED


def test_who_writes_again_passes_nobody_over(file: Path) -> None:
    begun, passed = Event(), Event()

    def write_twice() -> bool:
        """Whether the other one had its turn before the second of these."""
        with Beside(file).alone():
            begun.set()
            until = time.monotonic() + TURN
            while not held(Beside(file).path / "gate") and time.monotonic() < until:
                pass
        with Beside(file).alone():
            return passed.is_set()

    with ThreadPoolExecutor(1) as pool:
        twice = pool.submit(write_twice)
        assert begun.wait(10)
        with Beside(file).alone():
            passed.set()
        assert twice.result()


def held(lock: Path) -> bool:
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


_CHILD = """
import os, signal, sys
from pathlib import Path
from connectors.api import Patch, Place
from connectors.local import LocalSettings
from connectors.local.exchange import exchange
from connectors.local.table import LocalTable

def dying(one, other):
    if other.name != file.name: return exchange(one, other)  # the trial of the owner
    if sys.argv[2] == "before": os.kill(os.getpid(), signal.SIGKILL)
    if sys.argv[2] == "save": Path(sys.argv[1]).write_bytes(bytes.fromhex(sys.argv[3]))
    exchange(one, other)
    os.kill(os.getpid(), signal.SIGKILL)

file = Path(sys.argv[1])
place = Place("Ops", file.parent, "ID", "Name", lambda name: name)
table = LocalTable(LocalSettings(path=file), place, exchange=dying)
table.own("the one that dies")
table.write([Patch("a", {"Last Result": "ok"})])
"""


@pytest.mark.parametrize("when", ["before", "after", "save"])
def test_a_kill_in_the_middle_leaves_the_old_file_or_the_new_one(file: Path, table: Opener, when: str) -> None:
    old = file.read_bytes()
    child = subprocess.run([sys.executable, "-c", _CHILD, str(file), when, THEIRS.hex()], check=False, cwd=ROOT)
    assert child.returncode == -signal.SIGKILL
    assert file.read_bytes() == (old if when == "before" else old.replace(b"active,", b"active,ok"))
    opened = table()
    opened.own("the next one")  # no stale lock
    opened.read()
    assert file.read_bytes() == {"before": old, "after": old.replace(b"active,", b"active,ok"), "save": THEIRS}[when]
    assert len(swaps(file)) == {"before": 0, "after": 1, "save": 2}[when]
    assert opened.write([PATCH])[0].effect is Effect.APPLIED
    assert file.read_bytes() == (MERGED if when == "save" else old.replace(b"active,", b"active,ok"))
    opened.close()


_WRITER = """
import sys
import time
from pathlib import Path
from connectors.api import Patch, Place
from connectors.local import LocalSettings
from connectors.local.table import LocalTable

file = Path(sys.argv[1])
table = LocalTable(LocalSettings(path=file), Place("Ops", file.parent, "ID", "Name", lambda name: name))
n = 0
while True:
    n += 1
    table.write([Patch("a", {"Last Result": n}), Patch("b", {"Last Result": n})])
    print(n, flush=True)
"""


def test_a_kill_at_any_moment_leaves_a_whole_table_with_everything_that_was_answered(file: Path, table: Opener) -> None:
    for turn in range(6):
        child = subprocess.Popen([sys.executable, "-c", _WRITER, str(file)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert child.stdout is not None
        with child, child.stdout:
            answered = [int(next(child.stdout)) for _ in range(3 + turn)][-1]
            child.kill()
            answered = max([answered, *(int(line) for line in child.stdout)])
        first, second = (row.cells["Last Result"] for row in table().read().rows)
        assert first == second
        assert int(str(first)) in (answered, answered + 1)
        assert file.read_bytes().startswith(HEAD)


def test_no_half_written_file_is_ever_seen_beside_the_writer(file: Path, table: Opener) -> None:
    child = subprocess.Popen([sys.executable, "-c", _WRITER, str(file)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert child.stdout is not None
    with child, child.stdout:
        next(child.stdout)
        for _ in range(300):
            raw = file.read_bytes()
            first, second = (line.rsplit(b",", 1)[1] for line in raw.splitlines()[1:])
            assert raw.startswith(HEAD)
            assert first == second
        child.kill()
        child.stdout.read()
