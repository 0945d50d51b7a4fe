"""Action definitions put into `rowd.toml` by a command: appended, with every comment and every byte above them kept."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Array

from config.mistakes import ConfigError, Mistake


def spelled(name: str, settings: Mapping[str, Any], comment: str) -> str:
    """`[actions.NAME]` and its settings, below a comment, as text. A mapping among them becomes an inline table."""
    table = tomlkit.table()
    for key, value in settings.items():
        if isinstance(value, Mapping):
            inline = tomlkit.inline_table()
            inline.update(value)
            table.add(key, inline)
        else:
            table.add(key, value)
    document = tomlkit.document()
    document["actions"] = tomlkit.table(is_super_table=True).append(name, table)
    lines = (f"# {line}" for line in comment.splitlines())
    return "\n".join([*lines, tomlkit.dumps(document)])


def appended(text: str, blocks: Sequence[str], table: str, names: Sequence[str]) -> str:
    """The text of a `rowd.toml` with these blocks at its end, and the names among the actions that the table may use.

    Raises ConfigError where the table's list of actions can't be edited.
    """
    after = _allowing(text, table, names)
    gap = "" if not after or after.endswith("\n\n") else "\n" if after.endswith("\n") else "\n\n"
    return after + gap + "\n".join(blocks)


def _allowing(text: str, table: str, names: Sequence[str]) -> str:
    """Add to the list of the only actions that the table may use; without such a list it may use all."""
    try:
        document = tomlkit.parse(text)
        allowed = document["tables"][table].get("actions")
    except (TOMLKitError, KeyError, TypeError, AttributeError):
        return text  # whatever is wrong with it is told when it is loaded
    if not isinstance(allowed, Array):
        return text
    for name in names:
        if name not in allowed:
            allowed.append(name)
    return tomlkit.dumps(document)


def replace(file: Path, before: bytes, after: str, check: Callable[[Path], object]) -> None:
    """Put the text in the file's place, all at once, once `check` has taken it.

    before: what the file held when `after` was made of it.   check: is given a file beside it, and raises what is wrong with it.
    Raises: ConfigError where somebody changed the file meanwhile, or where it can't be written; what `check` raises.
    """
    target = file.resolve()
    try:
        with _draft(file.parent, after) as trial:  # beside the name that rowd uses: `.env` and relative paths are looked for there
            check(trial)
        with _draft(target.parent, after) as draft:
            held = target.stat()
            draft.chmod(stat.S_IMODE(held.st_mode))
            if (held.st_uid, held.st_gid) != (os.geteuid(), os.getegid()):
                os.chown(draft, held.st_uid, held.st_gid)
            if target.read_bytes() != before:
                raise ConfigError([Mistake(str(file), "", "was changed by someone else meanwhile", "look at it, then do it again")])
            draft.replace(target)
        _sync(target.parent)
    except OSError as exc:
        full = exc.errno in (errno.ENOSPC, errno.EDQUOT)
        remedy = "make room on its disk" if full else "run this as a user who may write it and its folder"
        raise ConfigError([Mistake(str(file), "", f"can't be written ({exc.strerror})", remedy)]) from exc


@contextmanager
def _draft(folder: Path, text: str) -> Iterator[Path]:
    """A file with the text, durable, that only we can read; gone at the end unless it was moved away."""
    handle, name = tempfile.mkstemp(prefix=".rowd-", suffix=".toml", dir=folder)
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode())
            stream.flush()
            os.fsync(stream.fileno())
        yield path
    finally:
        with suppress(FileNotFoundError):
            path.unlink()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
