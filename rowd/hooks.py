"""What becomes of what is asked of the listener: deliveries are taken once they are durable, and there is nothing else."""

from __future__ import annotations

import asyncio
import os
import re
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from engine.events import DeliveryRefused, Listener, TokenGiven, Trouble
from engine.loop import Daemon
from rowd.wire import LATER, NOTHING
from watches.api import Door, Reply

FOLDER = "hooks"
"""Of the state folder: for secrets that senders gave."""

ANSWER_WITHIN_S = 2.5
"""A sender is told so soon that it is to come again, where the ledger takes longer: Slack waits for three seconds."""

DONE = Reply(202, "taken")

TAKEN, PUT_OFF, REFUSED, GREETED = "taken", "put off", "refused", "greeted"
"""What a delivery came to. The last one: a handshake, or an event that doesn't count."""

_TARGET = re.compile(r"/hooks/([a-z0-9_-]{1,64})(?:\?.*)?")


class Hooks:
    """Of one daemon."""

    def __init__(self, made: Daemon, state: Path, stopping: Callable[[], bool], listener: Listener) -> None:
        """state: its folder."""
        self._made, self._state, self._stopping, self._emit = made, state, stopping, listener
        self._refused: dict[str, str] = {}  # source → why the last delivery was
        self.answered: Counter[tuple[str, str]] = Counter()
        """By source, and by what it was: TAKEN, PUT_OFF, REFUSED, or GREETED where there was nothing to take."""

    def goal(self, method: str, target: str) -> tuple[str, int] | Reply:
        """Where a request leads to, before its body is read: the source's name, and how long the body may be."""
        read = _TARGET.fullmatch(target)
        door = self._door(read[1]) if read is not None else None
        if read is None or door is None:
            return NOTHING
        return (read[1], door.max_bytes) if method == "POST" else Reply(405, "only POST", allow="POST")

    async def take(self, name: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Raises nothing that has to do with what was sent."""
        reply = await self._answer(name, headers, body)
        if reply is not NOTHING:
            self.answered[name, _sort(reply)] += 1
        return reply

    async def _answer(self, name: str, headers: Mapping[str, str], body: bytes) -> Reply:
        box, door = self._made.box(name), self._door(name)
        if door is None:  # rowd.toml was read anew meanwhile
            return NOTHING
        if box is None or self._stopping():
            return LATER
        delivery = door.judge(headers, body, self._made.clock.now())
        if isinstance(delivery, Reply):
            self._tell(name, delivery)
            return await self._noted(name, delivery) if delivery.token else delivery
        self._refused.pop(name, None)
        durable = False
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_WITHIN_S):
                durable = await box.put(delivery)
        return DONE if durable else LATER

    def failed(self, exc: Exception) -> None:
        """Something of ours broke while a sender was answered. Never what it sent: an exception's text may hold that."""
        self._emit(Trouble(at=self._made.clock.now(), where="the listener", message=type(exc).__name__))

    def _door(self, name: str) -> Door | None:
        source = self._made.parts.sources.get(name)
        return source.door if source is not None else None

    def _tell(self, name: str, reply: Reply) -> None:
        if not reply.why:
            self._refused.pop(name, None)
        elif self._refused.get(name) != reply.why:
            self._refused[name] = reply.why
            self._emit(DeliveryRefused(at=self._made.clock.now(), watch=name, reason=reply.why))

    async def _noted(self, name: str, reply: Reply) -> Reply:
        """Leave the token where only the operator finds it."""
        try:
            file = await asyncio.to_thread(_left, self._state / FOLDER, name, reply.token)
        except OSError:
            return LATER
        self._emit(TokenGiven(at=self._made.clock.now(), watch=name, file=str(file)))
        return reply


def _sort(reply: Reply) -> str:
    if reply is DONE:
        return TAKEN
    if reply is LATER:
        return PUT_OFF
    return REFUSED if reply.status >= 400 else GREETED


def _left(folder: Path, name: str, token: str) -> Path:
    """Raises OSError."""
    folder.mkdir(mode=0o700, exist_ok=True)
    file, draft = folder / f"{name}.token", folder / f".{name}.token"
    with suppress(FileNotFoundError):
        draft.unlink()
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as stream:
        stream.write(token + "\n")
    draft.replace(file)
    return file
