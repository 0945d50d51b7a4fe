"""Schedules in words: a sentence in, what it says out. One-time sentences are read here, recurring ones in `recurring`."""

from __future__ import annotations

import re
from functools import lru_cache

from engine.schedule.ambiguous import refuse_ambiguous
from engine.schedule.meant import remedy
from engine.schedule.moments import span, when
from engine.schedule.reader import Reader
from engine.schedule.recurring import read_recurring
from engine.schedule.said import Ahead, OnDay, Said
from engine.schedule.tokens import Kind
from engine.schedule.unreadable import Unreadable, refused

FORMS = 'write e.g. "every 15 minutes", "daily 07:00", "mon,thu 18:00", "last day of month 18:00", "2026-12-24 10:00" or cron'


@lru_cache(maxsize=4096)
def sentence(text: str) -> Said:
    """Read a tidy text. Raises Unreadable: with both readings, with what was probably meant, or with examples."""
    refuse_ambiguous(text)  # outside: what is ambiguous is no slip of the finger
    try:
        return _sentence(text)
    except Unreadable as exc:
        better = remedy(text, _reads)
        if better is None:
            raise
        raise refused(text, better) from exc


def _reads(text: str) -> bool:
    """Whether this says something, in one way only."""
    try:
        refuse_ambiguous(text)
        _sentence(text)
    except Unreadable:
        return False
    return True


def _sentence(text: str) -> Said:
    reader = Reader(text)
    found = _one_time(reader) or read_recurring(reader)
    if found is None:
        raise reader.refused(FORMS)
    if not reader.done:
        raise _leftover(reader)
    return found


def _leftover(reader: Reader) -> Unreadable:
    token = reader.peek()
    if token is not None and token.kind is Kind.NUMBER:
        like = "09:00"
        if re.fullmatch(r"[0-9]{1,2}\.[0-5][0-9]", token.text):
            like = token.text.replace(".", ":")
        elif re.fullmatch(r"[01]?[0-9]|2[0-3]", token.text):
            like = f"{int(token.text):02}:00"
        return reader.refused(f'"{token.text}" is no time of day; write it like {like}')
    return reader.refused(f'"{reader.rest[:40]}" doesn\'t fit behind the rest; {FORMS}')


def _one_time(reader: Reader) -> Said | None:
    said_once = reader.word("once")
    reader.word(",")
    if reader.word("now", "immediately") or reader.words("at once"):
        return Ahead(settle=True)
    if reader.word("in"):
        if (length := span(reader)) is None:
            raise reader.refused('after "in" comes a span of time, like "in 2 hours" or "in 3 days"')
        return Ahead(*length)
    start = reader.at
    for days, word in enumerate(("today", "tomorrow")):
        if reader.word(word):
            time = reader.time(at=reader.word("at") is not None)
            return OnDay(days, time[0] if time else None)
    reader.word("on")
    if (at := when(reader)) is not None:
        return at
    if said_once:
        raise reader.refused('after "once" comes a date, like "once 2026-12-24 10:00"')
    reader.at = start
    return None
