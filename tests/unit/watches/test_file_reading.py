"""Which files a look reads again: no more than it must, and none is taken for what it was because it looks the same."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.unit.watches.looking import Looking

SECOND = 10**9


def test_what_looks_as_it_did_is_not_read_again(inbox: Path) -> None:
    for name in ("a", "b"):
        (inbox / name).write_text(name)
    looking = Looking(inbox, "*")
    looking.later = 3 * SECOND
    looking.look()
    state, looking.reads = looking.state, 0
    looking.look()
    assert (looking.state, looking.reads) == (state, 0)
    (inbox / "a").write_text("x")
    looking.look()
    assert looking.reads == 2  # what it holds, and that this is all


def as_it_looks_now(looking: Looking, file: Path) -> None:
    """Makes the state that of a file that was written anew within one tick of its file system's clock."""
    raw, found = looking.raw(), file.stat()
    raw["files"][file.name][:4] = [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]
    looking.state = json.dumps(raw)


def test_a_file_written_again_just_after_the_look_is_noticed_though_it_looks_the_same(inbox: Path) -> None:
    file = inbox / "a"
    file.write_text("aaaa")
    looking = Looking(inbox, "*")
    looking.look()
    file.write_text("bbbb")
    as_it_looks_now(looking, file)
    assert looking.summary() == "a changed"
    looking.later = 3 * SECOND  # by now another write would have another time
    looking.look()
    file.write_text("cccc")
    as_it_looks_now(looking, file)
    assert looking.look() is None


def test_an_equal_size_and_time_of_change_hide_nothing(inbox: Path) -> None:
    file = inbox / "a"
    file.write_text("aaaa")
    os.utime(file, (1000, 1000))
    looking = Looking(inbox, "*")
    looking.later = 3 * SECOND
    looking.look()
    with file.open("r+") as again:
        again.write("bbbb")
    os.utime(file, (1000, 1000))
    assert looking.summary() == "a changed"


def test_a_time_of_change_in_the_future_is_believed_after_a_while(inbox: Path) -> None:
    file = inbox / "a"
    file.write_text("1")
    os.utime(file, (4_000_000_000, 4_000_000_000))
    looking = Looking(inbox, "*")
    for later, reads in ((3, 2), (3, 4), (6, 6), (6, 6)):
        looking.later = later * SECOND
        looking.look()
        assert looking.reads == reads


@pytest.mark.parametrize("times", [(1000, 1000), (4_000_000_000, 4_000_000_000)])
def test_times_that_somebody_has_set_hide_no_second_write(inbox: Path, times: tuple[int, int]) -> None:
    file = inbox / "a"
    looking = Looking(inbox, "*")
    looking.look()
    for n in range(2):
        file.write_text(f"one {n}")
        os.utime(file, (times[0] + n, times[1] + n))
        looking.look()
        looking.later += 3 * SECOND * (times[0] > 1000)
    file.write_text("two 1")
    os.utime(file, (times[0] + 1, times[1] + 1))
    as_it_looks_now(looking, file)
    assert looking.summary() == "a changed"


def test_a_file_that_goes_before_it_is_read_is_not_there(inbox: Path) -> None:
    for name in ("a", "b"):
        (inbox / name).write_text(name)
    looking = Looking(inbox, "*")
    looking.meanwhile = lambda: [(inbox / name).unlink(missing_ok=True) for name in ("a", "b")]
    looking.look()
    assert len(looking.files()) == 1


def test_a_clock_that_was_set_back_only_means_more_reading(inbox: Path) -> None:
    (inbox / "a").write_text("1")
    looking = Looking(inbox, "*")
    looking.look()
    for later in (-3600, -3597):
        looking.later = later * SECOND
        assert looking.look() is None
    looking.reads = 0
    assert looking.look() is None
    assert looking.reads == 0


def test_a_file_that_changes_while_it_is_read_is_read_again(inbox: Path) -> None:
    file = inbox / "a"
    file.write_text("1")
    looking = Looking(inbox, "*")
    looking.later = 3 * SECOND
    once = iter(["2"])
    looking.meanwhile = lambda: [file.write_text(text) for text in once]
    looking.look()
    looking.meanwhile = lambda: None
    assert looking.look() is None  # the first look has seen the 2


def test_a_file_that_never_rests_is_told_and_never_taken_for_settled(inbox: Path) -> None:
    file = inbox / "a"
    file.write_text("x")
    looking = Looking(inbox, "*")
    looking.later = 3600 * SECOND

    def grow() -> None:
        with file.open("a") as log:
            log.write("x")

    looking.look()
    grow()
    looking.meanwhile = grow
    looking.reads = 0
    assert looking.summary() == "a changed"
    assert looking.reads == 3
    looking.meanwhile = lambda: None
    file.write_text("y" * file.stat().st_size)
    as_it_looks_now(looking, file)
    assert looking.summary() == "a changed"
    assert looking.look() is None


def test_large_files_are_told_by_size_and_time(inbox: Path) -> None:
    file = inbox / "a"
    file.write_text("12345")
    looking = Looking(inbox, "*", max_bytes=4)
    looking.look()
    assert looking.look() is None
    assert looking.reads == 0
    os.utime(file, (5, 5))
    assert looking.summary() == "a changed"
    file.write_text("123456")
    os.utime(file, (5, 5))
    assert looking.summary() == "a changed"
    assert looking.reads == 0
    file.write_text("1234")
    assert looking.summary() == "a changed"
    assert looking.reads > 0


def test_another_limit_is_no_change_by_itself(inbox: Path) -> None:
    (inbox / "a").write_text("12345")
    small, large = Looking(inbox, "*", max_bytes=4), Looking(inbox, "*")
    small.later = large.later = 3 * SECOND
    for looking, other in ((small, large), (large, small), (small, large)):
        assert looking.look() is None
        other.state = looking.state
    assert large.look() is None
    os.utime(inbox / "a", (5, 5))
    assert large.look() is None
    (inbox / "a").write_text("54321")
    assert large.summary() == "a changed"


def test_what_the_kernel_makes_up_has_no_size_and_is_always_read(tmp_path: Path) -> None:
    looking, short = Looking(tmp_path, "/proc/sys/kernel/ostype"), Looking(tmp_path, "/proc/sys/kernel/ostype", max_bytes=1)
    looking.later = 3600 * SECOND
    for _ in range(2):
        looking.reads = 0
        assert (looking.look(), short.look()) == (None, None)
        assert looking.reads > 0
        assert [entry["files"]["ostype"][4] is None for entry in (looking.raw(), short.raw())] == [False, True]


def test_a_huge_file_takes_no_time(inbox: Path) -> None:
    with (inbox / "a").open("wb") as huge:
        huge.truncate(1 << 40)
    looking = Looking(inbox, "*")
    assert looking.look() is None
    assert (looking.reads, looking.raw()["files"]["a"][0]) == (0, 1 << 40)
