"""Datasette on a free port with one database, until standard input ends. It runs in the servers' own environment.

Says `{"port": …, "token": …}` once it listens: the token is the root user's.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from typing import Any

import uvicorn
from datasette.app import Datasette

BOOK = open(sys.argv[1], "a", buffering=1)  # noqa: SIM115, PTH123 (for as long as it runs)


def booked(app: Any) -> Any:
    async def answer(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            print(dict(scope["headers"]).get(b"user-agent", b"nobody").decode(), file=BOOK)
        await app(scope, receive, send)

    return answer


def until_the_end() -> None:
    sys.stdin.read()
    os._exit(0)


async def serve() -> None:
    service = Datasette([sys.argv[2]], secret="of-a-test", settings={"num_sql_threads": 1})
    service.root_enabled = True
    config = uvicorn.Config(booked(service.app()), host="127.0.0.1", port=0, log_level="critical", lifespan="on")
    server = uvicorn.Server(config)
    running = asyncio.ensure_future(server.serve())
    while not server.started:  # noqa: ASYNC110 (it tells nobody)
        await asyncio.sleep(0.01)
    token = "dstok_" + service.sign({"a": "root", "t": int(time.time())}, namespace="token")
    print(json.dumps({"port": server.servers[0].sockets[0].getsockname()[1], "token": token}), flush=True)
    await running


threading.Thread(target=until_the_end, daemon=True).start()
asyncio.run(serve())
