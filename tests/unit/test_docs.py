"""What the documentation says that can be held against the code: links, commands, definitions, lists that claim to be complete.

The pages under docs/reference have further tests of their own, beside the code that they tell of.
"""

from __future__ import annotations

import importlib
import re
import shlex
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import tomlkit
import typer

from actions.api import Outcome
from config.load import load as load_config
from engine import events
from engine.asked import Wish
from engine.columns import Column
from engine.crash import OF_COMMANDS, POINTS
from engine.model import CatchUp, Cause, Overlap, Type
from engine.presses import press_of
from engine.schedule import parse
from rowd.cli import COMMANDS
from rowd.cli import load as load_command
from rowd.wiring import configure

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
PACKAGES = ("rowd", "engine", "facts", "connectors", "actions", "watches", "config")
WRONG: type[Exception] = typer.BadParameter.__bases__[0]
"""What typer raises for any wrong command line; it exports only this one's children."""
EXAMPLES = {"toy_store": DOCS / "examples" / "toy_store", "toy_action": DOCS / "examples" / "toy_action"}


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, *languages: str) -> Iterator[str]:
    """The fenced blocks of these languages, without the indentation of a list they stand in."""
    for language, text in re.findall(r"^ *```(\w*)\n(.*?)^ *```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
        if language in languages:
            yield textwrap.dedent(text)


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def rows(page: Path, *header: str) -> list[list[str]]:
    """The rows of every table with this header, cell by cell."""
    found, inside = [], False
    for line in prose(page).splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] if line.startswith("|") else []
        if cells == list(header):
            inside = True
        elif not cells:
            inside = False
        elif inside and not set(line) <= set("|-"):
            found.append(cells)
    return found


def marked(text: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", text)


# --- links


def anchors(page: Path) -> set[str]:
    """The headings as a forge links to them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_a_file_and_its_heading(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{name_of(page)} links to {target}, which is not there"
        assert file.is_relative_to(ROOT), f"{name_of(page)} links to {target}, outside of the project"
        assert not anchor or anchor in anchors(file), f"{name_of(page)} links to {target}: no such heading"


def test_the_index_leads_to_every_page() -> None:
    linked = {
        (DOCS / target.partition("#")[0]).resolve() for target in re.findall(r"\]\(([^)]+)\)", (DOCS / "README.md").read_text())
    }
    pages = {page for page in DOCS.rglob("*.md") if page.parent.name != "decisions" and page != DOCS / "README.md"}
    assert not pages - linked, "docs/README.md has no line for these"
    decisions = {page.name for page in (DOCS / "decisions").glob("0*.md")}
    assert set(re.findall(r"\]\((0[^)]+)\)", (DOCS / "decisions" / "README.md").read_text())) == decisions


# --- commands


def called(text: str) -> Iterator[list[str]]:
    """The words of every call of `rowd` in shell lines, without the program itself."""
    for line in text.replace("\\\n", " ").splitlines():
        for call in re.finditer(r"(?:^|(?<=[\s(/]))rowd\s+(?=[a-z-])", line.partition(" # ")[0]):
            if re.search(r"useradd |(?:sudo -u|-g|-o|-u|enable --now|reload|edit)\s+$", line[: call.start()]):
                continue  # a user, a group or a unit of that name
            words = shlex.shlex(line[call.end() :], posix=True, punctuation_chars=True)
            words.commenters = "#"
            said: list[str] = []
            for word in words:
                if set(word) <= set("();<>|&"):
                    break
                said.append(word)
            yield said


def check(words: list[str]) -> None:
    """Parse a call as the program would, without running it. Raises WRONG, KeyError."""
    if words[0].startswith("-"):
        assert words[0] in ("--version", "--help"), words
        return
    name, *rest = words
    command: Any = load_command(name)
    while hasattr(command, "commands"):
        name, *rest = rest
        command = command.commands[name]
    command.make_context(name, list(rest))


CALLS = [
    pytest.param(words, id=f"{name_of(page)}: rowd {' '.join(words)[:60]}")
    for page in PAGES
    if page.parent.name != "decisions"
    for block in blocks(page, "sh", "console")
    for words in called(block)
]


@pytest.mark.parametrize("words", CALLS)
def test_every_call_in_a_shell_block_is_one_that_the_program_understands(words: list[str]) -> None:
    check(words)


def test_calls_are_found_and_wrong_ones_are_noticed() -> None:
    assert len(CALLS) > 80
    line = 'crontab -l | .venv/bin/rowd import crontab - --dry-run && x "$(rowd status --json | y)"  # rowd nothing'
    assert list(called(line)) == [["import", "crontab", "-", "--dry-run"], ["status", "--json"]]
    for wrong in ("list --no-such-option", "show", "import crontab --no-such-option x"):
        with pytest.raises(WRONG):
            check(wrong.split())
    with pytest.raises(KeyError):
        check(["no-such-command"])


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_named_in_a_sentence_exists(page: Path) -> None:
    known = {entry.name for entry in COMMANDS}
    assert set(re.findall(r"`(?:\S*/)?rowd ([a-z][a-z-]*)", prose(page))) <= known


# --- definitions


@pytest.fixture
def examples_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The packages under docs/examples as an installer leaves them: on the path, their entry points beside."""
    for name, folder in EXAMPLES.items():
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        info = tmp_path / "site" / f"rowd_{name}-{project['version']}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
        points = "".join(
            f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in entries.items())
            for group, entries in project["entry-points"].items()
        )
        (info / "entry_points.txt").write_text(points)
        monkeypatch.syspath_prepend(str(folder))
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    importlib.invalidate_caches()
    yield
    for module in [m for m in sys.modules if m.split(".")[0] in EXAMPLES]:
        del sys.modules[module]


