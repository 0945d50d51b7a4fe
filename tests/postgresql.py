"""A PostgreSQL cluster of the tests' own: in a folder of its own, on a free port of the loopback, ended with the block.

Its programs come from Debian (`make postgresql`). A cluster never runs as root: there, it is the user `postgres`, or `nobody`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import psycopg
from msgspec import Struct

OWNER, PASSWORD = "owner", "own-pass-word"
"""Who may do anything there, over TCP with a password. The tests' own second way in."""

_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off", "shared_buffers=16MB", "jit=off")


class Cluster(Struct):
    """A running one.   port: of 127.0.0.1.   server: its first process."""

    port: int
    folder: Path
    server: subprocess.Popen[bytes]

    def dsn(self, user: str = OWNER, database: str = "postgres", **more: object) -> str:
        """Without a password."""
        said = {"host": "127.0.0.1", "port": self.port, "dbname": database, "user": user, "sslmode": "disable", **more}
        return " ".join(f"{key}={value}" for key, value in said.items())

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """As the owner."""
        return psycopg.connect(self.dsn(database=database), password=PASSWORD, autocommit=True)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Fails, and says so, where this machine has no PostgreSQL."""
    programs = _programs()
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="rowd-postgresql-"))
    try:
        password = folder / "password"
        password.write_text(PASSWORD)
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
            os.chown(password, user.pw_uid, user.pw_gid)
        data = folder / "data"
        secured = ["--auth-host=scram-sha-256", "--auth-local=scram-sha-256", f"--username={OWNER}", f"--pwfile={password}"]
        _run([str(programs / "initdb"), f"--pgdata={data}", "--no-sync", "--no-locale", "--encoding=UTF8", *secured], user, folder)
        port = _free_port()
        quick = [word for setting in _QUICK for word in ("-c", setting)]
        where = ["-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", str(folder)]
        # Where this process is killed, the cluster is ended by the kernel.
        held = ["setpriv", "--pdeathsig", "QUIT", str(programs / "postgres"), *where, *quick]
        server = subprocess.Popen(held, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=folder, **_as(user))
        log = _Log(server)
        log.start()
        try:
            assert log.answers.wait(60), log.told()
            yield Cluster(port, folder, server)
        finally:
            with suppress(ProcessLookupError):
                server.send_signal(signal.SIGCONT)
                server.send_signal(signal.SIGQUIT)
            server.wait(20)
            log.join(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    there = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda program: int(program.parts[4]))
    assert there, "these tests need a PostgreSQL server: `make postgresql` installs it (Debian: postgresql)"
    return there[-1].parent


def _user() -> pwd.struct_passwd | None:
    """Who the cluster is; None for whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    with suppress(KeyError):
        return pwd.getpwnam("postgres")
    return pwd.getpwnam("nobody")


def _as(user: pwd.struct_passwd | None) -> dict[str, object]:
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _run(argv: list[str], user: pwd.struct_passwd | None, folder: Path) -> None:
    ran = subprocess.run(argv, capture_output=True, cwd=folder, check=False, **_as(user))  # type: ignore[call-overload]  # of dict[str, object] mypy can't tell
    assert ran.returncode == 0, ran.stderr.decode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Log(Thread):
    """What a server says, read as it comes.   answers: set once it takes connections."""

    def __init__(self, server: subprocess.Popen[bytes]) -> None:
        super().__init__(daemon=True)
        self._said, self._lines = server.stdout, list[bytes]()
        self.answers = Event()

    def run(self) -> None:
        assert self._said is not None
        with self._said:
            for line in self._said:
                self._lines.append(line)
                if b"ready to accept connections" in line:
                    self.answers.set()

    def told(self) -> str:
        return b"".join(self._lines).decode(errors="replace")
