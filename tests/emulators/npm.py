"""The vendors' own clients for Node.js: each vendor's `daily.mjs` has parts, of which a test plays one in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.emulators.core.exchange import Json

WANTED = Path(__file__).with_name("package.json")
"""Which clients, and of which versions."""

PRESENT = Path(__file__).with_name("node_modules") / ".ready"
"""A copy of that, which `make npm` writes when they are there."""

REMEDY = (
    "The vendors' clients for Node.js are not here, or not those of tests/emulators/package.json: run `make npm`. "
    "It needs npm (Debian: the packages nodejs and npm) and a registry that gives packages by name."
)


def play(script: Path, part: str, **given: Json) -> Json:
    """What the part answers with, as JSON.   given: it gets as an object. Fails, with what it wrote, where it fails."""
    if not PRESENT.exists() or PRESENT.read_bytes() != WANTED.read_bytes():
        pytest.fail(REMEDY, pytrace=False)
    words = ["node", str(script), part, json.dumps(given)]
    run = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, env={"PATH": os.environ["PATH"]})
    if run.returncode:
        pytest.fail(f"{part} of {script}: {run.stdout}{run.stderr}", pytrace=False)
    return json.loads(run.stdout)
