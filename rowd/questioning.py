"""Facts of the world outside, made ready to be asked as `rowd.toml` says; and the variables that conditions may read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

import facts
from config.load import Config
from config.mistakes import Mistake, mistakes_of, pointer
from engine.asking import Question
from facts.api import Definition
from rowd.hiding import declared_secrets
from rowd.sourcing import mark_of, naming, without_value

_LIMITS = frozenset(Definition.model_fields) - {"kind", "secrets"}
"""Settings that don't say what is asked: what was told holds on where another value is given."""


def question_of(config: Config, name: str, raw: Mapping[str, object], mistakes: list[Mistake]) -> Question | None:
    """The fact of this name; None where that can't be. What is wrong is added to the mistakes."""
    key, kind_name = f"fact.{name}", str(raw.get("kind"))
    try:
        kind = facts.load(kind_name)
    except KeyError:
        remedy = pointer(kind_name, facts.known(), "name a kind of fact")
        mistakes.append(Mistake(str(config.file), f"{key}.kind", f'"{kind_name}" is no kind of fact', remedy))
        return None
    try:
        settings = kind.settings.model_validate(raw)
        what = settings.model_dump(mode="json", exclude=set(_LIMITS), fallback=repr)
        mark = mark_of(str(config.base), what)
        fact = kind.make(name, settings, config.base, lambda named: config.secret(named).get_secret_value())
        return Question(name, mark, fact, settings.timeout, settings.max_age)
    except ValidationError as exc:
        mistakes += mistakes_of(exc, str(config.file), key, kind.settings)
    except ValueError as exc:
        mistakes.append(Mistake(str(config.file), key, str(exc), "mend the definition"))
    except KeyError as exc:
        mistakes.append(without_value(config, naming(key, raw, str(exc.args[0])), str(exc.args[0])))
    return None


def variables_of(config: Config, mistakes: list[Mistake]) -> dict[str, str | None]:
    """What conditions may read of the environment, by name; None of one without a value, as where a command runs elsewhere than the
    daemon. Never a secret, nor anything of `.env` or of credentials, which are made for those.
    """
    found: dict[str, str | None] = {}
    secret = declared_secrets(config) | {text for table in config.settings.tables.values() for text in _texts(table.rest)}
    for name in config.settings.conditions.env:
        if name in secret or name in config.kept:
            message = f"{name} is a secret" if name in secret else f"{name} stands where secrets are kept"
            remedy = "take it out; people see what conditions read"
            mistakes.append(Mistake(str(config.file), "conditions.env", message, remedy))
        else:
            found[name] = config.variables[name].get_secret_value() if name in config.variables else None
    return found


def _texts(said: Any) -> Iterator[str]:
    """Every text in what a store is told: where one is the name of a variable, that is a secret of the store's."""
    match said:
        case str():
            yield said
        case Mapping():
            for inner in said.values():
                yield from _texts(inner)
        case list() | tuple():
            for inner in said:
                yield from _texts(inner)
