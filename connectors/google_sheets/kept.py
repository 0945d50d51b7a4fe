"""The token store: a file in which a person's sign-in is kept, for rowd's user alone.

`rowd login` writes it and the daemon reads it, as often as it changes. Google's refresh tokens stay as they are, so the daemon
never writes. Who has the file can do in Sheets what the person can: no link leads to it, and nobody else may read it.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from connectors.errors import NeedsOwner

MOST = 65_536
"""Bytes; a sign-in has some hundreds."""

_KIND = "rowd sign-in"


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a sign-in came to.

    client: the id of the OAuth client.   scopes: what was granted.   account: whose it is; "" where Drive may not be asked that.
    """

    client: str
    refresh_token: str = field(repr=False)
    scopes: frozenset[str]
    account: str = ""


Stamp = tuple[int, int, int] | None
"""What tells a file, as it is now, from any other that stands there later; None for none."""


class Store:
    """label: what messages call the table.   login: the command that signs in, for messages."""

    def __init__(self, path: Path, label: str, login: str) -> None:
        self.path = path
        self._label, self._login = label, login

    def stamp(self) -> Stamp:
        """Of the file as it is now. Raises nothing."""
        try:
            found = self.path.lstat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size

    def read(self) -> SignIn:
        """Raises NeedsOwner, with what to do."""
        try:
            file = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError as exc:
            raise self._wrong(f"nobody has signed in yet: there is no {self.path}. Sign in: `{self._login}`.") from exc
        except OSError as exc:
            if exc.errno == errno.ELOOP:
                raise self._link() from exc
            raise self._wrong(f"{self.path} can't be read ({exc.strerror}). It must belong to the user that rowd runs as.") from exc
        with os.fdopen(file, "rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise self._wrong(f"{self.path} is no file. Say in rowd.toml, as token, where sign-ins are to be kept.")
            if mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise self._wrong(
                    f"{self.path} is open to others than its owner, and who reads it can edit the spreadsheet:"
                    f" chmod 600 {self.path}. If that may have happened, take the access back at"
                    f" https://myaccount.google.com/connections and sign in anew: `{self._login}`."
                )
            found = _understood(opened.read(MOST))
        if found is None:
            raise self._wrong(
                f"{self.path} holds no sign-in of rowd's. Remove it, or set token in rowd.toml; then `{self._login}`."
            )
        return found

    def ready(self) -> None:
        """Whether a sign-in could be kept: told before anybody signs in. Raises NeedsOwner."""
        if self.path.is_symlink():
            raise self._link()
        if not os.access(self.path.parent, os.W_OK | os.X_OK, effective_ids=True):
            raise self._unwritable("no such folder, or this user may not write in it")
        try:
            with self.path.open("rb") as opened:
                ours = _understood(opened.read(MOST)) is not None
        except FileNotFoundError:
            return
        except OSError as exc:
            raise self._unwritable(exc.strerror or "can't be read") from exc
        if not ours:
            raise self._wrong(
                f"{self.path} is something else than a sign-in of rowd's, and stays. Set token in rowd.toml to another file."
            )

    def keep(self, sign_in: SignIn) -> None:
        """Put it in the place of what is there, durably and in one step. Raises NeedsOwner."""
        self.ready()
        said = {
            "type": _KIND,
            "client_id": sign_in.client,
            "refresh_token": sign_in.refresh_token,
            "scopes": sorted(sign_in.scopes),
            "account": sign_in.account,
        }
        try:
            self._exchange((json.dumps(said, indent=1) + "\n").encode())
        except OSError as exc:
            raise self._unwritable(exc.strerror or "failed") from exc

    def _exchange(self, contents: bytes) -> None:
        file, name = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)  # for us alone (0600), and new
        try:
            with os.fdopen(file, "wb") as opened:
                opened.write(contents)
                opened.flush()
                os.fsync(opened.fileno())
            Path(name).replace(self.path)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _link(self) -> NeedsOwner:
        return self._wrong(f"{self.path} is a symbolic link, which is followed nowhere to a token. Set token to where it leads.")

    def _unwritable(self, why: str) -> NeedsOwner:
        return self._wrong(
            f"a sign-in can't be kept in {self.path} ({why}). Run this as the user that rowd runs as, or set token in rowd.toml"
            " to a file in a folder of that user, like /var/lib/rowd."
        )

    def _wrong(self, what: str) -> NeedsOwner:
        return NeedsOwner(f"{self._label}: {what}")


def _understood(contents: bytes) -> SignIn | None:
    try:
        said = json.loads(contents)
    except ValueError:
        return None
    if not isinstance(said, dict) or said.get("type") != _KIND:
        return None
    client, token, scopes, account = (said.get(name) for name in ("client_id", "refresh_token", "scopes", "account"))
    if not (isinstance(client, str) and isinstance(token, str) and isinstance(scopes, list) and isinstance(account, str)):
        return None
    return SignIn(client, token, frozenset(map(str, scopes)), account)
