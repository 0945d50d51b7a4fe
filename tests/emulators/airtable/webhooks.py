"""Webhooks: made, listed, refreshed, deleted; and their payloads, read by cursor.

No ping leaves: what would be sent to a notification URL stands in `Webhooks.pings`.
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hmac import HMAC
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.emulators.airtable import errors
from tests.emulators.airtable.changes import Transaction
from tests.emulators.airtable.formulas.values import iso
from tests.emulators.airtable.ids import is_id
from tests.emulators.airtable.model import Base, User
from tests.emulators.airtable.payloads import Spec, changes_of
from tests.emulators.core.exchange import Answer, NotEmulated, Request

if TYPE_CHECKING:
    from tests.emulators.airtable.service import Airtable

LIFE = timedelta(days=7)
"""From creation, a refresh, and each successful reading of payloads; airtable.com/developers/web/api/webhooks-overview."""
KEPT = timedelta(days=7)
"""Payloads stay so long, also after the hook's end (VENDORS.md B3)."""
MOST = 10
"""Webhooks of a base at most; airtable.com/developers/web/guides/webhooks-api, how many webhooks can I register."""
PAGE = 50
"""Payloads of one answer at most; airtable.com/developers/web/api/list-webhook-payloads."""


class Ping(NamedTuple):
    """What would have been sent. headers: the MAC over the body."""

    url: str
    body: str
    headers: dict[str, str]


@dataclass
class Hook:
    """payloads: the first has the cursor `first`.   error: why it is dead."""

    id: str
    base: Base
    owner: User
    spec: Spec
    secret: bytes
    expires: datetime
    url: str | None = None
    notifies: bool = True
    error: str | None = None
    first: int = 1
    payloads: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)

    @property
    def next(self) -> int:
        return self.first + len(self.payloads)


