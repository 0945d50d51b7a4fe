"""Problems, notices and how channels stand, as the ledger keeps them."""

from __future__ import annotations

from msgspec.structs import replace

from config.matters import Matter
from engine.ledger import ChannelMark, Ledger, Notice, Problem
from tests.unit.ledger.making import MINUTE, NOON

ONE = Problem("ops", "a", Matter.FAILED, "näme \udcff", NOON, "disk full", ("mail", "chat"))
OTHER = replace(ONE, matter=Matter.MISSED, channels=())


def test_problems_stand_until_they_are_over_each_by_its_kind(ledger: Ledger) -> None:
    with ledger.transaction():
        ledger.begin_problems([ONE, OTHER])
    assert ledger.problems() == [replace(ONE, name="näme \\udcff"), replace(OTHER, name="näme \\udcff")]
    with ledger.transaction():
        ledger.end_problems([ONE.place])
    assert [one.matter for one in ledger.problems()] == [Matter.MISSED]


def test_notices_come_back_in_their_order_until_they_are_told(ledger: Ledger) -> None:
    with ledger.transaction():
        ledger.put_notices(
            [Notice(0, "mail", NOON, ONE), Notice(0, "chat", NOON, ONE), Notice(0, "mail", NOON + MINUTE, OTHER, "fine")]
        )
    first, second = ledger.notices("mail", 10)
    assert (first.problem.matter, first.over, second.problem.matter, second.over) == (Matter.FAILED, "", Matter.MISSED, "fine")
    assert second.at == NOON + MINUTE
    assert ledger.notices("mail", 1) == [first]
    assert ledger.waiting_notices() == {"mail": 2, "chat": 1}
    with ledger.transaction():
        ledger.forget_notices([first.number])
    assert ledger.notices("mail", 10) == [second]


def test_channels_that_are_gone_are_forgotten_with_what_they_have_yet_to_be_told(ledger: Ledger) -> None:
    mark = ChannelMark("mail", (NOON, NOON + MINUTE), "away", NOON)
    with ledger.transaction():
        ledger.put_notices([Notice(0, "mail", NOON, ONE), Notice(0, "chat", NOON, ONE)])
        ledger.mark_channel(replace(mark, trouble="", sent=()))
        ledger.mark_channel(mark)
        ledger.mark_channel(replace(mark, name="chat"))
        ledger.forget_channels(["mail"])
    assert ledger.waiting_notices() == {"mail": 1}
    assert ledger.channel_marks() == {"mail": mark}
