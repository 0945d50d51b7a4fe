"""Collect the guidelines of a project, and what changed in them since the last run, into one file.

Usage: read_guidelines.py [--project FOLDER] [--into FILE]
Beside FILE stands FILE's name with .json: the guidelines as they were last time.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from result import finish

PATTERNS = (
    "CLAUDE.md",
    "AGENTS.md",
    "GEMINI.md",
    "CONTRIBUTING.md",
    "CONVENTIONS.md",
    "STYLEGUIDE.md",
    ".cursorrules",
    ".cursor/rules/**/*.md",
    ".cursor/rules/**/*.mdc",
    ".windsurfrules",
    ".clinerules",
    ".github/copilot-instructions.md",
    ".github/instructions/**/*.md",
    ".github/CONTRIBUTING.md",
    "docs/CONTRIBUTING.md",
    "docs/guidelines/**/*.md",
)
LARGEST = 1_000_000
"""Bytes of one guideline; what is larger is none."""


def guidelines(project: Path) -> dict[str, str]:
    """Path from the project → text, in the order of PATTERNS, then of paths. Links that lead out of the project are left out."""
    root = project.resolve()
    found: dict[str, str] = {}
    for pattern in PATTERNS:
        for file in sorted(project.glob(pattern)):
            inside = file.resolve().is_relative_to(root)
            if inside and file.is_file() and file.stat().st_size <= LARGEST:
                found.setdefault(str(file.relative_to(project)), file.read_text(encoding="utf-8", errors="replace"))
    return found


def last_time(state: Path) -> dict[str, str] | None:
    """The guidelines as the last run left them; None where there was none, or its file can't be read."""
    try:
        read = json.loads(state.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return {str(k): str(v) for k, v in read.items()} if isinstance(read, dict) else None


def changed(before: Mapping[str, str] | None, now: Mapping[str, str]) -> list[str]:
    """Paths that were added, edited or removed; none on the first run."""
    if before is None:
        return []
    return [p for p in [*now, *(p for p in before if p not in now)] if before.get(p) != now.get(p)]


def document(before: Mapping[str, str] | None, now: Mapping[str, str]) -> str:
    """One Markdown text: the changes first, as differences, then every guideline in full."""
    parts = ["# Guidelines\n"]
    paths = changed(before, now)
    if paths:
        parts.append("## Changes since the last run\n")
        parts += [_fenced(_difference(path, (before or {}).get(path, ""), now.get(path, "")), "diff") for path in paths]
    parts += [f"## {path}\n\n{text.strip()}\n" for path, text in now.items()]
    return "\n".join(parts)


def summary(before: Mapping[str, str] | None, now: Mapping[str, str]) -> str:
    """`4 files, 1 changed: AGENTS.md`."""
    count = f"{len(now)} {'file' if len(now) == 1 else 'files'}"
    if before is None:
        return f"{count}, read for the first time"
    paths = changed(before, now)
    if not paths:
        return f"{count}, none changed"
    return f"{count}, {len(paths)} changed: {', '.join(path if path in now else f'{path} (gone)' for path in paths)}"


def _difference(path: str, old: str, new: str) -> Iterable[str]:
    return difflib.unified_diff(old.splitlines(), new.splitlines(), f"{path} (last time)", f"{path} (now)", lineterm="")


def _fenced(lines: Iterable[str], language: str) -> str:
    text = "\n".join(lines)
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text}\n{fence}\n"


def _put(file: Path, text: str) -> None:
    """Exchange the file at once, so that nobody reads half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(file)


def main(arguments: Sequence[str]) -> int:
    """0, or 2 where the folder isn't there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=Path, default=Path(), help="the project's folder")
    parser.add_argument("--into", type=Path, default=Path("results/guidelines.md"), help="the file to write")
    given = parser.parse_args(arguments)
    if not given.project.is_dir():
        return finish(2, f"{given.project} is not a folder; give the project's with --project")
    state = given.into.with_name(f"{given.into.name}.json")
    before, now = last_time(state), guidelines(given.project)
    _put(given.into, document(before, now))
    _put(state, json.dumps(now, ensure_ascii=False, indent=1))  # last: were we stopped before, the change is told again, not lost
    return finish(0, summary(before, now), files=len(now), changed=len(changed(before, now)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
