"""Writing records: create, update, replace, upsert, delete; one, or up to ten at once, of which a bad one refuses all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.emulators.airtable import errors
from tests.emulators.airtable.changes import Transaction
from tests.emulators.airtable.ids import is_id
from tests.emulators.airtable.model import LEVELS, Base, Field, Record, Table
from tests.emulators.airtable.options import Form, truth
from tests.emulators.airtable.writing import Draft
from tests.emulators.core.exchange import Answer, NotEmulated, Refused, Request

if TYPE_CHECKING:
    from tests.emulators.airtable.service import Airtable

BATCH = 10
"""Records of one request at most; airtable.com/developers/web/api/create-records (VENDORS.md B2)."""
MERGE = 3
"""Fields to merge on at most; airtable.com/developers/web/api/update-multiple-records (VENDORS.md B4)."""
MERGEABLE = frozenset(
    {"singleLineText", "multilineText", "number", "singleSelect", "multipleSelects", "date", "email", "phoneNumber", "url"}
    | {"currency", "percent", "dateTime", "rating", "duration", "checkbox", "richText"}
)
BLIND = timedelta(seconds=1)


@dataclass
class Step:
    """One record to write. record: None for one to create.   cells: in the kept form."""

    record: Record | None
    cells: dict[str, Any]


class Records:
    def __init__(self, service: Airtable) -> None:
        self._service = service

    def route(self) -> None:
        on = self._service.routes.on
        for end in ("", "/"):
            on("POST", "/v0/{base}/{table}" + end, "records.create", self.create)
            on("PATCH", "/v0/{base}/{table}" + end, "records.update", self.update)
            on("PUT", "/v0/{base}/{table}" + end, "records.replace", self.update)
            on("DELETE", "/v0/{base}/{table}" + end, "records.delete", self.delete)
        on("PATCH", "/v0/{base}/{table}/{record}", "records.update", self.update_one)
        on("PUT", "/v0/{base}/{table}/{record}", "records.replace", self.update_one)
        on("DELETE", "/v0/{base}/{table}/{record}", "records.delete", self.delete_one)

    def create(self, request: Request, base: str, table: str) -> Answer:
        found, where, body = self._open(request, base, table)
        single = "records" not in body
        if single and "fields" not in body:
            raise errors.missing("fields")
        given = [body] if single else body["records"]
        if not isinstance(given, list) or not given:
            raise errors.bad_records()
        if len(given) > BATCH:
            raise errors.too_many_created(len(given))
        draft = self._draft(request, found, body)
        steps, refused = self._checked(draft, where, given, lambda each: Step(None, self._cells(draft, where, each)))
        self._service.room(found, len(steps))
        with self._written(request, found, where, draft, steps, refused) as written:
            shown = [self._shown(request, found, where, each, body) for each in written]
        return Answer.of(200, shown[0] if single else {"records": shown})

    def update(self, request: Request, base: str, table: str) -> Answer:
        found, where, body = self._open(request, base, table)
        given = body.get("records")
        if not isinstance(given, list) or not 0 < len(given) <= BATCH:
            raise errors.bad_records()
        draft, clears = self._draft(request, found, body), request.method == "PUT"
        merge = self._merge_fields(where, body["performUpsert"]) if "performUpsert" in body else None
        if merge is None:
            if not all(isinstance(each, dict) and isinstance(each.get("id"), str) for each in given):
                raise errors.bad_records()

            def planned(each: Any) -> Step:
                record = where.records.get(each["id"])
                if record is None:
                    raise errors.no_row(each["id"])
                return self._step(draft, where, record, each, clears)
        else:
            merging = merge

            def planned(each: Any) -> Step:
                return self._upsert(draft, where, each, merging, clears)

        steps, refused = self._checked(draft, where, given, planned)
        held = [step.record.id for step in steps if step.record is not None]
        if len(set(held)) < len(held):
            raise errors.same_record()
        if merge is not None:
            self._told_apart(steps, merge)
        self._service.room(found, sum(step.record is None for step in steps))
        with self._written(request, found, where, draft, steps, refused) as written:
            answer: dict[str, Any] = {"records": [self._shown(request, found, where, each, body) for each in written]}
        if merge is not None:
            pairs = list(zip(steps, written, strict=True))
            answer["updatedRecords"] = [record.id for step, record in pairs if step.record is not None]
            answer["createdRecords"] = [record.id for step, record in pairs if step.record is None]
        return Answer.of(200, answer)

    def update_one(self, request: Request, base: str, table: str, record: str) -> Answer:
        found, where, body = self._open(request, base, table)
        _, row = self._service.find_record(found, where, record)
        if "fields" not in body:
            raise errors.missing("fields")
        draft = self._draft(request, found, body)
        step = self._step(draft, where, row, body, request.method == "PUT")
        with self._written(request, found, where, draft, [step], None) as written:
            shown = self._shown(request, found, where, written[0], body)
        return Answer.of(200, shown)

    def delete(self, request: Request, base: str, table: str) -> Answer:
        found, where, _ = self._open(request, base, table, reads_body=False)
        wanted = [value for name, value in request.query if name == "records" or name.startswith("records[")]
        if not 0 < len(wanted) <= BATCH:
            raise errors.bad_records()
        for each in wanted:
            self._service.find_record(found, where, each)
        return self._deleted(request, found, where, list(dict.fromkeys(wanted)))

    def delete_one(self, request: Request, base: str, table: str, record: str) -> Answer:
        found, where, _ = self._open(request, base, table, reads_body=False)
        self._service.find_record(found, where, record)
        answer = self._deleted(request, found, where, [record])
        return Answer.of(200, answer.json["records"][0])

    def _deleted(self, request: Request, base: Base, table: Table, ids: list[str]) -> Answer:
        with self._service.change(base, self._service.token(request).user) as transaction:
            for each in ids:
                transaction.destroy(table, each)
        return Answer.of(200, {"records": [{"id": each, "deleted": True} for each in ids]})

    def _open(self, request: Request, base: str, table: str, *, reads_body: bool = True) -> tuple[Base, Table, dict[str, Any]]:
        found = self._service.enter(request, base, "data.records:write", "edit")
        where = self._service.find_table(request, found, table)
        body = request.json if reads_body else {}
        if not isinstance(body, dict):
            raise errors.missing("fields") if body is None else errors.bad_request()
        return found, where, body

    def _draft(self, request: Request, base: Base, body: dict[str, Any]) -> Draft:
        """typecast counts in the body only (VENDORS.md B5)."""
        may_extend = base.level(self._service.token(request).user) >= LEVELS.index("create")
        older, strict = self._service.switches["wording"] == "older", self._service.switches["time_into_date"] == "refused"
        return Draft(base, self._service.ids, body.get("typecast") is True, may_extend, older, strict)

    def _checked(self, draft: Draft, table: Table, given: list[Any], planned: Any) -> tuple[list[Step], Refused | None]:
        """What is to be done for each record. One that is bad refuses all, or, by a switch, all from there on."""
        steps: list[Step] = []
        try:
            for each in given:
                if not isinstance(each, dict):
                    raise errors.bad_records()
                steps.append(planned(each))
        except Refused as refused:
            if self._service.switches["batch"] == "atomic" or not steps:
                raise
            return steps, refused
        return steps, None

    def _cells(self, draft: Draft, table: Table, given: Mapping[str, Any]) -> dict[str, Any]:
        fields = given.get("fields")
        if not isinstance(fields, dict):
            raise errors.missing("fields") if fields is None else errors.bad_request()
        older = self._service.switches["wording"] == "older"
        cells = {}
        for name, value in fields.items():
            column = table.field(name)
            if column is None:
                raise errors.unknown_field(name, older)
            cells[column.id] = draft.cell(column, value)
        return cells

    def _step(self, draft: Draft, table: Table, record: Record, given: Mapping[str, Any], clears: bool) -> Step:
        cells = self._cells(draft, table, given)
        if clears:
            rest = {column.id: None for column in table.fields if not column.computed and not column.locked}
            cells = {**rest, **cells}
        return Step(record, cells)

    def _merge_fields(self, table: Table, how: Any) -> list[Field]:
        names = how.get("fieldsToMergeOn") if isinstance(how, dict) else None
        if not isinstance(names, list) or not 0 < len(names) <= MERGE:
            raise errors.bad_request()
        columns = []
        for name in names:
            column = table.field(name) if isinstance(name, str) else None
            if column is None:
                raise errors.unknown_field(str(name), self._service.switches["wording"] == "older")
            if column.type not in MERGEABLE:
                raise errors.bad_request()
            columns.append(column)
        return columns

    def _upsert(self, draft: Draft, table: Table, given: Mapping[str, Any], merge: list[Field], clears: bool) -> Step:
        """A record with an id is updated; else one that has the same cells in the fields to merge on; else it is created."""
        if "id" in given:
            record = table.records.get(given["id"]) if is_id(given["id"], "rec") else None
            if record is None:
                raise errors.no_row(str(given["id"]))
            return self._step(draft, table, record, given, clears)
        cells = self._cells(draft, table, given)
        if any(column.id not in cells for column in merge):
            raise errors.bad_request()
        young = self._service.clock.now() - BLIND if self._service.switches["upsert_race"] == "blind" else None
        same = [
            record
            for record in table.records.values()
            if all(record.cells.get(column.id) == cells[column.id] for column in merge)
            and (young is None or record.created <= young)
        ]
        if len(same) > 1:
            raise errors.many_matches()
        return self._step(draft, table, same[0], given, clears) if same else Step(None, cells)

    @staticmethod
    def _told_apart(steps: list[Step], merge: list[Field]) -> None:
        """Raises NotEmulated for new records that would merge with each other: nobody here knows whether one or two are made."""
        new = [[step.cells[column.id] for column in merge] for step in steps if step.record is None]
        if any(cells in new[:at] for at, cells in enumerate(new)):
            raise NotEmulated("an upsert of several new records with the same cells in the fields to merge on")

    @contextmanager
    def _written(
        self, request: Request, base: Base, table: Table, draft: Draft, steps: list[Step], refused: Refused | None
    ) -> Iterator[list[Record]]:
        """What was written, to be told: where it can't be, nothing is.   refused: raised once the steps are done."""
        with self._service.change(base, self._service.token(request).user) as transaction:
            apply_draft(transaction, draft)
            yield [self._apply(transaction, table, step) for step in steps]
        if refused is not None:
            raise refused

    def _apply(self, transaction: Transaction, table: Table, step: Step) -> Record:
        if step.record is None:
            return transaction.create(table, self._service.ids.new("rec"), step.cells)
        transaction.edit(table, step.record, step.cells)
        return step.record

    def _shown(self, request: Request, base: Base, table: Table, record: Record, body: dict[str, Any]) -> dict[str, Any]:
        by_id = truth(body.get("returnFieldsByFieldId", request.first("returnFieldsByFieldId")))
        return self._service.listing.shown(request, base, table, record, Form(by_id))


def apply_draft(transaction: Transaction, draft: Draft) -> None:
    """Add the choices and the linked records that typecast has found missing."""
    for table in draft.base.tables:
        for column in table.fields:
            if added := draft.choices.get(column.id):
                options = {**(column.options or {}), "choices": [*column.choices, *added]}
                transaction.change_field(table, column, options=options)
    for table, record_id, text in draft.created:
        transaction.create(table, record_id, {table.primary.id: text})
