"""Rows of one table made in another that doesn't have them yet. Nothing that is there is changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, field

from connectors.errors import OutcomeUnknown, TryLater
from engine.pairing import ROWDS, Alone, Cells, Side, called, common, known, lacking, made_of, paired
from engine.syncing import met
from rowd.moving import ROUNDS, Book, Moved, Progress
from rowd.wiring import new_id


class CopyPlan(Struct, frozen=True):
    """What there is to do.

    creates: (key in the source, cells) of each row to make, in their order.   there: names of rows that are left alone.
    renamed: of those, the ones that have another Name there: (Name here, Name there).
    unclear: rows that can't be made.   lacking: header of a column of rowd's that the target lacks → names of rows that need it.
    strangers: headers that it lacks besides, which are left out.   unfit: why a column can't hold its cell → names of the rows.
    """

    creates: tuple[tuple[str, Cells], ...]
    there: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    unclear: tuple[Alone, ...] = ()
    lacking: Mapping[str, Sequence[str]] = field(default_factory=dict)
    strangers: tuple[str, ...] = ()
    unfit: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def fits(self) -> bool:
        """Whether the target can hold all of it."""
        return not self.lacking and not self.unfit


def planned(source: Side, target: Side, unfit: Callable[[Cells], Mapping[str, str]], draw: Callable[[], str]) -> CopyPlan:
    """What is to be made of these rows.   unfit: which cells the target's columns can't hold: column → why. Pure."""
    pairing = paired(source, target)
    rows = [source.rows[key] for key in pairing.ones]
    wanting = lacking(rows, source, target)
    creates: list[tuple[str, Cells]] = []
    misfits: dict[str, list[str]] = {}
    for key, cells in made_of(pairing.ones, source, target, rowds=True, draw=draw):
        refused = unfit(cells)
        for name, why in refused.items():
            if name not in ROWDS:
                misfits.setdefault(why, []).append(called(cells, key))
        creates.append((key, {name: value for name, value in cells.items() if name not in refused}))  # rowd says its own anew
    names = [(source.called(pair.one), target.called(pair.other)) for pair in pairing.pairs]
    return CopyPlan(
        creates=tuple(creates),
        there=tuple(here for here, _ in names),
        renamed=tuple((here, there) for here, there in names if here.casefold() != there.casefold()),
        unclear=pairing.unclear[0],
        lacking={source.headers[name]: rows for name, rows in wanting.items() if known(name)},
        strangers=tuple(source.headers[name] for name in wanting if not known(name)),
        unfit=misfits,
    )


class Copied(Struct, frozen=True):
    """What became of a plan.   made: names of the rows that were made, in their order."""

    plan: CopyPlan
    made: tuple[str, ...] = ()


async def copied(source: Moved, target: Moved, book: Book, progress: Progress, *, dry_run: bool) -> Copied:
    """Copy. In a dry run, and where the target can't hold all of it, nothing is made.

    book: of these two, in this order: what is made is a pair, so that a sync knows what was edited since.
    Where it isn't known whether rows were made, the target is read again, and what is missing then is made.
    Raises what reading either table raises, and what making rows does: rows that were made until then stay.
    """
    await source.read()
    plan = first = await _looked(source, target)
    if dry_run or not plan.fits or not plan.creates:
        return Copied(plan)
    total = len(first.creates)
    for _ in range(ROUNDS):
        try:
            for at in range(0, len(plan.creates), target.together):
                done = total - len(plan.creates) + at
                made = await target.add(plan.creates[at : at + target.together], progress, done, total)
                columns = common(source.side, target.side)
                book.commit([met(key, new, source.side.rows[key], target.side.rows[new], columns) for key, new in made])
        except OutcomeUnknown:
            plan = await _looked(source, target)
        else:
            plan = CopyPlan(())
        if not plan.creates:
            return Copied(first, tuple(source.side.called(key) for key, _ in first.creates))
    done = total - len(plan.creates)
    raise TryLater(f"{target.name}: {done} of {total} rows were made, and it can't be told whether the next were")


async def _looked(source: Moved, target: Moved) -> CopyPlan:
    await target.read()
    return planned(source.side, target.side, target.unfit, new_id)
