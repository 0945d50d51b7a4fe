"""A person who signs in at a store so that rowd may use what they may use: what comes of that, step by step, as values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from msgspec import Struct


class SignedIn(Struct, frozen=True):
    """account: who has signed in; "" where the store doesn't say.   kept: where that is kept, for messages.

    lasts: after which it ends by itself; None where it doesn't, or the store doesn't say.
    """

    account: str
    kept: str
    lasts: timedelta | None = None


class SigningIn(Struct, frozen=True):
    """A sign-in that has begun, and waits for a person.

    address: of the store's page, to be opened in a browser.
    ours: whether what a browser brings back, the query of an address, is of this sign-in. Anybody on this machine may bring some.
    finish: what was brought is made into access that lasts, by one request or two. Raises TryLater, NeedsOwner: nothing was kept.
    """

    address: str
    ours: Callable[[str], bool]
    finish: Callable[[str], SignedIn]
