"""The endpoints of `rowd.toml`: where each is, how what is sent there is signed, and what it is told."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from msgspec import Struct
from pydantic import SecretStr

from actions.api import Outcome
from actions.http.addresses import Allowed, allowed
from config.endpoints import Endpoint as Said
from config.load import Config
from config.mistakes import Mistake, closest
from rowd.endpoints.facts import NAMES, Wanted
from rowd.endpoints.signing import key_of
from rowd.signals import address_of
from rowd.sourcing import without_value

OUTCOMES = tuple(map(str, Outcome))


class Endpoint(Struct, frozen=True):
    """secrets: by which it is signed, the newest first.   allowed: the addresses that it may lead to."""

    name: str
    url: str
    secrets: tuple[SecretStr, ...]
    allowed: Allowed
    wanted: Wanted
    settings: Said

    @property
    def keys(self) -> tuple[bytes, ...]:
        return tuple(key_of(secret.get_secret_value()) for secret in self.secrets)

    @property
    def place(self) -> str:
        """A mark of where it is; nothing can be read from it."""
        return hashlib.sha256(self.url.encode()).hexdigest()[:16]


Endpoints = Mapping[str, Endpoint]


def endpoints_of(config: Config, mistakes: list[Mistake]) -> Endpoints:
    """All that are right. What is wrong with the others is added to the mistakes."""
    found = {}
    for name, said in config.settings.endpoints.items():
        wrong = [*_wrong(config, name, said)]
        mistakes += wrong
        if not wrong:
            names = [said.secret, *([said.previous_secret] if said.previous_secret is not None else [])]
            secrets = tuple(config.secret(one) for one in names)
            wanted = Wanted(said.events, frozenset(said.outcomes), frozenset(said.tables))
            found[name] = Endpoint(name, address_of(said.url), secrets, _allowed(said), wanted, said)
    return found


def _allowed(said: Said) -> Allowed:
    found = allowed(said.allow_private)
    assert isinstance(found, Allowed)  # noqa: S101 (of a bool or names it makes nothing else)
    return found


def _wrong(config: Config, name: str, said: Said) -> Iterator[Mistake]:
    def mistake(setting: str, message: str, remedy: str) -> Mistake:
        return Mistake(str(config.file), f"endpoint.{name}.{setting}", message, remedy)

    try:
        address_of(said.url)
    except ValueError:
        yield mistake("url", "is no address of a web service", 'write it in full, like "https://example.org/hooks/rowd"')
    for setting, secret in (("secret", said.secret), ("previous_secret", said.previous_secret)):
        if secret is None:
            continue
        try:
            key_of(config.secret(secret).get_secret_value())
        except KeyError:
            yield without_value(config, f"endpoint.{name}.{setting}", secret)
        except ValueError as exc:
            yield mistake(setting, f"{secret} {exc}", f'make one: echo "{secret}=whsec_$(openssl rand -base64 32)" >> .env')
    for setting, given, known in (("events", said.events, NAMES), ("outcomes", said.outcomes, OUTCOMES)):
        for one in given:
            fits = any(Wanted((one,)).names(event) for event in known) if setting == "events" else one in known
            if not fits:
                near = closest(one, list(known))
                remedy = f'did you mean "{near}"?' if near is not None else f"write some of {', '.join(known)}"
                yield mistake(setting, f'"{one}" is nothing that an endpoint is told of', remedy)
    try:
        _allowed(said)
    except ValueError as exc:
        message, _, remedy = str(exc).partition("; ")
        yield mistake("allow_private", message, remedy)
