"""notion-client as its README shows: query the data source, then `pages.update` for one page after the other, its retries on."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import Any

from notion_client import APIResponseError, Client

from tests.emulators.notion.emulator import TOKEN


def main() -> None:
    """Words: as `bench.clouds` gives them. Prints how many rows were written in so many seconds."""
    database, endpoint, window = sys.argv[1:]
    client = Client(auth=TOKEN, base_url=endpoint)
    found: Any = client.databases.retrieve(database)
    answer: Any = client.data_sources.query(found["data_sources"][0]["id"])
    ids = [page["id"] for page in answer["results"]]
    done, until = 0, time.monotonic() + float(window)
    while time.monotonic() < until:
        try:
            client.pages.update(ids[done % len(ids)], properties={"Last Run": {"date": {"start": datetime.now(UTC).isoformat()}}})
        except APIResponseError as exc:
            if exc.status != 429:
                raise
            time.sleep(1)
        else:
            done += 1
    print(done)


if __name__ == "__main__":
    main()
