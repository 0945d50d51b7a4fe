"""Two tables brought to say the same: read, held against each other and what both said last, then written, row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from connectors.api import Cell, Effect, Written
from connectors.errors import OutcomeUnknown
from engine.likeness import identical
from engine.pairing import ROWDS, Cells, Pair, Side, called, common, known, lacking, made_of, paired
from engine.syncing import SIDES, Conflict, Put, Removal, SyncPlan, Which, met, planned, told
from rowd.moving import ROUNDS, Book, Moved, Progress
from rowd.wiring import new_id


class Change(Struct, frozen=True):
    """One cell that was put, or is to be.   old: as it stood.   new: as the other table has it."""

    table: str
    row: str
    column: str
    old: Cell
    new: Cell


class Refused(Struct, frozen=True):
    """A row, or a cell of it, that could not be brought over.   why: with the remedy.   clear: it is told which row is meant."""

    table: str
    row: str
    why: str
    clear: bool = True


class Clash(Struct, frozen=True):
    """A conflict, for a person.   column: None where one side removed the row, `removed_from`, and the other changed it.

    synced_before: whether it is known what both said before, in `base`.
    """

    row: str
    column: str | None
    values: tuple[Cell, Cell]
    base: Cell
    removed_from: str
    synced_before: bool


class Synced(Struct):
    """What was done, or in a dry run is to be.

    created, removed: (table, name of the row).   waiting: rows that one table removed; (where they still stand, name).
    left_out: (table that lacks it, header).   unfinished: the tables were changed meanwhile, so that something is left for the
    next time.   rowds: how many cells of columns that only rowd writes were carried besides.
    """

    created: list[tuple[str, str]] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    removed: list[tuple[str, str]] = field(default_factory=list)
    waiting: list[tuple[str, str]] = field(default_factory=list)
    conflicts: list[Clash] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    rowds: int = 0
    unfinished: bool = False


class Wanted(Struct, frozen=True):
    """What the person asked for.

    served: the table whose rows run; None where neither does.   prefer: which is right where both changed.
    remove: remove rows that the other table removed.   anew: forget what the last sync knew.
    dry_run: only say what would be done.
    """

    served: Which | None
    prefer: Which | None = None
    remove: bool = False
    anew: bool = False
    dry_run: bool = False


class Syncing:
    """One sync of two tables."""

    def __init__(self, book: Book, tables: tuple[Moved, Moved], wanted: Wanted, progress: Progress) -> None:
        """book: of these two tables, in this order."""
        self._book, self._tables, self._wanted, self._progress = book, tables, wanted, progress
        self._names = (tables[0].name, tables[1].name)
        self._seen: tuple[Side, Side]
        self._pairs: dict[tuple[str, str], Pair] = {}
        self._known = not wanted.anew  # whether the ledger's pairs count
        self.done = Synced()

    async def run(self) -> Synced:
        """Read both, and write what is to be written; anew where somebody changed something meanwhile.

        Raises Torn, what reading either table raises, and what writing does: what was done until then is done, and remembered.
        """
        for _ in range(ROUNDS):
            plan = await self._planned()
            self.done.unfinished = False
            self._tell(plan)
            if self._wanted.dry_run:
                self._foresee(plan)
                break
            self._settle(plan)
            try:
                for side in SIDES:
                    await self._put([put for put in plan.puts if put.side == side], side)
                for side in SIDES:
                    await self._create(self._fitting(plan, side), side)
                if self._wanted.remove:
                    for side in SIDES:
                        await self._remove([one for one in plan.removals if one.side == side], side)
            except OutcomeUnknown:
                self.done.unfinished = True
            if not self.done.unfinished:
                break
        return self.done

    async def _planned(self) -> SyncPlan:
        one, other = self._tables
        self._seen = (await one.read(), await other.read())
        before = self._book.pairs if self._known else []
        self._pairs = {(pair.one, pair.other): pair for pair in before}
        return planned(*self._seen, paired(*self._seen, before), served=self._wanted.served, prefer=self._wanted.prefer)

    # --- told

    def _tell(self, plan: SyncPlan) -> None:
        """What doesn't depend on what is done. Of several rounds the last one counts."""
        done = self.done
        done.conflicts = [self._clash(conflict) for conflict in plan.conflicts]
        done.waiting = [] if self._wanted.remove else [(self._names[one.side], self._called(one.pair)) for one in plan.removals]
        done.refused = [
            Refused(name, row.name, row.why, clear=False)
            for name, rows in zip(self._names, plan.unclear, strict=True)
            for row in rows
        ]
        done.left_out = []
        for here, there in (self._seen, self._seen[::-1]):
            for name in lacking(here.rows.values(), here, there):
                done.left_out.append((there.table, here.headers[name]))

    def _foresee(self, plan: SyncPlan) -> None:
        for put in plan.puts:
            unfit = self._tables[put.side].unfit(put.cells)
            self._changed(put, unfit)
        for side in SIDES:
            self.done.created += [(self._names[side], called(cells, key)) for key, cells in self._fitting(plan, side)]
        if self._wanted.remove:
            self.done.removed = [(self._names[one.side], self._called(one.pair)) for one in plan.removals]

    def _clash(self, conflict: Conflict) -> Clash:
        gone = "" if conflict.column is not None else self._names[0 if conflict.pair.one not in self._seen[0].rows else 1]
        column = self._headers(conflict.column) if conflict.column is not None else None
        return Clash(self._called(conflict.pair), column, conflict.values, conflict.base, gone, conflict.known)

    def _called(self, pair: Pair) -> str:
        return self._seen[0].called(pair.one) if pair.one in self._seen[0].rows else self._seen[1].called(pair.other)

    def _headers(self, column: str) -> str:
        return self._seen[0].headers[column]

    def _changed(self, put: Put, unfit: Mapping[str, str]) -> None:
        """Tell a put.   unfit: column → why it could not be put there."""
        row = self._called(put.pair)
        for column, value in put.cells.items():
            if column in unfit:
                continue
            if column in ROWDS:
                self.done.rowds += 1
            else:
                self.done.changed.append(Change(self._names[put.side], row, self._headers(column), put.instead[column], value))
        self.done.refused += [Refused(self._names[put.side], row, why) for column, why in unfit.items() if column in put.cells]

    # --- done

    def _commit(self, pairs: Sequence[Pair], gone: Sequence[Pair] = ()) -> None:
        self._book.commit(pairs, gone)
        self._pairs |= {(pair.one, pair.other): pair for pair in pairs}

    def _settle(self, plan: SyncPlan) -> None:
        forgotten = plan.forgotten if self._known else self._book.pairs
        self._commit([pair for pair in plan.settled if self._pairs.get((pair.one, pair.other)) != pair], forgotten)
        self._known = True

    async def _put(self, puts: Sequence[Put], side: Which) -> None:
        table = self._tables[side]
        for at in range(0, len(puts), table.batch):
            self._progress(f"writing {table.name}", at, len(puts))
            if not table.fresh:
                await table.read()
            ready = [put for put in puts[at : at + table.batch] if self._stands(table, put.key, put.instead)]
            if not ready:
                continue
            answers = await table.put([(put.key, put.cells, put.instead) for put in ready])
            await self._answered(table, list(zip(ready, answers, strict=True)))

    def _stands(self, table: Moved, key: str, cells: Cells) -> bool:
        """Whether nobody has changed these cells since they were looked at."""
        now = table.side.rows.get(key)
        if now is not None and all(identical(now.get(column), value) for column, value in cells.items()):
            return True
        self.done.unfinished = True
        return False

    async def _answered(self, table: Moved, answers: Sequence[tuple[Put, Written]]) -> None:
        applied = [(put, answer) for put, answer in answers if answer.effect is Effect.APPLIED]
        if len(applied) < len(answers):
            self.done.unfinished = True
        if any(answer.row is None for _, answer in applied):
            await table.read()
        pairs = []
        for put, answer in applied:
            header = {header: name for name, header in table.side.headers.items()}
            unfit = {header[h]: why for h, why in answer.unfit.items() if h in header}
            self._changed(put, unfit)
            back = table.side.cells(answer.row.cells) if answer.row is not None else table.side.rows.get(put.key)
            if back is None:
                self.done.unfinished = True
                continue
            pair = told(self._pairs.get((put.pair.one, put.pair.other), put.pair), put, back, unfit)
            key = answer.row.key if answer.row is not None else put.key  # of a row without an ID it is its content
            pairs.append(replace(pair, one=key) if put.side == 0 else replace(pair, other=key))
            self._pairs[put.pair.one, put.pair.other] = pairs[-1]
        self._commit(pairs)

    def _fitting(self, plan: SyncPlan, side: Which) -> list[tuple[str, Cells]]:
        """Rows that are to be made on this side, and can be: (key on the other, cells)."""
        there, here = self._seen[side], self._seen[1 - side]
        keys = [key for which, key in plan.creates if which == side]
        runs = self._wanted.served == side
        ready: list[tuple[str, Cells]] = []
        for key, cells in made_of(keys, here, there, rowds=self._wanted.served == 1 - side, draw=new_id):
            unfit = self._tables[side].unfit(cells)
            whys = [why for name, why in unfit.items() if name not in ROWDS]
            wanting = [here.headers[n] for n in lacking([here.rows[key]], here, there) if known(n)] if runs else []
            if wanting:
                columns = ", ".join(wanting)
                whys.append(f"it says something in {columns}, which {there.table} lacks: without it another task would run; add it")
            if whys:
                self.done.refused.append(Refused(there.table, called(cells, key), "; ".join(whys)))
            else:
                ready.append((key, {name: value for name, value in cells.items() if name not in unfit}))
        return ready

    async def _create(self, rows: Sequence[tuple[str, Cells]], side: Which) -> None:
        table, here = self._tables[side], self._seen[1 - side]
        columns = common(*self._seen)
        for start in range(0, len(rows), table.together):
            some = rows[start : start + table.together]
            if not table.fresh:
                await table.read()
            lacks = set(paired(here, table.side).ones)
            if any(key not in lacks for key, _ in some):  # somebody else has made it meanwhile
                self.done.unfinished = True
                some = [(key, cells) for key, cells in some if key in lacks]
            made = await table.add(some, self._progress, start, len(rows))
            now = table.side
            self.done.created += [(table.name, here.called(key)) for key, _ in made]
            if side == 1:
                self._commit([met(key, new, here.rows[key], now.rows[new], columns) for key, new in made])
            else:
                self._commit([met(new, key, now.rows[new], here.rows[key], columns) for key, new in made])

    async def _remove(self, removals: Sequence[Removal], side: Which) -> None:
        table = self._tables[side]
        keys = {(one.pair.one if side == 0 else one.pair.other): one for one in removals}
        for at in range(0, len(keys), table.batch):
            self._progress(f"removing from {table.name}", at, len(keys))
            if not table.fresh:
                await table.read()
            some = [k for k in list(keys)[at : at + table.batch] if self._stands(table, k, self._seen[side].rows[k])]
            if not some:
                continue
            await table.delete(some)
            self.done.removed += [(table.name, self._seen[side].called(key)) for key in some]
            self._commit([], [keys[key].pair for key in some])
