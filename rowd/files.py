"""The files that a run's attempts left behind: what it printed, what a server answered."""

from __future__ import annotations

from pathlib import Path

from actions.command.folder import OUTPUT, STDERR, STDOUT
from engine.ledger import Attempt, Ledger
from rowd.bound import Site

PRINTED = (STDOUT, STDERR)
"""What a command printed, in the order in which it is shown."""


def folder_of(site: Site, attempt: Attempt) -> Path:
    """Where the attempt's files are, or were; of those that the ledger has no folder of, their usual place."""
    return Path(attempt.folder) if attempt.folder is not None else site.parts.runs / attempt.run / str(attempt.n)


def files_in(folder: Path) -> list[Path]:
    """What there is to be read, standard output and error first; not what stands in the ledger. Empty where the folder is gone."""
    try:
        found = [path for path in folder.iterdir() if path.is_file() and not path.is_symlink() and path.name != OUTPUT]
    except OSError:
        return []
    first = {name: place for place, name in enumerate(PRINTED)}
    return sorted(found, key=lambda path: (first.get(path.name, len(first)), path.name))


def files_of(ledger: Ledger, site: Site, run: str) -> list[Path]:
    """Of all attempts of a run, first to last."""
    return [path for attempt in ledger.attempts(run) for path in files_in(folder_of(site, attempt))]
