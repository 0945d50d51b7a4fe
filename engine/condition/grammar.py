"""The grammar, as `lark` reads it: from a tidy text to a tree of its words, or to where it stops being one."""

from __future__ import annotations

from collections.abc import Set
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lark import Lark, Token, Tree

_UNIT = "(?:seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)"
_PIECE = rf"[0-9]+(?:\.[0-9]+)? ?{_UNIT}(?![^\W\d])"

_GRAMMAR = rf"""
?either: both (_OR both)*
?both: denial (_AND denial)*
?denial: _NOT denial -> denied | comparison
?comparison: sum | sum (SIGN sum)+ -> compared | sum IN "(" either ("," either)* ")" -> within
?sum: product (PLUS product)*
?product: signed (TIMES signed)*
?signed: PLUS signed | NUMBER | PERCENT | SPAN | TEXT | TRUTH | NAME (WORD | "[" TEXT "]")* -> name | "(" either ")"

_OR.5: /or\b/i
_AND.5: /and\b/i
_NOT.5: /not\b/i
IN.6: /(?:not )?in\b/i
TRUTH.5: /(?:true|false|yes|no)\b/i
SIGN: /[=!<>]=|[<>]/
PLUS: /[+-]/
TIMES: /[*\/]/
SPAN.4: /{_PIECE}(?: ?{_PIECE})*/i
PERCENT.3: /[0-9]+(?:\.[0-9]+)? ?%/
NUMBER.2: /[0-9]+(?:\.[0-9]+)?(?![\w.])/
TEXT: /"[^"]*"|'[^']*'/
NAME: /(?!(?:and|or|not|in|true|false|yes|no)\b)[^\W\d]\w*/i
WORD: /\.[^\W\d]\w*/
%ignore " "
"""

OPERANDS = frozenset({"NUMBER", "TEXT", "NAME"})
"""Where the parser would go on with all of these, a value is expected."""


class Stop(Exception):
    """The text is no condition.   at: the first character that doesn't fit; the length of the text where it ends too early."""

    def __init__(self, at: int, word: str, expected: Set[str]) -> None:
        super().__init__(at)
        self.at = at
        self.word = word
        self.expected = expected


@lru_cache(1)
def _parser() -> Lark:
    """Made once, with the first condition: the import and the tables together take 0.1 s of CPU."""
    from lark import Lark

    return Lark(_GRAMMAR, parser="lalr", start="either")


def words(text: str) -> Tree[Token] | Token:
    """The words of a tidy text, as they belong together. Raises Stop. Takes time in proportion to the text, and no recursion."""
    parser = _parser()
    from lark import UnexpectedCharacters, UnexpectedToken

    try:
        return parser.parse(text)
    except UnexpectedToken as exc:
        at = len(text) if exc.token.type == "$END" else exc.token.start_pos or 0
        raise Stop(at, str(exc.token), exc.expected) from None
    except UnexpectedCharacters as exc:
        at = exc.pos_in_stream or 0
        raise Stop(at, text[at], exc.allowed or set()) from None
