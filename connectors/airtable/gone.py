"""Which records of a refused batch are gone: Airtable refuses all ten for one, and doesn't always say for which."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from connectors.airtable.client import Client
from connectors.airtable.errors import Asking

_KEY = re.compile(r"rec[A-Za-z0-9]{14}")


def is_key(key: str) -> bool:
    """Whether it can be a record id at all (VENDORS.md B4)."""
    return _KEY.fullmatch(key) is not None


class Gone:
    """Remembers from one call to the next what is to be looked up, and what was found."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._doubted: frozenset[str] = frozenset()
        self._found: frozenset[str] = frozenset()

    def doubt(self, keys: Collection[str]) -> bool:
        """A batch of these was refused. False where all of them were there a moment ago: then that isn't why."""
        if self._found.issuperset(keys):
            self.clear()
            return False
        self._doubted = frozenset(keys)
        return True

    def there(self, keys: Sequence[str], base: str, table: str) -> Collection[str] | None:
        """Those of the table's records that have one of these keys, asked by one request; None where there is no doubt."""
        if not self._doubted.intersection(keys):
            return None
        named = ",".join(f"RECORD_ID()='{key}'" for key in keys)
        answer = self._client.ask(Asking("data.records:read"), "get", base, table, options={"formula": f"OR({named})"})
        self._found, self._doubted = frozenset(record["id"] for record in answer["records"]), frozenset()
        return self._found

    def clear(self) -> None:
        """A batch went through."""
        self._doubted = self._found = frozenset()
