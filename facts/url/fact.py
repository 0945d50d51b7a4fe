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
from actions.http.pointer import found
from actions.http.settings import HttpSettings
from actions.telling import Mask
from facts.answers import brief, read
from facts.api import MOST_BYTES, Tree, Unhad
from facts.url.settings import UrlSettings

if TYPE_CHECKING:
    import ssl

    from actions.http.exchange import Answer


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
            asked = exchange.Exchange(self._trust, self._allowed, MOST_BYTES, follow=self._settings.follow_redirects)
            answer: Answer = await asked.answer(sent)
        except (exchange.Failed, ValueError, OSError) as exc:
            raise Unhad(brief(mask.text(str(exc)))) from None
        if self._settings.value == "status":
            return answer.status
        if not any(low <= answer.status <= high for low, high in self._settings.expect):
            raise Unhad(f"its server answered {exchange.reason(answer.status)}")
        return self._picked(answer)

    def _picked(self, answer: Answer) -> Tree:
        if not answer.whole:
            raise Unhad(f"its server answered with more than {MOST_BYTES // 1024} kB; ask for the value alone")
        if answer.encoding:
            raise Unhad(f"its server encoded the answer as {answer.encoding}, which rowd asks servers not to do")
        if not self._settings.pointer:
            return read(answer.content, "its server")
        try:
            document = json.loads(answer.content)
        except (ValueError, RecursionError):
            raise Unhad(f"the answer is not JSON, so it has nothing at {self._settings.pointer}") from None
        try:
            value = found(document, self._settings.pointer)
        except LookupError:
            raise Unhad(f"the answer has nothing at {self._settings.pointer}") from None
        return read(json.dumps(value).encode(), "its server")
