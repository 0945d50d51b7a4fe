"""What no run could ever meet in a condition: an outcome that isn't one, or a value alone that is neither true nor false. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actions.api import Outcome
from connectors.api import fold
from engine.cells import brief, guess
from engine.condition import Reference, dotted
from engine.condition.tree import All, Any, Compared, Denied, Name, Node, Number, Span, Text, Truth, Within, parts
from engine.condition.unreadable import whole

OF_RUNS = tuple(str(outcome) for outcome in Outcome if outcome not in (Outcome.SKIPPED, Outcome.MISSED))
"""How a run can have ended."""

_MEANT = {
    **dict.fromkeys(("success", "successful", "succeed", "ok", "okay", "done", "pass", "passed", "completed"), Outcome.SUCCEEDED),
    **dict.fromkeys(("failure", "fail", "error", "errored", "broken"), Outcome.FAILED),
    **dict.fromkeys(("timeout", "timedout"), Outcome.TIMED_OUT),
    **dict.fromkeys(("canceled", "cancel", "stopped", "killed"), Outcome.CANCELLED),
}
"""What other programs call an outcome."""


_COMPARED = {
    "outcome": '== "succeeded"',
    **dict.fromkeys(("runs", "failures", "missed", "count"), "> 0"),
    **dict.fromkeys(("started_at", "ended_at", "last_success"), "> now - 1 d"),
    "duration": "> 1 min",
}
"""What is never true or false itself, with how it may be compared."""


def met(tree: Node, stand: Mapping[Reference, str]) -> str | None:
    """What is wrong with the first part that nothing can meet, with the remedy; None where there is none.

    stand: which value of a row each name stands for.
    """
    for name in _asked(tree):
        if (like := _COMPARED.get(stand.get(name.words, ""))) is not None:
            return f"{dotted(name.words)} alone is neither true nor false; compare it, like {dotted(name.words)} {like}"
    for name, other in _held(tree):
        if stand.get(name.words) != "outcome":
            continue
        match other:
            case Text(text) if text not in OF_RUNS:
                return f"{dotted(name.words)} is never {whole(brief(text))}{_remedy(text)}"
            case Number() | Truth() | Span():
                return f'{dotted(name.words)} is text; compare it with one of {_listed()}, like {dotted(name.words)} == "succeeded"'
    return None


def _asked(node: Node) -> Iterator[Name]:
    """Each name that is to be true or false itself."""
    match node:
        case Name():
            yield node
        case Denied() | All() | Any():
            for part in parts(node):
                yield from _asked(part)


def _held(node: Node) -> Iterator[tuple[Name, Node]]:
    """Each name that is compared, with what it is held against."""
    pairs: list[tuple[Node, Node]] = []
    match node:
        case Compared(left, _, right):
            pairs = [(left, right), (right, left)]
        case Within(one, among):
            pairs = [(one, other) for other in among]
    yield from ((one, other) for one, other in pairs if isinstance(one, Name))
    for part in parts(node):
        yield from _held(part)


def _remedy(text: str) -> str:
    if fold(text) in (Outcome.SKIPPED, Outcome.MISSED):
        return f": what was {fold(text)} is no run; write one of {_listed()}"
    near = _MEANT.get(fold(text)) or guess(text.strip().lower(), OF_RUNS)
    return f'; did you mean "{near}"?' if near is not None else f"; write one of {_listed()}"


def _listed() -> str:
    return ", ".join(f'"{outcome}"' for outcome in OF_RUNS)
