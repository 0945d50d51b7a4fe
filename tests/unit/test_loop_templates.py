"""Values that are filled in when a row comes due, in a whole daemon on virtual time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from actions.api import Definition, Outcome, Request, Result
from actions.parameters import Parameter, ParameterType
from engine.events import OccurrenceRecorded, RequestRefused, RowDefective
from engine.rules import TableRules
from tests.fakes.house import House, rules
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import COLUMNS, row

FILLED = (*COLUMNS, "Depends On", "Metadata", "Time Zone", "Description")
MINUTE = timedelta(minutes=1)
DECLARED = {"file": Parameter(default=""), "percent": Parameter(type=ParameterType.NUMBER, default=0.0)}


def its_rules() -> TableRules:
    return rules(actions={"act": Definition(kind="witness", parameters=DECLARED)})


def given(house: House, task: str) -> list[Mapping[str, object]]:
    return [request.parameters for request in house.witness.seen if request.task == task]


def test_a_date_is_that_of_the_instant_when_the_row_came_due_in_its_own_zone(tmp_path: Path) -> None:
    async def story() -> None:
        sheet = MemoryTable(
            [
                row(
                    "a",
                    "daily 00:30",
                    Metadata='{"file": "{{ date }}-{{ row.Description | slug }}.csv"}',
                    **{"Time Zone": "Asia/Tokyo"},
                )
            ],
            FILLED,
        )
        sheet.person("a")["Description"] = "Über alles"
        house = House(tmp_path)
        async with house.open(sheet, table_rules=replace(its_rules(), poll=10 * MINUTE)):
            await house.until(NOON + timedelta(hours=28))
        assert given(house, "a") == [{"file": f"2026-03-0{day}-Über-alles.csv", "percent": 0} for day in (3, 4)]

    run(story())


def test_what_another_row_gave_back_goes_into_the_next(tmp_path: Path) -> None:
    def behave(request: Request) -> Result:
        return Result(Outcome.SUCCEEDED, "done", {"coverage": 78.5, "file": "-rf"})

    async def story() -> None:
        sheet = MemoryTable(
            [
                row("tests", "daily 12:01"),
                row(
                    "tell",
                    Metadata='{"percent": "{{ coverage }}", "file": "{{ tasks.tests.outputs.coverage }} %"}',
                    **{"Depends On": "tests"},
                ),
                row("odd", Metadata='{"file": "{{ tasks.tests.outputs.file }}"}', **{"Depends On": "tests"}),
                row("none", Metadata='{"file": "{{ tasks.tests.outputs.nothing }}"}', **{"Depends On": "tests"}),
                row("some", Metadata='{"file": "{{ tasks.tests.outputs.nothing | default(\'x\') }}"}', **{"Depends On": "tests"}),
            ],
            FILLED,
        )
        house = House(tmp_path)
        house.witness.behaviour = behave
        async with house.open(sheet, table_rules=its_rules()):
            await house.until(NOON + 5 * MINUTE)
            assert given(house, "tell") == [{"file": "78.5 %", "percent": 78.5}]
            assert given(house, "some") == [{"file": "x", "percent": 0}]
            missed = {e.task: e.reason for e in house.of(OccurrenceRecorded)}
            assert missed["odd"].startswith('parameter file, filled in: "-rf" begins with a hyphen')
            assert missed["none"].startswith("parameter file: tasks.tests.outputs.nothing is not known")
            assert {e.outcome for e in house.of(OccurrenceRecorded)} == {"missed"}
            assert given(house, "odd") == given(house, "none") == []

    run(story())


def test_a_press_is_refused_while_a_value_is_wanting(tmp_path: Path) -> None:
    async def story() -> None:
        sheet = MemoryTable(
            [
                row("a", Type="manual", Metadata='{"file": "{{ last_success | format }}"}'),
                row("b", Type="manual", Metadata='{"file": "{{ due }}"}'),
            ],
            FILLED,
        )
        house = House(tmp_path)
        async with house.open(sheet, table_rules=its_rules()):
            await house.until(NOON + MINUTE)
            sheet.person("a")["Do"] = sheet.person("b")["Do"] = "run now"
            await house.until(NOON + 2 * MINUTE)
            (refused,) = house.of(RequestRefused)
            assert refused.task == "a"
            assert "last_success is not known" in refused.reason
            assert len(given(house, "b")) == 1

    run(story())


def test_a_name_that_nothing_bears_is_a_defect_before_anything_runs(tmp_path: Path) -> None:
    async def story() -> None:
        sheet = MemoryTable(
            [
                row("a", "daily 12:01", Metadata='{"file": "{{ dat }}"}'),
                row("b", "daily 12:01", Metadata='{"file": "{{ tasks.nobody.outcome }}"}'),
                row("c", "daily 12:01", Metadata='{"file": "{{ row.Descripton }}"}'),
                row("d", "daily 12:01", Metadata='{"file": "{{ event.x }}"}'),
                row("e", "daily 12:01", Metadata='{"file": "{{ 1 + 1 }}"}'),
            ],
            FILLED,
        )
        house = House(tmp_path)
        async with house.open(sheet, table_rules=its_rules()):
            await house.until(NOON + 5 * MINUTE)
            said = {e.task: (e.column, e.message) for e in house.of(RowDefective)}
            assert {column for column, _ in said.values()} == {"Metadata"}
            assert said["a"][1].startswith('Metadata, parameter "file": "{{ dat }}": dat is not known')
            assert 'no row of this table has the Name or ID "nobody"' in said["b"][1]
            assert 'did you mean "Description"?' in said["c"][1]
            assert "the row watches nothing" in said["d"][1]
            assert "only names, texts in quotes and filters" in said["e"][1]
            assert house.witness.seen == []

    run(story())
