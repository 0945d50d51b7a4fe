"""`kind = "notebook"`: adds a line to a file. A complete kind of action; docs/how-to/add-an-action.md walks through it."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from actions.api import Context, Definition, Kind, Outcome, Request, Result
from actions.values import written


class NotebookSettings(Definition, frozen=True):
    """What the operator may say in `[actions.NAME]`, beside what every action knows."""

    file: Path = Field(description="The notebook; relative to the folder of rowd.toml.")
    longest: int = Field(default=200, ge=1, description="Characters of a line at the most.")


class Notebook:
    """The definition made ready. One object serves every attempt, several at once: it keeps nothing of them."""

    def __init__(self, file: Path, longest: int) -> None:
        self._file = file
        self._longest = longest

    async def run(self, request: Request, context: Context) -> Result:  # noqa: ARG002 (a Context has more than this needs)
        line = written(request.parameters["line"])
        if len(line) > self._longest:
            return Result(Outcome.FAILED, f"the line has {len(line)} characters; shorten it to {self._longest}")
        if self._has(request.run):
            return Result(Outcome.SUCCEEDED, "it was there already")
        with self._file.open("a", encoding="utf-8") as notebook:
            notebook.write(f"{request.run}\t{line}\n")
        return Result(Outcome.SUCCEEDED, f"added {line!r}", {"characters": len(line)})

    def _has(self, run: str) -> bool:
        """An earlier attempt of this occurrence wrote it: the run's id is the same for all of them."""
        if not self._file.exists():
            return False
        with self._file.open(encoding="utf-8") as notebook:
            return any(line.startswith(f"{run}\t") for line in notebook)


def make(name: str, settings: NotebookSettings, base: Path) -> Notebook:
    """Refuse here what the model alone can't: a sentence for the operator, with the remedy."""
    if "line" not in settings.parameters:
        raise ValueError(f"{name} needs something to write; declare [actions.{name}.parameters.line]")
    return Notebook(base / settings.file, settings.longest)


KIND = Kind(settings=NotebookSettings, make=make, repeatable=lambda _: True)
"""What the entry point names. Repeatable: a second attempt finds what the first one wrote."""
