"""What formulas come to: arithmetic, references and the few functions that a task table has. Any other answers 501."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from tests.emulators.core.exchange import Json, NotEmulated
from tests.emulators.google_sheets.book import Book
from tests.emulators.google_sheets.formula_text import Reference, Token, Unreadable, reference, tokens
from tests.emulators.google_sheets.grid import NO_FORMAT, Failure, Formula, Sheet, Value

REF = Failure("REF", "#REF!", "Reference does not exist")
DIVIDE = Failure("DIVIDE_BY_ZERO", "#DIV/0!", "Function DIVIDE parameter 2 cannot be zero.")
NUMBER = Failure("NUM", "#NUM!", "The result isn't a number.")
UNREAD = Failure("ERROR", "#ERROR!", "Formula parse error.")
CIRCLE = Failure("REF", "#REF!", "Circular dependency detected. To resolve with iterative calculation, see File > Settings.")
POWERS: Mapping[str, int] = {"=": 1, "<>": 1, "<": 1, ">": 1, "<=": 1, ">=": 1, "&": 2, "+": 3, "-": 3, "*": 4, "/": 4, "^": 5}
VOLATILE = re.compile(r"\b(?:NOW|TODAY)\(", re.IGNORECASE)


def check(text: str) -> None:
    """Whether it can be worked out here: what can't is refused when it is written. Raises NotEmulated."""
    try:
        parts = [token for token in tokens(text[1:]) if token.kind != "space"]
    except Unreadable:
        return
    for token, after in zip(parts, [*parts[1:], Token("", "")], strict=True):
        if token.kind != "name" or (token.text.upper() in ("TRUE", "FALSE") and after.text != "("):
            continue
        if token.text.upper() not in FUNCTIONS and token.text.upper() not in ("NOW", "TODAY"):
            raise NotEmulated(f"{token.text} in the formula {text}")


class Result(NamedTuple):
    """format: the NumberFormat that comes with it, where the cell has none of its own."""

    value: Value | None
    format: Mapping[str, Json] = NO_FORMAT


Many = list[Result]
Argument = Result | Many


class Reckoner:
    """Works out cells, each once. Made anew for each reading: nothing is remembered from one to the next.

    now: the serial of the moment, in the spreadsheet's zone.
    """

    def __init__(self, book: Book, now: float) -> None:
        self._book, self._now = book, now
        self._known: dict[tuple[int, int, int], Result] = {}
        self._under_way: set[tuple[int, int, int]] = set()

    def value(self, sheet: Sheet, row: int, column: int) -> Result:
        """None for an empty cell. Raises NotEmulated."""
        cell = sheet.cell(row, column)
        own: Mapping[str, Json] = cell.format.get("numberFormat", NO_FORMAT)
        if not isinstance(cell.entered, Formula):
            return Result(cell.entered, own)
        at = (sheet.id, row, column)
        if at in self._known:
            return self._known[at]
        if at in self._under_way:
            return Result(CIRCLE)
        self._under_way.add(at)
        found = self._formula(sheet, cell.entered.text)
        self._under_way.discard(at)
        self._known[at] = Result(found.value, own or found.format)
        return self._known[at]

    def _formula(self, sheet: Sheet, text: str) -> Result:
        try:
            parts = [token for token in tokens(text[1:]) if token.kind != "space"]
            found = _Reading(self, sheet, parts).all()
        except Unreadable:
            return Result(UNREAD)
        except OverflowError:
            return Result(NUMBER)
        if isinstance(found, list):
            if len(found) != 1:
                raise NotEmulated(f"a formula that fills several cells: {text}")
            found = found[0]
        return Result(0.0 if found.value is None else found.value, found.format)

    def now(self) -> float:
        return self._now

    def cells(self, given: Reference, own: Sheet) -> Argument:
        sheet = own if given.sheet is None else next((s for s in self._book.sheets if s.title == given.sheet), None)
        if sheet is None:
            return Result(REF)
        if given.last is None:
            row, column = given.first.row or 0, given.first.column or 0
            return self.value(sheet, row, column) if row < sheet.height and column < sheet.width else Result(REF)
        top, bottom = given.first.row or 0, sheet.height - 1 if given.last.row is None else given.last.row
        left, right = given.first.column or 0, sheet.width - 1 if given.last.column is None else given.last.column
        rows = range(top, min(bottom, sheet.height - 1) + 1)
        return [
            self.value(sheet, row, column)
            for row in rows
            for column in range(left, min(right, len(sheet.rows[row].cells) - 1, sheet.width - 1) + 1)
        ]


