"""What must hold, whatever happened: one function for each law, its docstring the law. Each answers what breaks it.

They go by the table as people changed it (`spans`), by what really ran (`witness`), and by the ledger on disk (`book`).
"""

from __future__ import annotations

from tests.simulation.laws import asked, counters, due, ran, retries

LAWS = (*ran.LAWS, *retries.LAWS, *due.LAWS, *asked.LAWS, *counters.LAWS)
