"""Patches brought into the tab: handles where rows have none, one write, its answer held against what was meant, strays put right.

One request, where the rows have handles and people move nothing meanwhile. More only where nothing else is safe: rows that are
written for the first time get their handles first, with the tab as it stands then; a row that can be told only by its content is
read again right before it is written; what strayed is put right at once, since a read that showed it would pass it off as a
person's edit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from connectors import showing
from connectors.api import PROVISIONAL, Effect, Patch, Written
from connectors.errors import Bug, NeedsOwner, OutcomeUnknown, TableError, TryLater
from connectors.google_sheets.cells import Raw, alike, raw_of
from connectors.google_sheets.errors import Outdated
from connectors.google_sheets.grid import Grid, Line
from connectors.google_sheets.journal import Riding
from connectors.google_sheets.sheet import Sheet
from connectors.google_sheets.writing import Answer, Landed, Stray, landed, place_of, shown, undone
from connectors.identity import flawless

TURNS = 4
"""So often rows are looked up anew, or strays put right, within one write, while people move what it is about."""


class _Aim(Struct):
    """One patch on its way.

    handle: of its row; None where there is none to be written.   key: what the row's own key cell must say after it.
    cells: what is sent, by position.   unfit: header → why not, of what can't be.   landed: whether all of the cells stand where
        they belong.
    """

    patch: Patch
    handle: int | None = None
    key: str = ""
    cells: dict[int, Raw] = field(default_factory=dict)
    unfit: dict[str, str] = field(default_factory=dict)
    landed: bool = False


class Sending:
    """Carries writes out on one tab.

    strays: cells that were written but not meant, and could not be put right yet.
    """

    def __init__(self, sheet: Sheet) -> None:
        self.strays: tuple[Stray, ...] = ()
        self._sheet = sheet

    def write(self, seen: Grid, patches: Sequence[Patch], riding: Riding | None = None) -> tuple[list[Written], Grid | None]:
        """Carry out patches. The answers, and the tab as it is known now; None: it has to be read before the next write.

        seen: the tab as it was read last, no strays in it.   riding: what goes along with the first request that puts cells, unless
        that is refused: then the cells go without it.   Raises what `Table.write` does.
        """
        aims = [_Aim(patch) for patch in patches]
        seen, found = self._sent(seen, aims, riding)
        if found is None:
            return [Written(Effect.APPLIED, unfit=aim.unfit) if aim.landed else Written(Effect.MISSING) for aim in aims], seen
        answer, outcome = found
        self.strays = outcome.strays
        self._note(aims, outcome)
        turns = TURNS
        try:
            while self.strays and turns:
                turns -= 1
                seen, answer, outcome = self._put_right(aims)
        except TableError as exc:
            raise OutcomeUnknown(f"{self._sheet.label}: columns or rows were moved while rowd wrote, and then: {exc}") from exc
        if self.strays:
            raise OutcomeUnknown(f"{self._sheet.label}: columns or rows are being moved faster than rowd can follow")
        return self._answered(seen, aims, answer, outcome)

    def put_back(self) -> None:
        """Put right what is still astray: before anybody reads it. Raises TryLater, NeedsOwner, Bug."""
        try:
            for _ in range(TURNS):
                if not self.strays:
                    return
                self._put_right([])
        except OutcomeUnknown as exc:
            raise TryLater(str(exc)) from exc
        raise TryLater(f"{self._sheet.label}: columns or rows are being moved faster than rowd can follow")

    # --- towards the request

    def _sent(self, seen: Grid, aims: Sequence[_Aim], riding: Riding | None) -> tuple[Grid, tuple[Answer, Landed] | None]:
        """One write, once every row of it that is there has a handle: the tab as it was sent to, and how it came out.

        None where nothing was to be sent.
        """
        fresh = marked = False
        for turn in range(TURNS):
            lines = [self._aimed(seen, aim) for aim in aims]
            wanted = [line for aim, line in zip(aims, lines, strict=True) if line is not None and aim.cells]
            if not wanted:
                return seen, None
            bare = [line for line in (seen.head, *wanted) if line.handle is None]
            try:
                if bare:  # once more only after another read: the answer to the last may not have shown what it made
                    seen = self._sheet.read() if marked else self._marked(seen, bare)
                    fresh, marked = True, not marked
                    continue
                if not fresh and any(aim.patch.key.startswith(PROVISIONAL) and aim.cells for aim in aims):
                    seen, fresh = self._sheet.read(), True
                    continue
                return seen, self._put(seen, aims, riding)
            except (Outdated, Bug):  # a row is gone, most likely: then nothing was written
                if turn == TURNS - 1:
                    raise
                now = self._sheet.read()
                if _stands_alike(seen, now, wanted):
                    raise
                seen, fresh = now, True
        raise TryLater(f"{self._sheet.label}: rows are being moved faster than rowd can mark them. Nothing was written")

    def _marked(self, seen: Grid, lines: Sequence[Line]) -> Grid:
        try:
            return self._sheet.mark(seen, lines)
        except OutcomeUnknown as exc:  # handles may be there or not; no cell was written
            raise TryLater(str(exc)) from exc

    @staticmethod
    def _aimed(seen: Grid, aim: _Aim) -> Line | None:
        """The line of a patch, and what is to be put there; None where no row has its key."""
        line = seen.lines.get(aim.patch.key)
        _take_aim(seen, aim, line)
        return line

    def _put(self, seen: Grid, aims: Sequence[_Aim], riding: Riding | None) -> tuple[Answer, Landed]:
        puts = {aim.handle: aim.cells for aim in aims if aim.handle is not None}
        keys = {aim.handle: aim.key for aim in aims if aim.handle is not None}
        if riding is not None and riding.waits:
            try:
                return self._out(seen, puts, keys, riding)
            except (Outdated, Bug, NeedsOwner) as exc:  # nothing was written; whether for this or for the rows, the next one tells
                riding.refused = exc
        return self._out(seen, puts, keys)

    def _out(
        self, seen: Grid, puts: Mapping[int, Mapping[int, Raw]], keys: Mapping[int, str], riding: Riding | None = None
    ) -> tuple[Answer, Landed]:
        answer, rest = self._sheet.put(seen, puts, riding.data if riding is not None else ())
        if riding is not None:
            riding.answers = rest
        if answer.head is None:
            raise OutcomeUnknown(f"{self._sheet.label}: the line with the headers did not come back with what was written")
        return answer, landed(seen, puts, keys, answer)

    # --- after it

    def _put_right(self, aims: Sequence[_Aim]) -> tuple[Grid, Answer, Landed]:
        """Read, put strays back, and what strayed to where it belongs: a read and a write."""
        seen = self._sheet.read()
        if seen.head.handle is None:
            seen = self._sheet.mark(seen, [seen.head])
        pending = self.strays
        puts = undone(seen, pending)
        seen = seen.as_if(puts)  # a stray may stand in the very cell by which a row is known
        keys = {handle: seen.id_of(seen.by_handle[handle]) for handle in puts}
        for aim in aims:
            self._aim_again(seen, aim, puts, keys)
        if not puts:
            self.strays = ()
            return seen, Answer(None, {}), Landed(frozenset(), frozenset(), (), False)
        answer, outcome = self._out(seen, puts, keys)
        left = tuple(stray for stray in pending if (stray.handle, place_of(seen, stray)) in outcome.wrong)
        self.strays = (*left, *outcome.strays)
        self._note(aims, outcome)
        return seen, answer, outcome

    @staticmethod
    def _aim_again(seen: Grid, aim: _Aim, puts: dict[int, dict[int, Raw]], keys: dict[int, str]) -> None:
        """Where a patch that went astray belongs now. What it put beside its aim may have changed the content of its row."""
        if aim.landed:
            return
        line = seen.lines.get(aim.patch.key)
        if line is None and aim.patch.key.startswith(PROVISIONAL) and aim.handle is not None:
            line = seen.by_handle.get(aim.handle)
        _take_aim(seen, aim, line)
        if aim.handle is not None:
            puts.setdefault(aim.handle, {}).update(aim.cells)
            keys[aim.handle] = aim.key

    @staticmethod
    def _note(aims: Sequence[_Aim], outcome: Landed) -> None:
        for aim in aims:
            aim.landed = aim.landed or aim.handle in outcome.right

    def _answered(self, seen: Grid, aims: Sequence[_Aim], answer: Answer, outcome: Landed) -> tuple[list[Written], Grid | None]:
        """The answers, and the tab as it stands now where all of it is known."""
        changed: dict[str, tuple[str, Line]] = {}
        borne = Counter(map(seen.id_of, seen.lines.values())) if any(seen.key_position in aim.cells for aim in aims) else {}
        written = []
        for aim in aims:
            if not aim.landed:
                written.append(Written(Effect.MISSING))
                continue
            found = answer.rows.get(aim.handle or 0) if outcome.same_columns else None
            line = shown(seen, seen.by_handle[aim.handle or 0], aim.cells, found) if found is not None else None
            key = seen.id_of(line) if line is not None else ""
            known = key == aim.patch.key or (bool(key) and seen.key_position in aim.cells and not borne.get(key))
            if line is None or not known:  # the next read will tell
                written.append(Written(Effect.APPLIED, unfit=aim.unfit))
                continue
            changed[aim.patch.key] = (key, line)
            written.append(Written(Effect.APPLIED, seen.row(key, line), aim.unfit))
        whole = all(answer_.row is not None for answer_ in written)
        return written, seen.with_lines(changed) if whole else None


def _take_aim(seen: Grid, aim: _Aim, line: Line | None) -> None:
    """line: of the patch; None where there is none. Of one into which nothing is to be put, no handle is wanted."""
    aim.cells, aim.unfit = cells_of(seen, line, aim.patch) if line is not None else ({}, {})
    aim.handle = line.handle if line is not None and aim.cells else None
    aim.landed = line is not None and not aim.cells
    if line is not None:
        put = aim.cells.get(seen.key_position)
        aim.key = seen.id_of(line) if put is None else flawless(put)


def cells_of(seen: Grid, line: Line, patch: Patch) -> tuple[dict[int, Raw], dict[str, str]]:
    """What is sent for a patch, and why the rest isn't: what is written into a cell that a merge hides is never seen, so each look
    would find it missing. Headers that the table doesn't have are dropped.

    A cell that reads as what is put, but holds it in another way (as a formula, as a time of day), is left as it is.
    """
    cells: dict[int, Raw] = {}
    unfit: dict[str, str] = {}
    for header, value in patch.put.items():
        position = seen.position(header)
        if position is None:
            continue
        before = line.at(position)
        raw = raw_of(value, before.kind, seen.zone)
        same = seen.value(before) == value and type(seen.value(before)) is type(value)
        if same and (before.formula is not None or not alike(before.raw, raw)):
            continue
        if not seen.hides(line, position):
            cells[position] = raw
        elif not same:
            unfit[header] = f"the cell under {showing.shown(header)} is merged with another one, which hides it; unmerge them"
    return cells, unfit


def _stands_alike(before: Grid, now: Grid, lines: Sequence[Line]) -> bool:
    """Whether a request about these lines would be the same again."""
    shape = [(one.columns, one.width, one.height, one.title, one.head.handle) for one in (before, now)]
    return shape[0] == shape[1] and all(line.handle is None or line.handle in now.by_handle for line in lines)
