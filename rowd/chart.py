"""The chains of tables, to be drawn: as a tree, or in Mermaid's language. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from connectors.preparing import Tone
from engine.columns import Column
from engine.links import Place
from engine.shapes import shape
from rowd.view import RowView


class Branch(Struct, frozen=True):
    """A line of the tree.   depth: 0 for a row that waits for none.   last: on each level down to its own, whether nothing follows.

    above: it waits for several rows, and stands in full under another one, higher up.   under: the table of the row that it hangs
    under; "" for one that hangs under none.
    """

    row: RowView
    depth: int
    last: tuple[bool, ...]
    above: bool
    under: str


class Chart:
    """Rows that wait for others, and those that are waited for, of one table or of several."""

    def __init__(self, rows: Iterable[RowView]) -> None:
        known = {(row.table, row.key): row for row in rows}
        self._before: dict[Place, list[Place]] = {}
        self._after: dict[Place, list[Place]] = {}
        for place, row in known.items():
            for one in row.task.depends_on if row.task is not None else ():
                self._before.setdefault(place, []).extend([one.place] if one.place in known else [])
                self._after.setdefault(one.place, []).append(place)
        self._rows = {place: row for place, row in known.items() if place in self._before or place in self._after}

    @property
    def rows(self) -> Sequence[RowView]:
        return list(self._rows.values())

    def around(self, row: RowView) -> Chart:
        """Only what the row waits for, and what waits for it, over any number of steps."""
        place = (row.table, row.key)
        within = {place, *_reached(place, self._before), *_reached(place, self._after)}
        return Chart(one for there, one in self._rows.items() if there in within)

    def behind(self, row: RowView) -> Sequence[RowView]:
        """What waits for the row, over any number of steps."""
        reached = _reached((row.table, row.key), self._after)
        return [one for place, one in self._rows.items() if place in reached]

    def tree(self) -> Iterator[Branch]:
        """Each row under one that it waits for. What waits for several stands in full under the first of them."""
        drawn: set[Place] = set()
        roots = [place for place in self._rows if not self._before.get(place)]
        stack: list[tuple[Place, tuple[bool, ...], str]] = [(place, (), "") for place in reversed(roots)]
        while stack:
            place, last, under = stack.pop()
            yield Branch(self._rows[place], len(last), last, above=place in drawn, under=under)
            if place in drawn:
                continue
            drawn.add(place)
            following = self._after.get(place, [])
            stack += [(one, (*last, one == following[-1]), place[0]) for one in reversed(following)]

    def mermaid(self) -> Iterator[str]:
        """The lines of a flowchart: https://mermaid.js.org/syntax/flowchart.html"""
        names = {place: f"r{number}" for number, place in enumerate(self._rows, 1)}
        several = len({table for table, _ in self._rows}) > 1
        yield "flowchart LR"
        for place, row in self._rows.items():
            said = f"{row.table}/{row.name}" if several else row.name
            yield f'    {names[place]}["{_quoted(said)}"]:::{look_of(row).value}'
        for place, before in self._before.items():
            yield from (f"    {names[one]} --> {names[place]}" for one in before)
        for look, style in _LOOKS.items():
            yield f"    classDef {look.value} {style}"


_LOOKS: Mapping[Tone, str] = {
    Tone.GOOD: "fill:#e6f4ea,stroke:#188038",
    Tone.BUSY: "fill:#fef7e0,stroke:#b06000",
    Tone.BAD: "fill:#fce8e6,stroke:#c5221f",
    Tone.QUIET: "fill:#f1f3f4,stroke:#80868b",
}


def look_of(row: RowView) -> Tone:
    """How its Health strikes people who look over the table."""
    first = str(row.cells[Column.HEALTH]).split(maxsplit=1)[0].rstrip(":,")
    return _TONES.get(first, Tone.QUIET)


_TONES: Mapping[str, Tone] = {
    **{word.upper().partition(" ")[0]: tone for word, tone in shape(Column.LAST_STATUS, "").tones.items()},
    **shape(Column.HEALTH, "").tones,
}


def _reached(start: Place, steps: Mapping[Place, Sequence[Place]]) -> set[Place]:
    reached: set[Place] = set()
    ahead = list(steps.get(start, ()))
    while ahead:
        if (place := ahead.pop()) not in reached:
            reached.add(place)
            ahead += steps.get(place, ())
    return reached


def _quoted(name: str) -> str:
    """Within a Mermaid label in quotes: characters by their numbers, where they would end it or be read as something else."""
    return "".join(c if c.isalnum() or c in " _-./:,()+" else f"#{ord(c)};" for c in name)
