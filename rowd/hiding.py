"""Every secret that rowd can know of, so that none is told or printed, were it by an action that declares none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions.telling import Mask
from config.load import Config

LONG = 8
"""Characters from which on a value of `.env` is hidden though no action declares it: one that did may have been taken out, or the
whole of rowd.toml may be unreadable now. A shorter one could be any word."""

SECRETS = ("secret", "password")
"""Settings of watched sources and facts that name one secret."""


def mask_of(config: Config) -> Mask:
    """Hides each secret that the operator declares anywhere, right or wrong, and each long value of `.env`, and of credentials."""
    kept = {name: value.get_secret_value() for name, value in config.kept.items()}
    names = declared_secrets(config)
    declared = [config.variables[name].get_secret_value() for name in names if name in config.variables]
    return Mask([*declared, *(value for name, value in kept.items() if name in names or len(value) >= LONG)])


def declared_secrets(config: Config) -> set[str]:
    """The names of all that actions, facts, watched sources, channels and pings declare as theirs."""
    settings = config.settings
    definitions = (*settings.actions.values(), *settings.facts.values(), *settings.watches.values())
    outside = (*settings.facts.values(), *settings.watches.values())
    said = [*(one.get(setting) for one in outside for setting in SECRETS), *(one.secret for one in settings.channels.values())]
    said += [settings.ping.secret] if settings.ping is not None else []
    return {name for one in definitions for name in _declared(one)} | {name for name in said if isinstance(name, str)}


def unknown(config: Config, action: str) -> list[str]:
    """Secrets that the action declares and whose values nobody here knows, so that they can't be hidden."""
    return [name for name in _declared(config.settings.actions.get(action, {})) if name not in config.variables]


def _declared(definition: Mapping[str, Any]) -> list[str]:
    """As it stands in rowd.toml, right or wrong."""
    said = definition.get("secrets")
    return [name for name in said if isinstance(name, str)] if isinstance(said, list) else []
