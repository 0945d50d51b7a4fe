"""The outputs that a command gives: `name=value` lines in the file named by $ROWD_OUTPUT, and a JSON object as its last line."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from actions.telling import cut
from actions.values import Value

MOST = 100
"""Outputs of one attempt."""

READ = 256 * 1024
"""Bytes of a file that are looked at: the first of the outputs, the last of the logs."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,99}", re.ASCII)
_INTEGER = re.compile(r"[+-]?(?:0|[1-9]\d{0,17})", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:0|[1-9]\d{0,17})\.\d{1,18}(?:[eE][+-]?\d{1,2})?", re.ASCII)


def from_lines(file: Path) -> dict[str, Value]:
    """The outputs in a file of `name=value` lines, the last one of a name. Other lines, and a missing file, give nothing."""
    pairs = (line.partition("=") for line in _head(file).splitlines())
    return _kept((name.strip(), typed(value.strip())) for name, equals, value in pairs if equals)


def from_json(line: str) -> dict[str, Value] | None:
    """The outputs in a line that is a JSON object, what is nested left out; None for any other line."""
    if not line.startswith("{"):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return _kept(found.items()) if isinstance(found, dict) else None


def merged(lines: Mapping[str, Value], from_line: Mapping[str, Value]) -> dict[str, Value]:
    """Both together. Where both name one, the file's stands: it was written for us alone."""
    return _kept({**from_line, **lines}.items())


def typed(text: str) -> Value:
    """`3`, `78.5`, `true` as what they are; anything else, like `78.5%` or `007`, is text."""
    if text in ("true", "false"):
        return text == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def last_line(file: Path) -> str:
    """The last line that isn't blank, without outer blanks; "" where there is none."""
    try:
        with file.open("rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - READ))
            lines = log.read(READ).decode(errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _head(file: Path) -> str:
    try:
        with file.open("rb") as lines:
            return lines.read(READ).decode(errors="replace")
    except FileNotFoundError:
        return ""


def _kept(pairs: Iterable[tuple[str, object]]) -> dict[str, Value]:
    kept: dict[str, Value] = {}
    for name, value in pairs:
        if _NAME.fullmatch(name) and (name in kept or len(kept) < MOST):
            match value:
                case str():
                    kept[name] = cut(value)
                case float() if math.isfinite(value):
                    kept[name] = value
                case int() if abs(value) < 2**63:  # a truth value, too
                    kept[name] = value
    return kept
