"""Behaviours that nobody could confirm: each is an option, and every answer that it may have is emulated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Switch:
    """answers: what the real service may do; the first is taken where nothing else is said.

    source: the sections of VENDORS.md that leave it open; "not there", and what else is known of it, for what isn't in that file.
    """

    name: str
    answers: tuple[str, ...]
    meaning: str
    source: str


class Switches(Mapping[str, str]):
    """How the switches of one emulator stand."""

    def __init__(self, known: Sequence[Switch], chosen: Mapping[str, str] | None = None) -> None:
        """Raises ValueError for a switch or an answer that isn't there."""
        self.known = {switch.name: switch for switch in known}
        self._set = {switch.name: switch.answers[0] for switch in known}
        for name, answer in (chosen or {}).items():
            if name not in self.known:
                raise ValueError(f'there is no switch "{name}"; there are {", ".join(self.known)}')
            if answer not in self.known[name].answers:
                raise ValueError(f'"{name}" is {" or ".join(self.known[name].answers)}, not "{answer}"')
            self._set[name] = answer

    def __getitem__(self, name: str) -> str:
        return self._set[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._set)

    def __len__(self) -> int:
        return len(self._set)


def table(known: Sequence[Switch]) -> str:
    """The switches of a vendor, for people: a table in Markdown."""
    lines = ["| switch | answers, the first by default | what it decides | VENDORS.md |", "|---|---|---|---|"]
    for switch in known:
        answers = ", ".join(f"`{answer}`" for answer in switch.answers)
        lines.append(f"| `{switch.name}` | {answers} | {switch.meaning} | {switch.source} |")
    return "\n".join(lines)
