"""What a command's exit status means, the same for every command; `docs/reference/commands.md` tells it to people."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Scripts tell "later" from "needs a person" by these."""

    OK = 0
    BAD = 1  # what was asked about is bad: defects were found, a run failed, nothing is running
    USAGE = 2  # the command line itself is wrong
    LATER = 3  # the same may succeed later: an editor has the table, the store can't be reached
    OWNER = 4  # a person must act: a mistake in rowd.toml, no access, a damaged ledger, an answer that could not be written
    REFUSED = 5  # the daemon, or a rule, refused the request
    INTERRUPTED = 130  # Ctrl-C
    UNREAD = 141  # the reader of standard output has gone; `rowd.streams` sees to it
