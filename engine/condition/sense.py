"""What can be read but can't be meant: refused when a row is read, so that nobody waits for a value to find it out."""

from __future__ import annotations

from datetime import UTC

from engine.cells import BadCell, instant
from engine.condition.spelling import spelled
from engine.condition.tree import (
    ORDER,
    All,
    Any,
    Compared,
    Denied,
    Name,
    Negative,
    Node,
    Number,
    Product,
    Sum,
    Text,
    Truth,
    Within,
    parts,
)
from engine.condition.unreadable import refused, shown, two_readings, whole

_NOTHING = frozenset({"null", "none", "nil", "undefined", "nan"})
"""What other languages call a value that is missing."""


def check(text: str, node: Node) -> None:
    """Raises Unreadable where the condition says what is never true or false. text: all of it, for the message."""
    if not _may_be_asked(node):
        raise refused(text, f"{shown(spelled(node))} alone is neither true nor false; {_compare(node)}")
    _check(text, node)


def _check(text: str, node: Node) -> None:
    match node:
        case All(joined) | Any(joined):
            _joined(text, node, joined)
        case Denied(of) if not _may_be_asked(of):
            raise refused(text, f'after "not", {shown(spelled(of))} is neither true nor false; {_compare(of)}')
        case Compared(left, sign, right):
            _compared(text, left, sign, right)
        case Name((word,)) if word.lower() in _NOTHING:
            raise refused(text, f'"{word}" is no value to compare with; what is missing is told by itself, so leave that part out')
        case Sum() | Product() | Negative():
            _counted(text, node)
    for part in parts(node):
        _check(text, part)


def _may_be_asked(node: Node) -> bool:
    """It is true or false, or may be."""
    return isinstance(node, Compared | Within | Denied | All | Any | Truth | Name)


def _compare(node: Node) -> str:
    match node:
        case Text():
            return f"compare it, like {shown(f'branch == {spelled(node)}')}"
        case Number():
            return f"compare it, like {shown(f'coverage < {spelled(node)}')}"
    return f"compare it, like {shown(f'{spelled(node)} > 0')}"


def _joined(text: str, joint: All | Any, joined: tuple[Node, ...]) -> None:
    """`branch == "main" or "release"`: the second part is no question."""
    stray = next((part for part in joined if not _may_be_asked(part)), None)
    if stray is None:
        return
    word, sign = ("or", "==") if isinstance(joint, Any) else ("and", "!=")
    first = joined[0]
    if isinstance(first, Compared) and first.sign == sign and not any(map(_may_be_asked, joined[1:])):
        listed = Within(first.left, (first.right, *joined[1:]), inside=isinstance(joint, Any))
        raise refused(
            text, f'{shown(spelled(stray))} after "{word}" is compared with nothing; did you mean {whole(spelled(listed))}?'
        )
    raise refused(text, f'beside "{word}", {shown(spelled(stray))} is neither true nor false; {_compare(stray)}')


def _compared(text: str, left: Node, sign: str, right: Node) -> None:
    for one, other in ((left, right), (right, left)):
        if sign in ORDER and isinstance(one, Compared | Within | Denied | All | Any | Truth):
            raise refused(text, f'{shown(spelled(one))} is true or false, which is neither less nor more; join it by "and" or "or"')
        if sign in ORDER and isinstance(one, Text):
            _instant(text, one, f'has no order; write {_unquoted(one)}, or compare texts by "==" or "in"')
        if _percent(one) and _quotient(other):
            share = (
                f"{spelled(other)} * 100 {sign} {spelled(one)}"
                if other is left
                else f"{spelled(one)} {sign} {spelled(other)} * 100"
            )
            bare = spelled(Compared(left, sign, right)).replace("%", "")
            raise two_readings(text, f"{shown(share)} for a share in a hundred", f"{shown(bare)} for a plain number")


def _counted(text: str, node: Sum | Product | Negative) -> None:
    for part in parts(node):
        if isinstance(part, Compared | Within | Denied | All | Any | Truth):
            raise refused(text, f"{shown(spelled(part))} is true or false, and can't be counted with; take it out of the sum")
        if isinstance(part, Text):
            if not isinstance(node, Sum):
                raise refused(text, f"{spelled(part)} is text, and can't be counted with; write {_unquoted(part)}")
            _instant(text, part, f"can't be counted with; write {_unquoted(part)}")


def _instant(text: str, part: Text, otherwise: str) -> None:
    """In a place where text has to be a date."""
    try:
        instant(part.text, UTC)
    except BadCell as exc:
        why = str(exc)
        raise refused(
            text, f"{shown(part.text)} {f'can be read as {why}' if why.startswith('either') else f'is text, which {otherwise}'}"
        ) from None


def _unquoted(part: Text) -> str:
    """What to write where a number is wanted."""
    bare = part.text.strip().removesuffix("%").strip().replace(".", "", 1)
    return f"{part.text.strip()} without quotes" if bare.isdecimal() else "a number or a name without quotes"


def _percent(node: Node) -> bool:
    match node:
        case Number(_, percent):
            return percent
        case Negative(of):
            return _percent(of)
        case Sum():
            return all(map(_percent, parts(node)))
    return False


def _quotient(node: Node) -> bool:
    """What one plain thing is of another, as far as can be seen."""
    return isinstance(node, Product) and all(sign == "/" for sign, _ in node.rest) and not any(map(_percent, parts(node)))
