"""Making a table ready, as values: what its columns are to be like, what was looked at, and what is yet to be done.

Nothing here knows a task. What a column means is the engine's business; here it has a kind, options and tones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum

from msgspec import Struct, field

from connectors.errors import TableError


class Kind(Enum):
    """What stands in the cells of a column. The value is how a message calls it."""

    TEXT = "text"
    LONG_TEXT = "long text"
    NUMBER = "number"
    INSTANT = "date and time"
    CHOICE = "one of its options"


class Tone(Enum):
    """How a cell is to strike people who look over the table; each store has its own colours for it."""

    GOOD = "good"
    BUSY = "busy"
    BAD = "bad"
    QUIET = "quiet"


class Writer(Enum):
    """Who writes a column."""

    PERSON = "people"
    BOTH = "people and rowd"
    ROWD = "rowd"


class Shape(Struct, frozen=True):
    """What a column is to be like, as far as the store has such a thing.

    header: as it stands in the table, or is to.   about: one sentence for whoever asks what it is for.
    options: words to choose from, in their order. A CHOICE holds nothing else; other kinds hold anything, and these are suggested.
    tones: how a cell that begins with this word strikes people; for a CHOICE, that holds it.   decimals: of a NUMBER.
    emptied: whether rowd also makes its cells blank.
    """

    header: str
    kind: Kind
    writer: Writer
    about: str
    options: tuple[str, ...] = ()
    tones: Mapping[str, Tone] = field(default_factory=dict)
    decimals: int = 0
    emptied: bool = False


Wanted = Callable[[Sequence[str]], Sequence[Shape]]
"""The headers as they stand, in table order → the shape of every column that is to be made or mended, the new ones last.

None stand in an empty table. Raises NeedsOwner where the table is none that could be made ready."""


class Step(Struct, frozen=True):
    """One change that makes a table ready. Where it replaces something as a whole, it looks at that right before.

    says: what it changes, a clause each: `add the column "Health" (long text)`.
    take: makes it; False where this store lets no program do that. Raises TryLater, OutcomeUnknown, NeedsOwner, Bug.
    by_hand: how a person does the same, one sentence; "" where none could.
    """

    says: tuple[str, ...]
    take: Callable[[], bool]
    by_hand: str = ""


class Preparation(Struct, frozen=True):
    """What a table lacks. Empty where it is ready.

    headers: as they stood.   steps: in the order in which they are to be taken.
    by_hand: what only a person can put right, a sentence each.
    """

    headers: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    by_hand: tuple[str, ...] = ()


class Check(Struct, frozen=True):
    """One thing that a table needs, looked at.

    what: a word or two for it: `credentials`.   says: how it stands; where that is bad, what to do.
    trouble: why it is bad; None where it isn't.   open: it can't be told by looking.
    proof: a request that tells all the same and changes nothing, though it is a write; None where there is none.
    """

    what: str
    says: str
    trouble: TableError | None = None
    open: bool = False
    proof: Callable[[], Check] | None = None

    @classmethod
    def failed(cls, what: str, trouble: TableError) -> Check:
        return cls(what, str(trouble), trouble)

    @property
    def good(self) -> bool | None:
        """None where that can't be told."""
        return False if self.trouble is not None else None if self.open else True
