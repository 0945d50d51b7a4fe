"""Every secret that rowd can know of, so that none is told or printed, were it by an action that declares none."""

from __future__ import annotations

from collections.abc import Mapping

from actions.telling import Mask
from config.load import Config

LONG = 8
"""Characters from which on a value of `.env` is hidden though no action declares it: one that did may have been taken out, or the
whole of rowd.toml may be unreadable now. A shorter one could be any word."""


def mask_of(config: Config) -> Mask:
    """Hides each secret that an action or a watched source declares, were it with mistakes, and each long value of `.env`."""
    kept = {name: value.get_secret_value() for name, value in config.kept.items()}
    names = {name for action in config.settings.actions for name in _declared(config, action)}
    said = (name for source in config.settings.watches.values() for name in (source.get("secret"), *_listed(source)))
    names |= {name for name in said if isinstance(name, str)}
    declared = [config.variables[name].get_secret_value() for name in names if name in config.variables]
    return Mask([*declared, *(value for name, value in kept.items() if name in names or len(value) >= LONG)])


def unknown(config: Config, action: str) -> list[str]:
    """Secrets that the action declares and whose values nobody here knows, so that they can't be hidden."""
    return [name for name in _declared(config, action) if name not in config.variables]


def _declared(config: Config, action: str) -> list[str]:
    return _listed(config.settings.actions.get(action, {}))


def _listed(definition: Mapping[str, object]) -> list[str]:
    """As it stands in rowd.toml, right or wrong."""
    said = definition.get("secrets")
    return [name for name in said if isinstance(name, str)] if isinstance(said, list) else []
