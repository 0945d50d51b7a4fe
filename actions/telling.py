"""What a run says of itself, made fit for a cell: one line, nothing that a terminal obeys, not too long, no secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from actions.values import Value, written

LONGEST = 500
"""Characters of a summary, and of one output that is text."""

MASK = "***"

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~])")
"""ANSI escape sequences: CSI; OSC; DCS, SOS, PM and APC; the short ones (ECMA-48, 5.3 to 5.6)."""

_LINE = 8
"""Characters from which on a line of a secret of several lines (a key file) is masked by itself."""


class Mask:
    """Takes secrets out of what is told."""

    def __init__(self, secrets: Iterable[str]) -> None:
        found = {s.strip() for s in secrets}
        found |= {line.strip() for s in found if "\n" in s for line in s.splitlines() if len(line.strip()) >= _LINE}
        self._secrets = sorted(found - {""}, key=lambda s: (-len(s), s))  # the longest first: one may hold another

    def text(self, text: str) -> str:
        """The text with every secret masked."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text

    def value(self, value: Value) -> Value:
        """The value, masked where it holds a secret, a number that is one included."""
        masked = self.text(written(value))
        return value if masked == written(value) else masked

    def content(self, content: bytes) -> bytes:
        """The bytes with every secret masked."""
        for secret in self._secrets:
            content = content.replace(secret.encode(), MASK.encode())
        return content

    def file(self, file: Path) -> None:
        """Mask secrets in a file, line by line; a file without any isn't touched."""
        if not self._secrets or not file.is_file():
            return
        with file.open("rb") as lines:
            if all(line == self.content(line) for line in lines):
                return
        masked = file.with_name(f"{file.name}.masked")
        with file.open("rb") as lines, masked.open("wb") as out:
            out.writelines(self.content(line) for line in lines)
        masked.replace(file)


def plain(text: str) -> str:
    """The text on one line, without escapes and control characters, blanks run together."""
    return "".join(c for c in " ".join(_ESCAPES.sub("", text).split()) if c.isprintable())


def cut(text: str, longest: int = LONGEST) -> str:
    """The text, cut with a mark where it is too long."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def listed(outputs: Mapping[str, Value]) -> str:
    """Outputs for a person: `coverage = 78.5, passed = true`."""
    return ", ".join(f"{name} = {written(value)}" for name, value in outputs.items())
