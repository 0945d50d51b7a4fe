"""A definition's request with its `{parameters}`: refused where a row could lead it elsewhere, else made into what is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from ipaddress import IPv4Address
from urllib.parse import quote, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from actions.http.settings import HttpSettings
from actions.templates import Reference, Template, template
from actions.values import BadValue, Value, has_control, quoted, written

Node = Template | dict[str, "Node"] | list["Node"] | int | float | bool | None
"""A JSON structure whose texts are templates."""

PERMANENT = frozenset({301, 308})
"""Statuses of redirects that stay (RFC 9110, 15.4)."""

Lookup = Callable[[Reference], Value]

_FIXED_HOST = re.compile(r"https?://[^/?#@\\\s{}]+[/?#]", re.IGNORECASE)
_QUAD = re.compile(r"\d+(?:\.\d+){3}", re.ASCII)
_ELSEWHERE = frozenset({"accept", "accept-language", "accept-encoding", "content-type", "user-agent", "idempotency-key"})
"""Headers that may follow a redirect to another origin. All others were meant for the first one alone."""


class Sent(Struct, frozen=True):
    """A request, ready to be sent. content: None without a body.   confidential: the content holds a secret."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None = None
    confidential: bool = False


class Plan(Struct, frozen=True):
    """A request to be filled with values."""

    method: str
    url: Template
    headers: Mapping[str, Template]
    body: Node
    is_json: bool

    def filled(self, own: Mapping[str, str], value: Lookup) -> Sent:
        """The request with its values.

        own: rowd's headers; the definition's win.   Raises BadValue, with a sentence, for a value that can't stand where it goes.
        """
        headers = dict(own)
        content, confidential = self._content(value)
        if content is not None:
            headers["Content-Type"] = "application/json" if self.is_json else "text/plain; charset=utf-8"
        for name, text in self.headers.items():
            headers = {known: v for known, v in headers.items() if known.lower() != name.lower()}
            headers[name] = _header(name, text, value)
        return Sent(self.method, _url(self.url, value), headers, content, confidential)

    def _content(self, value: Lookup) -> tuple[bytes | None, bool]:
        if self.body is None:
            return None, False
        if isinstance(self.body, Template):
            return self.body.filled(lambda r: written(value(r))).encode(), self.body.secret
        return json.dumps(_filled(self.body, value), ensure_ascii=False, allow_nan=False).encode(), _any_secret(self.body)


def read(settings: HttpSettings) -> Plan:
    """Take a definition apart. Raises ValueError, with a sentence, where it is unsafe or doesn't fit its parameters."""
    parameters, secrets = settings.parameters, settings.secrets
    url = template(settings.url, parameters)
    _check_url(settings.url, url)
    headers = {name: template(text, parameters, secrets) for name, text in settings.headers.items()}
    is_json = not isinstance(settings.body, str)
    body = _node(settings.body, settings)
    if isinstance(body, Template) and body.parameters:
        raise ValueError(
            "a row's value in a body of text could be taken for more than a value; write the body as a table, for JSON"
        )
    used = url.parameters.union(*(t.parameters for t in headers.values()), _parameters(body))
    for name in parameters:
        if name not in used:
            raise ValueError(f"{{{name}}} stands nowhere in the request, so what a row gives for it would go nowhere; remove it")
    return Plan(settings.method, url, headers, body, is_json)


def usual() -> dict[str, str]:
    """The headers that every request of rowd's has."""
    return {"User-Agent": f"rowd/{_version()}", "Accept": "*/*", "Accept-Encoding": "identity"}


