"""What recorded sessions need beforehand: for each the bases, tables, rows and rights with which it began.

A recording of the form that the replay tool reads has `sessions`, `seed_schemas` (base id → tables) and `seed_rows` (path of a
table → records). Each session begins anew, with the bases that it speaks of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from tests.emulators.airtable import schema
from tests.emulators.airtable.formulas.values import from_iso
from tests.emulators.airtable.ids import is_id
from tests.emulators.airtable.inferring import define_computed, guessed_fields
from tests.emulators.airtable.model import SCOPES, Base, Field, Record, Table, Token, User, View
from tests.emulators.airtable.service import DAEMON, Airtable
from tests.emulators.core.sessions import TOKEN, Sessions, recorded_at

KEYS_ENDED = datetime(2024, 2, 1, tzinfo=UTC)
"""Airtable took API keys until then; what is older was recorded with one."""
_TABLE = re.compile(r"/v0/(app[A-Za-z0-9]{14})/([^/]+)")

Step = Mapping[str, Any]


def prepare_replay(emulator: Airtable, recordings: Mapping[str, Any]) -> list[str]:
    """Answers further options for the replay tool."""
    emulator.quotas.on = False
    emulator.before.append(Sessions(recordings, Beginnings(emulator, recordings).begin))
    needed = dict.fromkeys(each for session in recordings["sessions"] for each in session.get("needs_bind", []))
    return [word for each in needed for word in ("--bind", f"{each}={each}")]


class Beginnings:
    """Puts everything as it was when a session began."""

    def __init__(self, emulator: Airtable, recordings: Mapping[str, Any]) -> None:
        self._emulator = emulator
        self._sessions: list[Mapping[str, Any]] = recordings["sessions"]
        self._schemas: dict[str, list[dict[str, Any]]] = {
            base: deepcopy(given["tables"]) for base, given in recordings.get("seed_schemas", {}).items()
        }
        self._rows: dict[str, list[Any]] = recordings.get("seed_rows", {})

    def begin(self, session: Mapping[str, Any]) -> None:
        steps: list[Step] = session["steps"]
        listed = {base["id"]: base for step in steps if step["op"] == "meta.bases" for base in _of(step).get("bases", [])}
        named = [match[1] for step in steps if (match := re.search(r"/(app[A-Za-z0-9]{14})(?:/|$)", step["path"]))]
        user = _author(steps)
        self._emulator.bases.clear()
        for base_id in dict.fromkeys([*listed, *named]):
            about = listed.get(base_id, {})
            if base_id not in listed and listed:
                continue
            base = Base(base_id, about.get("name", base_id), self._emulator.workspace)
            base.share(user, about.get("permissionLevel", "create"))
            self._emulator.add_base(base)
            for table in self._tables(base):
                base.tables.append(table)
            for table in base.tables:
                self._put_rows(base, table, steps)
        self._emulator.let_in(_token(session, user))

    def _tables(self, base: Base) -> list[Table]:
        """As recorded; else what the paths of all sessions tell, with the fields of a table of that name in another base."""
        if base.id in self._schemas:
            found = [schema.table_of(deepcopy(each)) for each in self._schemas[base.id]]
        else:
            found = [self._guessed(base, names) for names in self._aliases(base.id)]
        for table in found:
            rows = [record["fields"] for record in self._seen(base.id, {table.id, table.name})]
            define_computed(table, rows)
        return found

    def _guessed(self, base: Base, names: list[str]) -> Table:
        ids = self._emulator.ids
        table_id = next((name for name in names if is_id(name, "tbl")), None) or ids.new("tbl")
        name = next((name for name in names if not is_id(name, "tbl")), table_id)
        alike = next((each for tables in self._schemas.values() for each in tables if each["name"] == name), None)
        if alike is not None:
            fields = [schema.field_of({**deepcopy(each), "id": ids.new("fld")}) for each in alike["fields"]]
        else:
            fields = guessed_fields(ids, [record["fields"] for record in self._seen(base.id, set(names))])
        return Table(table_id, name, fields, [View(ids.new("viw"), "Grid view")])

    def _aliases(self, base_id: str) -> list[list[str]]:
        """The names and ids of each table that answered: those are the same table under which the same records were seen."""
        names = [match[2] for key in self._rows if (match := _TABLE.match(unquote(key))) and match[1] == base_id]
        for step in self._steps():
            match = _TABLE.match(unquote(step["path"]))
            if match is not None and match[1] == base_id and step["status"] < 400:
                names.append(match[2])
        groups: list[tuple[list[str], set[str]]] = []
        for name in dict.fromkeys(names):
            ids = {record["id"] for record in self._seen(base_id, {name})}
            same = [group for group in groups if group[1] & ids]
            merged = ([each for group in same for each in group[0]] + [name], ids.union(*(group[1] for group in same)))
            groups = [group for group in groups if group not in same] + [merged]
        return [group[0] for group in groups]

    def _steps(self) -> Iterator[Step]:
        for session in self._sessions:
            yield from session["steps"]

    def _seen(self, base_id: str, names: set[str]) -> list[dict[str, Any]]:
        """Every record that was seen under one of these names."""
        found = [record for key, records in self._rows.items() if _is_table(key, base_id, names) for record in records]
        for step in self._steps():
            if _is_table(step["path"], base_id, names):
                found.extend(_records(step))
        return found

    def _put_rows(self, base: Base, table: Table, steps: list[Step]) -> None:
        names = {table.id, table.name}
        rows = {record["id"]: record for key, records in self._rows.items() if _is_table(key, base.id, names) for record in records}
        mine = [step for step in steps if _is_table(step["path"], base.id, names)]
        made = {record["id"] for step in self._steps() if _creates(step) for record in _records(step)}
        first = _first_list(mine)
        present = {record["id"] for record in first} if first is not None else set(rows) - made
        rows = {**{record["id"]: record for record in first or ()}, **rows}
        for record_id, given in rows.items():
            if record_id in present:
                self._put_row(base, table, given)
        numbers = [
            record["fields"][field.name]
            for field in table.fields
            for step in mine
            if field.type == "autoNumber" and _creates(step)
            for record in _records(step)
        ]
        taken = [record.number for record in table.records.values()]
        table.next_number = min(numbers, default=max(taken, default=0) + 1)

    def _put_row(self, base: Base, table: Table, given: Mapping[str, Any]) -> None:
        created = from_iso(given["createdTime"])
        assert created is not None
        record = Record(given["id"], created.at, DAEMON, 0)
        table.records[record.id] = record
        for view in table.views:
            view.order.append(record.id)
        for field in table.fields:
            if field.name in given["fields"]:
                _keep(base, record, field, given["fields"][field.name])
        reader = self._emulator.reader(base)
        for field in table.fields:
            shown, recorded = reader.row(table, record).shown(field), given["fields"].get(field.name)
            if field.computed and recorded is not None and shown != recorded:
                record.given[field.id] = recorded


def _keep(base: Base, record: Record, field: Field, value: Any) -> None:
    """A cell as it is shown, into the form in which it is kept."""
    match field.type:
        case "autoNumber":
            record.number = value
        case "createdBy":
            record.creator = _known_user(base, value)
        case "lastModifiedBy" | "lastModifiedTime":
            at, by = record.modified.get("", (record.created, record.creator))
            moment = from_iso(value) if isinstance(value, str) else None
            record.modified[""] = (moment.at, by) if moment is not None else (at, _known_user(base, value))
        case "singleSelect":
            record.cells[field.id] = _choice(field, value)
        case "multipleSelects":
            record.cells[field.id] = [_choice(field, each) for each in value]
        case "singleCollaborator":
            record.cells[field.id] = _known_user(base, value).id
        case "multipleCollaborators":
            record.cells[field.id] = [_known_user(base, each).id for each in value]
        case _ if not field.computed:
            record.cells[field.id] = value


def _choice(field: Field, name: str) -> str:
    found = field.choice(name)
    if found is None:
        found = {"id": f"sel{len(field.choices):014d}", "name": name}
        field.choices.append(found)
    return str(found["id"])


def _known_user(base: Base, given: Mapping[str, str]) -> User:
    user = User(given["id"], given.get("email", ""), given.get("name", ""))
    return base.users.setdefault(user.id, user)


def _author(steps: Iterable[Step]) -> User:
    """Whose token it was: who created the records that the session created."""
    for step in steps:
        if _creates(step):
            for record in _records(step):
                for value in record["fields"].values():
                    if isinstance(value, dict) and is_id(value.get("id"), "usr"):
                        return User(value["id"], value.get("email", ""), value.get("name", ""))
    return DAEMON


def _token(session: Mapping[str, Any], user: User) -> Token:
    """Old recordings were made with an API key: with or without access to the Meta API, as it was answered."""
    at = recorded_at(session)
    refused = any(step["op"] == "meta.tables" and _of(step).get("error") == {"type": "NOT_FOUND"} for step in session["steps"])
    scopes = SCOPES - {"schema.bases:read"} if refused else SCOPES
    return Token(TOKEN, user, scopes, api_key=at is not None and at < KEYS_ENDED)


def _is_table(path: str, base_id: str, names: set[str]) -> bool:
    match = _TABLE.match(unquote(path))
    return match is not None and match[1] == base_id and match[2] in names


def _of(step: Step) -> dict[str, Any]:
    response = step.get("response")
    return response if isinstance(response, dict) else {}


def _records(step: Step) -> list[dict[str, Any]]:
    """The records in its answer, whole ones only."""
    if step["status"] >= 400 or _partial(step):
        return []
    response = _of(step)
    found = response["records"] if isinstance(response.get("records"), list) else [response]
    return [each for each in found if isinstance(each, dict) and "fields" in each and "createdTime" in each]


def _partial(step: Step) -> bool:
    return any(name.startswith(("fields", "cellFormat", "returnFieldsByFieldId")) for name, _ in step.get("query", []))


def _creates(step: Step) -> bool:
    return (
        step["method"] == "POST" and not step["path"].endswith("/listRecords") and _TABLE.match(unquote(step["path"])) is not None
    )


def _first_list(steps: Iterable[Step]) -> list[dict[str, Any]] | None:
    """All records of the table, as the session saw them before it wrote any; None where it didn't look."""
    for step in steps:
        if step["method"] != "GET":
            return None
        if step["op"] == "records.list" and step["status"] == 200 and not step.get("query") and "offset" not in _of(step):
            return _records(step)
    return None
