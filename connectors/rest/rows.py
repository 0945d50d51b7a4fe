"""Records of the service as rows: which is the key, which fields are columns. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote

from msgspec import Struct

from connectors.api import Cell, Row
from connectors.errors import NeedsOwner
from connectors.rest.cells import Values, shallow
from connectors.rest.errors import Where
from connectors.rest.settings import RestSettings
from connectors.showing import listed, shown

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9 _.:@+-]{0,199}", re.ASCII)
_ENCODED = "="
LONGEST = 2000
"""Characters of a key."""


class Record(Struct, frozen=True):
    """id: the key, as the service has it.   fields: name → JSON, in the service's order, without those that it sets by itself."""

    id: str
    fields: Mapping[str, Any]

    @property
    def key(self) -> str:
        return spelled(self.id)


class Form:
    """How the operator says that records are.   key_field: the field that the key is, where it is one; it is never written."""

    def __init__(self, settings: RestSettings, where: Where) -> None:
        self._settings = settings
        self._where = where
        self._automatic = frozenset(settings.automatic)
        self.values = Values(settings.cell_limit, frozenset(settings.nested), settings.blank)
        inside = settings.cells.steps
        steps = settings.key.steps
        self.key_field = steps[len(inside)] if steps[:-1] == inside else None

    def record(self, raw: Any) -> Record | None:
        """None where it is no row: it has no key. One without an object of fields is blank."""
        fields = self._settings.cells.of(raw)
        id_ = _id(self._settings.key.of(raw))
        if id_ is None:
            return None
        items = fields.items() if isinstance(fields, dict) else ()
        kept = ((name, value) for name, value in items if name not in self._automatic and name.strip())
        return Record(id_, {name: shallow(value) if isinstance(value, dict | list) else value for name, value in kept})

    def records(self, document: Any, before: int) -> list[Record]:
        """Of one answer of the list.   before: rows of earlier answers.   Raises NeedsOwner."""
        raws = self._settings.rows.of(document)
        if not isinstance(raws, list):
            raise NeedsOwner(
                f"{self._where}: the answer of `list` has no list at {self._settings.rows}{_offer(document)}."
                " Correct `rows` in rowd.toml."
            )
        found = [self.record(raw) for raw in raws]
        if None in found:
            raw = raws[found.index(None)]
            has = f"; it has {listed(list(raw))}" if isinstance(raw, dict) else ""
            raise NeedsOwner(
                f"{self._where}: row {before + found.index(None) + 1} of the list has no key at {self._settings.key}{has}."
                " Correct `key` in rowd.toml."
            )
        records = [record for record in found if record is not None]
        twice, times = Counter(record.id for record in records).most_common(1)[0] if records else ("", 1)
        if times > 1:
            raise NeedsOwner(
                f"{self._where}: two rows have the key {shown(twice)}. Name a field in `key` that the service itself keeps unique."
            )
        return records

    def row(self, record: Record, columns: Iterable[str]) -> Row:
        return Row(record.key, self.cells(record, columns))

    def cells(self, record: Record, columns: Iterable[str]) -> dict[str, Cell]:
        value_of, get = self.values.value_of, record.fields.get
        return {name: value_of(get(name)) for name in columns}

    def json_of(self, header: str, value: Cell, records: Iterable[Record]) -> Any:
        """What to write.   records: all rows that are known."""
        values = self.values
        return values.json_of(header, values.typed(value, (record.fields.get(header) for record in records)))

    def columns(self, records: Iterable[Record]) -> tuple[str, ...]:
        """What the records and the operator name, each once, in the order in which it is met."""
        named = dict.fromkeys(name for record in records for name in record.fields)
        named |= dict.fromkeys(name for name in self._settings.fields if name not in self._automatic)
        return tuple(named)


def spelled(id_: str) -> str:
    """A row's key from the service's own: the same, but where the contract gives its characters a meaning."""
    return id_ if _PLAIN.fullmatch(id_) else _ENCODED + quote(id_, safe="")


def meant(key: str) -> str:
    """The service's own key from a row's."""
    return unquote(key.removeprefix(_ENCODED)) if key.startswith(_ENCODED) else key


def leads_elsewhere(id_: str) -> bool:
    """Whether a path with this key in it may be taken for another one: whoever names a row is to reach no other address."""
    return any(step in (".", "..", "") for step in re.split(r"[/\\]", id_)) or not id_.isprintable()


def _id(raw: Any) -> str | None:
    match raw:
        case bool():
            return None
        case int():
            return str(raw)
        case str() if raw and len(raw) <= LONGEST:
            return str(raw)
    return None


def _offer(document: Any) -> str:
    """Which names have one, for whoever has to name it."""
    if isinstance(document, list):
        return "; the answer itself is one"
    names = [name for name, value in document.items() if isinstance(value, list)] if isinstance(document, dict) else []
    return f"; there is one at {listed(names)}" if names else ""
