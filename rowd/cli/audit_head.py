"""`rowd audit head`: where the trail has come to."""

from __future__ import annotations

from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption
from rowd.cli.output import emit_json, fail, say
from rowd.cli.site import ledger_gone, ledger_site, reading

NOTHING = "There is no ledger yet, so there is no trail: the daemon makes it when it first runs (`rowd run`)"


@examples("rowd audit head", "rowd audit head >> /mnt/elsewhere/rowd-heads", "rowd audit head --json | jq -r .head")
def audit_head(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Print the head of the audit trail, to be kept elsewhere.

    It is the number of the newest deed, and the seal of its record. `rowd audit verify --against` later tells whether the trail
    still holds what it held by then. The daemon tells it in its log, too (audit.sealed).
    """
    site = ledger_site(config)
    with reading(site) as ledger:
        if ledger is None:
            fail("There is no trail." if ledger_gone(site) is not None else NOTHING, Exit.OWNER)
        head = ledger.trail_head()
    if as_json:
        emit_json({"head": str(head), "deed": head.n, "seal": head.seal})
    else:
        say(str(head))
