"""What rowd tells, as something that happens to a source of the kind rowd."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

import engine.events
from engine.events import ApprovalWanted, BreakerOpened, Event, QuotaLow, RowDefective, TableEvent, TableUnreachable, name_of
from engine.overheard import overheard
from watches.api import Overhearing
from watches.itself.settings import SAYS, TOLD, ItselfSettings
from watches.itself.watch import ItselfWatch

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
KINDS = {name_of(kind): kind for kind in vars(engine.events).values() if isinstance(kind, type) and issubclass(kind, Event)}


def made(kind: type[Event]) -> Event:
    """One of that class, with something in each field."""
    given: dict[str, Any] = {"datetime": NOW, "str": "x", "int": 3, "float": 1.5, "bool": True}
    fields = {name: next((v for t, v in given.items() if str(said).startswith(t)), ()) for name, said in _fields(kind)}
    return kind(**fields)


def _fields(kind: type) -> list[tuple[str, str]]:
    return [(n, str(t)) for base in reversed(kind.__mro__) for n, t in vars(base).get("__annotations__", {}).items()]


def watch(*only: str, **more: object) -> ItselfWatch:
    return ItselfWatch(ItselfSettings.model_validate({"kind": "rowd", "only": only, **more}))


def test_all_that_can_be_named_are_events_and_none_is_of_a_run() -> None:
    assert set(TOLD) <= KINDS.keys()
    assert list(TOLD) == sorted(TOLD)
    assert not {name for name in TOLD if name.split(".")[0] in ("run", "occurrence", "request", "workflow")}


@pytest.mark.parametrize("name", TOLD)
def test_each_says_what_the_page_says_and_nothing_that_is_added_up(name: str) -> None:
    happening = overheard(made(KINDS[name]))
    assert set(happening.values) <= SAYS
    assert happening.values["event"] == name
    assert all(isinstance(value, str) for value in happening.values.values())
    assert happening.number == 1
    assert happening.summary.startswith(name)


def test_a_row_a_table_and_neither() -> None:
    row = overheard(RowDefective(at=NOW, table="ops", key="7", task="backup", column="Schedule", message="not understood"))
    assert row.summary == "row.defective ops/backup: not understood"
    assert {n: row.values[n] for n in ("table", "row", "id")} == {"table": "ops", "row": "backup", "id": "7"}
    table = overheard(TableUnreachable(at=NOW, table="ops", message="no\nroute", needs_owner=False))
    assert table.summary == "table.unreachable ops: no route"
    quota = overheard(QuotaLow(at=NOW, scope="appX", spent=1900, left=100, until=NOW + timedelta(days=9)))
    assert quota.summary == "quota.low appX: 1,900 requests are spent, 100 are left"
    assert {n: quota.values[n] for n in ("spent", "left", "until")} == {
        "spent": "1900",
        "left": "100",
        "until": "2026-03-11T12:00:00Z",
    }
    breaker = overheard(BreakerOpened(at=NOW, action="deploy", until=NOW, failures=3))
    assert (breaker.summary, breaker.values["about"]) == ("breaker.opened deploy", "deploy")


def test_what_strangers_wrote_into_a_cell_moves_no_terminal() -> None:
    one = overheard(ApprovalWanted(at=NOW, table="ops", key="1", task="a\x1b[2Jb", run="r", action="x", due=NOW, void=""))
    assert "\x1b" not in one.summary + "".join(map(str, one.values.values()))


def test_only_what_is_named_is_heeded_and_only_of_the_tables_named() -> None:
    one = watch("quota.low", "table.held", tables=["ops"])
    assert isinstance(one, Overhearing)
    assert one.heeds("table.held", "ops")
    assert not one.heeds("table.held", "shop")
    assert one.heeds("quota.low", "")
    assert not one.heeds("table.released", "ops")
    assert watch("table.held").heeds("table.held", "shop")


def test_every_event_of_a_table_has_one() -> None:
    """What `tables` leaves out is told by the class of an event."""
    assert all(issubclass(KINDS[name], TableEvent) == ("table" in dict(_fields(KINDS[name]))) for name in TOLD)


@pytest.mark.parametrize(
    ("only", "says"),
    [
        ((), "names none"),
        (("quota.lo",), 'did you mean "quota.low"'),
        (("run.ended",), 'how runs end is told by kind = "outcomes"'),
        (("webhook.received",), 'name a source of kind = "webhook" in the row itself'),
        (("zzz",), "known here: approval.wanted, "),
    ],
)
def test_what_can_not_be_named_says_where_it_is_to_be_had(only: tuple[str, ...], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        watch(*only)


def test_a_debounce_and_no_table_are_refused() -> None:
    with pytest.raises(ValidationError, match="at once"):
        watch("quota.low", debounce="5s")
    with pytest.raises(ValidationError, match="names none"):
        watch("quota.low", tables=[])
