"""`.env`, the environment and credentials: secrets by their names, and settings that override those of the file.

Variables come in as an argument; nothing here asks the process for its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.mistakes import Mistake, pointer
from config.settings import BreakerSettings, Daemon, Defaults

ENVIRONMENT = "environment"
"""What a mistake names as its file when it is in no file."""

SECTIONS = ("daemon", "defaults", "breaker")
"""What variables can override: `ROWD_DAEMON__MAX_PARALLEL` is `daemon.max_parallel`."""

CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""Names the folder in which systemd lays each credential that a unit loads, in a file that is called like it: systemd.exec(5)."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OVERRIDE = re.compile(r"ROWD_([A-Z]+)__([A-Z0-9_]+)")


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable, and where it was set (a file's path, or "environment")."""

    name: str
    value: str
    source: str


_REMEDY = "run this as the user that rowd runs as, or let that user read the file, and nobody else: it holds secrets"


def read_env_file(file: Path) -> tuple[dict[str, str], list[Mistake]]:
    """The variables in a `.env` file, none where there is no such file. `$` and `${…}` in a value are ordinary text.

    Raises nothing: what can't be read is a mistake.
    """
    from dotenv.parser import parse_stream  # 5 ms, and only where there may be such a file

    try:
        with file.open(encoding="utf-8-sig") as stream:
            bindings = list(parse_stream(stream))
    except FileNotFoundError:
        return {}, []
    except UnicodeDecodeError:
        return {}, [Mistake(str(file), "", "is not UTF-8 text", "save it as UTF-8")]
    except OSError as exc:
        return {}, [Mistake(str(file), "", f"can't be read ({exc.strerror})", _REMEDY)]
    found, mistakes = {}, []
    for binding in bindings:
        if binding.error or (binding.key is not None and binding.value is None):
            where = f"line {binding.original.line}"  # never the text itself: it may hold a secret
            mistakes.append(Mistake(str(file), where, "is not a variable", "write NAME=value, or begin a comment with #"))
        elif binding.key is not None and binding.value is not None:
            found[binding.key] = binding.value
    return found, mistakes


def read_credentials(environ: Mapping[str, str]) -> tuple[dict[str, Variable], list[Mistake]]:
    """The credentials that a service manager has laid out for this process, without the line break at the end of each. One that is
    called like no variable, or like a setting, is somebody else's.

    Raises nothing: what can't be read is a mistake.
    """
    if not (folder := environ.get(CREDENTIALS)):
        return {}, []
    found, mistakes = {}, []
    try:
        files = sorted(file for file in Path(folder).iterdir() if _NAME.fullmatch(file.name) and not is_override(file.name))
    except OSError as exc:
        return {}, [
            Mistake(folder, "", f"can't be read ({exc.strerror})", f"{CREDENTIALS} is systemd's to say: take it out elsewhere")
        ]
    for file in files:
        try:
            text = file.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            mistakes.append(Mistake(str(file), "", "is not UTF-8 text", "save what LoadCredential= names as UTF-8"))
        except OSError as exc:
            mistakes.append(Mistake(str(file), "", f"can't be read ({exc.strerror})", "load it as a file, and no folder"))
        else:
            found[file.name] = Variable(file.name, text.removesuffix("\n").removesuffix("\r"), str(file))
    return found, mistakes


def gathered(
    env_file: Path, of_file: Mapping[str, str], credentials: Mapping[str, Variable], environ: Mapping[str, str]
) -> dict[str, Variable]:
    """All variables; the environment wins over credentials, and those over the file. An empty one is as good as none."""
    variables = {name: Variable(name, value, str(env_file)) for name, value in of_file.items() if value}
    variables.update({name: variable for name, variable in credentials.items() if variable.value})
    variables.update({name: Variable(name, value, ENVIRONMENT) for name, value in environ.items() if value})
    return variables


def is_override(name: str) -> bool:
    """Whether a variable of this name is meant for a setting."""
    return _OVERRIDE.fullmatch(name) is not None


def overrides(variables: Mapping[str, Variable]) -> tuple[dict[str, dict[str, Any]], dict[str, Variable], list[Mistake]]:
    """Settings that variables override: section → key → raw value; dotted key → the variable it is from; what names no section."""
    mine, origins, mistakes = {}, {}, []
    for name, variable in variables.items():
        if (read := _OVERRIDE.fullmatch(name)) is None:
            continue
        section, key = read[1].lower(), read[2].lower()
        if section in SECTIONS:
            mine[name.lower()] = variable.value
            origins[f"{section}.{key.split('__')[0]}"] = variable
        else:
            remedy = pointer(section, SECTIONS, "remove it")
            mistakes.append(Mistake(variable.source, name, f'no section "{section}" can be set from the environment', remedy))
    return (_exploded(mine) if mine else {}), origins, mistakes


def _exploded(variables: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Variables (names in lower case) put into their sections by pydantic-settings."""
    from pydantic_settings import BaseSettings, EnvSettingsSource  # 130 ms, and only where something is overridden

    class Overrides(BaseSettings):
        daemon: Daemon
        defaults: Defaults
        breaker: BreakerSettings

    source = EnvSettingsSource(Overrides, case_sensitive=False, env_prefix="ROWD_", env_nested_delimiter="__")
    source.env_vars = dict(variables)
    return source()
