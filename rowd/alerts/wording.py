"""What a message says: which problems have begun, and which are over, short enough to be read. Pure.

Names and reasons are text of strangers: they are cut, kept on one line, and made harmless to whatever shows them.
"""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from msgspec import Struct

from actions.telling import cut, plain
from config.matters import Matter
from engine.ledger import Notice, Place, Problem
from engine.wording import moment
from rowd.saying import plural

MOST = 20
"""Problems that one message tells of; of the others it says how many they are."""

LONGEST_NAME, LONGEST_WHY, LONGEST_TITLE = 80, 300, 120
"""Characters."""

HEADS: Mapping[Matter, str] = {
    Matter.FAILED: "FAILED",
    Matter.MISSED: "MISSED",
    Matter.DEADLINE: "OVERDUE",
    Matter.DEFECT: "ERROR",
    Matter.UNREACHABLE: "UNREACHABLE",
    Matter.OWNER: "NO ACCESS",
    Matter.HELD: "HELD",
    Matter.UNWRITABLE: "UNWRITABLE",
    Matter.QUOTA: "QUOTA LOW",
}
"""As Health and `rowd status` say it."""

_MILD = frozenset({Matter.DEFECT, Matter.QUOTA})
"""What keeps nothing from running that ran before."""

_LOOK = frozenset({Matter.FAILED, Matter.MISSED, Matter.DEADLINE})
"""Where `rowd show` tells more; what else there is says its remedy itself."""


class Tone(StrEnum):
    """What a message is about, as Apprise's `NotifyType` has it: services show it by a sign, or a colour."""

    FAILURE = "failure"
    WARNING = "warning"
    SUCCESS = "success"
    INFO = "info"


class Message(Struct, frozen=True):
    """title: one line.   body: plain text."""

    title: str
    body: str
    tone: Tone = Tone.INFO


Link = Callable[[str, str], str | None]
"""The address at which people find a row, by table and key; see `connectors.api.Linked`."""


def nowhere(_table: str, _key: str) -> None:
    """A `Link`: nothing is found in a browser."""


def message(notices: Sequence[Notice], zone: tzinfo, link: Link = nowhere, until: datetime | None = None) -> Message:
    """One message of all these, in the order in which they came about; what was told of one place stands together.

    until: what comes before that instant waits for it, since it is the last message that may be sent for now.
    """
    places: dict[Place, list[Notice]] = defaultdict(list)
    for notice in notices:
        places[notice.problem.place].append(notice)
    entries = [_entry(its, zone, link) for its in list(places.values())[:MOST]]
    if len(places) > MOST:
        entries.append(f"{len(places) - MOST} more were left out: `rowd status` and `rowd list` say how all stands.")
    if until is not None:
        entries.append(f"No more messages go here for now: what comes before {instant_of(until, zone)} is told together then.")
    return Message(_title(list(places.values())), "\n\n".join(entries), _tone([its[-1] for its in places.values()]))


def _tone(newest: Sequence[Notice]) -> Tone:
    """newest: of each place."""
    stand = {notice.problem.matter for notice in newest if not notice.over}
    if not stand:
        return Tone.SUCCESS
    return Tone.WARNING if stand <= _MILD else Tone.FAILURE


def _title(places: Sequence[Sequence[Notice]]) -> str:
    if len(places) == 1:
        last = places[0][-1]
        return cut(
            f"rowd: {_name(last.problem)}{f': {last.over}' if last.over else f' {HEADS[last.problem.matter]}'}", LONGEST_TITLE
        )
    over = sum(bool(its[-1].over) for its in places)
    begun = len(places) - over
    parts = [plural(begun, "problem")] if begun else []
    return f"rowd: {', '.join([*parts, *([f'{over} over'] if over else [])])}"


def _entry(its: Sequence[Notice], zone: tzinfo, link: Link) -> str:
    """All that is told of one place: how it stands by the newest notice, and what came before."""
    last, problem = its[-1], its[-1].problem
    often = sum(not notice.over for notice in its)
    times = f" ({often} times)" if often > 1 else ""
    head, who = HEADS[problem.matter], whose(problem)
    since, why = f"{head} since {instant_of(problem.since, zone)}{times}", tamed(problem.why, LONGEST_WHY)
    if last.over:
        fresh = f": {why}" if why and often else ""  # nobody was told yet what it was
        return f"{who}: over at {instant_of(last.at, zone)}: {last.over}\n  {since}{fresh}"
    lines = [f"{who}: {since}", *([why] if why else [])]
    if problem.matter in _LOOK:
        lines.append(f"rowd show {shlex.quote(tamed(f'{problem.table}/{problem.name}', LONGEST_NAME))}")
    if problem.table and (address := link(problem.table, problem.key)) is not None:
        lines.append(tamed(address, LONGEST_WHY))
    return "\n  ".join(lines)


def whose(problem: Problem) -> str:
    """The row, by table and Name; or what else it is of."""
    return f"{tamed(problem.table, LONGEST_NAME)}/{_name(problem)}" if problem.key and problem.table else _name(problem)


def _name(problem: Problem) -> str:
    return tamed(problem.name, LONGEST_NAME)


def instant_of(instant: datetime, zone: tzinfo) -> str:
    """To the second, on the clock of that zone."""
    return moment(instant - timedelta(microseconds=instant.microsecond), zone)


def tamed(text: str, longest: int) -> str:
    """Text of strangers on one line, which no chat or mail takes for a mention, a tag or a link with another text."""
    harmless = plain(text).replace("<", "‹").replace(">", "›").replace("](", "] (")
    return cut(harmless, longest).replace("@", "@\u2060")  # a word joiner: it isn't seen, and nobody is called
