"""Which records of a refused batch are gone: Airtable refuses all ten for one, and doesn't always say for which."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from connectors.airtable.client import Client
from connectors.airtable.errors import Asking
from connectors.errors import OutcomeUnknown, TryLater

_KEY = re.compile(r"rec[A-Za-z0-9]{14}")


def is_key(key: str) -> bool:
    """Whether it can be a record id at all (VENDORS.md B4)."""
    return _KEY.fullmatch(key) is not None


class Gone:
    """What one call finds out.   keys: of records that are gone.   refused: whether a batch has been refused."""

    def __init__(self, client: Client, base: str, table: str) -> None:
        self.keys: set[str] = set()
        self.refused = False
        self._client, self._base, self._table = client, base, table
        self._there: frozenset[str] = frozenset()

    def looked_for(self, keys: Sequence[str]) -> bool:
        """A batch of these was refused: ask which of them are there. One request.

        False, nothing being asked, where all of them were there a moment ago: then that isn't why.
        """
        if self._there.issuperset(keys):
            return False
        named = ",".join(f"RECORD_ID()='{key}'" for key in keys)
        options = {"formula": f"OR({named})"}
        answer = self._client.ask(Asking("data.records:read"), "get", self._base, self._table, options=options)
        self._there = frozenset(record["id"] for record in answer["records"])
        self.keys |= set(keys) - self._there
        return True


@contextmanager
def doubtful_once(gone: Gone) -> Iterator[None]:
    """Once a batch was refused, TryLater no longer means that nothing was written: whether Airtable writes what stands before the
    bad record is documented nowhere.
    """
    try:
        yield
    except TryLater as exc:
        if gone.refused:
            raise OutcomeUnknown(str(exc)) from exc
        raise