def completed(text: str) -> dict[str, Any]:
    """A fragment of a rowd.toml with what a whole one needs: a table, a store for each, and the tables that blackouts name."""
    raw = tomllib.loads(text)
    tables = raw.setdefault("tables", {})
    for name in [name for blackout in raw.get("blackout", ()) for name in blackout.get("tables", ())] or ["tasks"]:
        tables.setdefault(name, {})
    for name, table in tables.items():
        if "connector" not in table:
            table.update(connector="local", path=f"{name}.of-the-test.csv")
        for action in table.get("actions", ()):
            raw.setdefault("actions", {}).setdefault(action, {"kind": "simulate"})
    return raw


DEFINITIONS = [
    pytest.param(text, id=f"{name_of(page)}: {text.strip().splitlines()[0][:50]}")
    for page in PAGES
    for text in blocks(page, "toml")
    if re.search(r"^\[\[?(actions|tables|blackout|daemon|defaults|breaker)\b", text, re.MULTILINE)
]


@pytest.mark.usefixtures("examples_installed")
@pytest.mark.parametrize("text", DEFINITIONS)
def test_every_definition_on_a_page_is_one_that_rowd_takes(text: str, tmp_path: Path) -> None:
    raw = completed(text)
    file = tmp_path / "rowd.toml"
    file.write_text(tomlkit.dumps(raw), encoding="utf-8")
    secrets = {name: "x" for action in raw.get("actions", {}).values() for name in action.get("secrets", ())}
    secrets |= {str(source["secret"]): "x" for source in raw.get("watch", {}).values() if "secret" in source}
    site = configure(load_config(file, secrets, tmp_path))
    assert set(site.tables) == set(raw["tables"])
    assert set(site.definitions) == set(raw.get("actions", {}))


def test_definitions_are_found() -> None:
    assert len(DEFINITIONS) >= 10


# --- lists that claim to be complete


def kinds_of_events() -> dict[str, set[str]]:
    """Name → fields, of every event that there is; the classes that only others extend are none."""
    classes = [c for c in vars(events).values() if isinstance(c, type) and issubclass(c, events.Event)]
    told = [c for c in classes if not c.__subclasses__()]
    return {events.name_of(c): set(c.__struct_fields__) - {"at"} for c in told}


def test_the_page_of_events_has_every_event_with_every_field() -> None:
    listed = {
        marked(event)[0]: set(marked(fields))
        for event, fields, _ in rows(DOCS / "reference" / "events.md", "event", "fields", "meaning")
    }
    assert listed == kinds_of_events()


