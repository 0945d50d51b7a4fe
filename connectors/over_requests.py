"""How requests that `requests` carries are watched: an adapter for its sessions, with connections that say that they are opened."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from connectors.whole import PACKINGS, Watch

_PIECE = 64 * 1024


def watched(session: requests.Session, watch: Watch) -> None:
    """Have all that this session asks watched."""
    for scheme in ("https://", "http://"):
        session.mount(scheme, Watched(watch))


class Watched(HTTPAdapter):
    """An answer that it gives was read to its end."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        super().__init__()

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        self._has_watched(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **more: Any) -> Any:
        known = len(self.proxy_manager)
        manager = super().proxy_manager_for(*args, **more)
        if len(self.proxy_manager) > known:
            self._has_watched(manager)
        return manager

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        self._watch.asks(urlsplit(request.url or "").hostname or "")
        request.headers["Accept-Encoding"] = PACKINGS
        answer = super().send(request, *args, **more)
        try:
            headers = answer.raw.headers
            packing = headers.pop("Content-Encoding", "")  # so nobody but the watch unpacks it
            whole = b"".join(self._watch.taken(answer.iter_content(_PIECE), packing))
        finally:
            answer.close()
        for told in ("Content-Length", "Transfer-Encoding"):  # of how it came
            headers.pop(told, None)
        raw = HTTPResponse(BytesIO(whole), headers, answer.status_code, reason=answer.reason, preload_content=False)
        return self.build_response(request, raw)

    def _has_watched(self, manager: Any) -> None:
        """urllib3.readthedocs.io, "Customizing pool classes": whatever connections it would have, a proxy's among them."""
        manager.pool_classes_by_scheme = {scheme: self._pool(pool) for scheme, pool in manager.pool_classes_by_scheme.items()}

    def _pool(self, pool: Any) -> Any:
        watch = self._watch

        class Connection(pool.ConnectionCls):  # type: ignore[misc]  # known only now
            def connect(self) -> None:
                watch.opened(self)  # a proxy may drip as well
                super().connect()
                watch.opened(self.sock)  # which it forgets where an answer's end is the connection's

        class Pool(pool):  # type: ignore[misc]  # known only now
            ConnectionCls = Connection

        return Pool
