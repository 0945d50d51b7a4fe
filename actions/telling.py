"""What a run says of itself, made fit for a cell: one line, nothing that a terminal obeys, not too long, no secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from actions.values import Value, written

LONGEST = 500
"""Characters of a summary, and of one output that is text."""

MASK = "***"

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~])")
"""ANSI escape sequences: CSI; OSC; DCS, SOS, PM and APC; the short ones (ECMA-48, 5.3 to 5.6)."""

_LINE = 8
"""Characters from which on a line of a secret of several lines (a key file) is masked by itself."""

_PIECE = 1 << 16


class Mask:
    """Takes secrets out of what is told."""

    def __init__(self, secrets: Iterable[str]) -> None:
        found = {s.strip() for s in secrets}
        found |= {line.strip() for s in found if "\n" in s for line in s.splitlines() if len(line.strip()) >= _LINE}
        self._secrets = sorted(found - {""}, key=lambda s: (-len(s), s))  # the longest first: one may hold another

    @property
    def idle(self) -> bool:
        """Whether there is nothing to hide."""
        return not self._secrets

    def text(self, text: str) -> str:
        """The text with every secret masked."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text

    def value(self, value: Value) -> Value:
        """The value, masked where it holds a secret, a number that is one included."""
        masked = self.text(written(value))
        return value if masked == written(value) else masked

    def content(self, content: bytes, *, whole: bool = True) -> bytes:
        """The bytes with every secret masked.   whole: False where more may follow: what may begin a secret is then left out."""
        gradual = self.gradual()
        return gradual.more(content) + (gradual.rest() if whole else b"")

    def gradual(self) -> Gradual:
        """The same for what comes piece by piece."""
        return Gradual([secret.encode() for secret in self._secrets])

    def file(self, file: Path) -> None:
        """Mask secrets in a file; one without any isn't touched. Raises OSError: then it is as it was."""
        if not self._secrets or not file.is_file():
            return
        if not any(found for _, found in self._pieces(file)):
            return
        masked = file.with_name(f"{file.name}.masked")
        try:
            with masked.open("wb") as out:
                out.writelines(piece for piece, _ in self._pieces(file))
            masked.replace(file)
        except OSError:  # a full disk
            masked.unlink(missing_ok=True)
            raise

    def _pieces(self, file: Path) -> Iterator[tuple[bytes, bool]]:
        """What the file holds, masked; and whether there was anything to mask up to there."""
        gradual = self.gradual()
        with file.open("rb") as opened:
            while piece := opened.read(_PIECE):
                yield gradual.more(piece), gradual.masked
        yield gradual.rest(), gradual.masked


class Gradual:
    """Masks what comes piece by piece, also where a piece ends within a secret. Secrets that overlap are one mask.

    masked: whether anything was masked so far.
    """

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._secrets = secrets
        self._held = b""
        self._covered = 0  # so much of what is held belongs to a mask that was told already
        self.masked = False

    def more(self, piece: bytes) -> bytes:
        """What can be told by now: what may begin a secret is held back."""
        self._held += piece
        return self._told(len(self._held) - max(map(self._begun, self._secrets), default=0))

    def rest(self) -> bytes:
        """What was held back, when nothing follows."""
        return self._told(len(self._held))

    def _told(self, end: int) -> bytes:
        told, at = bytearray(), self._covered
        for start, stop in sorted(place for secret in self._secrets for place in self._places(secret)):
            if start >= end:
                break
            if start >= at:
                told += self._held[at:start] + MASK.encode()
                self.masked = True
            at = max(at, stop)
        told += self._held[at:end]
        self._held, self._covered = self._held[end:], max(0, at - end)
        return bytes(told)

    def _places(self, secret: bytes) -> Iterator[tuple[int, int]]:
        """Where it begins and ends, also where it overlaps itself."""
        start = self._held.find(secret)
        while start >= 0:
            yield start, start + len(secret)
            start = self._held.find(secret, start + 1)

    def _begun(self, secret: bytes) -> int:
        """How many bytes at the end may be its beginning."""
        longest = min(len(secret) - 1, len(self._held))
        return next((n for n in range(longest, 0, -1) if self._held.endswith(secret[:n])), 0)


def plain(text: str) -> str:
    """The text on one line, without escapes and control characters, blanks run together."""
    return "".join(c for c in " ".join(_ESCAPES.sub("", text).split()) if c.isprintable())


def cut(text: str, longest: int = LONGEST) -> str:
    """The text, cut with a mark where it is too long."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def listed(outputs: Mapping[str, Value]) -> str:
    """Outputs for a person: `coverage = 78.5, passed = true`."""
    return ", ".join(f"{name} = {written(value)}" for name, value in outputs.items())
