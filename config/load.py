"""From `rowd.toml`, `.env` and the environment to one `Config`, or to every mistake in them at once."""

from __future__ import annotations

import hashlib
import re
import stat
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from config.environment import Variable, gathered, is_override, overrides, read_credentials, read_env_file
from config.mistakes import ConfigError, Mistake, closest, mistakes_of, pointer
from config.programs import asked
from config.readers import exposed
from config.settings import ANY, HALF, NAME, Settings

FILE = "rowd.toml"
ENV_FILE = ".env"
SYSTEM_FILE = Path("/etc/rowd") / FILE
SYSTEM_STATE = Path("/var/lib/rowd")
"""State of a daemon whose file is under /etc, where no state belongs (Filesystem Hierarchy Standard 3.0, 5.8.1)."""

_POSITION = re.compile(r" \(at (line \d+, column \d+|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration that was read, and is right.

    base: the folder of `file`, absolute: relative paths in the settings start from it.
    warnings: sentences for the operator, about what works but shouldn't stay so.
    variables: name → value of everything that is set in the environment, in credentials and in `.env`, or told by a program; shown
        to nobody.
    kept: the same without the environment, and without what overrides a setting.
    version: `version_of` the file when it was read.   digest: its SHA-256 then, "" where it can't be read.
    sources: name → where its value comes from: a file's path, "environment", or "command" and its program.
    """

    settings: Settings
    base: Path
    file: Path
    warnings: tuple[str, ...] = ()
    variables: Mapping[str, SecretStr] = field(default_factory=dict, repr=False)
    kept: Mapping[str, SecretStr] = field(default_factory=dict, repr=False)
    version: str = ""
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)
    digest: str = ""

    def secret(self, name: str) -> SecretStr:
        """The value of the variable of exactly this name, by the order of `gathered`. Raises KeyError."""
        return self.variables[name]

    @property
    def env_file(self) -> Path:
        """Where `.env` stands. There need be none."""
        return self.base / ENV_FILE

    @property
    def state_dir(self) -> Path:
        """Where the ledger and the runs are kept, absolute. It need not exist yet."""
        if self.settings.daemon.state_dir is not None:
            return self.base / self.settings.daemon.state_dir
        return SYSTEM_STATE if self.base.is_relative_to("/etc") else self.base / ".rowd"


Check = Callable[[Config], Iterable[Mistake]]
"""A further look at a configuration, by those who know the stores and the kinds of actions."""


def load(path: Path | None, environ: Mapping[str, str], cwd: Path, check: Check = lambda _: ()) -> Config:
    """Read and validate everything. The environment wins over credentials, these over `.env` beside the file, that over the file,
    whose programs are asked for secrets that have no value yet.

    path: the file; None: `ROWD_CONFIG`, else `rowd.toml` in `cwd`, else `/etc/rowd/rowd.toml`.   cwd: absolute.
    check: is asked even where there are mistakes already, with what is right so far, so that all are told together. Of a file
        that can't be read nothing is right but what the environment says. Of tables and actions whose names can't be used it is
        asked once more, under names that can: what it says of those is told of them.
    Raises ConfigError.
    """
    file = found(path, environ, cwd)
    version = version_of(file)
    raw, unreadable = _parsed(file)
    env_file = file.parent / ENV_FILE
    of_file, unread = read_env_file(env_file)
    credentials, unlent = read_credentials(environ)
    variables = gathered(env_file, of_file, credentials, environ)
    over, origins, unplaced = overrides(variables)
    merged = _merged(raw, over)
    settings, refused = _validated(merged, file, origins)
    told, untold = asked(settings.secrets, file, environ, variables)
    variables |= told
    mistakes = [*unreadable, *unread, *unlent, *unplaced, *refused, *untold]
    if not unreadable:
        mistakes += _references(settings, raw, file)
        known = {mistake.key for mistake in mistakes}
        mistakes += (mistake for mistake in _halves(raw, file) if mistake.key not in known)
    kept = {**of_file, **{name: variable.value for name, variable in (*credentials.items(), *told.items())}}
    config = Config(
        settings,
        file.parent,
        file,
        tuple(_warnings(file, env_file)),
        {name: SecretStr(variable.value) for name, variable in variables.items()},
        {name: SecretStr(value) for name, value in kept.items() if not is_override(name)},
        version,
        {name: variable.source for name, variable in variables.items()},
        sha256_of(file),
    )
    mistakes += check(config)
    renamed, stand_ins = _renamed(merged)
    if stand_ins:
        tried = replace(config, settings=_validated(renamed, file, origins)[0])
        mistakes += (named for mistake in check(tried) if (named := _of_name(mistake, stand_ins)) is not None)
    if mistakes:
        raise ConfigError(mistakes)
    return config


def found(path: Path | None, environ: Mapping[str, str], cwd: Path) -> Path:
    """The file that `load` reads. Raises ConfigError where none is named and none is there."""
    if path is None and (named := environ.get("ROWD_CONFIG")):
        path = Path(named)
    if path is not None:
        return cwd / path
    places = (cwd / FILE, SYSTEM_FILE)
    for place in places:
        if place.exists():
            return place
    message = f"there is no such file, and no {SYSTEM_FILE} either"
    raise ConfigError([Mistake(str(places[0]), "", message, "run `rowd init` to make one, or name yours with --config")])


def version_of(file: Path) -> str:
    """What tells this `rowd.toml` and the `.env` beside it, as they are now, from any other."""
    return "-".join(_digest(one) for one in _both(file))


def sha256_of(file: Path) -> str:
    """What `sha256sum` says of it; "" for one that can't be read."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""


def changed_since(file: Path, version: str) -> list[Path]:
    """Those of the two that are not as they were when `version_of` told so."""
    then = version.split("-")
    return [one for n, one in enumerate(_both(file)) if n >= len(then) or _digest(one) != then[n]]


def _both(file: Path) -> tuple[Path, Path]:
    return file, file.parent / ENV_FILE


def _digest(file: Path) -> str:
    """Of its content; the same for one that is not there, or can't be read, which is told elsewhere."""
    try:
        return hashlib.blake2b(file.read_bytes(), digest_size=8).hexdigest()
    except OSError:
        return "none"


def _parsed(file: Path) -> tuple[dict[str, Any], list[Mistake]]:
    """What stands in the file; nothing, and why, where that can't be told."""
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8-sig")), []
    except FileNotFoundError:
        mistake = Mistake(str(file), "", "there is no such file", "run `rowd init` to make one, or name yours with --config")
    except IsADirectoryError:
        mistake = Mistake(str(file), "", "is a folder", f"name the file in it: {file / FILE}")
    except OSError as exc:
        mistake = Mistake(str(file), "", f"can't be read ({exc.strerror})", "let rowd's user read it")
    except UnicodeDecodeError as exc:
        mistake = Mistake(str(file), "", f"is not UTF-8 text (byte {exc.start})", "save it as UTF-8")
    except tomllib.TOMLDecodeError as exc:
        text = str(exc)
        position = _POSITION.search(text)
        message = f"is not TOML here: {_POSITION.sub('', text)}"
        remedy = "text needs quotes, a list needs brackets, and no key may stand twice"
        mistake = Mistake(str(file), position[1] if position else "", message, remedy)
    return {}, [mistake]


def _merged(raw: Mapping[str, Any], over: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    merged = dict(raw)
    for section, values in over.items():
        below = raw.get(section, {})
        merged[section] = {**below, **values} if isinstance(below, dict) else below  # what is no section is told as that
    return merged


def _validated(raw: Mapping[str, Any], file: Path, origins: Mapping[str, Variable]) -> tuple[Settings, list[Mistake]]:
    """The settings, and what is wrong with them. Where something is, the settings are those without it."""
    mistakes: list[Mistake] = []
    while True:
        try:
            return Settings.model_validate(raw), mistakes
        except ValidationError as exc:
            if not mistakes:  # what is found later only follows from what was taken out
                mistakes = [_placed(m, origins) for m in mistakes_of(exc, str(file), model=Settings)]
            for error in exc.errors(include_url=False, include_input=False, include_context=False):
                raw = _without(raw, error["loc"])


def _placed(mistake: Mistake, origins: Mapping[str, Variable]) -> Mistake:
    """A mistake in an overridden setting is the variable's, not the file's."""
    variable = origins.get(mistake.key)
    return mistake if variable is None else replace(mistake, file=variable.source, key=variable.name)


def _without(raw: Mapping[str, Any], loc: Sequence[int | str]) -> dict[str, Any]:
    """A copy without what stands at this place. What stands in a list, or isn't there, takes what it should stand in with it."""
    head, *rest = loc
    left = dict(raw)
    if head not in left:  # taken out already, for another mistake
        return left
    below = left[str(head)]
    if rest and isinstance(below, dict) and rest[0] in below:
        left[str(head)] = _without(below, rest)
    else:
        del left[str(head)]
    return left


def _references(settings: Settings, raw: Mapping[str, Any], file: Path) -> Iterable[Mistake]:
    """Names that are used must be defined, were it with mistakes."""
    tables, actions = _names(raw.get("tables")), _names(raw.get("actions"))
    if not tables:
        yield Mistake(str(file), "tables", "there is no table", 'add one: [tables.tasks], connector = "local", path = "tasks.csv"')
    uses = [
        *((f"tables.{n}.actions", "action", t.actions or (), actions) for n, t in settings.tables.items()),
        *((f"tables.{n}.readable_by", "table", set(t.readable_by) - {ANY}, tables) for n, t in settings.tables.items()),
        *((f"blackout[{n}].tables", "table", b.tables, tables) for n, b in enumerate(settings.blackouts, 1)),
        *((f"channel.{n}.tables", "table", c.tables, tables) for n, c in settings.channels.items()),
        *((f"endpoint.{n}.tables", "table", e.tables, tables) for n, e in settings.endpoints.items()),
    ]
    for key, what, used, known in uses:
        for name in used:
            if name not in known:
                gone = f"define it as [{what}s.{name}], or take it out"
                meant = pointer(name, known, gone)
                remedy = meant if meant == gone or closest(name, known) is not None else f"{meant}; {gone}"
                yield Mistake(str(file), key, f'there is no {what} "{name}"', remedy)


def _halves(raw: Mapping[str, Any], file: Path) -> Iterable[Mistake]:
    """Blackouts with only one of from and to, whatever else is wrong with them."""
    windows = raw.get("blackout")
    for number, window in enumerate(windows if isinstance(windows, list) else (), 1):
        if isinstance(window, dict) and ("from" in window) != ("to" in window):
            message, remedy = HALF.split("; ")
            yield Mistake(str(file), f"blackout[{number}]", message.format(name=window.get("name", "")), remedy)


def _renamed(raw: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The same with tables and actions under names that can be used; and the keys of those → what stands in the file."""
    renamed, stand_ins = dict(raw), {}
    for section in ("tables", "actions", "watch", "fact", "channel", "endpoint"):
        below = raw.get(section)
        if not isinstance(below, dict):
            continue
        renamed[section] = {}
        for number, (name, value) in enumerate(below.items()):
            free = name
            if not NAME.fullmatch(name):
                free = next(other for n in count(number) if (other := f"unnamed-{n}") not in below)
                stand_ins[f"{section}.{free}"] = f"{section}.{name}"
            renamed[section][free] = value
    return renamed, stand_ins


def _of_name(mistake: Mistake, stand_ins: Mapping[str, str]) -> Mistake | None:
    """The mistake under the name in the file; None where it is of something else, so that it was told already."""
    section, _, rest = mistake.key.partition(".")
    name, dot, below = rest.partition(".")
    there = stand_ins.get(f"{section}.{name}")
    return replace(mistake, key=f"{there}{dot}{below}") if there is not None else None


def _names(section: object) -> list[str]:
    return list(section) if isinstance(section, dict) else []


def _warnings(file: Path, env_file: Path) -> Iterable[str]:
    """Files that others on this machine could read secrets from, or write commands into."""
    if _allows(file, stat.S_IWOTH):
        yield f"{file} can be changed by every user of this machine, who could so run commands as rowd: chmod o-w {file}"
    if (open_ := exposed(env_file)) is not None:
        yield open_


def _allows(file: Path, bits: int) -> bool:
    try:
        return bool(file.stat().st_mode & bits)
    except OSError:
        return False
