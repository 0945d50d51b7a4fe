"""Reading records: one, or many in pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.emulators.airtable import errors, strings
from tests.emulators.airtable.formulas import BadFormula, FormulaError, Moment
from tests.emulators.airtable.formulas.values import text_of, true_of
from tests.emulators.airtable.model import Base, Field, Record, Table, View
from tests.emulators.airtable.options import Asked, Form, asked, form_of
from tests.emulators.core.exchange import Answer, NotEmulated, Request

if TYPE_CHECKING:
    from tests.emulators.airtable.service import Airtable

ITERATOR_LIFE = timedelta(minutes=5)
"""How long a page's offset is good for. No page says; tests may set `Listing.life`."""
ITERATORS = 1_000


@dataclass
class Iterator:
    """ids: what there was to list, in order, when the first page was asked for."""

    table: str
    ids: list[str]
    expires: datetime


class Listing:
    def __init__(self, service: Airtable) -> None:
        self._service = service
        self._iterators: dict[str, Iterator] = {}
        self.life = ITERATOR_LIFE

    def route(self) -> None:
        on = self._service.routes.on
        on("POST", "/v0/{base}/{table}/listRecords", "records.list", self.page)
        on("GET", "/v0/{base}/{table}", "records.list", self.page)
        on("GET", "/v0/{base}/{table}/", "records.list", self.page)
        on("GET", "/v0/{base}/{table}/{record}", "records.get", self.get)

    def get(self, request: Request, base: str, table: str, record: str) -> Answer:
        found = self._service.enter(request, base, "data.records:read", "read")
        named = self._service.find_table(request, found, table)
        where, row = self._service.find_record(found, named, record, elsewhere=True)
        form = form_of(request, where, older=self._service.switches["wording"] == "older")
        return Answer.of(200, self.shown(request, found, where, row, form))

    def page(self, request: Request, base: str, table: str) -> Answer:
        found = self._service.enter(request, base, "data.records:read", "read")
        where = self._service.find_table(request, found, table)
        wish = asked(request, where, older=self._service.switches["wording"] == "older")
        if wish.offset is None:
            ids, begin = self._ids(request, found, where, wish), 0
            name = None
        else:
            name, ids, begin = self._resumed(request, found, where, wish, wish.offset)
        page = ids[begin : begin + wish.page]
        records = [self._listed(request, found, where, where.records[each], wish) for each in page if each in where.records]
        answer: dict[str, Any] = {"records": records}
        if begin + wish.page < len(ids):
            answer["offset"] = f"{self._kept(name, where, ids)}/{page[-1]}"
        return Answer.of(200, answer)

    def shown(self, request: Request, base: Base, table: Table, record: Record, form: Form) -> dict[str, Any]:
        """The JSON of one record. Raises Refused and NotEmulated."""
        reader = self._service.reader(base)
        if not form.strings:
            fields = reader.fields(table, record, form.only, by_id=form.by_id)
        else:
            row, fields = reader.row(table, record), {}
            for field in form.only if form.only is not None else table.fields:
                try:
                    written = strings.text(row, field, form.zone, form.locale)
                except strings.UnknownLocale as exc:
                    raise NotEmulated(f"the locale {form.locale}") from exc
                if written is not None:
                    fields[field.id if form.by_id else field.name] = written
        return {"id": record.id, "createdTime": record.created_time, "fields": fields}

    def in_view(self, base: Base, table: Table, view: View) -> list[str]:
        """The records that a person sees there, in that order. Raises BadFormula, NotEmulated."""
        ids = [each for each in view.order if each in table.records]
        if view.where is not None:
            ids = self._where(base, table, ids, view.where)
        sorts = [(field, down) for name, down in view.sorts if (field := table.field(name)) is not None]
        return self.sorted(base, table, ids, sorts)

    def sorted(self, base: Base, table: Table, ids: Sequence[str], sorts: Sequence[tuple[Field, bool]]) -> list[str]:
        """Empty cells stand before all others, or behind them where the order descends."""
        reader, found = self._service.reader(base), list(ids)
        rows = {each: reader.row(table, table.records[each]) for each in found} if sorts else {}
        for field, descending in reversed(sorts):
            keys = {each: _key(field, _value(row, field)) for each, row in rows.items()}
            found.sort(key=keys.__getitem__, reverse=descending)
        return found

    def _listed(self, request: Request, base: Base, table: Table, record: Record, wish: Asked) -> dict[str, Any]:
        shown = self.shown(request, base, table, record, wish.form)
        if wish.comment_count:
            shown["commentCount"] = len(table.comments.get(record.id, []))
        return shown

    def _ids(self, request: Request, base: Base, table: Table, wish: Asked) -> list[str]:
        """All that is to be listed, in order. Raises Refused.

        Without a view by id: in every recorded list (grouparoo/grouparoo@a453a40b16) records stand in the order of their ids,
        not of their creation.
        """
        try:
            if wish.view is not None:
                view = table.view(wish.view)
                if view is None:
                    raise errors.no_view(wish.view)
                ids = self.in_view(base, table, view)
            else:
                ids = sorted(table.records) if self._service.switches["order_without_view"] == "record_id" else list(table.records)
            if wish.formula is not None:
                ids = self._where(base, table, ids, wish.formula)
        except BadFormula as exc:
            raise errors.bad_formula(str(exc)) from exc
        return self.sorted(base, table, ids, wish.sorts)[: wish.at_most]

    def _where(self, base: Base, table: Table, ids: Sequence[str], text: str) -> list[str]:
        reader = self._service.reader(base)
        formula = reader.formula(table, text)
        found = []
        for each in ids:
            try:
                if true_of(formula(reader.row(table, table.records[each]))):
                    found.append(each)
            except FormulaError:
                continue
        return found

    def _resumed(self, request: Request, base: Base, table: Table, wish: Asked, offset: str) -> tuple[str, list[str], int]:
        """The iterator's name, what it lists, and where the next page begins. Raises Refused."""
        name, _, last = offset.partition("/")
        if not name.startswith("itr") or not last.startswith("rec"):
            raise errors.bad_offset(offset)
        iterator, now = self._iterators.get(name), self._service.clock.now()
        if iterator is None or iterator.table != table.id or iterator.expires <= now:
            raise errors.no_iterator()
        ids = iterator.ids
        if last not in ids:
            raise errors.no_iterator()
        begin = ids.index(last) + 1
        if self._service.switches["pages"] == "live":
            ids = self._ids(request, base, table, wish)
            begin = ids.index(last) + 1 if last in ids else min(begin, len(ids))
        return name, ids, begin

    def _kept(self, name: str | None, table: Table, ids: list[str]) -> str:
        """The name under which the next page can be asked for."""
        now = self._service.clock.now()
        if name is None:
            self._iterators = {key: each for key, each in self._iterators.items() if each.expires > now}
            while len(self._iterators) >= ITERATORS:
                del self._iterators[next(iter(self._iterators))]
            name = self._service.ids.new("itr")
        self._iterators[name] = Iterator(table.id, ids, now + self.life)
        return name


def _value(row: Any, field: Field) -> Any:
    try:
        return row.value_of(field)
    except FormulaError:
        return None


def _key(field: Field, value: Any) -> tuple[Any, ...]:
    """Selects stand in the order of their choices."""
    if field.type == "singleSelect" and value is not None:
        return (1, 0, [choice["name"] for choice in field.choices].index(value))
    match value:
        case None | "" | [] | False:
            return (0,)
        case int() | float():
            return (1, 0, value)
        case Moment():
            return (1, 1, value.at.timestamp())
    return (1, 2, text_of(value).casefold())
