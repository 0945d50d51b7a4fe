"""A sentence while it is being read, and the lists it is made of. Each method reads its tokens, or leaves them alone."""

from __future__ import annotations

import re
from collections.abc import Collection

from engine.schedule.tokens import MONTH, NAMED_TIMES, ORDINAL, UNITS, WEEKDAY, Kind, Token, tokens
from engine.schedule.unreadable import Unreadable, refused

_TIME = re.compile(r"(\d{1,2})(?::(\d{2}))?(?::(\d{2})(?:\.(\d{1,6}))?)?(?: ?([ap])\.?m\.?)?")


class Reader:
    """The tokens of one sentence and how far they have been read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = tokens(text)
        self.at = 0

    # --- single tokens

    def peek(self, ahead: int = 0) -> Token | None:
        return self._tokens[self.at + ahead] if self.at + ahead < len(self._tokens) else None

    def take(self, kind: Kind) -> Token | None:
        token = self.peek()
        if token is None or token.kind is not kind:
            return None
        self.at += 1
        return token

    def word(self, *options: str) -> str | None:
        """Any of these words, or marks."""
        return self.one_of(options)

    def one_of(self, options: Collection[str]) -> str | None:
        token = self.peek()
        if token is None or token.text not in options or token.kind not in (Kind.WORD, Kind.MARK):
            return None
        self.at += 1
        return token.text

    def words(self, phrase: str) -> bool:
        """All of these words and marks, in this order."""
        parts = phrase.split()
        upcoming = [t.text if (t := self.peek(i)) else None for i in range(len(parts))]
        if upcoming != parts:
            return False
        self.at += len(parts)
        return True

    @property
    def done(self) -> bool:
        return self.at == len(self._tokens)

    @property
    def rest(self) -> str:
        """What has not been read."""
        token = self.peek()
        return self.text[token.start :] if token else ""

    def refused(self, why: str) -> Unreadable:
        return refused(self.text, why)

    # --- lists

    def separator(self) -> bool:
        """A comma, `and`, `&`, or a comma with `and`."""
        comma = self.word(",", ";") is not None
        return self.word("and", "&") is not None or comma

    def weekdays(self) -> int | None:
        """`mon,thu`, `monday to friday`, `weekdays`, `weekend` as a mask with bit 0 for Monday; None for something else."""
        mask, start = 0, self.at
        while (found := self._weekday_run()) is not None:
            mask |= found
            start = self.at
            if not self.separator():
                break
        self.at = start
        return mask or None

    def _weekday_run(self) -> int | None:
        if self.word("weekdays", "workdays") or self.words("working days") or self.words("business days"):
            return 0b1_1111
        if self.word("weekends", "weekend"):
            return 0b110_0000
        first = self.one_of(WEEKDAY)
        if first is None:
            return None
        return self._run(WEEKDAY[first], WEEKDAY, 7, 0)

    def months(self) -> int | None:
        """`january and july`, `april to october` as a mask of bits 1 to 12; None for something else."""
        mask, start = 0, self.at
        while (name := self.one_of(MONTH)) is not None:
            mask |= self._run(MONTH[name], MONTH, 12, 1)
            start = self.at
            if not self.separator():
                break
        self.at = start
        return mask or None

    def _run(self, first: int, names: dict[str, int], size: int, low: int) -> int:
        start = self.at
        if self.word("-", "to", "through", "until") and (last := self.one_of(names)):
            length = (names[last] - first) % size + 1
            return sum(1 << (first - low + i) % size + low for i in range(length))
        self.at = start
        return 1 << first

    def ordinal(self) -> int | None:
        """`2nd`, `second`; None for something else."""
        if token := self.take(Kind.ORDINAL):
            return int(token.text[:-2])
        word = self.one_of(ORDINAL)
        return ORDINAL[word] if word else None

    def whole(self) -> int | None:
        """A whole number; None for something else."""
        token = self.peek()
        if token is None or token.kind is not Kind.NUMBER or "." in token.text:
            return None
        self.at += 1
        return int(token.text)

    # --- times of day

    def times(self, *, at: bool) -> tuple[int, ...]:
        """`07:00, 12:00 and 18:30` in seconds since midnight; empty for something else. at: the word "at" stood before it."""
        found: list[int] = []
        start = self.at
        while (time := self.time(at=at)) is not None:
            second, micro = time
            if micro:
                raise self.refused("a recurring time has whole seconds")
            found.append(second)
            start = self.at
            if not self.separator():
                break
            at = self.word("at") is not None or at
        self.at = start
        return tuple(found)

    def time(self, *, at: bool) -> tuple[int, int] | None:
        """One time of day: seconds since midnight, microseconds. After "at", a bare hour will do (24-hour clock)."""
        if name := self.one_of(NAMED_TIMES):
            return NAMED_TIMES[name], 0
        token = self.take(Kind.TIME)
        if token is None and at:
            unit = self.peek(1)
            token = None if unit and unit.text in UNITS else self.take(Kind.NUMBER)
        if token is None:
            return None
        match = _TIME.fullmatch(token.text)
        if match is None:
            raise self.refused(f'"{token.text}" is no time of day; write it like 07:00')
        return self._clock(token.text, match)

    def _clock(self, said: str, match: re.Match[str]) -> tuple[int, int]:
        hour, minute, second = int(match[1]), int(match[2] or 0), int(match[3] or 0)
        if match[5] and not 1 <= hour <= 12:
            raise self.refused(f'"{said}" is no time of day; with am and pm the hours go from 1 to 12')
        if match[5]:
            hour = hour % 12 + (12 if match[5] == "p" else 0)
        if hour == 24 and not minute and not second:
            raise self.refused(f'"{said}" is the next day\'s beginning; write 00:00, and mind the day')
        if hour > 23 or minute > 59 or second > 59:
            raise self.refused(f'"{said}" is no time of day; those go from 00:00 to 23:59')
        return hour * 3600 + minute * 60 + second, int((match[4] or "").ljust(6, "0"))