def test_the_page_of_events_names_every_cause_and_every_wish() -> None:
    meanings = {
        marked(event)[0]: set(marked(meaning))
        for event, _, meaning in rows(DOCS / "reference" / "events.md", "event", "fields", "meaning")
    }
    assert set(Cause) <= meanings["run.started"]
    assert set(Wish) <= meanings["request.taken"]


def test_every_outcome_is_explained_where_outcomes_are_listed() -> None:
    assert [marked(word)[0] for word, _ in rows(DOCS / "reference" / "events.md", "outcome", "meaning")] == list(Outcome)
    words = dict(rows(DOCS / "glossary.md", "word", "meaning"))
    assert set(marked(words["outcome"])) == set(Outcome)
    assert set(Outcome) <= set(marked((DOCS / "why" / "exactly-once.md").read_text(encoding="utf-8")))


def test_the_glossary_lists_the_words_of_the_code() -> None:
    words = {word: set(marked(meaning)) for word, meaning in rows(DOCS / "glossary.md", "word", "meaning")}
    assert set(Wish) == words["wish, request"]
    assert set(CatchUp) == words["catch up"]
    assert set(Overlap) == words["overlap"]


def test_every_attack_on_the_page_of_security_is_tested_as_it_says() -> None:
    named = [row[2] for row in rows(DOCS / "why" / "security.md", "attack", "what stops it", "tested by")]
    assert len(named) > 25
    for words in map(marked, named):
        for file, test in zip(words[::2], words[1::2], strict=True):
            assert re.search(rf"def {test}\(", (ROOT / file).read_text(encoding="utf-8")), f"{file} has no {test}"


def test_the_crash_table_names_every_crash_point() -> None:
    named = [
        point
        for points, _ in rows(DOCS / "architecture.md", "crash point", "what is (about to be) durable")
        for point in marked(points)
    ]
    assert named == list(POINTS)
    of_commands = rows(DOCS / "architecture.md", "crash point of a command", "what is (about to be) durable")
    assert [point for points, _ in of_commands for point in marked(points)] == list(OF_COMMANDS)


def test_the_architecture_has_a_line_for_every_module() -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### (\S+)\n(.*?)(?=^##|\Z)", page, re.DOTALL | re.MULTILINE))
    listed = {
        f"{folder}/{name}.py" for folder, text in sections.items() for name in re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    }
    there = {
        str(file.relative_to(ROOT))
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
        if not {"templates", "files"} & set(file.parts)
    }
    assert {file for file in listed if not file.endswith("__init__.py")} == {f for f in there if not f.endswith("__init__.py")}
    assert listed <= there


# --- the README's tables


def test_the_columns_of_the_readme_exist_and_none_is_left_out_without_a_word() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = rows(ROOT / "README.md", "column", "who writes", "what stands there")
    named = {name.strip() for cell, *_ in table for name in cell.split(",")}
    assert named <= {str(c) for c in Column}
    limits = " ".join(text.split("## Honest limits")[1].split())
    for refused in set(map(str, Column)) - named - {"Description", "Assignee", "Project", "Workflow"}:
        assert refused in limits, refused


def test_the_types_of_the_readme_are_those_that_there_are() -> None:
    table = {cell: what for cell, _, what in rows(ROOT / "README.md", "column", "who writes", "what stands there")}
    assert set(marked(table["Type"])) == set(Type)


@pytest.mark.parametrize("cell", [cell for cell, _ in rows(ROOT / "README.md", "Schedule", "comes due")])
def test_the_schedules_of_the_readme_are_understood(cell: str) -> None:
    assert parse(marked(cell)[0], type=None, zone=UTC, since=datetime(2026, 2, 1, tzinfo=UTC)).schedule is not None


@pytest.mark.parametrize("page", [ROOT / "README.md", DOCS / "quickstart.md"], ids=name_of)
def test_the_buttons_that_are_named_are_buttons(page: Path) -> None:
    said = " ".join(prose(page).split())
    named = marked(re.findall(r"(?:cleared by rowd:|Others:) ((?:`[^`]+`(?:, )?)+)", said)[0])
    assert named
    assert {press_of(word).wish for word in named} >= set(Wish) - {
        Wish.TICK,
        Wish.REACT,
        Wish.REACT_APART,
        Wish.RUN_NOW,
        Wish.MAKE_UP,
        Wish.LET_GO,
        Wish.DECLINE,
    }
