"""What a sandboxed command sees of this machine, as arguments of bubblewrap (bwrap(1)). What isn't named isn't there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from actions.command.settings import Sandbox

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
"""What every sandbox shows, as far as it is there. Where these are links into /usr, they are made again as links."""

ETC = (
    *("alternatives", "ca-certificates", "crypto-policies", "fonts", "gai.conf", "group", "host.conf", "hosts", "ld.so.cache"),
    *(
        "ld.so.conf",
        "ld.so.conf.d",
        "locale.alias",
        "locale.conf",
        "localtime",
        "magic",
        "mime.types",
        "nsswitch.conf",
        "os-release",
    ),
    *("passwd", "pki/ca-trust", "pki/tls/certs", "pki/tls/openssl.cnf", "protocols", "resolv.conf", "services", "ssl/certs"),
    *("ssl/openssl.cnf", "timezone"),
)
"""What it shows of /etc: what programs and libraries look at, and no secrets."""

HERE = "/run/rowd"
"""Where the attempt's folder is in there."""

TMP = "/tmp"  # noqa: S108 (its own)
_SHARED = "/dev/shm"  # noqa: S108 (as above)
_OWN = ("/proc", "/dev", TMP, HERE)
"""What is made for each run, so that nothing of this machine's can stand there."""

_ENV, _SH, _SETPRIV, _CHOWN = "/usr/bin/env", "/bin/sh", "/usr/bin/setpriv", "/bin/chown"

_SIGNALS = "HUP,INT,QUIT,USR1,USR2,ALRM,PIPE,TERM"
"""What bubblewrap's own processes are deaf to: a signal to the group is for the program, which may have something to finish.
Through exec(2) that would hold for the program, too, so it is taken back within.
"""

_WITHIN = ': >>"$ROWD_OUTPUT" && exec "$@"'
"""The last step before the program: by that file it is known that the sandbox was made (see `was_made`)."""

_GIVEN = f'{_CHOWN} -h "$1" "$2" "$2/stdout" "$2/stderr" && shift 2 && exec "$@"'
"""$1: to whom.   $2: the attempt's folder. Where another user than root is to run."""

_LOADED = ("LD_", "GCONV_PATH", "GLIBC_TUNABLES", "LOCPATH", "MALLOC_", "NLSPATH")
"""Variables by which a program loads other code (ld.so(8)): bubblewrap itself must not go by them."""


OURS = ("rowd.toml", ".env", ".rowd")
"""Beside rowd.toml: itself, the secrets, and where rowd keeps its state unless `state_dir` says otherwise."""


class Account(Struct, frozen=True):
    """Another user than we are, who is to run it."""

    uid: int
    gid: int
    groups: Sequence[int]


class Profile(Struct, frozen=True):
    """A definition's sandbox.   shown: path → whether it may be changed, parents first.   cwd: the folder that it runs in.
    base: the folder of rowd.toml, which no sandbox shows.
    """

    shown: Mapping[Path, bool]
    cwd: Path
    base: Path
    network: bool
    tmp: int

    def hides(self, path: Path) -> bool:
        """Whether it doesn't see this, or what a link there leads to."""
        visible = [*map(Path, SYSTEM), *self.shown]
        return not all(any(one.is_relative_to(part) for part in visible) for one in (path, path.resolve()))

    def wanting(self, kept: Path | None) -> str | None:
        """What this machine lacks for it, or what it would show that it mustn't; None for nothing.   kept: where runs are."""
        for path, written in self.shown.items():
            setting = "write" if written else "read"
            if not path.exists():
                return f"there is no {path}; create it, or correct sandbox.{setting}"
            real = path.resolve()
            for secret in (self.base, kept):
                if secret is not None and secret.resolve().is_relative_to(real):
                    return _showing(str(path), secret)
            for ours in (self.base / name for name in OURS):
                if real.is_relative_to(ours.resolve()):
                    return _showing(str(path), ours)
        return None

    def wrapped(
        self, bwrap: str, argv: Sequence[str], folder: Path | None, account: Account | None, fixed: Mapping[str, str]
    ) -> list[str]:
        """What is to be run in place of argv.

        folder: the attempt's; None for a trial, which keeps nothing.   fixed: the definition's own variables.
        """
        given = (
            [] if account is None or folder is None else [_SH, "-c", _GIVEN, "rowd", f"{account.uid}:{account.gid}", str(folder)]
        )
        place = ["--perms", "1777", "--tmpfs", HERE] if folder is None else ["--bind", str(folder), HERE]
        within = [_ENV, f"--default-signal={_SIGNALS}", *_becoming(account), _SH, "-c", _WITHIN, "rowd"]
        options = [*self._namespaces(account), *self._places(place), *_set_within(fixed), "--chdir", str(self.cwd)]
        return [*given, _ENV, f"--ignore-signal={_SIGNALS}", bwrap, *options, "--", *within, *argv]

    def _namespaces(self, account: Account | None) -> Iterator[str]:
        """Root needs no user namespace to become somebody else, and could do that in none: it would know us alone."""
        yield from ("--unshare-user", "--disable-userns") if account is None else ()
        yield from ("--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try")
        yield from () if self.network else ("--unshare-net",)
        yield from ("--die-with-parent", "--cap-drop", "ALL")
        yield from () if account is None else ("--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID")

    def _places(self, place: Sequence[str]) -> Iterator[str]:
        for path in SYSTEM:
            if os.path.islink(path):  # noqa: PTH114 (a path costs more than the look)
                yield from ("--symlink", os.readlink(path), path)  # noqa: PTH115 (as above)
            elif os.path.isdir(path):  # noqa: PTH112 (as above)
                yield from ("--ro-bind", path, path)
        yield from ("--dir", "/etc")  # left to bubblewrap it would be root's alone
        for name in ETC:
            if os.path.exists(f"/etc/{name}"):  # noqa: PTH110 (as above)
                yield from ("--ro-bind", f"/etc/{name}", f"/etc/{name}")
        size = str(self.tmp)
        yield from ("--proc", "/proc", "--dev", "/dev", "--size", size, "--tmpfs", _SHARED, "--remount-ro", "/dev")
        yield from ("--perms", "1777", "--size", size, "--tmpfs", TMP)
        for above in self._above():
            yield from ("--dir", str(above))
        for shown, written in self.shown.items():
            yield from ("--bind" if written else "--ro-bind", str(shown), str(shown))
        yield from (*place, "--remount-ro", "/")

    def _above(self) -> list[Path]:
        """Folders that only lead to what is shown, each after its parent. Left to bubblewrap they would be as closed as that is."""
        whole = {*map(Path, SYSTEM), *self.shown}
        named = {parent for path in (*self.shown, Path(HERE)) for parent in path.parents} - {Path("/")}
        return sorted(path for path in named if whole.isdisjoint((path, *path.parents)))