class Webhooks:
    def __init__(self, service: Airtable) -> None:
        self._service = service
        self._hooks: dict[str, Hook] = {}
        self.pings: list[Ping] = []
        service.committed.append(self.told)

    def route(self) -> None:
        on = self._service.routes.on
        on("GET", "/v0/bases/{base}/webhooks", "webhooks.list", self.hooks)
        on("POST", "/v0/bases/{base}/webhooks", "webhooks.create", self.create)
        on("DELETE", "/v0/bases/{base}/webhooks/{hook}", "webhooks.delete", self.delete)
        on("POST", "/v0/bases/{base}/webhooks/{hook}/refresh", "webhooks.refresh", self.refresh)
        on("POST", "/v0/bases/{base}/webhooks/{hook}/enableNotifications", "webhooks.notify", self.notify)
        on("GET", "/v0/bases/{base}/webhooks/{hook}/payloads", "webhooks.payloads", self.payloads)

    def told(self, base: Base, transaction: Transaction) -> None:
        """A transaction was committed: note it for each hook that is for it."""
        now = self._service.clock.now()
        hooks = [each for each in self._hooks.values() if each.base is base and each.expires > now and each.error is None]
        for hook, changes in [(each, changes_of(each.spec, base, transaction)) for each in hooks]:
            if changes is None:
                continue
            payload = {
                "timestamp": iso(now),
                "baseTransactionNumber": base.transaction,
                "actionMetadata": _action(base, transaction),
                **changes,
                "payloadFormat": "v0",
            }
            hook.payloads.append((now, payload))
            self._ping(hook, now)

    def killed(self, base: Base, user: User) -> None:
        """This user has lost the base: their hooks end with an error."""
        for hook in self._hooks.values():
            if hook.base is base and hook.owner == user and hook.error is None:
                hook.error = "INVALID_HOOK"
                now = self._service.clock.now()
                payload = {"error": True, "code": hook.error, "timestamp": iso(now), "baseTransactionNumber": base.transaction}
                hook.payloads.append((now, {**payload, "payloadFormat": "v0"}))

    def hooks(self, request: Request, base: str) -> Answer:
        found = self._service.enter(request, base, "webhook:manage", "read")
        now = self._service.clock.now()
        hooks = [hook for hook in self._hooks.values() if hook.base is found and hook.expires + KEPT > now]
        return Answer.of(200, {"webhooks": [_shown(hook, now) for hook in hooks]})

    def create(self, request: Request, base: str) -> Answer:
        found = self._service.enter(request, base, "webhook:manage", "create")
        body = request.json
        spec = Spec.of(body.get("specification") if isinstance(body, dict) else None)
        url = body.get("notificationUrl") if isinstance(body, dict) else None
        if spec is None or not (url is None or isinstance(url, str)):
            raise errors.bad_request()
        if is_id(spec.scope, "viw"):
            raise NotEmulated("a webhook of one view")
        ids, now = self._service.ids, self._service.clock.now()
        if sum(hook.base is found and hook.expires + KEPT > now for hook in self._hooks.values()) >= MOST:
            raise errors.too_many_webhooks()
        hook = Hook(ids.new("ach"), found, self._service.token(request).user, spec, ids.secret(), now + LIFE, url)
        self._hooks[hook.id] = hook
        secret = b64encode(hook.secret).decode()
        return Answer.of(200, {"id": hook.id, "macSecretBase64": secret, "expirationTime": iso(hook.expires)})

    def delete(self, request: Request, base: str, hook: str) -> Answer:
        del self._hooks[self._find(request, base, hook, "create").id]
        return Answer(200)

    def refresh(self, request: Request, base: str, hook: str) -> Answer:
        found = self._alive(self._find(request, base, hook, "create"))
        return Answer.of(200, {"expirationTime": iso(found.expires)})

    def notify(self, request: Request, base: str, hook: str) -> Answer:
        found, body = self._find(request, base, hook, "create"), request.json
        if not isinstance(body, dict) or not isinstance(body.get("enable"), bool):
            raise errors.bad_request()
        found.notifies = body["enable"]
        return Answer(200)

    def payloads(self, request: Request, base: str, hook: str) -> Answer:
        """Those from the cursor on. Reading them keeps the hook alive."""
        self._service.enter(request, base, "data.records:read", "read")
        found = self._find(request, base, hook, "read")
        cursor, limit = _count(request, "cursor", 1), min(_count(request, "limit", PAGE), PAGE)
        now = self._service.clock.now()
        while found.payloads and found.payloads[0][0] + KEPT <= now:
            del found.payloads[0]
            found.first += 1
        begin = max(cursor, found.first)
        page = found.payloads[begin - found.first :][:limit]
        self._alive(found)
        after = begin + len(page)
        shown = [payload for _, payload in page]
        return Answer.of(200, {"payloads": shown, "cursor": after, "mightHaveMore": after < found.next, "payloadFormat": "v0"})

    def _alive(self, hook: Hook) -> Hook:
        """Extend its life, unless it has ended."""
        now = self._service.clock.now()
        if hook.expires > now and hook.error is None:
            hook.expires = now + LIFE
        return hook

    def _find(self, request: Request, base: str, hook: str, level: str) -> Hook:
        found = self._service.enter(request, base, "webhook:manage", level)
        known = self._hooks.get(hook)
        if known is None or known.base is not found or known.expires + KEPT <= self._service.clock.now():
            raise errors.forbidden() if is_id(hook, "ach") else errors.not_found()
        return known

    def _ping(self, hook: Hook, now: datetime) -> None:
        if hook.url is None or not hook.notifies:
            return
        body = json.dumps({"base": {"id": hook.base.id}, "webhook": {"id": hook.id}, "timestamp": iso(now)})
        mac = "hmac-sha256=" + HMAC(hook.secret, body.encode(), "sha256").hexdigest()
        self.pings.append(Ping(hook.url, body, {"X-Airtable-Content-MAC": mac}))


def _shown(hook: Hook, now: datetime) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": hook.id,
        "specification": hook.spec.given,
        "notificationUrl": hook.url,
        "cursorForNextPayload": hook.next,
        "lastNotificationResult": None,
        "areNotificationsEnabled": hook.notifies,
        "lastSuccessfulNotificationTime": None,
        "isHookEnabled": hook.expires > now and hook.error is None,
    }
    if hook.expires > now:
        shown["expirationTime"] = iso(hook.expires)
    return shown


def _action(base: Base, transaction: Transaction) -> dict[str, Any]:
    if transaction.source not in ("client", "publicApi"):
        return {"source": transaction.source}
    user = {**transaction.user.cell, "permissionLevel": base.access.get(transaction.user.id, "none")}
    return {"source": transaction.source, "sourceMetadata": {"user": user}}


def _count(request: Request, name: str, otherwise: int) -> int:
    given = request.first(name)
    if given is None:
        return otherwise
    if not given.isdigit() or int(given) < 1:
        raise errors.bad_request()
    return int(given)
