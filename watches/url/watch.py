"""An address as a watched source: asked whether it still answers what it did, and what changed where it doesn't."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from actions.http import plan
from actions.http.addresses import as_written
from actions.http.page import Picker, Unpicked
from actions.http.settings import HttpSettings
from actions.sizes import spelled as sized
from actions.telling import Mask, cut, plain
from actions.values import BadValue
from config.fields import spelled
from watches.api import Happening, Look, Unseen, Value
from watches.holding import Held, picked, pointed, sayable, whole
from watches.polling import never
from watches.url.answers import VERSION, State, address, retry_after, settled, understood, validator
from watches.url.settings import UrlSettings

if TYPE_CHECKING:
    import ssl

    from actions.http.exchange import Answer

_NOT_MODIFIED = 304
_REMEDY = "see whether the service runs, or name the status in `expect`"


def _now() -> datetime:
    return datetime.now(UTC)


class UrlWatch:
    """`kind = "url"`.   now: aware UTC, for dates until which a server wants to be left alone."""

    def __init__(self, settings: UrlSettings, base: Path, lent: Mapping[str, str], now: Callable[[], datetime] = _now) -> None:
        """Raises ValueError, with a sentence for the operator."""
        self._settings = settings
        secrets, headers = settings.secrets, settings.headers
        self._plan = plan.read(HttpSettings(kind="http", url=settings.url, headers=headers, secrets=secrets))
        self._verify = settings.verify if isinstance(settings.verify, bool) else base / settings.verify
        self._lent = lent
        self._mask = Mask(lent.values())
        self._now = now
        self._host = urlsplit(settings.url).netloc
        self._allowed = as_written(settings.url, settings.allow_private)
        self._part = settings.pointer or settings.select
        self._picker = Picker(settings.select) if settings.select is not None else None
        self._trust: ssl.SSLContext | None = None
        self._asking: tuple[asyncio.AbstractEventLoop, asyncio.Task[Answer]] | None = None
        self._over = False

    def look(self, before: str | None) -> Look:
        """One request, which the server needn't answer in whole where nothing has changed. Raises Unseen."""
        last = understood(before)
        answer = self._answer({} if last is None else last.conditions)
        if answer.status == _NOT_MODIFIED and last is not None and last.conditions:
            return Look(last.text(), sees=_sees("304 Not Modified", last.shown))
        self._check(answer)
        etag = validator(answer.header("etag"), self._mask)
        modified = settled(validator(answer.header("last-modified"), self._mask), answer.header("date"))
        if last is not None and etag and etag == last.etag:
            now = State(VERSION, last.mark, last.shown, etag, modified)
        else:
            held = self._held(answer)
            now = State(VERSION, held.mark, held.shown if self._part is not None else "", etag, modified)
        told = (self._happening(last, now, answer),) if last is not None and last.mark != now.mark else ()
        return Look(now.text(), told, _sees(self._reason(answer), now.shown))

    def stirs(self) -> AsyncIterator[None]:
        """Nothing tells of a change."""
        return never()

    def shut(self) -> None:
        """See `Endable`."""
        self._over = True
        if self._picker is not None:
            self._picker.stop()
        if (asking := self._asking) is not None:
            with suppress(RuntimeError):  # it has just been answered
                asking[0].call_soon_threadsafe(asking[1].cancel)

    def _answer(self, conditions: Mapping[str, str]) -> Answer:
        """Raises Unseen."""
        exchange = import_module("actions.http.exchange")
        try:
            if self._trust is None:
                self._trust = exchange.trust(self._verify)
            sent = self._plan.filled({**plan.usual(), **conditions}, lambda reference: self._lent[reference.name])
            settings = self._settings
            made = exchange.Exchange(self._trust, self._allowed, settings.max_response, follow=False)
            answer: Answer = self._awaited(lambda: made.answer(sent))
        except TimeoutError:
            slow = f"{self._host} has not answered in whole within {spelled(self._settings.timeout)}"
            raise Unseen(f"{slow}; see whether the service runs, or raise `timeout`") from None
        except asyncio.CancelledError:
            raise Unseen("rowd looks at it no more; nothing is to be done") from None
        except (exchange.Failed, BadValue, OSError) as exc:
            raise Unseen(sayable(str(exc), self._mask)) from exc
        return answer

    def _awaited(self, asked: Callable[[], Awaitable[Answer]]) -> Answer:
        """In a loop of this thread's own. A look-up of a name that takes too long goes on by itself: nobody waits for it."""
        loop = asyncio.new_event_loop()
        task = loop.create_task(self._within(asked))
        self._asking = loop, task
        if self._over:
            task.cancel()
        try:
            return loop.run_until_complete(task)
        finally:
            self._asking = None
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    async def _within(self, asked: Callable[[], Awaitable[Answer]]) -> Answer:
        async with asyncio.timeout(self._settings.timeout.total_seconds()):
            return await asked()

    def _check(self, answer: Answer) -> None:
        """Raises Unseen for an answer that doesn't count."""
        if not any(low <= answer.status <= high for low, high in self._settings.expect):
            wait = retry_after(answer.header("retry-after"), self._now())
            to = sayable(address(answer.header("location")), self._mask) if 300 <= answer.status < 400 else ""
            remedy = f"leads to {to}; correct the url" if to else _REMEDY
            later = ", and wants to be left alone for a while" if wait else ""  # for how long may be another time at each look
            raise Unseen(f"{self._host} answers {self._reason(answer)}{later}{', ' if to else '; '}{remedy}", wait)
        if not answer.whole:
            most = sized(self._settings.max_response)
            raise Unseen(f"{self._host} answers more than {most}; ask for less, or raise `max_response`")

    def _held(self, answer: Answer) -> Held:
        """Raises Unseen."""
        pointer, picker = self._settings.pointer, self._picker
        if self._part is not None and answer.encoding:
            name = "select" if picker is not None else "pointer"
            raise Unseen(f"{self._host} answers in {answer.encoding}, which it was asked not to; remove `{name}`, or ask another")
        try:
            if picker is not None:
                return picked(picker.picked(answer.content, answer.header("content-type")), self._mask)
            return whole(answer.content, self._mask) if pointer is None else pointed(answer.content, pointer, self._mask)
        except (ValueError, Unpicked) as exc:
            raise Unseen(f"what {self._host} answers {exc}") from None

    def _happening(self, last: State, now: State, answer: Answer) -> Happening:
        url = cut(plain(address(self._settings.url)))
        values: dict[str, Value] = {"url": url, "status": str(answer.status), "etag": cut(plain(now.etag))}
        values |= {"old": last.shown, "new": now.shown}
        if self._part is None:
            return Happening(f"{url} answers something else", values)
        return Happening(f"{self._part} of {url} was {_short(last.shown)}, is {_short(now.shown)}", values)

    def _reason(self, answer: Answer) -> str:
        reason: str = import_module("actions.http.exchange").reason(answer.status)
        return reason


def make(name: str, settings: UrlSettings, base: Path, lent: Mapping[str, str]) -> UrlWatch:  # noqa: ARG001 (a Kind's signature)
    """Raises ValueError for an address, or a header, that can't be asked."""
    return UrlWatch(settings, base, lent)


def _sees(reason: str, shown: str) -> str:
    return f"{reason}, {_short(shown)}" if shown else reason


def _short(shown: str) -> str:
    return f'"{cut(shown, 60)}"'
