"""Deliveries that other services bring over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from watches.api import Kind
from watches.letterbox import Letterbox
from watches.webhook.door import WebhookDoor
from watches.webhook.settings import WebhookSettings


def make(name: str, settings: WebhookSettings, base: Path, lent: Mapping[str, str]) -> Letterbox:  # noqa: ARG001 (a Kind's signature)
    """Raises nothing."""
    return Letterbox()


KIND = Kind(settings=WebhookSettings, make=make, door=WebhookDoor, apart=lambda _: True)
