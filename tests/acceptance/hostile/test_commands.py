"""Every hostile file at once, through the command: each is said, none hinders another, and none is touched."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.hostile.case import Odd, Refused
from tests.acceptance.hostile.house import Said, fill, harmless, say, unlike, untouched
from tests.acceptance.hostile.odd import ODD
from tests.acceptance.hostile.refused import REFUSED
from tests.acceptance.hostile.special import SPECIAL
from tests.acceptance.site import ROWD

pytestmark = pytest.mark.timeout(300)  # a dozen commands, each over dozens of tables, on a machine that may be busy

LOGGED = "once, with its log in JSON"

NO_TABLE = [*REFUSED, *SPECIAL]


@dataclass(frozen=True, slots=True)
class Seen:
    """A site, what its commands said, and its files before them."""

    folder: Path
    said: dict[str, Said]
    before: dict[str, Any]

    def findings(self, table: str) -> list[str]:
        """What is said of a table, with commands as messages hold them; they are printed as they would be typed here."""
        found = [f for f in self.said["check --json"].json["findings"] if f["table"] == table and f["level"] != "warning"]
        return [f["message"].replace(f"`{ROWD} ", "`rowd ") for f in found]


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Seen, Seen]]:
    """The files that are no table, and those that are odd; each had all its commands, beside each other."""

    base = tmp_path_factory.getbasetemp()  # here, for its first call empties it: not one that two threads may make

    def tried(name: str, cases: list[Refused] | list[Odd]) -> Seen:
        folder = fill(base / name, cases)
        before = {case.name: untouched(folder / f"{case.name}.csv") for case in cases}
        said = say(folder, "check --json", "list --json", "list", "once", "once --json", "check")
        config = folder / "rowd.toml"
        config.write_text(config.read_text().replace("[daemon]", '[daemon]\nlog = "json"'))
        return Seen(folder, {**said, LOGGED: say(folder, "once")["once"]}, before)

    with ThreadPoolExecutor() as pool:
        refused, odd = pool.submit(tried, "refused", NO_TABLE), pool.submit(tried, "odd", ODD)
        yield refused.result(), odd.result()


@pytest.fixture(scope="module")
def refused(sites: tuple[Seen, Seen]) -> Seen:
    return sites[0]


@pytest.fixture(scope="module")
def odd(sites: tuple[Seen, Seen]) -> Seen:
    return sites[1]


def test_there_are_as_many_cases_as_were_asked_for() -> None:
    names = [case.name for case in (*NO_TABLE, *ODD)]
    assert len(set(names)) == len(names) >= 60


@pytest.mark.parametrize("case", NO_TABLE, ids=lambda case: case.name)
def test_a_file_that_is_no_table_is_said_with_the_remedy_and_left_alone(refused: Seen, case: Refused) -> None:
    (message,) = refused.findings(case.name)
    assert re.search(case.said, message), message
    assert re.search(case.remedy, message), message
    if "held" not in message:  # else it can be read, and its rows are said under the table's name
        assert f"{case.name}.csv" in message
        for command in ("list", "once"):  # to people, commands are said as they would be typed here
            said = refused.said[command].err.replace(f"`{ROWD} ", "`rowd ")
            assert message.removeprefix("the table can't be read: ") in said
    assert untouched(refused.folder / f"{case.name}.csv") == refused.before[case.name]


@pytest.mark.parametrize("case", ODD, ids=lambda case: case.name)
def test_of_an_odd_table_every_row_that_makes_sense_runs_and_no_other_byte_changes(odd: Seen, case: Odd) -> None:
    assert unlike(odd.findings(case.name), case.said) == []
    path = odd.folder / f"{case.name}.csv"
    assert path.read_bytes() == case.after()
    if not case.runs:
        assert untouched(path) == odd.before[case.name]


def test_commands_end_as_they_should_and_print_nothing_that_a_terminal_obeys(refused: Seen, odd: Seen) -> None:
    ends = {"check --json": 1, "check": 1, "list": 0, "list --json": 0, "once": 4, "once --json": 4, LOGGED: 4}
    assert {command: said.code for command, said in refused.said.items()} == {**ends, "list": 4, "list --json": 4}
    assert {command: said.code for command, said in odd.said.items()} == {**ends, "once": 0, "once --json": 0, LOGGED: 0}
    for seen in (refused, odd):
        for said in seen.said.values():
            harmless(said.out)
            harmless(said.err)


def test_the_log_has_one_line_for_each_fact_also_in_json(refused: Seen, odd: Seen) -> None:
    for seen, events in ((refused, ("table.unreachable", "table.held")), (odd, ("row.defective",))):
        facts = [json.loads(line) for line in seen.said[LOGGED].err.splitlines() if line.startswith("{")]
        told = [(fact["table"], fact["message"]) for fact in facts if fact["event"] in events]
        assert len(set(told)) == len(told) > 50
        for table, message in told:
            assert any(message in finding for finding in seen.findings(table)), message


def test_json_stays_json_and_names_every_table_and_row(refused: Seen, odd: Seen) -> None:
    assert [t["table"] for t in refused.said["list --json"].json["tables"]] == [case.name for case in NO_TABLE]
    assert refused.said["list --json"].json["tasks"] == []
    assert refused.said["once --json"].json["runs"] == []
    tables = {task["table"] for task in odd.said["list --json"].json["tasks"]}
    assert tables == {case.name for case in ODD} - {"only-header", "only-header-unended"}
    assert odd.said["once --json"].json["runs"] == []  # each ran once, in the pass before
    assert f"{sum(len(case.runs) for case in ODD)} runs, 0 failed" in odd.said["once"].out
