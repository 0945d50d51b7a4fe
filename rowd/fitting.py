"""How the columns of a table share the width of a screen: who is left out, who is cut, and to what. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

GAP = 2
"""Blanks between two columns."""

TINY = 6
"""What has no room in even the least of what it needs is cut down to this."""


def fitted(wide: Mapping[int, int], least: Mapping[int, int], spare: Sequence[int], width: int) -> dict[int, int]:
    """Column → its width, for those that are shown, in the order of `wide`.

    wide: what each would need.   least: what each can be read in; absent where that is all of it.   spare: columns to be left out,
    in this order, until the rest has room.   What is left is shared so that those that need little more have it all.
    """
    shown = {n: min(least.get(n, needed), needed) for n, needed in wide.items()}
    for n in spare:
        if taken(shown) <= width:
            break
        shown.pop(n, None)
    room = width - taken(shown)
    for others, n in zip(range(len(shown), 0, -1), sorted(shown, key=lambda n: wide[n] - shown[n]), strict=True):
        more = max(0, min(wide[n] - shown[n], room // others))
        shown[n] += more
        room -= more
    while taken(shown) > width and max(shown.values()) > TINY:
        shown[max(shown, key=shown.__getitem__)] -= 1
    return shown


def taken(widths: Mapping[int, int]) -> int:
    """The width of a table of such columns."""
    return sum(widths.values()) + GAP * (len(widths) - 1)
