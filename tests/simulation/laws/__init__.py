"""What must hold, whatever happened: one function for each law, its docstring the law. Each answers what breaks it.

They go by the table as people changed it (`spans`), by what really ran (`witness`), and by the ledger on disk (`book`).
"""

from __future__ import annotations

from tests.simulation.laws import (
    asked,
    breakers,
    counters,
    due,
    holds,
    lateness,
    order,
    overlaps,
    ran,
    retries,
    settling,
    showing,
    vendors,
    wishes,
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
    *vendors.LAWS,
)

IN_SERVICE = (*showing.LAWS, *counters.IN_SERVICE)
"""Of rows that nobody has touched for a while, with the daemon still at work on them."""
