"""The vendors' own Python clients on an emulator without a socket: requests (gspread, pyairtable) and httpx (notion-client)."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

import httpx
import requests
import urllib3
from requests.adapters import BaseAdapter

from tests.emulators.core.exchange import Answer, Request


class Answering(Protocol):
    """An emulator, or what stands before one."""

    def answer(self, request: Request) -> Answer: ...


class Adapter(BaseAdapter):
    """Mount it on a `requests.Session`: `session.mount("https://", Adapter(emulator))`."""

    def __init__(self, emulator: Answering) -> None:
        super().__init__()
        self._emulator = emulator

    def send(self, request: requests.PreparedRequest, *_args: object, **_options: object) -> requests.Response:
        """Raises requests.ConnectionError where the emulator resets the connection or cuts the body."""
        body = request.body.encode() if isinstance(request.body, str) else request.body
        assert body is None or isinstance(body, bytes)
        answer = self._emulator.answer(_request(request.method or "GET", request.url or "", _texts(request.headers), body or b""))
        if answer.reset or answer.cut is not None:
            raise requests.ConnectionError("Connection aborted.", request=request)
        response = requests.Response()
        response.status_code = answer.status
        response.headers.update(_headers(answer))
        response.raw = urllib3.HTTPResponse(BytesIO(answer.body), status=answer.status, preload_content=False)
        response.url, response.request, response.encoding = request.url or "", request, "utf-8"
        return response

    def close(self) -> None:
        """Nothing is open."""


class Transport(httpx.BaseTransport):
    """Give it to an `httpx.Client`."""

    def __init__(self, emulator: Answering) -> None:
        self._emulator = emulator

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Raises httpx.ReadError where the emulator resets the connection or cuts the body."""
        answer = self._emulator.answer(_request(request.method, str(request.url), dict(request.headers), request.read()))
        if answer.reset or answer.cut is not None:
            raise httpx.ReadError("Connection reset by peer", request=request)
        return httpx.Response(answer.status, headers=_headers(answer), content=answer.body, request=request)


def _request(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Request:
    parts = urlsplit(url)
    query = tuple(parse_qsl(parts.query, keep_blank_values=True))
    return Request(method.upper(), parts.path, query, {name.lower(): value for name, value in headers.items()}, body)


def _texts(headers: Mapping[str, str | bytes]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else value.decode("latin-1") for name, value in headers.items()}


def _headers(answer: Answer) -> dict[str, str]:
    return {**answer.headers, "Content-Length": str(len(answer.body))}
