"""What the listener's requests lead to: where they go, when they are taken, what is told of them to whom."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import stat
from collections.abc import Awaitable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from engine.events import DeliveryRefused, Event, TokenGiven, Trouble
from rowd.hooks import ANSWER_WITHIN_S, GREETED, PUT_OFF, REFUSED, TAKEN, Hooks
from rowd.wire import LATER, NOTHING
from tests.fakes.virtual import NOON, run
from watches.api import Delivery, Reply
from watches.webhook.door import WebhookDoor
from watches.webhook.settings import WebhookSettings

SECRET = "s3cret-of-the-forge"


class Box:
    """Where deliveries go; answers as it is told."""

    def __init__(self) -> None:
        self.put_in: list[Delivery] = []
        self.answer: bool | None = True

    async def _answered(self) -> bool:
        if self.answer is None:
            await asyncio.Event().wait()
        return bool(self.answer)

    def put(self, delivery: Delivery) -> Awaitable[bool]:
        self.put_in.append(delivery)
        return self._answered()

    def settled(self, *, durable: bool) -> None: ...

    def shut(self) -> None: ...


class Place:
    """A daemon as far as it is asked, and its listener's side."""

    def __init__(self, path: Path, scheme: str = "github", secret: str | None = SECRET) -> None:
        settings = WebhookSettings.model_validate({"kind": "webhook", "scheme": scheme, "secret": "S", "max_bytes": 50})
        door = WebhookDoor(settings, ({"S": secret} if secret is not None else {}).__getitem__)  # type: ignore[arg-type]  # as Lend
        self.box: Box | None = Box()
        self.events: list[Event] = []
        self.stopping = False
        self.sources = {"forge": SimpleNamespace(door=door), "inbox": SimpleNamespace(door=None)}
        made = SimpleNamespace(
            parts=SimpleNamespace(sources=self.sources), box=lambda _name: self.box, clock=SimpleNamespace(now=lambda: NOON)
        )
        self.hooks = Hooks(cast("Any", made), path, lambda: self.stopping, self.events.append)

    async def push(self, secret: str = SECRET, body: bytes = b"{}") -> Reply:
        signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return await self.hooks.take("forge", {"x-hub-signature-256": signature, "x-github-delivery": "d"}, body)


def test_only_posts_to_a_webhook_lead_anywhere(tmp_path: Path) -> None:
    goal = Place(tmp_path).hooks.goal
    assert goal("POST", "/hooks/forge") == goal("POST", "/hooks/forge?x=y") == ("forge", 50)
    for target in (
        "/",
        "/hooks",
        "/hooks/",
        "/hooks/other",
        "/hooks/inbox",
        "/hooks/forge/",
        "/HOOKS/forge",
        "/hooks/%66orge",
        "*",
        "",
    ):
        for method in ("POST", "GET"):
            assert goal(method, target) == NOTHING
    for method in ("GET", "PUT", "DELETE", "OPTIONS", "post"):
        answer = goal(method, "/hooks/forge")
        assert isinstance(answer, Reply)
        assert answer.status == 405


def test_what_is_durable_is_answered_so_and_what_is_not_is_to_come_again(tmp_path: Path) -> None:
    async def story() -> None:
        place = Place(tmp_path)
        assert place.box is not None
        assert (await place.push()).status == 202
        assert [delivery.id for delivery in place.box.put_in] == ["d"]
        place.box.answer = False
        assert await place.push() == LATER
        place.box.answer = None  # the ledger takes its time
        began = asyncio.get_running_loop().time()
        assert await place.push() == LATER
        assert asyncio.get_running_loop().time() - began == ANSWER_WITHIN_S
        put_in = len(place.box.put_in)
        place.stopping = True
        assert await place.push() == LATER
        assert len(place.box.put_in) == put_in
        place.stopping, place.box = False, None
        assert await place.push() == LATER
        assert (LATER.status, LATER.wait_s) == (503, 5)
        del place.sources["forge"]
        assert await place.push() == NOTHING

    run(story())


def test_a_refusal_is_told_once_until_another_or_until_one_is_taken(tmp_path: Path) -> None:
    async def story() -> None:
        place = Place(tmp_path)
        for secret in ("a", "b", SECRET, "c", "d"):
            await place.push(secret)
        told = [event for event in place.events if isinstance(event, DeliveryRefused)]
        assert [(event.watch, event.reason) for event in told] == [("forge", "its signature doesn't fit")] * 2
        assert len(place.events) == 2
        assert SECRET not in repr(place.events)
        assert (await place.push("a")).text == "not from the sender that this is for"

    run(story())


def test_notions_token_is_left_in_a_file_for_its_owner_alone_and_told_nowhere(tmp_path: Path) -> None:
    place = Place(tmp_path, "notion", None)
    for token in ("secret_first", "secret_second"):
        answer = asyncio.run(place.hooks.take("forge", {}, b'{"verification_token": "%s"}' % token.encode()))
        assert (answer.status, token in answer.text) == (200, False)
    file = tmp_path / "hooks" / "forge.token"
    assert file.read_text() == "secret_second\n"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent)] == [0o600, 0o700]
    assert [(event.watch, event.file) for event in place.events if isinstance(event, TokenGiven)] == [("forge", str(file))] * 2
    assert "secret_" not in repr(place.events)
    assert [path.name for path in file.parent.iterdir()] == ["forge.token"]


def test_where_the_token_can_not_be_left_it_is_to_come_again(tmp_path: Path) -> None:
    (tmp_path / "hooks").write_text("a file")
    place = Place(tmp_path, "notion", None)
    assert asyncio.run(place.hooks.take("forge", {}, b'{"verification_token": "x"}')) == LATER
    assert place.events == []


def test_of_what_breaks_only_the_kind_is_told(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.hooks.failed(ValueError(SECRET))
    assert place.events == [Trouble(at=NOON, where="the listener", message="ValueError")]


def test_what_deliveries_came_to_is_counted_by_source_and_what_leads_nowhere_is_not(tmp_path: Path) -> None:
    async def story() -> None:
        place = Place(tmp_path)
        await place.push()
        await place.push()
        await place.push("another")
        place.stopping = True
        await place.push()
        await place.hooks.take("gone", {}, b"")
        assert place.hooks.answered == {("forge", TAKEN): 2, ("forge", REFUSED): 1, ("forge", PUT_OFF): 1}
        notion = Place(tmp_path, "notion", None)
        await notion.hooks.take("forge", {}, b'{"verification_token": "secret_abc"}')
        assert notion.hooks.answered == {("forge", GREETED): 1}

    asyncio.run(story())
