"""pyairtable as its documentation shows: `iterate`, then `batch_update` of ten at a time, with its own retries.

Where those give up, because Airtable shuts out for half a minute whoever asks too often, it waits for that half minute. It reads no
faster than Airtable allows: else it would never get to its first write.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from pyairtable import Api
from requests.exceptions import RetryError

from tests.emulators.airtable import TOKEN

T = TypeVar("T")


def main() -> None:
    """Words: as `bench.clouds` gives them. Prints how many rows were written in so many seconds."""
    base, table, endpoint, window = sys.argv[1:]
    rows = Api(TOKEN, endpoint_url=endpoint).table(base, table)
    ids = []
    for page in rows.iterate():
        ids += [row["id"] for row in page]
        time.sleep(0.25)
    done, until = 0, time.monotonic() + float(window)
    while time.monotonic() < until:
        part = [ids[(done + n) % len(ids)] for n in range(10)]
        now = datetime.now(UTC).isoformat()
        patiently(partial(rows.batch_update, [{"id": one, "fields": {"Last Run": now}} for one in part]))
        done += len(part)
    print(done)


def patiently(call: Callable[[], T]) -> T:
    """What it answers in the end."""
    while True:
        try:
            return call()
        except RetryError:
            time.sleep(30)


if __name__ == "__main__":
    main()
