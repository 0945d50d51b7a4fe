"""`rowd audit export`: the trail's records as they are stored, for an archive."""

from __future__ import annotations

import sys
from typing import Annotated

import msgspec
import typer

from engine.clock import SystemClock
from rowd.cli.audit_head import NOTHING
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption
from rowd.cli.output import fail
from rowd.cli.past import beginning
from rowd.cli.site import ledger_gone, ledger_site, reading
from rowd.saying import harmless


@examples("rowd audit export | gzip > rowd-trail.jsonl.gz", "rowd audit export --since 2026-11-01")
def audit_export(
    since: Annotated[
        str | None, typer.Option("--since", metavar="SPAN|DATE", help="Only records since then; like 2d or 2026-11-20.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Write the records of the audit trail, the oldest first, one JSON object a line.

    Each has n, at, deeds (a text), before and seal: whoever has the lines can prove them without rowd.
    """
    site = ledger_site(config)
    start = beginning(since, SystemClock().now(), site) if since is not None else None
    with reading(site) as ledger:
        if ledger is None:
            fail("There is no trail." if ledger_gone(site) is not None else NOTHING, Exit.OWNER)
        for record in ledger.trail(since=start):
            sys.stdout.write(harmless(msgspec.json.encode(record).decode()) + "\n")
