"""Kinto in memory, on a free port, until standard input ends. It runs in the servers' own environment, with Kinto's own code.

Who asks is told by a user and a password, whichever (its policy `basicauth`). Says `{"port": …}` once it listens.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from kinto import main
from waitress.server import create_server

BOOK = open(sys.argv[1], "a", buffering=1)  # noqa: SIM115, PTH123 (for as long as it runs)
SETTINGS = {
    "kinto.storage_backend": "kinto.core.storage.memory",
    "kinto.cache_backend": "kinto.core.cache.memory",
    "kinto.permission_backend": "kinto.core.permission.memory",
    "kinto.bucket_create_principals": "system.Authenticated",
    "kinto.userid_hmac_secret": "of-a-test",
    "multiauth.policies": "basicauth",
}


def booked(app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    def answer(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        print(environ.get("HTTP_USER_AGENT", "nobody"), file=BOOK)
        return app(environ, start)

    return answer


def until_the_end() -> None:
    sys.stdin.read()
    os._exit(0)


logging.disable(logging.CRITICAL)
server = create_server(booked(main({}, **SETTINGS)), host="127.0.0.1", port=0, threads=2)
threading.Thread(target=until_the_end, daemon=True).start()
print(json.dumps({"port": server.effective_port}), flush=True)
server.run()