def profile(settings: Sandbox, base: Path, cwd: Path | None) -> Profile:
    """From what the operator says.   base: the folder of rowd.toml, absolute.   cwd: as `base`; None where nothing is said.

    Raises ValueError, with a sentence, for what no sandbox may show, wherever it is.
    """
    said = [(path, written) for paths, written in ((settings.read, False), (settings.write, True)) for path in paths]
    shown: dict[Path, bool] = {}
    for path, written in sorted((Path(os.path.normpath(base / path)), written) for path, written in said):
        if shown.get(path, written) is not written:
            raise ValueError(f"{path} stands in sandbox.read and in sandbox.write; remove it from one of them")
        shown[path] = written
    for path in shown:
        _check(path, shown, base)
    for part in SYSTEM:
        if base.is_relative_to(part):
            raise ValueError(_showing(part, base))
    if cwd is not None and not any(cwd.is_relative_to(one) for one in (TMP, *SYSTEM, *map(str, shown))):
        raise ValueError(
            f"its cwd {cwd} isn't shown by its sandbox; add it to sandbox.read or sandbox.write, or leave out cwd for {TMP}"
        )
    return Profile(shown, cwd or Path(TMP), base, settings.network, settings.tmp)


def was_made(folder: Path) -> bool:
    """Whether an attempt's sandbox was made, so that its program began. Only what runs within could make us believe otherwise."""
    return any((folder / name).exists() for name in ("output", "output.refused"))


def _check(path: Path, shown: Mapping[Path, bool], base: Path) -> None:
    if base.is_relative_to(path):
        raise ValueError(_showing(str(path), base))
    if (ours := next((base / name for name in OURS if path.is_relative_to(base / name)), None)) is not None:
        raise ValueError(_showing(str(path), ours))
    for own in _OWN:
        within = path.is_relative_to(own) and not any(Path(room) in path.parents for room in (TMP, _SHARED))
        if Path(own).is_relative_to(path) or within:
            raise ValueError(f"{path} can't be shown by a sandbox: {own} is made for each run; name other folders")
    for above, written in shown.items():
        if written and above in path.parents:
            raise ValueError(
                f"{path} lies within {above}, which its command may change: it could make it lead elsewhere; remove it from sandbox"
            )


def _showing(path: str, secret: Path) -> str:
    return f"its sandbox would show {secret} by {path}, and what rowd keeps there is for no command; name the folders that it needs"


def _becoming(account: Account | None) -> list[str]:
    if account is None:
        return []
    groups = ["--groups", ",".join(map(str, account.groups))] if account.groups else ["--clear-groups"]
    return [_SETPRIV, f"--reuid={account.uid}", f"--regid={account.gid}", *groups, "--inh-caps=-all", "--"]


def _set_within(fixed: Mapping[str, str]) -> Iterator[str]:
    """Other variables come with the environment, which nobody else can read."""
    for name, value in fixed.items():
        if name.startswith(_LOADED):
            yield from ("--setenv", name, value)


def outside(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that bubblewrap itself gets, and hands on."""
    return {name: value for name, value in environment.items() if not name.startswith(_LOADED)}
