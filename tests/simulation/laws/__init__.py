"""What must hold, whatever happened: one function for each law, its docstring the law. Each answers what breaks it.

They go by the table as people changed it (`spans`), by what really ran (`witness`), and by the ledger on disk (`book`).
"""

from __future__ import annotations

from tests.simulation.laws import (
    alterations,
    approvals,
    asked,
    brakes,
    breakers,
    chains,
    counters,
    drafts,
    due,
    hangs,
    holds,
    lateness,
    order,
    overlaps,
    promises,
    ran,
    reactions,
    retries,
    settling,
    showing,
    trail,
    vendors,
    wishes,
    workflows,
)

LAWS = (
    *ran.LAWS,
    *order.LAWS,
    *retries.LAWS,
    *breakers.LAWS,
    *due.LAWS,
    *lateness.LAWS,
    *holds.LAWS,
    *overlaps.LAWS,
    *settling.LAWS,
    *asked.LAWS,
    *wishes.LAWS,
    *counters.LAWS,
    *reactions.LAWS,
    *hangs.LAWS,
    *promises.LAWS,
    *brakes.LAWS,
    *approvals.LAWS,
    *chains.LAWS,
    *alterations.LAWS,
    *drafts.LAWS,
    *trail.LAWS,
    *workflows.LAWS,
    *vendors.LAWS,
)

IN_SERVICE = (*showing.LAWS, *counters.IN_SERVICE, *reactions.IN_SERVICE)
"""Of rows that nobody has touched for a while, with the daemon still at work on them."""
