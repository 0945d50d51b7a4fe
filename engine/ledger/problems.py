"""What is wrong, what channels have yet to be told of it, and how those stand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from config.matters import Matter
from engine.ledger.codec import instant, instant_or_none, micros, micros_or_none, prose
from engine.ledger.records import ChannelMark, Notice, Place, Problem
from engine.ledger.statements import insert, upsert, with_columns
from engine.ledger.store import Store


class Problems(Store):
    """Written by the part of the daemon that tells people, and by nobody else."""

    def problems(self) -> list[Problem]:
        """All that stand, as they were put down."""
        return [_problem(row[:-1], tuple(json.loads(row[-1]))) for row in self._rows(_PROBLEMS)]

    def begin_problems(self, problems: Iterable[Problem]) -> None:
        """They stand from now on."""
        self._write(_BEGIN, [_values(one) | {"channels": json.dumps(one.channels)} for one in problems])

    def end_problems(self, places: Iterable[Place]) -> None:
        """They stand no more."""
        self._write(_END, [{"table": table, "key": key, "matter": matter.value} for table, key, matter in places])

    def put_notices(self, notices: Iterable[Notice]) -> None:
        """Channels are to be told so; each notice gets its number here."""
        self._write(
            _PUT,
            [_values(one.problem) | {"channel": one.channel, "at": micros(one.at), "over": prose(one.over)} for one in notices],
        )

    def notices(self, channel: str, most: int) -> list[Notice]:
        """What this channel has yet to be told, in the order in which it came about."""
        found = self._rows(_NOTICES, {"channel": channel, "most": most})
        return [Notice(n, channel, instant(at), _problem(problem, ()), over) for n, at, over, *problem in found]

    def waiting_notices(self) -> dict[str, int]:
        """Channel → how many notices it has yet to be told, of those that have some."""
        return {row[0]: row[1] for row in self._rows(_WAITING)}

    def forget_notices(self, numbers: Sequence[int]) -> None:
        """The channel was told, or can't be."""
        self._write(_FORGET, {"numbers": json.dumps(list(numbers))})

    def forget_channels(self, kept: Iterable[str]) -> None:
        """Forget how all other channels stand, and what they have yet to be told."""
        names = {"kept": json.dumps(list(kept))}
        self._write(_FORGET_NOTICES, names)
        self._write(_FORGET_MARKS, names)

    def channel_marks(self) -> dict[str, ChannelMark]:
        """How each channel stands that was ever sent something, by name."""
        return {
            name: ChannelMark(name, tuple(map(instant, json.loads(sent))), trouble, instant(since), instant_or_none(digested))
            for name, sent, trouble, since, digested in self._rows(_MARKS)
        }

    def mark_channel(self, mark: ChannelMark) -> None:
        """It stands so now."""
        self._write(
            _MARK,
            {
                "name": mark.name,
                "sent": json.dumps([micros(at) for at in mark.sent]),
                "trouble": prose(mark.trouble),
                "since": micros(mark.since),
                "digested": micros_or_none(mark.digested),
            },
        )


def _values(problem: Problem) -> dict[str, object]:
    return {
        "table": problem.table,
        "key": problem.key,
        "matter": problem.matter.value,
        "name": prose(problem.name),
        "since": micros(problem.since),
        "why": prose(problem.why),
    }


def _problem(row: Sequence[object], channels: tuple[str, ...]) -> Problem:
    table, key, matter, name, since, why = row
    return Problem(str(table), str(key), Matter(str(matter)), str(name), instant(int(str(since))), str(why), channels)


_PROBLEM = ("table", "key", "matter", "name", "since", "why")
_PROBLEMS = with_columns("SELECT {problems} FROM problems", problems=(*_PROBLEM, "channels"))
_BEGIN = upsert("problems", (*_PROBLEM, "channels"), ("table", "key", "matter"))
_END = 'DELETE FROM problems WHERE "table" = :table AND "key" = :key AND matter = :matter'
_PUT = insert("notices", ("channel", "at", *_PROBLEM, "over"))
_NOTICES = with_columns(
    "SELECT {notices} FROM notices WHERE channel = :channel ORDER BY n LIMIT :most", notices=("n", "at", "over", *_PROBLEM)
)
_WAITING = "SELECT channel, count(*) FROM notices GROUP BY channel"
_FORGET = "DELETE FROM notices WHERE n IN (SELECT value FROM json_each(:numbers))"
_FORGET_NOTICES = "DELETE FROM notices WHERE channel NOT IN (SELECT value FROM json_each(:kept))"
_FORGET_MARKS = "DELETE FROM channels WHERE name NOT IN (SELECT value FROM json_each(:kept))"
_MARKS = "SELECT name, sent, trouble, since, digested FROM channels"
_MARK = upsert("channels", ("name", "sent", "trouble", "since", "digested"), ("name",))
