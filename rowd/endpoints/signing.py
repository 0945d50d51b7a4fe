"""Signatures as Standard Webhooks has them. Pure.

Source: standard-webhooks/standard-webhooks, spec/standard-webhooks.md ("Webhook signature scheme"), as of 2026-11.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

SHORTEST, LONGEST = 24, 64
"""Bytes of a key."""


def key_of(secret: str) -> bytes:
    """The key that a secret stands for. Raises ValueError, without a word of it."""
    try:
        key = base64.b64decode(secret.strip().removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(f"is not base64 of {SHORTEST} to {LONGEST} bytes")
    return key


def signed(id_: str, body: bytes, keys: Sequence[bytes], now: datetime) -> Mapping[str, str]:
    """The headers of one attempt.   id_: the same at each.   now: of this attempt; what is older than minutes is refused there."""
    at = str(int(now.timestamp()))
    content = f"{id_}.{at}.".encode() + body
    signatures = (base64.b64encode(hmac.digest(key, content, "sha256")).decode() for key in keys)
    return {"webhook-id": id_, "webhook-timestamp": at, "webhook-signature": " ".join(f"v1,{one}" for one in signatures)}
