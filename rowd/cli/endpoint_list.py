"""`rowd endpoint list`: how the endpoints stand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from config.mistakes import pointer
from engine.clock import SystemClock
from engine.ledger import EndpointMark
from rowd.bound import Site
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption
from rowd.cli.output import clean, emit_json, fail, print_table, say
from rowd.cli.site import reading, site_at
from rowd.endpoints.endpoint import Endpoint
from rowd.saying import distance, plural
from watches.url.answers import address


class Standing(Struct, frozen=True):
    """One endpoint, as `--json` has it.

    url: without a query.   waiting, dead: dispatches.   dropped: so much was never put down, since as much waited as may.
    trouble: why it takes nothing; "" where it does.   since: when it came to stand so.   gone_at: it said that it is gone for good.
    """

    endpoint: str
    url: str
    events: list[str]
    outcomes: list[str]
    tables: list[str]
    taken: int
    taken_at: datetime | None
    waiting: int
    dead: int
    dropped: int
    trouble: str
    since: datetime | None
    gone_at: datetime | None


@examples("rowd endpoint list", "rowd endpoint list --json | jq '.endpoints[] | select(.dead > 0) | .endpoint'")
def endpoint_list(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say how each endpoint stands: what it took, what waits for it, and what it could not be told."""
    site, now = site_at(config), SystemClock().now()
    found = list(standings(site))
    if as_json:
        emit_json({"endpoints": found})
        return
    if not found:
        say(f"{site.config.file} defines no endpoint, so no web service is told of events; an [endpoint.NAME] does")
        return
    print_table(["Endpoint", "Told of", "Stands"], [[one.endpoint, _wanted(one), stands(one, now)] for one in found])


def standings(site: Site) -> Iterator[Standing]:
    """How each endpoint of rowd.toml stands."""
    with reading(site, quiet=True) as ledger:
        marks = ledger.endpoint_marks() if ledger is not None else {}
    for name, one in site.endpoints.items():
        yield _standing(one, marks.get(name))


def _standing(one: Endpoint, mark: EndpointMark | None) -> Standing:
    its = one.settings
    return Standing(
        endpoint=one.name,
        url=address(one.url),
        events=list(its.events),
        outcomes=list(its.outcomes),
        tables=list(its.tables),
        taken=mark.taken if mark is not None else 0,
        taken_at=mark.taken_at if mark is not None else None,
        waiting=mark.waiting if mark is not None else 0,
        dead=mark.dead if mark is not None else 0,
        dropped=mark.dropped if mark is not None else 0,
        trouble=mark.trouble if mark is not None else "",
        since=mark.since if mark is not None and mark.trouble else None,
        gone_at=mark.gone_at if mark is not None else None,
    )


def stands(one: Standing, now: datetime) -> tuple[str, str]:
    """In one line, and its style."""
    left = [f"{one.waiting:,} to tell"] if one.waiting else []
    left += [plural(one.dead, "dead letter")] if one.dead else []
    left += [f"{one.dropped:,} dropped"] if one.dropped else []
    rest = f"; {', '.join(left)}" if left else ""
    if one.gone_at is not None:
        return f"gone since {distance(one.gone_at, now)}: {clean(one.trouble)}{rest}", "red"
    if one.trouble:
        return f"takes nothing: {clean(one.trouble)}{rest}", "red"
    took = f"took {one.taken:,}, the last {distance(one.taken_at, now)}" if one.taken_at is not None else "took nothing yet"
    return f"{took}{rest}", "yellow" if one.dead or one.dropped else ""


def _wanted(one: Standing) -> str:
    outcomes, tables = (", ".join(those) for those in (one.outcomes, one.tables))
    return f"{', '.join(one.events)}{f' ({outcomes})' if outcomes else ''}{f' of {tables}' if tables else ''}"


def named(site: Site, name: str) -> Endpoint:
    """The endpoint that is meant. Ends the command where there is none of this name."""
    if name in site.endpoints:
        return site.endpoints[name]
    hint = pointer(name, list(site.endpoints), "define it as [endpoint.NAME]")
    return fail(f'There is no endpoint "{clean(name)}" in {site.config.file}; {hint}', Exit.USAGE)
