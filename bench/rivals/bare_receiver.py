"""The floor of deliveries: a server on asyncio that checks the signature, appends the body to a file, and syncs once for all that
wait together before it answers. It knows no delivery twice, starts nothing, and shows nothing.

`PORT` is printed once it is ready.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import sys

ANSWER = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Receiver:
    """One file, and those that wait for its next sync."""

    def __init__(self, file: int, secret: bytes) -> None:
        self._file = file
        self._secret = secret
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._came = asyncio.Event()

    async def keep(self) -> None:
        """Write and sync, for ever: all that came meanwhile together."""
        loop = asyncio.get_running_loop()
        while True:
            await self._came.wait()
            self._came.clear()
            waiting, self._waiting = self._waiting, []
            await loop.run_in_executor(None, self._synced, b"\n".join(body for body, _ in waiting))
            for _, done in waiting:
                done.set_result(None)

    def _synced(self, lines: bytes) -> None:
        os.write(self._file, lines + b"\n")
        os.fsync(self._file)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One delivery over one connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        body = await reader.readexactly(int(headers["content-length"]))
        signature = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        if hmac.compare_digest(f"sha256={signature}", headers["x-hub-signature-256"]):
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((body, done))
            self._came.set()
            await done
            writer.write(ANSWER)
        writer.close()


async def _main(secret: str) -> None:
    receiver = Receiver(os.open("bodies", os.O_WRONLY | os.O_CREAT | os.O_APPEND), secret.encode())
    keeping = asyncio.create_task(receiver.keep())
    server = await asyncio.start_server(receiver.take, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await keeping


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
