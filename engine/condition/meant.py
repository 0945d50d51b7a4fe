"""What was probably meant by a text that says nothing as it stands: other languages' signs, words for signs, forms of numbers.

Offers only what can be read: `Reads` answers whether a tidy text can.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from engine.condition.tidy import masked, outside

Reads = Callable[[str], bool]

CURLY = str.maketrans({**dict.fromkeys("“”„‟«»″", '"'), **dict.fromkeys("‘’‚‛‹›′", "'")})

Better: TypeAlias = str | Callable[[re.Match[str]], str]

LONGEST_OFFERED = 200
"""Characters of a condition that is offered: it is to be copied, so it is never cut."""

_SLIPS: tuple[tuple[str, Better], ...] = (
    (r"^=(?!=)|^(?:if|when|where)\b(?! *[.=<>!\[])", ""),
    (r"[${]+([^\W\d][\w.]*)\}*", r"\1"),
    (r"===+", "=="),
    (r"!==+|<>|=!|/=|≠", "!="),
    (r"=>|≥|⩾", ">="),
    (r"=<|≤|⩽", "<="),
    (r"(?<![=!<>])=(?!=)", "=="),
    (r" *&+ *| *∧ *", " and "),
    (r" *\|+ *| *∨ *", " or "),
    (r"!(?!=) *|¬ *", "not "),
    (r"\b(?:is )?(?:less|smaller|lower|fewer) than or equal to\b|\bis at most\b", "<="),
    (r"\b(?:is )?(?:greater|more|higher) than or equal to\b|\bis at least\b", ">="),
    (r"\bis (?=(?:not )?in\b)", ""),
    (r"\bis not (?:equal(?: to)?\b)?", "!= "),
    (r"\bis (?:equal to |the same as )?(?!in\b|not\b)|\bequals? (?:to )?", "== "),
    (r"== *not in\b", "not in"),
    (r"(?:\bis |== *)?\b(?:less|smaller|lower|below|fewer|under)(?: than)?\b", "<"),
    (r"(?:\bis |== *)?\b(?:greater|more|higher|above|over)(?: than)?\b", ">"),
    (r"(?<=[0-9]) ?(?:percent|per cent|pct|prozent)\b|(?<=[0-9]) ?[％٪]", "%"),
    (r"(?<![\w.])\.([0-9]+)", r"0.\1"),
    (r"(?<![\w.])(?:tasks\.)?([0-9]\w*)\.(?=[^\W\d])", r'tasks["\1"].'),
    (r"(?<=[0-9])[_'’](?=[0-9]{3})", ""),
    (r"\b([0-9]{1,3}),([0-9]{3}\.[0-9]+)", r"\1\2"),
    (r"×|·", "*"),
    (r"÷", "/"),
    (r"\bnow ?\( ?\)", "now"),
    (r"\[ ?([^\W\d][^\[\]\"']*?) ?\]", r'["\1"]'),
    (r"(?<=[0-9]) (?=[0-9]{3}\b)|(?<=[0-9]) ?[€$£]|[€$£](?=[0-9])", ""),
    (r"(?<![\w.])[0-9]{1,3}(?:\.[0-9]{3}){2,}(?![\w.])", lambda found: found[0].replace(".", "")),
    (r"(?<![\w.])([0-9]{1,3}(?:\.[0-9]{3})+),([0-9]+)", lambda found: f"{found[1].replace('.', '')}.{found[2]}"),
    (r" ?; ?", ", "),
    (r"\bxor\b", "!="),
)
"""What people write for what the language calls otherwise, each by itself and all together. Compiled when one is looked for."""

_SQUARE = re.compile(r"\bin ?([\[{])[^\[\]{}]*([\]}])", re.IGNORECASE)
_BETWEEN = re.compile(r"([^\W\d][\w.]*) between ([^ ]+) and ([^ ]+)", re.IGNORECASE)
_WORDS = re.compile(
    r"(?<![\w.])(?!(?:and|or|not|in|if|is|unless)\b)[^\W\d]\w*(?: (?!(?:and|or|not|in|if|is|else|then|unless)\b)[^\W\d]\w*)+",
    re.IGNORECASE,
)
"""Words side by side, none of which joins the others."""


def meant(text: str, reads: Reads) -> str | None:
    """The condition that was probably meant by a tidy text; None where that can't be said."""
    tries = (_mended(text), _between(text), _underscores(text))
    better = next((found for found in tries if found != text and reads(found)), None)
    return better if better is not None and len(better) <= LONGEST_OFFERED else None


def _mended(text: str) -> str:
    def change(part: str) -> str:
        for slip, better in _SLIPS:
            part = re.sub(slip, better, part, flags=re.IGNORECASE)
        return part

    plain = text.translate(CURLY)
    for found in reversed(list(_SQUARE.finditer(masked(plain)))):
        plain = f"{plain[: found.start(1)]}({plain[found.end(1) : found.start(2)]}){plain[found.end(2) :]}"
    return outside(plain, lambda part: re.sub(" +", " ", change(part))).strip()


def _between(text: str) -> str:
    return outside(text, lambda part: _BETWEEN.sub(r"\2 <= \1 and \1 <= \3", part))


def _underscores(text: str) -> str:
    """`disk usage > 90%`."""
    return outside(text, lambda part: _WORDS.sub(lambda words: words[0].replace(" ", "_"), part))
