"""Watched sources, made ready as `rowd.toml` says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import ValidationError

import watches
from config.load import Config
from config.mistakes import Mistake, mistakes_of, pointer
from connectors.api import fold
from engine.columns import OURS, SHARED
from engine.layout import COLUMNS
from engine.watching import Source
from rowd.hiding import SECRETS
from watches.api import About, Definition, Door


def source_of(config: Config, name: str, raw: Mapping[str, object], mistakes: list[Mistake]) -> Source | None:
    """The source of this name; None where that can't be. What is wrong is added to the mistakes."""
    key, kind_name = f"watch.{name}", str(raw.get("kind"))
    try:
        kind = watches.load(kind_name)
    except KeyError:
        remedy = pointer(kind_name, watches.known(), "name a kind of watched source")
        mistakes.append(Mistake(str(config.file), f"{key}.kind", f'"{kind_name}" is no kind of watched source', remedy))
        return None
    try:
        settings = kind.settings.model_validate(raw)
        if kind.door is None:
            what = settings.model_dump(mode="json", exclude={*Definition.model_fields, *kind.limits} - {"kind"})
        else:
            what = {"kind": kind_name}  # what was delivered stays known, whatever is said of it later
        mark = mark_of(str(config.base), what)
        lent, complete = _lent(config, key, raw, kind.secrets(settings), mistakes)
        made = "" if kind.door is not None else mark_of(repr(settings), lent)
        door = kind.door(settings, lambda named: config.secret(named).get_secret_value()) if kind.door is not None else None
        mistakes += _unheard(config, name, door)
        for setting in sorted(kind.tables):
            mistakes += _unknown_tables(config, f"{key}.{setting}", getattr(settings, setting) or ())
        about = kind.about(settings)
        mistakes += _unreadable(config, key, about)
        watch, apart = kind.make(name, settings, config.base, lent), kind.apart(settings)
        source = Source(name, mark, watch, settings.every, settings.debounce, kind.commits, kind.says, apart, door, made, about)
        return source if complete else None
    except ValidationError as exc:
        mistakes += mistakes_of(exc, str(config.file), key, kind.settings)
    except ValueError as exc:
        mistakes.append(Mistake(str(config.file), key, str(exc), "mend the definition"))
    except KeyError as exc:
        mistakes.append(without_value(config, naming(key, raw, str(exc.args[0])), str(exc.args[0])))
    return None


def mark_of(*what: object) -> str:
    """The same for the same; nothing can be read from it."""
    return hashlib.sha256(repr(what).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def _lent(
    config: Config, key: str, raw: Mapping[str, object], names: Sequence[str], mistakes: list[Mistake]
) -> tuple[dict[str, str], bool]:
    """Secrets by name, and whether all have a value; one that has none is a mistake, and blank, so that the rest can be checked."""
    lent = {}
    before = len(mistakes)
    for name in names:
        try:
            lent[name] = config.secret(name).get_secret_value()
        except KeyError:
            lent[name] = ""
            mistakes.append(without_value(config, naming(key, raw, name), name))
    return lent, len(mistakes) == before


def _unheard(config: Config, name: str, door: Door | None) -> Iterator[Mistake]:
    """Why nobody can, or everybody could, bring something there."""
    listen = config.settings.listen
    if door is None:
        return
    if listen is None:
        message, remedy = "waits for deliveries, and rowd listens for none", "add [listen] to rowd.toml"
        yield Mistake(str(config.file), f"watch.{name}", message, remedy)
    elif not door.guarded and not listen.loopback:
        message = f"lets everybody in, and listen.address is {listen.address}"
        yield Mistake(
            str(config.file), f"watch.{name}.scheme", message, 'name another scheme, such as "token", or listen on 127.0.0.1'
        )


def _unknown_tables(config: Config, key: str, names: Iterable[str]) -> Iterator[Mistake]:
    """Tables that are named there and aren't in rowd.toml."""
    there = list(config.settings.tables)
    for name in names:
        if name not in there:
            yield Mistake(str(config.file), key, f'there is no table "{name}"', pointer(name, there, f"define [tables.{name}]"))


def _unreadable(config: Config, key: str, about: About | None) -> Iterator[Mistake]:
    """Why nothing, or not what is meant, would ever be told of this table."""
    if about is None:
        return
    yield from _unknown_tables(config, f"{key}.table", [about.table])
    if (its := config.settings.tables.get(about.table)) is None:
        return
    if not its.serve:
        message, remedy = f'the table "{about.table}" says serve = false, so nobody reads it', "name one that is served"
        yield Mistake(str(config.file), f"{key}.table", message, remedy)
    renamed = {fold(header): column for column, header in its.columns.items()}
    for name in about.columns:
        column = COLUMNS.get(fold(name))
        if column in OURS | SHARED:
            message, remedy = f"{column} is a column that rowd writes", "name columns that people alone write"
            yield Mistake(str(config.file), f"{key}.columns", message, remedy)
        elif column is None and fold(name) in renamed:
            message, remedy = f'the table has "{name}" for rowd\'s {renamed[fold(name)]}', f'write "{renamed[fold(name)]}"'
            yield Mistake(str(config.file), f"{key}.columns", message, remedy)


def naming(key: str, raw: Mapping[str, object], secret: str) -> str:
    """The key of the setting that names this secret, of a definition that does."""
    alone = (setting for setting in SECRETS if raw.get(setting) == secret)
    return f"{key}.{next(alone, 'secrets')}"


def without_value(config: Config, key: str, secret: str) -> Mistake:
    """A secret that is named there and has none."""
    remedy = f"put {secret}=… into .env beside rowd.toml, or into the environment"
    if secret in config.settings.secrets:
        remedy = f"see to its command, under secret.{secret}"
    return Mistake(str(config.file), key, f"{secret} has no value", remedy)
