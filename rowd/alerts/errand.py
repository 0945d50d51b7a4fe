"""One message carried to one address, by a process of its own: `python -m rowd.alerts.errand`.

Apprise takes half a second of CPU and 50 MB, and what it calls may hang: so the daemon has none of it in its own process, and
ends one that takes too long. What is to be sent comes on standard input, since everybody on the machine can see a command line.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from typing import Any
from urllib.parse import unquote, unquote_plus

from actions.telling import MASK, Mask, cut, plain

MISSING = "messages are carried by apprise, which isn't installed; run: pip install 'rowd[alerts]'"
NO_ADDRESS = "its address is none that Apprise understands; signs in a password other than letters and digits are written as %XX"
NO_SERVICE = "Apprise knows no service by what stands before :// in its address; `apprise --details` names all"
REFUSED = "the service didn't take it"
NOBODY_THERE = "; look at its address, and whether the service runs"

LONGEST = 300
"""Characters of what is told of a failure."""

SHORTEST = 3
"""Characters of a part of an address from which on it is hidden."""

_SHORTENED = re.compile(r"\S+://\S+|\S*\w\.\.\.\w\S*")
"""An address, and what Apprise makes of a secret: its first letter and its last, which are two too many."""

_ERRNO = re.compile(r"\[Errno (-?\d{1,5})\]")
_PORT = re.compile(r"\d{1,5}")
_PUBLIC = frozenset(
    {"http", "https", "smtp", "true", "false", "yes", "no", "text", "html", "markdown", "insecure", "starttls", "ssl"}
)
"""Parts of an address that tell nothing."""


class Heard(logging.Handler):
    """What Apprise says of a failure, without anything of the address."""

    def __init__(self, address: str) -> None:
        super().__init__(logging.DEBUG)
        self._mask = Mask(pieces(address))
        self._lines: list[str] = []
        self._cause = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line; of what is meant for Apprise's developers, no more than the system's own word for what is the matter."""
        said = record.getMessage()
        if record.levelno >= logging.WARNING:
            self._lines.append(_SHORTENED.sub(MASK, self._mask.text(plain(said))))
        elif (error := _ERRNO.search(said)) is not None:
            number = int(error[1])
            self._cause = os.strerror(number) if number > 0 else "no machine of its name is known"  # getaddrinfo(3) has its own

    def said(self, otherwise: str) -> str:
        """All of it on one line; `otherwise` where nothing was said."""
        lines = cut("; ".join(line.rstrip(".") for line in self._lines) or otherwise, LONGEST)
        return f"{lines} ({self._cause}){NOBODY_THERE}" if self._cause else lines


def pieces(address: str) -> set[str]:
    """The address, and each part of it that may be a secret or lead to one, as it is written and as it is meant."""
    values = re.sub(r"(?<=[?&])\w+=", "", address)
    found = {address, *re.split(r"[:/?#@&=,;]+", values)[1:]}
    found |= {meaning(part) for part in found for meaning in (unquote, unquote_plus)}
    return {part for part in found if len(part) >= SHORTEST and part.casefold() not in _PUBLIC and not _PORT.fullmatch(part)}


def carry(address: str, message: dict[str, str] | None) -> str:
    """Send it; answer why that can't be, "" where it was taken.   message: None to look at the address alone."""
    try:
        import apprise
    except ImportError:
        return MISSING
    heard, logger = Heard(address), logging.getLogger("apprise")
    logger.addHandler(heard)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    asset = apprise.AppriseAsset(app_id="rowd", app_desc="rowd", app_url="", image_url_mask="", image_path_mask=False)
    if "://" in address and not _known(address):
        return NO_SERVICE
    plugin: Any = apprise.Apprise.instantiate(address, asset=asset, suppress_exceptions=True)
    if plugin is None:
        return NO_ADDRESS
    if message is None:
        return ""
    try:
        kind, form = apprise.NotifyType(message["tone"]), apprise.NotifyFormat.TEXT
        taken = plugin.notify(title=message["title"], body=message["body"], notify_type=kind, body_format=form)
    except Exception as exc:  # a service's own code: whatever it raises, it was not sent; its text could hold anything
        return f"{REFUSED} ({type(exc).__name__})"
    return "" if taken else heard.said(REFUSED)


def _known(address: str) -> bool:
    """Whether it names a service at all."""
    from apprise.manager_plugins import NotificationManager

    manager: Any = NotificationManager
    return address.partition("://")[0].casefold() in manager().schemas()


def main() -> None:
    """Read {address, message} from standard input, write {why} to standard output."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a service's code prints is no answer
    wanted = json.load(sys.stdin)
    json.dump({"why": carry(wanted["address"], wanted["message"])}, answer)
    answer.close()


if __name__ == "__main__":
    main()