class _Reading:
    """One formula, read from left to right and worked out at once."""

    def __init__(self, reckoner: Reckoner, sheet: Sheet, parts: list[Token]) -> None:
        self._reckoner, self._sheet, self._parts, self._at = reckoner, sheet, parts, 0

    def all(self) -> Argument:
        found = self._over(0)
        if self._at != len(self._parts):
            raise Unreadable
        return found

    def _peek(self) -> str:
        return self._parts[self._at].text if self._at < len(self._parts) else ""

    def _take(self) -> Token:
        if self._at >= len(self._parts):
            raise Unreadable
        self._at += 1
        return self._parts[self._at - 1]

    def _over(self, power: int) -> Argument:
        left = self._one()
        while (sign := self._peek()) in POWERS and POWERS[sign] > power:
            self._take()
            left = _both(sign, _single(left), _single(self._over(POWERS[sign])))
        return left

    def _one(self) -> Argument:
        token = self._take()
        if token.text in ("-", "+"):
            found = _single(self._one())  # before powers: =-2^2 is 4
            number = _number(found.value)
            if isinstance(number, Failure):
                return Result(number)
            return Result(-number if token.text == "-" else number, found.format)
        found_here = self._plain(token)
        while self._peek() == "%":
            self._take()
            number = _number(_single(found_here).value)
            found_here = Result(number if isinstance(number, Failure) else number / 100, {"type": "PERCENT", "pattern": "0.00%"})
        return found_here

    def _plain(self, token: Token) -> Argument:
        if token.kind == "number":
            return Result(float(token.text))
        if token.kind == "text":
            return Result(token.text[1:-1].replace('""', '"'))
        if token.kind == "error":
            return Result(REF) if token.text == "#REF!" else Result(UNREAD)
        if token.kind == "ref":
            return self._reckoner.cells(reference(token.text), self._sheet)
        if token.text == "(":
            found = self._over(0)
            if self._take().text != ")":
                raise Unreadable
            return found
        if token.kind == "name":
            return self._named(token.text.upper())
        raise Unreadable

    def _named(self, name: str) -> Argument:
        if name in ("TRUE", "FALSE") and self._peek() != "(":
            return Result(name == "TRUE")
        if self._peek() != "(":
            raise NotEmulated(f"the name {name} in a formula")
        self._take()
        arguments: list[Argument] = []
        while self._peek() != ")":
            if arguments and self._take().text not in ",;":
                raise Unreadable
            arguments.append(self._over(0))
        self._take()
        if name == "NOW":
            return Result(self._reckoner.now(), {"type": "DATE_TIME"})
        if name == "TODAY":
            return Result(float(math.floor(self._reckoner.now())), {"type": "DATE"})
        if name not in FUNCTIONS:
            raise NotEmulated(f"the function {name}")
        return FUNCTIONS[name](arguments)


def _single(given: Argument) -> Result:
    if isinstance(given, list):
        if len(given) != 1:
            raise NotEmulated("a range where a formula wants one value")
        return given[0]
    return given


def _number(value: Value | None) -> float | Failure:
    if value is None:
        return 0.0
    if isinstance(value, Failure):
        return value
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return Failure("VALUE", "#VALUE!", f"'{value}' is a text and cannot be coerced to a number.")
    return float(value)


