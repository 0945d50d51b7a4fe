"""What is wrong with a text where it stops being a condition, and what belongs there instead."""

from __future__ import annotations

import re
import unicodedata

from engine.condition.grammar import OPERANDS, Stop
from engine.condition.meant import CURLY
from engine.condition.tidy import masked
from engine.condition.unreadable import cut, shown

_NUMBER = re.compile(r"[0-9.][\w.]*")

_ELSEWHERE = (
    (r"\bunless\0|\0unless\b", '"unless" is written "not (…)"'),
    (r"\0(?:\*\*|\^)|\*\0\*", "there are no powers; multiply instead"),
    (r"\0//|/\0/", 'there is one division, "/"'),
    (r"\0%", '"%" stands behind a number, for percent; there is no remainder of a division'),
    (r"\0(?:\?|(?:if|else|then)\b)", 'there is no "if" within a condition; it is true or false itself'),
    (r"[0-9]\0:", 'a time of day alone can\'t be written; write a date and a time in quotes, like "2026-12-01 09:00"'),
    (
        r"\0(?:~|(?:contains|includes|has|like|i?match(?:es)?|starts ?with|starts|ends ?with|ends)\b)",
        'text is compared as a whole, by "==" or "in"; have the action give back the part that matters',
    ),
)
"""What is said of the signs and words that other languages have, by what stands on either side of the place."""


def stopped(text: str, stop: Stop) -> str:
    """A clause behind the tidy text: what stands there, and the remedy."""
    return _quotes(text) or _brackets(text) or _known(text, stop) or _expected(text, stop)


def _quotes(text: str) -> str | None:
    """A quote without its other half."""
    at = _unpaired_at(text.translate(CURLY))
    if at < 0:
        return None
    behind = f"the quote before {shown(text[at + 1 :])}" if text[at + 1 :] else "the quote at the end"
    return f"{behind} has no other half; put text between two of the same"


def _unpaired_at(text: str) -> int:
    """Where the first quote without its other half stands; -1 for none."""
    quote, at = "", -1
    for index, character in enumerate(text):
        if not quote and character in "\"'":
            quote, at = character, index
        elif character == quote:
            quote, at = "", -1
    return at


def _brackets(text: str) -> str | None:
    """One bracket too many, or too few."""
    opened: list[int] = []
    plain = masked(text)
    for at, character in enumerate(plain):
        if character in "([":
            opened.append(at)
        elif character in ")]":
            if not opened or plain[opened[-1]] != {")": "(", "]": "["}[character]:
                return f'the bracket "{character}" after {_before(text, at)} closes none; leave it out, or open one before'
            opened.pop()
    if opened:
        close = {"(": ")", "[": "]"}[plain[opened[-1]]]
        return f'the bracket before {shown(text[opened[-1] + 1 :] or "the end")} is not closed; add "{close}"'
    return None


def _known(text: str, stop: Stop) -> str | None:
    """What other languages have and this one doesn't."""
    plain, at = masked(text), stop.at
    before, rest = plain[:at].rstrip(), plain[at:]
    if (called := re.search(r"[^\W\d][\w.]*$", before)) and rest.startswith("("):
        return (
            f'"{cut(called[0])}(…)" is a call, which no condition makes; have the action give back what it comes to, and name that'
        )
    if re.match("not\\b", rest, re.IGNORECASE) and stop.expected >= OPERANDS:
        return f'after {_before(text, at)} "not" stands in brackets, with what it denies'
    if rest.startswith("=") or re.search("(?<![=!<>])=$", before):
        return f'"=" after {_before(text, at)} is written "=="'
    if rest.startswith((",", ";")):
        return f'after {_before(text, at)} "{rest[0]}" joins nothing; write "and" or "or"'
    said = f"{before}\0{rest}"
    return next((why for where, why in _ELSEWHERE if re.search(where, said, re.IGNORECASE)), None) or _numbers(
        text, stop, before, rest
    )


def _numbers(text: str, stop: Stop, before: str, rest: str) -> str | None:
    """A number with something behind it, or something like a number."""
    if (unit := re.match(r"[^\W\d]\w*", rest)) and (number := re.search(r"(?<![\w.])[0-9.]+$", before)):
        return _no_unit(number[0], unit[0])
    if (number := re.match("[0-9.]+", rest)) and re.search(r"[0-9][a-z]+$", before, re.IGNORECASE):
        return f'"{number[0]}" after {_before(text, stop.at)} has no unit; write one, like "30m"'
    return _number(number[0], stop) if (number := _NUMBER.match(rest)) else None


def _number(word: str, stop: Stop) -> str | None:
    if (unit := re.fullmatch(r"[0-9.]+([^\W\d]\w*)", word)) is None:
        fits = word.isdecimal() or not stop.expected >= OPERANDS
        return None if fits else f"{shown(word)} is no number; write one such as 5 or 2.5"
    if re.fullmatch(r"[0-9.]+e[0-9]+", word, re.IGNORECASE):
        return f"{shown(word)} is no number here; write all its digits"
    return _no_unit(word.removesuffix(unit[1]), unit[1])


def _no_unit(number: str, unit: str) -> str:
    return f'"{cut(unit)}" after "{cut(number)}" is no unit of time (s, min, h, d, w); write the number alone'


def _expected(text: str, stop: Stop) -> str:
    """What stands where something else belongs."""
    before, what = _before(text, stop.at), _what(text, stop)
    if stop.expected >= OPERANDS:
        if not stop.word:
            return f"something is missing after {before}; write a value there, or leave that out"
        where = f"after {before}" if stop.at else "at the beginning"
        return f"{what} can't stand {where}; there belongs a name, a number, or text in quotes"
    if stop.expected == {"TEXT"}:
        return f'{what} in brackets has no quotes; write the name in quotes, like tasks["Run tests"]'
    if stop.expected == {"LPAR"}:
        return f'after "in" comes a list in round brackets, like ("main", "release"), and not {what}'
    if stop.word == ".":
        like = digits[0] if (digits := re.search(r"(?<=\.)[0-9]\w*", text[stop.at :])) else "Run tests"
        return f'the point after {before} is followed by no name; write one, or text in brackets like tasks["{cut(like)}"]'
    return f'{what} doesn\'t fit after {before}; there belongs a comparison like "< 80%", or "and" or "or"'


def _before(text: str, at: int) -> str:
    """The last word before a place, for people to find it."""
    said = text[:at].rstrip()
    last = re.search(r"""(?:"[^"]*"|'[^']*'|[\w.%]+|[^\w\s"']+)$""", said)
    return shown(last[0].strip("\"'") if last else said[-20:]) if said else "the beginning"


def _what(text: str, stop: Stop) -> str:
    """The word at the place, or the name of a character that nobody sees or knows."""
    word = stop.word
    if len(word) == 1 and not " " <= word <= "~" and not word.isalpha():
        return f"the character {unicodedata.name(word, f'U+{ord(word):04X}').lower()}"
    if found := re.match(r"[^\W\d]\w*|[0-9][\w.]*", text[stop.at :]):
        return shown(found[0])
    return shown(word) if word else "the end"
