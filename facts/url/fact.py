"""Asks a web service: one GET within the rules of HTTP actions, and the value picked from what is answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from actions.http import plan
from actions.http.addresses import as_written
from actions.http.page import Picker, Unpicked
from actions.http.pointer import found
from actions.http.settings import HttpSettings
from actions.telling import Mask
from facts.answers import brief, read
from facts.api import MOST_BYTES, Tree, Unhad
from facts.url.settings import UrlSettings

if TYPE_CHECKING:
    import ssl

    from actions.http.exchange import Answer

MOST_OF_A_PAGE = 1024 * 1024
"""Bytes of a web page from which a value is picked."""


class Url:
    """`kind = "url"`."""

    def __init__(self, settings: UrlSettings, base: Path, secrets: Mapping[str, str]) -> None:
        """secrets: name → value.   Raises ValueError, with a sentence, for an address that is none."""
        self._settings = settings
        self._secrets = secrets
        self._plan = plan.read(
            HttpSettings(kind="http", url=settings.url, headers=settings.headers, secrets=tuple(settings.secrets))
        )
        self._verify = settings.verify if isinstance(settings.verify, bool) else base / settings.verify
        self._most = MOST_BYTES if settings.select is None else MOST_OF_A_PAGE
        self._trust: ssl.SSLContext | None = None
        self._allowed = as_written(settings.url, settings.allow_private)

    async def ask(self) -> Tree:
        """Raises Unhad: it can't be reached, or its answer has another status, or no such value."""
        exchange = await asyncio.to_thread(import_module, "actions.http.exchange")  # httpx takes a while the first time
        mask = Mask(self._secrets.values())
        try:
            if self._trust is None:
                self._trust = await asyncio.to_thread(exchange.trust, self._verify)
            sent = self._plan.filled({"User-Agent": "rowd", "Accept-Encoding": "identity"}, lambda named: self._secrets[named.name])
            asked = exchange.Exchange(self._trust, self._allowed, self._most, follow=self._settings.follow_redirects)
            answer: Answer = await asked.answer(sent)
        except (exchange.Failed, ValueError, OSError) as exc:
            raise Unhad(brief(mask.text(str(exc)))) from None
        if self._settings.value == "status":
            return answer.status
        if not any(low <= answer.status <= high for low, high in self._settings.expect):
            raise Unhad(
                f"its server answered {exchange.reason(answer.status)}; see whether it is well, or name the status in `expect`"
            )
        if not answer.whole:
            raise Unhad(f"its server answered with more than {self._most // 1024} kB; ask for the value alone")
        if answer.encoding:
            raise Unhad(f"its server encoded the answer as {answer.encoding}, which rowd asks servers not to do; ask another")
        return self._pointed(answer) if self._settings.select is None else await self._selected(answer, self._settings.select)

    async def _selected(self, answer: Answer, selector: str) -> Tree:
        picker = Picker(selector)
        picking = asyncio.create_task(asyncio.to_thread(picker.picked, answer.content, answer.header("content-type")))
        try:
            found = await asyncio.shield(picking)
        except Unpicked as exc:
            raise Unhad(f"the answer {exc}") from None
        except asyncio.CancelledError:
            picker.stop()
            await asyncio.gather(picking, return_exceptions=True)  # at once: it is killed
            raise
        if len(found) > 1:
            raise Unhad(f"{selector} selects {len(found):,} elements of the answer; correct `select`, so that it is one")
        return read(found[0].encode("utf-8", "replace"), f"what {selector} selects")

    def _pointed(self, answer: Answer) -> Tree:
        if not self._settings.pointer:
            return read(answer.content, "its server")
        try:
            document = json.loads(answer.content)
        except (ValueError, RecursionError):
            raise Unhad(
                f"the answer is not JSON, so it has nothing at {self._settings.pointer}; remove `pointer`, or ask for JSON"
            ) from None
        try:
            value = found(document, self._settings.pointer)
        except LookupError:
            raise Unhad(f"the answer has nothing at {self._settings.pointer}; correct `pointer`") from None
        return read(json.dumps(value).encode(), "its server")
