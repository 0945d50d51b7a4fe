"""Text with `{parameter}` and `{secret.NAME}` in it. Only what the operator declared can be named; `{{` and `}}` are braces."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from msgspec import Struct

from actions.values import did_you_mean, quoted

_PIECES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
PREFIX = "secret."


class Reference(Struct, frozen=True):
    """A place in a text that a value goes to. secret: the value of a secret, not of a parameter."""

    name: str
    secret: bool = False


class Template(Struct, frozen=True):
    """A text taken apart, in order: what is fixed, and where values go."""

    parts: tuple[str | Reference, ...]

    @property
    def references(self) -> tuple[Reference, ...]:
        return tuple(part for part in self.parts if isinstance(part, Reference))

    @property
    def parameters(self) -> frozenset[str]:
        """Names of the parameters in it."""
        return frozenset(r.name for r in self.references if not r.secret)

    @property
    def secret(self) -> bool:
        """It holds a secret."""
        return any(r.secret for r in self.references)

    @property
    def whole(self) -> Reference | None:
        """The reference that the text consists of; None where there is anything beside."""
        match self.parts:
            case (Reference() as reference,):
                return reference
        return None

    def filled(self, value: Callable[[Reference], str]) -> str:
        """The text with its values put in, as `value` writes them."""
        return "".join(part if isinstance(part, str) else value(part) for part in self.parts)


def template(text: str, parameters: Collection[str], secrets: Collection[str] | None = None) -> Template:
    """Take a text apart.

    secrets: the names that may be given as `{secret.NAME}`; None where no secret may stand.
    Raises ValueError, with a sentence for the operator, for a name that isn't declared and for a brace that stands alone.
    """
    parts: list[str | Reference] = []
    end = 0
    for piece in _PIECES.finditer(text):
        parts.append(text[end : piece.start()])
        end = piece.end()
        if piece[0] in ("{{", "}}"):
            parts.append(piece[0][0])
        elif piece[1] is None:
            raise ValueError(
                f"{quoted(text)} has a {piece[0]} that belongs to nothing; write {piece[0] * 2} for the character itself"
            )
        else:
            parts.append(_reference(piece[1], text, parameters, secrets))
    return Template(tuple(_joined([*parts, text[end:]])))


def escaped(text: str) -> str:
    """The text as it must be written to stand for itself: for whoever makes definitions, as an import does."""
    return text.replace("{", "{{").replace("}", "}}")


def _reference(name: str, text: str, parameters: Collection[str], secrets: Collection[str] | None) -> Reference:
    if name in parameters:
        return Reference(name)
    if name.startswith(PREFIX):
        wanted = name.removeprefix(PREFIX)
        if secrets is None:
            raise ValueError(f"{quoted(text)}: a secret can't stand here, where others would see it")
        if wanted in secrets:
            return Reference(wanted, secret=True)
        raise ValueError(f'{quoted(text)}: the secret {wanted} isn\'t declared; add secrets = ["{wanted}"]')
    hint = did_you_mean(name, parameters) or "; declare it under parameters, or write {{ and }} for braces"
    raise ValueError(f"{quoted(text)}: there is no parameter {quoted(name)}{hint}")


def _joined(parts: list[str | Reference]) -> list[str | Reference]:
    """Neighbouring texts made one, empty ones dropped."""
    joined: list[str | Reference] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    return joined
