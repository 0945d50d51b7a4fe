"""Which addresses a request may go to. A row, or a server's redirect, must not reach what only this machine's network should."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_.])?", re.ASCII)
_NAT64 = ip_network("64:ff9b::/96")
"""The well-known prefix (RFC 6052, 2.1): the last 32 bits are an IPv4 address."""
_UNICAST = ip_network("2000::/3")
"""What of IPv6 is given out for the internet (RFC 4291, 2.4). Python 3.11 takes fec0::/10 and 64:ff9b:1::/48 for global, too."""
_COMPATIBLE = ip_network("::/96")
"""IPv4-compatible addresses, deprecated (RFC 4291, 2.5.5.1)."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the operator lets a request reach beyond public addresses. hosts: names in lower case, whatever their address is."""

    everything: bool = False
    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    def refusal(self, host: str, address: str) -> str | None:
        """Why a request to `host` at this address is refused, in one sentence with the remedy; None where it may be sent.

        address: as getaddrinfo gives it; the zone of a link-local one (`%eth0`) doesn't matter.
        """
        found = ip_address(address.partition("%")[0])
        word = _not_public(found)
        if word is None or self.everything or host.lower().rstrip(".") in self.hosts:
            return None
        plain = _unmapped(found)
        if any(plain in network for network in self.networks):
            return None
        said = "" if address == host else f"{address}, "
        return f"{host} is {said}{word}: not asked; if it is meant, name it in allow_private"


def allowed(value: object) -> object:
    """Read `true`, `false` or a list of hosts and networks. Raises ValueError, with a sentence for the operator."""
    if isinstance(value, bool):
        return Allowed(everything=value)
    if not isinstance(value, list | tuple):
        return value
    hosts, networks = set(), []
    for item in value:
        try:
            networks.append(ip_network(item, strict=False))
        except ValueError:
            if not isinstance(item, str) or not _NAME.fullmatch(item) or re.fullmatch(r"[\d.]+", item):
                raise ValueError(f'"{item}" is neither a host nor a network; write "intranet.example" or "10.0.0.0/8"') from None
            hosts.add(item.lower().rstrip("."))
    return Allowed(hosts=frozenset(hosts), networks=tuple(networks))


def literal(host: str) -> str | None:
    """The address that a host is without being looked up, also where it is written oddly (`2130706433`); None for a name.

    `localhost` and what ends with it is this machine (RFC 6761, 6.3).
    """
    if f".{host.lower().rstrip('.')}".endswith(".localhost"):
        return "127.0.0.1"
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)[0][4][0])
    except (OSError, UnicodeError):
        return None


def as_written(url: str, besides: Allowed) -> Allowed:
    """What the operator lets a request reach that goes to an address in `rowd.toml`: its host, where that leads nowhere else.

    An address in numbers, or localhost, is what is written there. A name leads where its DNS says.
    """
    host = urlsplit(url).hostname or ""
    return besides if literal(host) is None else replace(besides, hosts=besides.hosts | {host.lower().rstrip(".")})


def _not_public(address: Address) -> str | None:
    """What sort of address it is where it isn't a public one; the same for an IPv4 address that it has inside."""
    for each in (address, *_inside(address)):
        if (word := _sort(each)) is not None:
            return word
    return None


def _sort(address: Address) -> str | None:
    if address.is_loopback:
        return "a loopback address"
    if address.is_link_local:
        return "a link-local address"
    if address.is_multicast:
        return "a multicast address"
    if address.is_unspecified:
        return "no address"
    if isinstance(address, IPv6Address) and (address.ipv4_mapped or address in _NAT64 or address in _COMPATIBLE):
        return None if _inside(address) else "a reserved address"  # judged by what is inside
    if address.is_private or (isinstance(address, IPv6Address) and address not in _UNICAST):
        return "a private address"
    return None if address.is_global else "a reserved address"


def _inside(address: Address) -> tuple[IPv4Address, ...]:
    """IPv4 addresses that an IPv6 address stands for, or leads to."""
    if isinstance(address, IPv4Address):
        return ()
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    if address in _NAT64 or address in _COMPATIBLE:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    return ()


def _unmapped(address: Address) -> Address:
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
