"""What becomes of that which is brought to a source: it is let in, answered, or refused."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from watches.api import Delivery, Door, Happening, Lend, Reply, Value
from watches.saying import cleaned, one_line
from watches.webhook.picking import content, picked
from watches.webhook.schemes import SCHEMES
from watches.webhook.settings import Rate, WebhookSettings, rate_of

LONGEST_NAME = 200
"""Characters of an id and of an event's name; what is longer is cut."""

UNGREETED = "its secret has no value yet; have Notion send its verification token, see docs/how-to/webhooks.md"


class WebhookDoor(Door):
    """`kind = "webhook"`."""

    def __init__(self, settings: WebhookSettings, lend: Lend) -> None:
        """Raises KeyError where the secret has no value, but for Notion's, which it gives itself; ValueError for a wrong one."""
        self._settings = settings
        self._scheme = SCHEMES[settings.scheme]
        self._bucket = _Bucket(rate_of(settings.rate))
        self._key: bytes | None = b""
        if settings.secret is None:
            return
        try:
            self._key = self._scheme.key(lend(settings.secret))
        except KeyError:
            if settings.scheme != "notion":
                raise
            self._key = None
        except ValueError as exc:
            raise ValueError(f"the value of {settings.secret} {exc}") from None

    @property
    def guarded(self) -> bool:
        return self._settings.scheme != "none"

    @property
    def max_bytes(self) -> int:
        return self._settings.max_bytes

    def judge(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Delivery | Reply:
        """First who sends it, then whether it is too much, then what it says: nobody but the sender can use up its rate."""
        if self._key is None:
            return self._greeted(content(body))
        if why := self._scheme.refusal(self._key, headers, body, now):
            return Reply(401, "not from the sender that this is for", why=why)
        if not self.guarded and from_a_page(headers):
            return Reply(403, "not for pages in a browser", why="a page in a browser sent it, and nobody has to show who they are")
        if wait := self._bucket.wait(now):
            return Reply(429, "too many deliveries", wait_s=wait, why="more come than its `rate` allows")
        said = content(body)
        if (greeting := self._greeting(said)) is not None:
            return greeting
        event = one_line(self._scheme.event(headers, said), LONGEST_NAME)
        if self._settings.only and event not in self._settings.only:
            return Reply(202, "not one of the events that count here")
        return self._delivery(headers, body, said, event)

    def _delivery(self, headers: Mapping[str, str], body: bytes, said: Any, event: str) -> Delivery:
        name = self._scheme.delivery(headers, said)
        if not name and self._scheme.named:
            at = headers.get("x-slack-request-timestamp", "") if self._settings.scheme == "slack" else ""
            name = "sha256:" + hashlib.sha256(at.encode("latin-1", "replace") + b"\0" + body).hexdigest()
        shown = one_line(name, LONGEST_NAME)
        values: dict[str, Value] = {"delivery": shown, "event": event, **picked(said, self._settings.values)}
        summary = cleaned(f"{event or 'a delivery'}{f' ({shown})' if shown else ''}")
        return Delivery(name, Happening(summary, values))

    def _greeting(self, said: Any) -> Reply | None:
        """The answer to what a sender asks once, to see that we are there; None for anything else."""
        if not isinstance(said, dict):
            return None
        if self._settings.scheme == "slack" and said.get("type") == "url_verification":
            challenge = said.get("challenge")
            return Reply(200, cleaned(challenge) if isinstance(challenge, str) else "")
        if self._settings.scheme == "notion" and "verification_token" in said:
            return Reply(200, "known already")
        return None

    def _greeted(self, said: Any) -> Reply:
        """Notion's first delivery is not signed: it brings the token by which the others will be."""
        token = said.get("verification_token") if isinstance(said, dict) else None
        if not isinstance(token, str) or not (token.isascii() and token.isprintable() and 0 < len(token) <= LONGEST_NAME):
            return Reply(401, "not from the sender that this is for", why=UNGREETED)
        return Reply(200, "noted", token=token)


def from_a_page(headers: Mapping[str, str]) -> bool:
    """Whether a browser sent it for a page: any page can have a browser send something to its own machine."""
    return "origin" in headers or headers.get("sec-fetch-site", "none") != "none"


_ROUNDING = 1e-6
"""Of a delivery, and of a second."""


class _Bucket:
    """Lets so many through at once, and as many again in the span."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._left = float(rate.number)
        self._at: datetime | None = None

    def wait(self, now: datetime) -> int:
        """Take one; 0, or after how many seconds there will be one."""
        each = self._rate.span_s / self._rate.number
        if self._at is not None:
            passed = max(0.0, (now - self._at).total_seconds())  # a clock that was set back fills nothing
            self._left = min(float(self._rate.number), self._left + passed / each)
        self._at = now
        if self._left < 1 - _ROUNDING:
            return max(1, math.ceil((1 - self._left) * each - _ROUNDING))
        self._left -= 1
        return 0
