"""What a daemon puts into the audit trail: what people did to rows, what they asked, what ran; and none of it twice."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

from actions.telling import Mask
from engine.ledger import Ledger
from engine.trail import Deed, Kind, deeds_of
from tests.fakes.house import House, slow
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import row, table
from tests.unit.test_restored import back_up, put_back

SOMEONE = "someone with edit access"


def trail(house: House) -> list[Deed]:
    with closing(Ledger.open(house.path / "ledger.sqlite")) as ledger:
        assert ledger.examine_trail().broken is None
        return [deed for record in ledger.trail() for deed in deeds_of(record)]


def told(deeds: list[Deed], *kinds: Kind) -> list[tuple[str, str, str, dict[str, object]]]:
    return [(deed.kind, deed.row, deed.by, dict(deed.what)) for deed in deeds if deed.kind in kinds]


def test_edits_additions_and_removals_stand_there_with_what_they_were_and_secrets_hidden(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path, mask=Mask(["hunter2"]))
        sheet = table(row("old", "daily 09:00"), row("going", "daily 09:00"))
        async with house.open(sheet):
            await house.after(seconds=30)
            sheet.person("old")["Schedule"] = "daily hunter2"
            sheet.rows.append({**row("new", "daily 10:00"), "Health": "what people write there is none of theirs"})
            sheet.rows.remove(sheet.person("going"))
            await house.after(minutes=2)
        edited, added, deleted = Kind.ROW_EDITED, Kind.ROW_ADDED, Kind.ROW_DELETED
        assert sorted(told(trail(house), edited, added, deleted)) == [
            (
                *(added, "new", SOMEONE),
                {"ID": "new", "Name": "new", "Action": "act", "Schedule": "daily 10:00", "Status": "active"},
            ),
            (deleted, "going", SOMEONE, {}),
            (edited, "old", SOMEONE, {"column": "Schedule", "old": "daily 09:00", "new": "daily ***"}),
        ]

    run(story())


def test_a_press_its_answer_and_its_run_stand_there_in_their_order(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("backup", "daily 09:00"))
        house.witness.behaviour = slow(timedelta(minutes=1))
        async with house.open(sheet):
            await house.after(seconds=30)
            sheet.person("backup")["Do"] = "run now"
            await house.after(seconds=30)
            sheet.person("backup")["Do"] = "cancel"
            await house.after(minutes=2)
        deeds = [(deed.kind, deed.by) for deed in trail(house) if deed.kind != Kind.ROW_EDITED]
        pressed = (Kind.REQUEST_MADE, f"{SOMEONE}, by the Do cell")
        assert deeds == [
            pressed,
            (Kind.RUN_BEGUN, f"{SOMEONE}, by the Do cell"),
            (Kind.REQUEST_ANSWERED, "rowd"),
            pressed,
            (Kind.RUN_STOPPED, "rowd"),
            (Kind.REQUEST_ANSWERED, "rowd"),
            (Kind.RUN_ENDED, "rowd"),
        ]
        (_, _, _, ended) = told(trail(house), Kind.RUN_ENDED)[0]
        assert ended["outcome"] == "cancelled"

    run(story())


def test_a_restored_ledger_says_so_before_anything_is_added(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("tick", "every minute"))
        async with house.open(sheet):
            await house.after(minutes=2, seconds=5)
            back_up(house)
            await house.after(minutes=5)
        put_back(house)
        async with house.open(sheet):
            await house.after(minutes=2)
        deeds = trail(house)
        place = [deed.kind for deed in deeds].index(Kind.LEDGER_RESTORED)
        assert [deed.kind for deed in deeds[:place]] == [Kind.RUN_BEGUN, Kind.RUN_ENDED] * 2
        assert deeds[place].what["copied_at"] == (NOON + timedelta(minutes=2, seconds=5)).isoformat()
        assert len(deeds) > place + 1

    run(story())
