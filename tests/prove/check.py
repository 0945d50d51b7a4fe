"""Judges a folder of evidence: `python -m tests.prove.check FOLDER`. Ends with 1 where a law is broken.

Shares no code with rowd.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from tests.prove.evidence import Evidence
from tests.prove.laws import LAWS, Law


def broken(evidence: Evidence, laws: Iterable[Law] | None = None) -> dict[str, list[str]]:
    """Law → what broke it; nothing where it held.   laws: only these; None for all."""
    chosen = None if laws is None else set(laws)
    return {name: list(law(evidence)) for name, law in LAWS if chosen is None or law in chosen}


def main(folder: Path) -> int:
    found = broken(Evidence(folder))
    for name, wrong in found.items():
        print(f"{'BROKEN' if wrong else 'held  '}  {name}")
        for sentence in wrong[:20]:
            print(f"          {sentence}")
        if len(wrong) > 20:
            print(f"          … and {len(wrong) - 20} more")
    return int(any(found.values()))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
