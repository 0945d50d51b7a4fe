"""gspread as its user guide shows: open by key, find the worksheet, then `update_cell` for one row after the other.

A refusal is waited out, as Google advises: one second, then twice as long each time.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime

import gspread
from gspread.exceptions import APIError
from gspread.http_client import HTTPClient


def towards(base: str) -> type[HTTPClient]:
    """gspread's client, for another host than Google's: it has no option for that."""

    class Client(HTTPClient):
        def request(self, method: str, endpoint: str, *args: object, **kwargs: object) -> object:  # type: ignore[override]  # untyped
            path = endpoint.removeprefix("https://sheets.googleapis.com").removeprefix("https://www.googleapis.com")
            return super().request(method, base + path, *args, **kwargs)  # type: ignore[arg-type]  # as it came

    return Client


def main() -> None:
    """Words: as `bench.clouds` gives them. Prints how many rows were written in so many seconds."""
    spreadsheet, tab, key, endpoint, window = sys.argv[1:]
    client = gspread.service_account(filename=key, http_client=towards(endpoint))
    sheet = client.open_by_key(spreadsheet).worksheet(tab)
    column = sheet.row_values(1).index("Last Run") + 1
    done, wait, until = 0, 1.0, time.monotonic() + float(window)
    while time.monotonic() < until:
        try:
            sheet.update_cell(2 + done % 10_000, column, datetime.now(UTC).isoformat())
        except APIError as exc:
            if exc.code != 429:
                raise
            time.sleep(min(wait, max(0.0, until - time.monotonic())))
            wait *= 2
        else:
            done, wait = done + 1, 1.0
    print(done)


if __name__ == "__main__":
    main()