def redirected(sent: Sent, status: int, location: str) -> Sent:
    """The request that a redirect asks for (RFC 9110, 15.4). Raises ValueError, with a sentence, where it is not to be followed.

    location: absolute.
    """
    old, new = urlsplit(sent.url), urlsplit(location)
    if new.scheme not in ("http", "https") or not new.hostname or new.username is not None:
        raise ValueError(f"it was redirected to {quoted(location)}, which is no address of a web service")
    if old.scheme == "https" and new.scheme == "http":
        raise ValueError(f"it was redirected to {quoted(location)}, which is not encrypted; that is not followed")
    following = replace(sent, url=location)
    if (status in (301, 302) and sent.method == "POST") or (status == 303 and sent.method != "HEAD"):
        kept = {name: v for name, v in sent.headers.items() if name.lower() != "content-type"}
        following = replace(following, method="GET", headers=kept, content=None, confidential=False)
    if _origin(sent.url) == _origin(location) or _upgraded(sent.url, location):
        return following
    if following.confidential:
        raise ValueError(f"it was redirected to {quoted(location)}, another server, which may not see the secret in its body")
    return replace(following, headers={name: v for name, v in following.headers.items() if name.lower() in _ELSEWHERE})


def _version() -> str:
    try:
        return version("rowd")
    except PackageNotFoundError:  # run from a checkout that isn't installed
        return "0"


def _check_url(text: str, url: Template) -> None:
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        if fits and _QUAD.fullmatch(parts.hostname or ""):
            IPv4Address(parts.hostname)  # an octal 0177 is 127 to some, and 177 to others
    except ValueError:
        fits = False
    if has_control(text) or not fits:
        raise ValueError(f'{quoted(text)} is no address of a web service; write it in full, like "https://example.org/path"')
    if parts.username is not None or "@" in parts.netloc:
        raise ValueError("the url holds a user name; give it in a header: Authorization")
    first = url.parts[0] if url.parts and isinstance(url.parts[0], str) else ""
    if url.parameters and not _FIXED_HOST.match(first):
        raise ValueError(f"{quoted(text)}: a row could choose the host; end it with a / before the first parameter")


def _url(url: Template, value: Lookup) -> str:
    text = url.filled(lambda r: quote(written(value(r)), safe=""))
    fixed = url.filled(lambda _: "x")
    for segment, as_meant in zip(_segments(text), _segments(fixed), strict=True):
        if segment != as_meant and segment in ("", ".", ".."):
            raise BadValue(f"{quoted(segment)} can't be a part of a url's path; give another value")
    return text


def _segments(url: str) -> list[str]:
    return re.split(r"[?#]", url, maxsplit=1)[0].split("/")


def _header(name: str, text: Template, value: Lookup) -> str:
    filled = text.filled(lambda r: written(value(r))).strip()
    if has_control(filled) or not filled.isascii():
        raise BadValue(f"the header {name} would hold a line break or a character that no header can hold; give another value")
    return filled


def _node(value: object, settings: HttpSettings) -> Node:
    match value:
        case str():
            return template(value, settings.parameters, settings.secrets)
        case dict():
            for key in value:
                if template(key, settings.parameters, settings.secrets).references:
                    raise ValueError(
                        f"{quoted(key)}: a row could choose a name in the body; only what the names stand for is a value"
                    )
            return {template(key, ()).filled(lambda _: ""): _node(inner, settings) for key, inner in value.items()}
        case list():
            return [_node(inner, settings) for inner in value]
        case int() | float() | None:
            return value
    raise ValueError(f"{quoted(value)} can't be sent as JSON; write it as text")


def _filled(node: Node, value: Lookup) -> object:
    match node:
        case Template():
            return value(node.whole) if node.whole is not None else node.filled(lambda r: written(value(r)))
        case dict():
            return {key: _filled(inner, value) for key, inner in node.items()}
        case list():
            return [_filled(inner, value) for inner in node]
    return node


def _templates(node: Node) -> list[Template]:
    match node:
        case Template():
            return [node]
        case dict():
            return [t for inner in node.values() for t in _templates(inner)]
        case list():
            return [t for inner in node for t in _templates(inner)]
    return []


def _parameters(node: Node) -> frozenset[str]:
    return frozenset().union(*(t.parameters for t in _templates(node)))


def _any_secret(node: Node) -> bool:
    return any(t.secret for t in _templates(node))


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").rstrip("."), parts.port or (443 if parts.scheme == "https" else 80)


def _upgraded(old: str, new: str) -> bool:
    (scheme, host, port), (to_scheme, to_host, to_port) = _origin(old), _origin(new)
    return host == to_host and (scheme, port, to_scheme, to_port) == ("http", 80, "https", 443)
