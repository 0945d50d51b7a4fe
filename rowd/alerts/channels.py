"""The channels of `rowd.toml`: where each leads, and what it tells about."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import tzinfo
from importlib.util import find_spec

from msgspec import Struct
from pydantic import SecretStr

from config import settings
from config.load import Config
from config.matters import Matter
from config.mistakes import Mistake
from engine.ledger import Problem
from engine.notify import NOBODY
from rowd.alerts.errand import MISSING
from rowd.sourcing import without_value


class Channel(Struct, frozen=True):
    """address: as Apprise writes it, a secret.   zone: of its quiet hours, and of the instants in its messages."""

    name: str
    address: SecretStr
    settings: settings.Channel
    zone: tzinfo

    def takes(self, problem: Problem, named: Collection[str] | None) -> bool:
        """Whether it is told of this problem.   named: the channels that the row names; None where it names none."""
        its = self.settings
        if problem.matter not in its.about or (its.tables and problem.table not in its.tables):
            return False
        return not its.named_only if named is None else self.name in named

    @property
    def tells_ends(self) -> bool:
        """Whether it is told that what it was told of is over."""
        return Matter.RECOVERED in self.settings.about


Channels = Mapping[str, Channel]


def mute(channels: Channels) -> tuple[str, ...]:
    """Why none of these can tell anybody, whatever its address; nothing where they can, or where there are none."""
    return (f"nobody is told of problems: {MISSING}",) if channels and find_spec("apprise") is None else ()


def channels_of(config: Config, mistakes: list[Mistake]) -> Channels:
    """All whose address is known. One without is a mistake."""
    found = {}
    for name, its in config.settings.channels.items():
        if name == NOBODY:
            message, remedy = f"rows write {NOBODY} under Notify for nobody", "give it another name"
            mistakes.append(Mistake(str(config.file), f"channel.{name}", message, remedy))
            continue
        try:
            address = config.secret(its.secret)
        except KeyError:
            mistakes.append(without_value(config, f"channel.{name}.secret", its.secret))
        else:
            found[name] = Channel(name, address, its, its.time_zone or config.settings.defaults.time_zone)
    return found


def telling_of(config: Config, table: str) -> frozenset[str]:
    """The channels that rows of this table may name."""
    return frozenset(name for name, its in config.settings.channels.items() if not its.tables or table in its.tables)


def takers(problem: Problem, named: Collection[str] | None, channels: Channels) -> tuple[str, ...]:
    """The names of all that are told of it."""
    return tuple(name for name, channel in channels.items() if channel.takes(problem, named))
