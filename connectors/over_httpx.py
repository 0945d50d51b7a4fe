"""How requests that `httpx` carries are watched: its event hooks, and what it tells of connections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from connectors.whole import PACKINGS, Watch


class Watched:
    """Hooks for a client."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def goes(self, request: httpx.Request) -> None:
        """A hook for requests."""
        self._watch.asks(request.url.host)
        request.extensions["trace"] = self._hears

    def packed(self, request: httpx.Request) -> None:
        """A hook for requests whose answers `unpacked` takes."""
        request.headers["Accept-Encoding"] = PACKINGS

    def unpacked(self, response: httpx.Response) -> None:
        """A hook for responses: the body is unpacked as it comes, and counted."""
        packing = response.headers.pop("Content-Encoding", "")
        response.stream = _Taken(self._watch, response.stream, packing)

    def _hears(self, event: str, told: Mapping[str, Any]) -> None:
        """www.python-httpx.org/advanced/extensions, "trace"."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._watch.opened(told["return_value"].get_extra_info("socket"))


class _Taken(httpx.SyncByteStream):
    def __init__(self, watch: Watch, stream: Any, packing: str) -> None:
        self._watch, self._stream, self._packing = watch, stream, packing

    def __iter__(self) -> Iterator[bytes]:
        return self._watch.taken(self._stream, self._packing)

    def close(self) -> None:
        self._stream.close()
