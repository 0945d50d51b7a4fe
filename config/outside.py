"""How the world outside reaches the daemon, and hears of it: the settings of listeners and of pings."""

from __future__ import annotations

import re
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from config.fields import Count, Interval, Section, secret_name

HOST = re.compile(r"(?!.*\.\.)[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?", re.ASCII)
"""What another machine may be called."""


def _address(address: str) -> str:
    try:
        return str(ip_address(address))
    except ValueError:
        raise ValueError(f'"{address}" is no address of a machine; write one in numbers, like 127.0.0.1') from None


class Listen(Section):
    """`[listen]`: where deliveries of webhooks are listened for. Without this section, nowhere."""

    address: Annotated[str, AfterValidator(_address)] = Field(
        default="127.0.0.1",
        description="The address of this machine, in numbers; the default can be reached from this machine alone.",
    )
    port: Count = Field(default=8787, ge=1, le=65_535, description="The port.")

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return ip_address(self.address).is_loopback

    def lets_in(self, address: str) -> bool:  # noqa: ARG002 (those of `Health` are asked where they come from)
        """Whether who comes from there may ask for anything."""
        return True

    def meets(self, other: Listen) -> bool:
        """Whether no two can listen there and here."""
        here, there = ip_address(self.address), ip_address(other.address)
        everywhere = here.is_unspecified or there.is_unspecified
        return self.port == other.port and here.version == there.version and (here == there or everywhere)


def _network(network: object) -> object:
    if isinstance(network, IPv4Network | IPv6Network):
        return network
    try:
        if isinstance(network, str):  # a number would be an address, too
            return ip_network(network, strict=False)
    except ValueError:
        pass
    raise ValueError(f'"{network}" is no network; write an address, or a network, like "10.1.0.0/16"')


def _host(name: str) -> str:
    if not HOST.fullmatch(name):
        raise ValueError(f'"{name}" is no name of a machine; write one such as "rowd.example.org", without port and scheme')
    return name.lower()


class Health(Listen):
    """`[health]`: where the daemon tells over HTTP how it is. Without this section, nowhere."""

    port: Count = Field(default=9127, ge=1, le=65_535, description="The port.")
    allow: tuple[Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)], ...] = Field(
        default=(), description="Addresses and networks of other machines that may ask; this machine always may."
    )
    hosts: tuple[Annotated[str, AfterValidator(_host)], ...] = Field(
        default=(), description="Names by which it may be asked, beside localhost and addresses in numbers."
    )

    @model_validator(mode="after")
    def _said_for_whom(self) -> Self:
        if not self.loopback and not self.allow:
            raise ValueError(
                f"other machines can reach {self.address}, and nothing says which of them may ask; "
                'name their networks, like allow = ["10.1.0.0/16"], or listen on 127.0.0.1'
            )
        return self

    def lets_in(self, address: str) -> bool:
        """Whether who comes from there may ask."""
        found = ip_address(address.partition("%")[0])
        return found.is_loopback or any(found in network for network in self.allow)


class Ping(Section):
    """`[ping]`: a service that misses the daemon once it pings no more. Without this section, none."""

    secret: Annotated[str, secret_name("PING_URL")] = Field(
        default="PING_URL", description="The variable of the environment, or of .env, that holds the address to ping."
    )
    every: Interval = Field(default=timedelta(minutes=1), description="How often it is pinged while all is well.")
