"""What the daemon shows outside, checked as `rowd.toml` says it."""

from __future__ import annotations

from collections.abc import Iterator

from config.load import Config
from config.mistakes import Mistake
from rowd.pinging import Rhythm
from rowd.signals import address_of
from rowd.sourcing import without_value


def outward_mistakes(config: Config) -> Iterator[Mistake]:
    """What only two sections together can get wrong, and what a variable ought to hold."""
    listen, health, ping = config.settings.listen, config.settings.health, config.settings.ping
    if listen is not None and health is not None and health.meets(listen):
        message = "is where deliveries of webhooks are listened for, too, and who may send those is not to see this"
        yield Mistake(str(config.file), "health.port", message, "name another port")
    if ping is not None:
        try:
            rhythm_of(config)
        except KeyError:
            yield without_value(config, "ping.secret", ping.secret)
        except ValueError as exc:
            remedy = "put the address that the service gave there"
            yield Mistake(str(config.file), "ping.secret", f"{ping.secret} {exc}", remedy)


def rhythm_of(config: Config) -> Rhythm | None:
    """Where to ping, and how often; None where nobody is to be. Raises KeyError without an address, ValueError for what is none."""
    ping = config.settings.ping
    return Rhythm(address_of(config.secret(ping.secret).get_secret_value()), ping.every) if ping is not None else None
