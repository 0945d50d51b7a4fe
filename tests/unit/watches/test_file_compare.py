"""Whatever is done to files: what looks tell is what a plain compare of all that is in them says."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.watches.looking import Looking

SECOND = 10**9
NAMES = st.sampled_from(["a.csv", "b.csv", "sub/a.csv", "sub/deep/ü😀.csv", "c.txt", ".hid.csv", "sub/.x/a.csv"])
TEXTS = st.sampled_from(["", "one", "two", "three", "eno"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), NAMES, TEXTS),
        st.tuples(st.just("replace"), NAMES, TEXTS),
        st.tuples(st.just("delete"), NAMES),
        st.tuples(st.just("rename"), NAMES, NAMES),
        st.tuples(st.just("touch"), NAMES),
        st.just(("look",)),
    ),
    max_size=25,
)
MEANT: dict[str, Callable[[str], bool]] = {
    "*.csv": lambda p: "/" not in p and p.endswith(".csv"),
    "**/*.csv": lambda p: p.endswith(".csv"),
    "sub/*": lambda p: p.startswith("sub/") and p.count("/") == 1,
    "*/**": lambda p: "/" in p,
    "a.csv": lambda p: p == "a.csv",
}


def snapshot(folder: Path, pattern: str) -> dict[str, bytes]:
    files = [file for file in folder.rglob("*") if file.is_file()]
    paths = {str(file.relative_to(folder)): file.read_bytes() for file in files}
    hidden = {path for path in paths if any(part.startswith(".") for part in path.split("/"))}
    return {path: held for path, held in paths.items() if MEANT[pattern](path) and path not in hidden}


@given(steps=STEPS, pattern=st.sampled_from(sorted(MEANT)), rested=st.booleans())
def test_what_is_told_is_what_a_plain_compare_says(steps: list[tuple[str, ...]], pattern: str, rested: bool) -> None:
    """rested: each write has a time of its own, and all are long ago, so that nothing is read twice."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        looking = Looking(folder, pattern, root=".")
        looking.later = 3600 * SECOND if rested else 0
        looking.look()
        before = snapshot(folder, pattern)
        for n, (step, *given) in enumerate([*steps, ("look",)]):
            file = folder / given[0] if given else folder
            if step == "look":
                now = snapshot(folder, pattern)
                compare(looking, before, now, len(pattern.split("/")[0]) + 1 if pattern == "sub/*" else 0)
                before = now
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            if step == "write":
                file.write_text(given[1])
            elif step == "replace":
                (folder / "new").write_text(given[1])
                (folder / "new").replace(file)
            elif not file.exists():
                continue
            elif step == "delete":
                file.unlink()
                continue
            elif step == "rename":
                (folder / given[1]).parent.mkdir(parents=True, exist_ok=True)
                file = file.replace(folder / given[1])
            os.utime(file, (1000 + n, 1000 + n) if rested or step == "touch" else None)


def compare(looking: Looking, before: dict[str, bytes], now: dict[str, bytes], start: int) -> None:
    """start: how many characters of a path belong to the folder that the pattern starts in."""
    added, deleted = now.keys() - before.keys(), before.keys() - now.keys()
    changed = {path for path in now.keys() & before.keys() if now[path] != before[path]}
    told, paths = looking.look(), sorted(path[start:] for path in (*added, *changed, *deleted))
    assert (told is None) == (not paths)
    if told is not None:
        assert (told.values["added"], told.values["changed"], told.values["deleted"]) == (len(added), len(changed), len(deleted))
        assert (told.number, told.values["files"], told.values["paths"]) == (len(paths), len(paths), "\n".join(paths))
    assert looking.files() == sorted(path[start:] for path in now)
