"""Sends one request and reads its answer. The only module that imports httpx, and itself imported only when a request is due.

A name is looked up once, every address it has is checked, and the connection goes to a checked one: between check and connection
nobody can change the answer. The server still sees its own name, in `Host` and in TLS.
"""

from __future__ import annotations

import asyncio
import http
import socket
import ssl
from pathlib import Path
from urllib.parse import urljoin

import httpx
from msgspec import Struct

from actions.http.addresses import Allowed
from actions.http.plan import PERMANENT, Sent, redirected
from actions.values import quoted

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 5
CONNECT_S = 10.0
"""How long one connection may take to come about. For the rest, the attempt's own time-out holds."""


class Failed(Exception):
    """There is no answer. The text says why, for a person.   final: our own rules forbid it, and will the next time, too."""

    def __init__(self, why: str, *, final: bool = False) -> None:
        super().__init__(why)
        self.final = final


class Answer(Struct, frozen=True):
    """What came back. request: the last one sent.   content: at most what was asked for.   whole: there was no more."""

    request: Sent
    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes
    whole: bool

    def header(self, name: str) -> str:
        """The first header of this name, "" where there is none."""
        return next((v for known, v in self.headers if known.lower() == name), "")

    @property
    def encoding(self) -> str:
        """How the server encoded the content though it was asked not to, such as gzip; "" where it didn't."""
        said = self.header("content-encoding").strip().lower()
        return "" if said == "identity" else said


def trust(verify: bool | Path) -> ssl.SSLContext:
    """What certificates are checked against. Raises OSError for a file that can't be used. It reads files: 20 ms."""
    if isinstance(verify, bool):
        return httpx.create_ssl_context(verify=verify, trust_env=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(verify)
    return context


class Exchange:
    """Sends requests within the operator's rules. most: bytes of an answer that are read."""

    def __init__(self, context: ssl.SSLContext, allowed: Allowed, most: int, *, follow: bool) -> None:
        self._context = context
        self._allowed = allowed
        self._most = most
        self._follow = follow

    async def answer(self, sent: Sent) -> Answer:
        """Send it, follow redirects where allowed, read the answer. Raises Failed."""
        stays = True  # the way to here: the next attempt would be led here, too
        # A bare transport: it knows no cookies, no proxies and no redirects of its own.
        async with httpx.AsyncHTTPTransport(verify=self._context, trust_env=False) as transport:
            for _ in range(MOST_REDIRECTS + 1):
                try:
                    answer = await self._one(transport, sent)
                except Failed as exc:
                    exc.final = exc.final and stays
                    raise
                location = answer.header("location")
                if not self._follow or answer.status not in REDIRECTS or not location:
                    return answer
                stays = stays and answer.status in PERMANENT
                try:
                    sent = redirected(sent, answer.status, urljoin(sent.url, location))
                except ValueError as exc:
                    raise Failed(str(exc), final=stays) from None
        raise Failed(f"it was redirected more than {MOST_REDIRECTS} times; correct the url")

    async def _one(self, transport: httpx.AsyncHTTPTransport, sent: Sent) -> Answer:
        try:
            url = httpx.URL(sent.url)
        except httpx.InvalidURL as exc:
            raise Failed(f"{quoted(sent.url)} is no address of a web service ({exc})", final=True) from None
        host = url.raw_host.decode("ascii")
        addresses = await self._checked(host, url.port or (443 if url.scheme == "https" else 80))
        for index, address in enumerate(addresses):
            request = httpx.Request(
                sent.method,
                url.copy_with(host=address),
                headers={**sent.headers, "Host": url.netloc.decode("ascii")},
                content=sent.content,
                extensions={"sni_hostname": host, "timeout": httpx.Timeout(None, connect=CONNECT_S).as_dict()},
            )
            try:
                response = await transport.handle_async_request(request)
                try:
                    content, whole = await self._content(response)
                finally:
                    await response.aclose()
            except (httpx.ConnectError, httpx.ConnectTimeout) as exc:  # nothing was sent
                if index == len(addresses) - 1:
                    raise Failed(_in_words(exc, url)) from exc
            except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as exc:
                raise Failed(_in_words(exc, url)) from exc
            else:
                headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in response.headers.raw)
                return Answer(sent, response.status_code, headers, content, whole)
        raise Failed(f"{quoted(host)} has no address")

    async def _checked(self, host: str, port: int) -> list[str]:
        """The addresses of a host, each of them allowed. Raises Failed where it has none, or one that is not."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise Failed(f"{quoted(host)} was not found; correct the url, or see whether this machine's DNS works") from None
        addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
        for address in addresses:
            if (why := self._allowed.refusal(host, address)) is not None:
                raise Failed(why, final=True)
        return addresses

    async def _content(self, response: httpx.Response) -> tuple[bytes, bool]:
        """Not decompressed, so that a small answer can't become a huge one."""
        content = bytearray()
        async for part in response.aiter_raw():
            content += part
            if len(content) > self._most:
                return bytes(content[: self._most]), False
        return bytes(content), True


def reason(status: int) -> str:
    """`404 Not Found`."""
    try:
        return f"{status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _in_words(exc: Exception, url: httpx.URL) -> str:
    where = url.host if url.port is None else f"{url.host}:{url.port}"
    for cause in _causes(exc):
        match cause:
            case ssl.SSLCertVerificationError():
                return f"{where}: its certificate is not accepted ({cause.verify_message})"
            case ssl.SSLError():
                return f"{where}: no encrypted connection came about ({cause.reason or cause})"
            case ConnectionRefusedError():
                return f"{where} refused the connection; see whether the service runs"
            case ConnectionResetError() | BrokenPipeError():
                return f"{where} broke off the connection"
    match exc:
        case httpx.ConnectTimeout():
            return f"{where} did not answer within {CONNECT_S:.0f} s"
        case httpx.ConnectError():
            return f"{where} could not be reached ({exc})"
        case httpx.RemoteProtocolError():
            return f"{where} broke off, or did not speak HTTP ({exc})"
    return f"{where}: {type(exc).__name__} {exc}".rstrip()


def _causes(exc: BaseException) -> list[BaseException]:
    """The exception and what it came from; where several addresses were tried, what each came to."""
    found: list[BaseException] = [exc]
    for each in found:
        found += [e for e in (each.__cause__, each.__context__) if e is not None and e not in found]
        if isinstance(each, BaseExceptionGroup):
            found += [e for e in each.exceptions if e not in found]
    return found
