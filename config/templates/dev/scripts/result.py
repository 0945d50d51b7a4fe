"""How a script tells rowd its result: outputs for other tasks, and one line for the row."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def finish(code: int, summary: str, **outputs: float) -> int:
    """Say the result, and give back `code` as the exit status.

    rowd takes `name=value` lines from the file named in $ROWD_OUTPUT, and the row's Last Result from the last line written: on
    stdout after a success, on stderr after a failure.
    """
    if named := os.environ.get("ROWD_OUTPUT"):
        with Path(named).open("a", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in outputs.items())
    sys.stdout.flush()
    stream = sys.stderr if code else sys.stdout
    stream.write(f"{summary}\n")
    return code
