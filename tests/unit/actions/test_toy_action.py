"""The example of docs/how-to/add-an-action.md: a package of its own, found through its entry point."""

from __future__ import annotations

import asyncio
import importlib
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import actions
from actions.api import Outcome, Result
from actions.parameters import bind
from tests.unit.actions.attempts import RUN, Lent, request

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "docs" / "examples" / "toy_action"
HOW_TO = ROOT / "docs" / "how-to" / "add-an-action.md"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package as pip would leave it: its code on the path, its entry points beside."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    site = tmp_path / "site"
    info = site / "rowd_toy_action-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = project["entry-points"]["rowd.actions"]
    (info / "entry_points.txt").write_text("[rowd.actions]\n" + "".join(f"{n} = {where}\n" for n, where in points.items()))
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.syspath_prepend(str(EXAMPLE))
    importlib.invalidate_caches()
    yield
    for name in [n for n in sys.modules if n.split(".")[0] == "toy_action"]:
        del sys.modules[name]


def test_a_kind_that_nobody_registered_is_unknown() -> None:  # whoever follows the page may have installed the example
    assert "no-such-kind" not in actions.known()
    with pytest.raises(KeyError):
        actions.load("no-such-kind")


@pytest.mark.usefixtures("installed")
def test_it_is_found_and_runs_like_one_of_ours(folder: Path, tmp_path: Path) -> None:
    assert "notebook" in actions.known()
    kind = actions.load("notebook")
    raw = tomllib.loads(code_block("toml", "kind = "))["actions"]["diary"]
    settings = kind.settings.model_validate(raw)
    made = kind.make("diary", settings, tmp_path)
    bound = bind(settings.parameters, {"line": "rain"})

    def once() -> Result:
        return asyncio.run(made.run(request(**bound), Lent(folder)))

    assert once() == Result(Outcome.SUCCEEDED, "added 'rain'", {"characters": 4})
    assert once() == Result(Outcome.SUCCEEDED, "it was there already")
    assert (tmp_path / "diary.txt").read_text() == f"{RUN}\train\n"
    assert kind.repeatable(settings)


@pytest.mark.usefixtures("installed")
def test_it_refuses_a_definition_that_lacks_its_parameter(tmp_path: Path) -> None:
    kind = actions.load("notebook")
    with pytest.raises(ValueError, match=r"\[actions\.diary\.parameters\.line\]"):
        kind.make("diary", kind.settings.model_validate({"kind": "notebook", "file": "x"}), tmp_path)


@pytest.mark.usefixtures("installed")
def test_what_the_how_to_shows_stands_in_the_example() -> None:
    shown = re.findall(r"```python\n(.*?)```", HOW_TO.read_text(), re.DOTALL)
    module = (EXAMPLE / "toy_action" / "__init__.py").read_text()
    assert len(shown) >= 3
    for block in shown:
        assert block.strip() in module
    assert code_block("toml", "entry-points").strip() in (EXAMPLE / "pyproject.toml").read_text()
    assert len(module.splitlines()) <= 150


def code_block(language: str, holding: str) -> str:
    """The block of the how-to that holds these words."""
    return next(b for b in re.findall(rf"```{language}\n(.*?)```", HOW_TO.read_text(), re.DOTALL) if holding in b)
