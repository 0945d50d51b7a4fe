"""Has messages carried by a process each, and ends one that takes too long."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

from pydantic import SecretStr

from config.fields import spelled
from rowd.alerts.wording import Message

WITHIN = timedelta(seconds=60)

Carrier = Callable[[SecretStr, Message | None], Awaitable[str]]
"""Sends a message to an address; answers why that can't be, "" where it was taken. Without a message, it only looks at that."""


async def carry(address: SecretStr, message: Message | None, within: timedelta = WITHIN) -> str:
    """See `Carrier`. Cancelled, it ends the process; whether the message went, nobody knows then."""
    told = {"title": message.title, "body": message.body, "tone": message.tone} if message is not None else None
    wanted = json.dumps({"address": address.get_secret_value(), "message": told}).encode()
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-m", "rowd.alerts.errand"), stdin=pipe, stdout=pipe, stderr=nothing, start_new_session=True
        )
    except OSError as exc:
        return f"no process can be started for it: {exc}"
    try:
        answer, _ = await asyncio.wait_for(process.communicate(wanted), within.total_seconds())
    except TimeoutError:
        return f"nothing came of it within {spelled(within)}"
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    try:
        why: str = json.loads(answer)["why"]
    except ValueError:  # it died
        return f"the process that was to send it ended with status {process.returncode}"
    return why
