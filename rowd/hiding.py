"""Every secret that rowd can know of, so that none is told or printed, were it by an action that declares none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    """The names of all that actions, facts, watched sources, channels, endpoints and pings declare as theirs, or programs tell."""
    return {name for _, name in declarations(config)} | set(config.settings.secrets)


def declarations(config: Config) -> Iterator[tuple[str, str]]:
    """Where in `rowd.toml` a secret is named, like `actions.backup.secrets`, and which, right or wrong; but for those of tables."""
    settings = config.settings
    for section, definitions in (("actions", settings.actions), ("fact", settings.facts), ("watch", settings.watches)):
        for name, one in definitions.items():
            yield from ((f"{section}.{name}.secrets", secret) for secret in _declared(one))
            said = ((setting, one.get(setting)) for setting in SECRETS if section != "actions")
            yield from ((f"{section}.{name}.{setting}", secret) for setting, secret in said if isinstance(secret, str))
    yield from ((f"channel.{name}.secret", one.secret) for name, one in settings.channels.items())
    yield from ((f"secret.{name}.secrets", secret) for name, one in settings.secrets.items() for secret in one.secrets)
    for name, its in settings.endpoints.items():
        yield f"endpoint.{name}.secret", its.secret
        if its.previous_secret is not None:
            yield f"endpoint.{name}.previous_secret", its.previous_secret
    if settings.ping is not None:
        yield "ping.secret", settings.ping.secret


def unknown(config: Config, action: str) -> list[str]:
    """Secrets that the action declares and whose values nobody here knows, so that they can't be hidden."""
    return [name for name in _declared(config.settings.actions.get(action, {})) if name not in config.variables]


def _declared(definition: Mapping[str, Any]) -> list[str]:
    """As it stands in rowd.toml, right or wrong."""
    said = definition.get("secrets")
    return [name for name in said if isinstance(name, str)] if isinstance(said, list) else []
