"""What a repository may hold without harm: any text in commits and names, and a configuration that would have programs run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.watches.repository import Repository, looks, watch
from watches.api import LONGEST_VALUE, Unseen
from watches.git.program import LONGEST_PIECE, Git

MESSAGES = [
    b"",
    b"\n\n",
    b"a\n:100644 100644 abc def M\nsrc/x\n",
    b"\x1b[31mred\x07\r\nbell\x00",
    b"caf\xe9 \xff\xfe",
    b"quote \" and '$(touch mark)` `touch mark` %H %x00 {branch} ${{ x }}",
    "right to left \u202e and \u2028 separated \u200b".encode(),
    b"commit 0123456789012345678901234567890123456789\nparent x\n\nauthor Eve <e@x> 1 +0000",
    b"x" * 3 * LONGEST_PIECE,
    b"-- \n--end-of-options\n-x",
]


def literal(repository: Repository, message: bytes, *, who: bytes = b"Eve <e@x>", encoding: bytes = b"") -> str:
    """A commit on main whose object holds just these bytes."""
    repository.minute += 1
    tree, parent = repository.id("HEAD^{tree}"), repository.id()
    head = f"tree {tree}\nparent {parent}\n".encode() + b"author %s 1772452800 +0530\ncommitter %s 1772452800 +0000\n" % (who, who)
    head += b"encoding %s\n" % encoding if encoding else b""
    commit = repository.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", given=head + b"\n" + message)
    repository.git("update-ref", "refs/heads/main", commit)
    return commit


def test_messages_may_hold_anything(repository: Repository) -> None:
    repository.commit()
    seen = looks(repository.path)
    made = [literal(repository, message) for message in MESSAGES] + [repository.commit(file="a"), repository.commit()]
    told = seen.happenings()
    assert [h.values["commit"] for h in told] == made
    assert [h.values["paths"] for h in told] == [""] * len(MESSAGES) + ["a", ""]
    for happening in told:
        for name, value in happening.values.items():
            assert len(str(value)) <= LONGEST_VALUE
            assert not set(str(value)) & set("\x00\x07\x1b\r\u202e\u2028"), name
            assert "\n" not in str(value) or name in ("message", "paths")
        assert len(happening.summary) <= LONGEST_VALUE
        assert "\n" not in happening.summary
    assert told[0].summary == f"{made[0][:7]} by Eve on main"
    assert told[4].values["subject"] == "caf\ufffd \ufffd\ufffd"
    assert told[8].values["message"] == "x" * (LONGEST_VALUE - 1) + "…"


def test_authors_may_be_called_anything_and_other_encodings_are_read(repository: Repository) -> None:
    repository.commit()
    seen = looks(repository.path)
    literal(repository, b"M\xfcller", who=b"J\xf6rg <j@x>", encoding=b"ISO-8859-1")
    literal(repository, b"+AAA-after", encoding=b"UTF-7")
    literal(repository, b"x", who=b" <>")
    literal(repository, b"x", who=b"A\tB\x1b \xff <\x01>")
    told = [h.values for h in seen.happenings()]
    assert (told[0]["author"], told[0]["subject"], told[0]["date"]) == ("Jörg", "Müller", "2026-03-02T17:30:00+05:30")
    assert [values["author"] for values in told[2:]] == ["", "A B  \ufffd"]
    assert len(told) == 4


@pytest.mark.parametrize(
    "branch", ["-x", "--upload-pack=touch", "a'b\"c$(d)`e`;f", "ünï/cödé", "HEAD", "heads/main", "@", "1" * 40]
)
def test_branches_may_be_called_anything(repository: Repository, branch: str) -> None:
    first = repository.commit()
    seen = looks(repository.path, branches=[branch, "zzz"])
    made = repository.git("commit-tree", "-p", first, "-m", "x", f"{first}^{{tree}}")
    repository.git("update-ref", f"refs/heads/{branch}", made)
    told = seen.happenings()
    assert [(h.values["commit"], h.values["branch"]) for h in told] == [(first, branch), (made, branch)]


def test_branches_whose_names_are_no_text_are_told_and_remembered(repository: Repository) -> None:
    first = repository.commit()
    seen = looks(repository.path)
    for n in range(2):
        made = [
            repository.git("commit-tree", "-p", first, "-m", f"{n}{name!r}", f"{first}^{{tree}}") for name in (b"\xe8", b"\xe9")
        ]
        for name, commit in zip((b"caf\xe8", b"caf\xe9"), made, strict=True):
            repository.git("update-ref", b"refs/heads/" + name, commit)
        assert sorted((h.values["commit"], h.values["branch"]) for h in seen.happenings()) == [
            (c, "caf\ufffd") for c in sorted(made)
        ]


def test_paths_may_be_called_anything_and_are_cut_between_two_of_them(repository: Repository) -> None:
    repository.commit()
    seen = looks(repository.path)
    for name in (b"a\nb", b":100644 x", b"caf\xe9", b" -x", "ü".encode()):
        repository.commit(file=name)
    assert [h.values["paths"] for h in seen.happenings()] == ["a b", ":100644 x", "caf\ufffd", "-x", "ü"]
    for n in range(30):
        (repository.path / f"{n:02}{'y' * 98}").touch()
    repository.commit(file="zz")
    paths = str(seen.happenings()[0].values["paths"]).split("\n")
    assert [len(path) for path in paths] == [100] * 19 + [1]
    assert paths[-1] == "…"


def test_nothing_that_a_repository_is_configured_to_run_is_run(repository: Repository, tmp_path: Path) -> None:
    mark, trap = tmp_path / "mark", tmp_path / "trap"
    trap.write_text(f'#!/bin/sh\necho "$0 $@" >> {mark}\n')
    trap.chmod(0o755)
    hooks = repository.path / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("reference-transaction", "post-index-change", "post-checkout", "fsmonitor-watchman"):
        (hooks / hook).symlink_to(trap)
    repository.commit(file="a.txt")
    seen = looks(repository.path, paths=["*"])
    (repository.path / ".gitattributes").write_text("*.txt diff=evil filter=evil\n")
    signed = repository.id("HEAD^{tree}")
    head = f"tree {signed}\nparent {repository.id()}\nauthor E <e@x> 1 +0000\ncommitter E <e@x> 1 +0000\n"
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n"
    commit = repository.git("hash-object", "-t", "commit", "-w", "--stdin", given=f"{head}{signature}\nx\n".encode())
    repository.git("update-ref", "refs/heads/signed", commit)
    made = repository.commit(file="a.txt")
    mark.unlink(missing_ok=True)
    for name in ("rev-list", "for-each-ref", "diff-tree", "cat-file"):
        repository.git("config", f"alias.{name}", f"!{trap}")
    for name in (
        *("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass", "core.alternateRefsCommand"),
        *("pager.diff-tree", "pager.rev-list", "pager.for-each-ref", "diff.external", "diff.evil.command", "diff.evil.textconv"),
        *(
            "filter.evil.clean",
            "filter.evil.smudge",
            "filter.evil.process",
            "gpg.program",
            "gpg.openpgp.program",
            "credential.helper",
        ),
        *("interactive.diffFilter", "remote.evil.uploadpack", "trace2.normalTarget"),
    ):
        repository.git("config", name, str(trap), GIT_TRACE2="0")
    repository.git("config", "core.hooksPath", str(hooks))
    repository.git("config", "log.showSignature", "true")
    repository.git("config", "diff.submodule", "log")
    mark.unlink(missing_ok=True)
    assert seen.commits() == [made]
    watch(repository.path).look(None)
    assert not mark.exists(), mark.read_text()


def test_what_is_missing_is_fetched_from_nowhere(repository: Repository, tmp_path: Path) -> None:
    """A repository that says that it is a part of another one has git fetch what it lacks, by any program."""
    mark = tmp_path / "mark"
    repository.commit(file="a")
    seen = looks(repository.path)
    made = repository.commit(file="src/a")
    tree = repository.id(f"{made}:src")
    (repository.path / ".git/objects" / tree[:2] / tree[2:]).unlink()
    settings = {"core.repositoryFormatVersion": "1", "extensions.partialClone": "evil", "remote.evil.promisor": "true"}
    settings |= {"remote.evil.url": f"ext::touch {mark}", "protocol.ext.allow": "always", "protocol.allow": "always"}
    for name, value in settings.items():
        repository.git("config", name, value)
    with pytest.raises(Unseen, match=f"git can't read {repository.path} "):
        seen.commits()
    assert not mark.exists()


def test_nothing_is_written_into_the_repository(repository: Repository) -> None:
    def files() -> dict[str, tuple[int, int]]:
        return {str(f): (f.stat().st_mtime_ns, f.stat().st_ino) for f in (repository.path, *repository.path.rglob("*"))}

    repository.commit(file="a")
    seen = looks(repository.path)
    made = repository.commit(file="a")
    os.utime(repository.path / "a")  # what the index says of it is old now
    before = files()
    assert seen.commits() == [made]
    assert files() == before


def test_our_own_environment_leads_git_nowhere_else(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Repository.new(tmp_path / "other")
    other.commit()
    other.commit()
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "nonsense")
    repository.commit()
    seen = looks(repository.path)
    made = repository.commit()
    assert seen.commits() == [made]
    assert not (tmp_path / "trace").exists()


def test_no_repository_around_it_stands_in_for_one_that_git_does_not_take(repository: Repository) -> None:
    repository.commit()
    inner = repository.path / "inner"
    (inner / ".git/objects").mkdir(parents=True)
    (inner / ".git/HEAD").write_text("ref: refs/heads/main\n")
    with pytest.raises(Unseen, match=rf"^git can't read {inner} \(fatal: not a git repository"):
        watch(inner).look(None)


# --- git itself


def program(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A git of our own, before the real one on the PATH."""
    folder.mkdir()
    (folder / "git").write_text(f"#!/bin/sh\n{text}\n")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_each_call_is_told_to_run_write_and_fetch_nothing(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One defence often covers for another, so that the repositories above don't miss it."""
    program(tmp_path / "bin", 'env; for argument; do echo "$argument"; done', monkeypatch)
    monkeypatch.setenv("SECRET", "x")
    said = [line.decode() for line in Git(repository.path).told("cat-file", "--batch")]
    names = {line.partition("=")[0] for line in said if "=" in line and line[0].isupper()}
    assert names - {"PWD", "OLDPWD", "SHLVL", "_"} == {
        *("PATH", "HOME", "LC_ALL", "GIT_TERMINAL_PROMPT", "GIT_OPTIONAL_LOCKS", "GIT_ALLOW_PROTOCOL", "GIT_NO_LAZY_FETCH"),
        "GIT_CEILING_DIRECTORIES",
    }
    assert {"GIT_ALLOW_PROTOCOL=", "GIT_NO_LAZY_FETCH=1", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0"} < set(said)
    assert {"core.fsmonitor=false", "core.hooksPath=/dev/null", "protocol.allow=never", "diff.external=", "core.pager=cat"} < set(
        said
    )
    assert {"core.alternateRefsCommand=", "log.showSignature=false", "--no-optional-locks", "--no-replace-objects"} < set(said)
    assert said[-4:] == ["-C", str(repository.path), "cat-file", "--batch"]


def test_without_git_it_says_what_to_install(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unseen, match=r"^git isn't on the PATH that rowd has; install it .*$"):
        watch(repository.path).look(None)


def test_a_git_that_cannot_be_run_is_told(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin", "", monkeypatch)
    (tmp_path / "bin/git").write_text("#!/nowhere/sh\n")
    with pytest.raises(Unseen, match="bin/git can't be run: No such file or directory"):
        watch(repository.path).look(None)


def test_the_repository_of_another_user_is_refused_with_what_git_wants(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    repository.commit()
    program(tmp_path / "bin", f'GIT_TEST_ASSUME_DIFFERENT_OWNER=1 PATH={os.environ["PATH"]} exec git "$@"', monkeypatch)
    with pytest.raises(Unseen) as refused:
        watch(repository.path).look(None)
    remedy = f"git config --global --add safe.directory {repository.path}"
    assert str(refused.value) == (
        f"git doesn't trust {repository.path}, since another user owns it; as the user that rowd runs as, run: {remedy}"
    )
    (home / ".gitconfig").write_text(f"[safe]\n\tdirectory = {repository.path}\n")
    assert watch(repository.path).look(None).happenings == ()


@pytest.mark.parametrize("text", ["exec sleep 300", "sleep 300 &", "exec sleep 300 >&-"])
def test_a_git_that_takes_too_long_is_ended(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    alive = tmp_path / "alive"  # whoever lives holds it open
    os.mkfifo(alive)
    held = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
    program(tmp_path / "bin", f"exec 3> {alive}\necho begun >&3\n{text}", monkeypatch)
    with pytest.raises(Unseen, match=f"^git took longer than 0.2s at {repository.path}; see whether its disk answers"):
        list(Git(repository.path, 0.2).told("for-each-ref"))
    os.set_blocking(held, True)
    with open(held, "rb") as told:  # noqa: PTH123 (no path)
        assert told.read() == b"begun\n"


def test_a_repository_that_git_cannot_read_is_told_in_its_words(repository: Repository) -> None:
    repository.commit()
    with (repository.path / ".git/config").open("a") as config:
        config.write("[core\n")
    with pytest.raises(
        Unseen, match=rf"^git can't read {repository.path} \(fatal: bad config line \d+ in file .*\); put it right there"
    ):
        watch(repository.path).look(None)


def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(Unseen, match="there is no folder"):
        watch(loop).look(None)
    with pytest.raises(Unseen, match=r"can't be read \(File name too long\); give rowd's user the right to read it"):
        watch(tmp_path / ("x" * 300)).look(None)


def test_pieces_come_whole_however_git_says_them(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin", "cat", monkeypatch)
    lines = ["", "a", "b" * (2 * LONGEST_PIECE), "", *map(str, range(30_000)), "end"]
    told = list(Git(repository.path).told("x", given=lines))
    assert told == [line[:LONGEST_PIECE].encode() for line in lines]
