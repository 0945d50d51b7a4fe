"""A store from another package is found through its entry point and keeps the same contract."""

from __future__ import annotations

import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from connectors import known, load
from connectors.errors import NeedsOwner
from tests.conformance.suite import TableConformance
from tests.conformance.toy_bench import ToyBench

SOURCE = Path(__file__).parents[2] / "docs" / "examples" / "toy_store"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an installer makes of the package: its module, and its entry points as its pyproject.toml declares them."""
    project = tomllib.loads((SOURCE / "pyproject.toml").read_text())["project"]
    site = tmp_path / "site-packages"
    info = site / f"rowd_toy_store-{project['version']}.dist-info"
    info.mkdir(parents=True)
    shutil.copy(SOURCE / "toy_store.py", site)
    (info / "METADATA").write_text(f"Metadata-Version: 2.3\nName: {project['name']}\nVersion: {project['version']}\n")
    lines = [
        f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in entries.items()) for group, entries in project["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(site)


class TestToyStore(TableConformance):
    @pytest.fixture
    def fresh_bench(self, tmp_path: Path, installed: None) -> Callable[[], AbstractContextManager[ToyBench]]:
        @contextmanager
        def fresh() -> Iterator[ToyBench]:
            yield ToyBench(Path(tempfile.mkdtemp(dir=tmp_path)))

        return fresh

    @pytest.fixture
    def bench(self, fresh_bench: Callable[[], AbstractContextManager[ToyBench]]) -> Iterator[ToyBench]:
        with fresh_bench() as bench:
            yield bench


def test_it_is_known_by_its_name_once_it_is_installed(installed: None) -> None:
    assert known()[-1] == "toy"
    assert load("toy").settings.model_validate({"path": "x"})


def test_a_name_that_nobody_registered_is_unknown() -> None:
    with pytest.raises(KeyError):
        load("no-such-store")


def test_it_is_short_enough_to_be_read_first() -> None:
    assert len((SOURCE / "toy_store.py").read_text().splitlines()) <= 150


@pytest.mark.parametrize("raw", [b"not json\n", b'["Name"]\n5\n', b"", b"\xff\n"])
def test_a_file_that_is_no_table_is_refused(installed: None, tmp_path: Path, raw: bytes) -> None:
    bench = ToyBench(tmp_path)
    bench.path.write_bytes(raw)
    with pytest.raises(NeedsOwner, match='"Toy"'):
        bench.table.read()
    assert bench.path.read_bytes() == raw
    bench.path.unlink()
    with pytest.raises(NeedsOwner, match="Put the file back"):
        bench.table.read()


def test_the_how_to_explains_every_line_of_it() -> None:
    how_to = (SOURCE.parents[1] / "how-to" / "add-a-store.md").read_text()
    missing = [line for line in (SOURCE / "toy_store.py").read_text().splitlines() if line.strip() and line not in how_to]
    assert missing == []
    assert (SOURCE / "pyproject.toml").read_text().strip() in how_to
