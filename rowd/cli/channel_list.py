"""`rowd channel list`: how the channels stand, and what people are being told of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from config.matters import Matter
from engine.clock import SystemClock
from engine.ledger import ChannelMark, Problem
from rowd.alerts.channels import Channel
from rowd.alerts.pace import recent
from rowd.alerts.wording import HEADS
from rowd.cli.command import examples
from rowd.cli.options import ConfigOption, JsonOption
from rowd.cli.output import clean, emit_json, print_table, say
from rowd.cli.site import reading, site_at
from rowd.saying import earlier, plural


class Standing(Struct, frozen=True):
    """One channel, as `--json` has it.

    sent_within_hour: messages.   waiting: notices that it has yet to be told.   trouble: why nothing can be sent; "" where it can.
    """

    channel: str
    about: list[str]
    tables: list[str]
    named_only: bool
    sent_within_hour: int
    waiting: int
    trouble: str
    since: datetime | None


@examples("rowd channel list", "rowd channel list --json | jq '.channels[] | select(.trouble != \"\")'")
def channel_list(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say how each channel stands, and which problems stand that people were, or are to be, told of."""
    site, now = site_at(config), SystemClock().now()
    with reading(site) as ledger:
        marks = ledger.channel_marks() if ledger is not None else {}
        waiting = ledger.waiting_notices() if ledger is not None else {}
        problems = sorted(ledger.problems(), key=lambda one: one.since) if ledger is not None else []
    channels = [_standing(one, marks.get(name), waiting.get(name, 0), now) for name, one in site.channels.items()]
    if as_json:
        emit_json({"channels": channels, "problems": [_as_json(one) for one in problems]})
        return
    if not channels:
        say(f"{site.config.file} defines no channel, so nobody is told of problems; a [channel.NAME] does")
        return
    rows = [[one.channel, _about(one), _sent(one)] for one in channels]
    print_table(["Channel", "Tells about", "Stands"], rows)
    if problems:
        say()
        zone = site.config.settings.defaults.time_zone
        told = [
            [_whose(one), HEADS[one.matter], earlier(one.since, zone, now), ", ".join(one.channels) or "nobody"] for one in problems
        ]
        print_table(["What", "Problem", "Since", "Told to"], told)
    say()
    say(f"{plural(len(problems), 'problem')} known")


def _standing(channel: Channel, mark: ChannelMark | None, waiting: int, now: datetime) -> Standing:
    its = channel.settings
    return Standing(
        channel=channel.name,
        about=[matter.value for matter in Matter if matter in its.about],
        tables=list(its.tables),
        named_only=its.named_only,
        sent_within_hour=len(recent(mark.sent, now)) if mark is not None else 0,
        waiting=waiting,
        trouble=mark.trouble if mark is not None else "",
        since=mark.since if mark is not None and mark.trouble else None,
    )


def _about(one: Standing) -> str:
    what = "everything" if len(one.about) == len(Matter) else ", ".join(one.about)
    return f"{what}{f' of {_listed(one.tables)}' if one.tables else ''}{', of rows that name it' if one.named_only else ''}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _sent(one: Standing) -> str:
    waits = f"; {plural(one.waiting, 'notice')} to tell" if one.waiting else ""
    if one.trouble:
        return f"can't be reached: {clean(one.trouble)}{waits}"
    return f"{plural(one.sent_within_hour, 'message')} within the last hour{waits}"


def _whose(one: Problem) -> str:
    return clean(f"{one.table}/{one.name}" if one.table and one.key else one.name)


def _as_json(one: Problem) -> dict[str, object]:
    return {
        "table": one.table,
        "key": one.key,
        "task": one.name,
        "problem": one.matter.value,
        "since": one.since,
        "why": one.why,
        "channels": list(one.channels),
    }
