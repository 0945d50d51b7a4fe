"""What other services do: so many deliveries over as many connections, so many at a time, each answered before the next is sent.

`python -m bench.deliveries PORT PATH SECRET NUMBER AT_ONCE` prints the seconds from the first to the last answer; all must be 202.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import sys
import time
from collections.abc import Iterator

BODY = b'{"ref": "refs/heads/main", "after": "%d", "pusher": {"name": "Ada"}}'


def _requests(path: str, secret: str, number: int) -> Iterator[bytes]:
    """As GitHub sends a push: signed, and each with an id of its own."""
    for n in range(number):
        body = BODY % n
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        yield (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"X-GitHub-Event: push\r\nX-GitHub-Delivery: {time.time_ns()}-{n}\r\nX-Hub-Signature-256: sha256={signature}\r\n"
            "Connection: close\r\n\r\n"
        ).encode() + body


async def _send(port: int, requests: Iterator[bytes]) -> None:
    for request in requests:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        if not answer.startswith(b"HTTP/1.1 202"):
            raise RuntimeError(f"it answered {answer[:200]!r}")


async def _deliver(port: int, path: str, secret: str, number: int, at_once: int) -> float:
    requests = iter(list(_requests(path, secret, number)))  # signed before the clock runs
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(_send(port, requests))
    return time.perf_counter() - began


if __name__ == "__main__":
    _, its_port, its_path, its_secret, how_many, together = sys.argv
    print(asyncio.run(_deliver(int(its_port), its_path, its_secret, int(how_many), int(together))))
