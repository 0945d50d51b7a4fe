"""`rowd audit verify`: whether the trail is as it was written."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from typing import Annotated, Any

import typer

from engine.clock import SystemClock
from engine.ledger.codec import instant
from engine.trail import Fork, Head, Verdict
from rowd.cli.audit_head import NOTHING
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption
from rowd.cli.output import clean, emit_json, fail, plural, say
from rowd.cli.site import ledger_gone, ledger_site, reading
from rowd.saying import when

_HEAD = re.compile(r"(?:(\d{1,15}):)?([0-9a-f]{64})")


@examples(
    "rowd audit verify",
    'rowd audit verify --against "1041:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
    "rowd audit verify --json | jq .holds",
)
def audit_verify(
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="HEAD", help="One that `rowd audit head`, or the log, told before; or its seal alone."),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell whether the audit trail is as it was written.

    Ends with 0 where every record holds and, with --against, the trail is the one that had this head. Ends with 1 where a record
    was changed, removed, put in or moved, naming the first; or where the head is not, or no more, to be found. Who may write the
    ledger can write the whole trail anew: only a head that was kept elsewhere shows that.
    """
    site, head = ledger_site(config), _head(against) if against is not None else None
    with reading(site) as ledger:
        if ledger is None:
            fail("There is no trail." if ledger_gone(site) is not None else NOTHING, Exit.OWNER)
        verdict = ledger.examine_trail(head)
    good = verdict.broken is None and (head is None or verdict.known is True)
    if as_json:
        emit_json(_document(verdict, head, good=good))
    else:
        _tell(verdict, head, site.config.settings.defaults.time_zone, SystemClock().now())
    if not good:
        raise typer.Exit(int(Exit.BAD))


def _head(text: str) -> Head:
    found = _HEAD.fullmatch(text.strip().lower())
    if found is None:
        fail(f'--against "{clean(text)}": neither a head, like 1041:9f86…, nor its seal, of 64 hexadecimal digits', Exit.USAGE)
    return Head(int(found[1] or 0), found[2])


def _tell(verdict: Verdict, head: Head | None, zone: tzinfo, now: datetime) -> None:
    if verdict.head is not None:
        since = "" if verdict.first == 1 else f", from deed {verdict.first:,} on (older ones were pruned, as a record says)"
        told = f"{plural(verdict.holds, 'record')} of {plural(verdict.number, 'deed')} {'hold' if verdict.holds != 1 else 'holds'}"
        say(f"{told}{since}. Head: {verdict.head}")
    elif verdict.broken is None:
        say("The trail is empty: nothing has been done yet.")
    for fork in verdict.forks:
        say(_forked(fork, zone, now))
    if (broken := verdict.broken) is not None:
        say("The trail is broken.", "red")
        if broken.n is not None and broken.at is not None:
            say(f"The record that ends with deed {broken.n:,} ({when(instant(broken.at), zone, now)}): {broken.why}.")
        else:
            say(f"At its end: {broken.why}.")
        say(f"Before it {_held(verdict)}; after it {_behind(verdict)}.")
        say("Compare it with a backup (`rowd restore` lists them), and ask who may write the ledger.")
    elif head is not None:
        say(_against(verdict, head), None if verdict.known else "red")


def _held(verdict: Verdict) -> str:
    return f"{plural(verdict.holds, 'record')} hold" if verdict.holds != 1 else "1 record holds"


def _behind(verdict: Verdict) -> str:
    if not verdict.behind:
        return "there is none"
    follow = f"{plural(verdict.behind, 'record')} follow{'' if verdict.behind != 1 else 's'}"
    return f"{follow}, with {plural(verdict.apart, 'further break')}" if verdict.apart else f"{follow}, each on the one before it"


def _against(verdict: Verdict, head: Head) -> str:
    if verdict.known:
        return "It is the trail that had the head that you gave."
    if verdict.known is None:
        return f"Whether it had the head that you gave can't be told any more: deeds before {verdict.first:,} were pruned."
    newest = verdict.head.n if verdict.head is not None else 0
    if head.n > newest:
        told = f"it ends with deed {newest:,}, before it; newer records are gone, or this is a copy"
        return f"It is not the trail that had that head: {told}."
    told = "The ledger was put back since, see above." if verdict.forks else "It was written anew, or it is another ledger's."
    return f"It is not the trail that had that head. {told}"


def _forked(fork: Fork, zone: tzinfo, now: datetime) -> str:
    what = fork.deed.what
    copied = when(datetime.fromisoformat(str(what.get("copied_at"))), zone, now)
    replaced = (
        f" That one had come to {clean(what['replaced'])}: what it had recorded since then is not in this trail."
        if "replaced" in what
        else ""
    )
    return f"A fork, at deed {fork.n:,}: a copy of {copied} was put in the ledger's place (by {clean(fork.deed.by)}).{replaced}"


def _document(verdict: Verdict, head: Head | None, *, good: bool) -> dict[str, Any]:
    broken = verdict.broken
    return {
        "good": good,
        "holds": broken is None,
        "records": verdict.holds,
        "deeds": verdict.number,
        "first": verdict.first,
        "head": str(verdict.head) if verdict.head is not None else None,
        "broken": None
        if broken is None
        else {
            "deed": broken.n,
            "at": instant(broken.at) if broken.at is not None else None,
            "reason": broken.why,
            "records_after": verdict.behind,
            "further_breaks": verdict.apart,
        },
        "forks": [{"deed": fork.n, "at": fork.deed.at, "by": fork.deed.by, **fork.deed.what} for fork in verdict.forks],
        "against": None if head is None else {"head": str(head), "found": verdict.known},
    }