def _text(value: Value | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value == int(value) else f"{value:.15g}"
    return value.text if isinstance(value, Failure) else value


def _both(sign: str, left: Result, right: Result) -> Result:
    for side in (left, right):
        if isinstance(side.value, Failure):
            return Result(side.value)
    if sign == "&":
        return Result(_text(left.value) + _text(right.value))
    if POWERS[sign] == 1:
        return Result(_compared(sign, left.value, right.value))
    a, b = _number(left.value), _number(right.value)
    if isinstance(a, Failure):
        return Result(a)
    if isinstance(b, Failure):
        return Result(b)
    if sign == "/":
        return Result(DIVIDE) if b == 0 else Result(a / b)
    if sign == "^":
        return Result(float(a**b)) if a >= 0 or b == int(b) else Result(NUMBER)
    value = {"+": a + b, "-": a - b, "*": a * b}[sign]
    return Result(value, left.format or right.format if sign in "+-" else NO_FORMAT)


def _compared(sign: str, left: Value | None, right: Value | None) -> bool:
    def rank(value: Value | None, other: Value | None) -> tuple[int, float | str]:
        if value is None:
            return rank("" if isinstance(other, str) else 0.0, None)
        if isinstance(value, bool):
            return 2, float(value)
        if isinstance(value, str):
            return 1, value.lower()
        return 0, float(value) if isinstance(value, float) else 0.0

    a, b = rank(left, right), rank(right, left)
    if sign in ("=", "<>"):
        return (a == b) == (sign == "=")
    less, more = (a < b, a > b) if a[0] != b[0] or type(a[1]) is type(b[1]) else (False, False)
    return {"<": less, ">": more, "<=": not more, ">=": not less}[sign]


def _flat(arguments: list[Argument]) -> Iterator[tuple[Result, bool]]:
    """Each value, and whether it was written into the formula itself."""
    for argument in arguments:
        if isinstance(argument, list):
            yield from ((result, False) for result in argument)
        else:
            yield argument, True


def _numbers(arguments: list[Argument]) -> list[float] | Failure:
    found = []
    for result, _ in _flat(arguments):
        if isinstance(result.value, Failure):
            return result.value
        if isinstance(result.value, float) and not isinstance(result.value, bool):
            found.append(result.value)
    return found


def _over_numbers(how: Callable[[list[float]], float | Failure]) -> Callable[[list[Argument]], Result]:
    def function(arguments: list[Argument]) -> Result:
        numbers = _numbers(arguments)
        format_ = next((result.format for result, _ in _flat(arguments) if result.format), NO_FORMAT)
        return Result(numbers if isinstance(numbers, Failure) else how(numbers), format_)

    return function


def _truth(value: Value | None) -> bool | Failure:
    number = _number(value) if not isinstance(value, bool) else float(value)
    return number if isinstance(number, Failure) else number != 0


def _if(arguments: list[Argument]) -> Result:
    truth = _truth(_single(arguments[0]).value)
    if isinstance(truth, Failure):
        return Result(truth)
    chosen = arguments[1:2] if truth else arguments[2:3]
    return _single(chosen[0]) if chosen else Result(truth)


def _all_or_any(how: Callable[[list[bool]], bool]) -> Callable[[list[Argument]], Result]:
    def function(arguments: list[Argument]) -> Result:
        truths = [_truth(result.value) for result, _ in _flat(arguments) if result.value is not None]
        failed = next((truth for truth in truths if isinstance(truth, Failure)), None)
        return Result(failed if failed is not None else how([bool(truth) for truth in truths]))

    return function


def _round(arguments: list[Argument]) -> Result:
    number = _number(_single(arguments[0]).value)
    places = _number(_single(arguments[1]).value) if len(arguments) > 1 else 0.0
    if isinstance(number, Failure) or isinstance(places, Failure):
        return Result(number if isinstance(number, Failure) else places)
    scale = 10 ** int(places)
    return Result(math.copysign(math.floor(abs(number) * scale + 0.5) / scale, number))


def _iferror(arguments: list[Argument]) -> Result:
    first = _single(arguments[0])
    if not isinstance(first.value, Failure):
        return first
    return _single(arguments[1]) if len(arguments) > 1 else Result("")


FUNCTIONS: Mapping[str, Callable[[list[Argument]], Result]] = {
    "SUM": _over_numbers(math.fsum),
    "AVERAGE": _over_numbers(lambda numbers: math.fsum(numbers) / len(numbers) if numbers else DIVIDE),
    "MIN": _over_numbers(lambda numbers: min(numbers, default=0.0)),
    "MAX": _over_numbers(lambda numbers: max(numbers, default=0.0)),
    "COUNT": lambda arguments: Result(float(sum(isinstance(r.value, float) for r, _ in _flat(arguments)))),
    "COUNTA": lambda arguments: Result(float(sum(r.value is not None for r, _ in _flat(arguments)))),
    "IF": _if,
    "IFERROR": _iferror,
    "AND": _all_or_any(all),
    "OR": _all_or_any(any),
    "NOT": lambda arguments: Result(not _truth(_single(arguments[0]).value)),
    "ROUND": _round,
    "ABS": _over_numbers(lambda numbers: abs(numbers[0]) if numbers else 0.0),
    "LEN": lambda arguments: Result(float(len(_text(_single(arguments[0]).value)))),
    "UPPER": lambda arguments: Result(_text(_single(arguments[0]).value).upper()),
    "LOWER": lambda arguments: Result(_text(_single(arguments[0]).value).lower()),
    "CONCATENATE": lambda arguments: Result("".join(_text(r.value) for r, _ in _flat(arguments))),
}
