"""What a service of the whole machine needs, on a machine of the test: accounts and rights are what the test says."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from config.load import load
from rowd.bound import Site
from rowd.systemd.accounts import STRANGER, Account, account_of, may
from rowd.systemd.control import Failed, Standing
from rowd.systemd.machine import Machine, prepared
from rowd.systemd.steps import Plan, folder_made, kept_private
from rowd.wiring import configure

TOML = '[daemon]\nstate_dir = "/var/lib/rowd"\n[tables.ops]\nconnector = "local"\npath = "{path}"\n[actions.x]\nkind = "simulate"\n'
ME = Account("rowd", os.geteuid(), os.getegid())


class Box:
    """shut: (path, right) that the account doesn't have."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.etc, self.tables = folder, folder / "etc" / "rowd", folder / "srv" / "tables"
        self.etc.mkdir(parents=True)
        self.tables.mkdir(parents=True)
        (self.tables / "ops.csv").touch()
        (folder / "home").mkdir()
        self.program = folder / "opt" / "rowd"
        self.program.mkdir(parents=True)
        self.shut: set[tuple[Path, str]] = set()
        self.accounts, self.groups = {"rowd": ME}, {"rowd", "rowd-tables"}
        self.asked: set[str] = set()
        self.path = str(self.tables / "ops.csv")
        self.more = ""

    def site(self) -> Site:
        file = self.etc / "rowd.toml"
        file.write_text(TOML.format(path=self.path).replace("/var/lib/rowd", self.more or "/var/lib/rowd"))
        return configure(load(file, {}, self.etc))

    def may(self, account: Account, path: Path, rights: str) -> bool:
        self.asked.add(account.name)
        return not any((path, right) in self.shut for right in rights)

    def prepared(self, standing: Standing | None = None) -> tuple[Plan, list[Path]]:
        machine = Machine((self.folder / "home", self.folder / "tmp"), self.accounts.get, self.groups.__contains__, self.may)
        return prepared(machine, self.site(), [self.program], standing or Standing())

    def wrong(self, standing: Standing | None = None) -> str:
        (one,) = [one for one in self.prepared(standing)[0].found if not one.good]
        return f"{one.what}: {one.says}"


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_where_all_is_well_the_folders_of_tables_are_opened_and_nothing_else_done(box: Box) -> None:
    (box.etc / ".env").write_text("A=b\n")
    (box.etc / ".env").chmod(0o600)
    plan, opened = box.prepared()
    assert ([one.what for one in plan.found], plan.steps, plan.by_hand, plan.obstructed) == (
        ["program", "rowd.toml"],
        [],
        [],
        False,
    )
    assert opened == [box.tables]


@pytest.mark.parametrize(("groups", "how"), [(set[str](), "--user-group"), ({"rowd"}, "--gid rowd")])
def test_the_account_is_made_where_it_is_missing(
    box: Box, tmp_path: Path, groups: set[str], how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.accounts, box.groups = {}, groups
    (step,) = box.prepared()[0].steps
    assert step.says == "make the account rowd, which nobody can log in to"
    fake = tmp_path / "bin" / "useradd"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\necho "$@" > "{tmp_path}/called"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    step.do()
    assert (tmp_path / "called").read_text() == f"--system {how} --home-dir /var/lib/rowd --shell /usr/sbin/nologin rowd\n"
    fake.write_text("#!/bin/sh\necho useradd: cannot lock /etc/passwd >&2; exit 10\n")
    with pytest.raises(Failed, match="cannot lock /etc/passwd"):
        step.do()


def test_an_account_without_its_group_and_one_that_a_drop_in_names_wrongly_are_told(box: Box) -> None:
    box.groups = set()
    assert "groupadd --system rowd" in box.wrong()
    assert box.wrong(Standing(user="ops")) == "account: a drop-in says User=ops, and there is no such account; make it"


def test_rights_are_those_of_the_user_that_a_drop_in_names(box: Box) -> None:
    box.accounts["root"] = Account("root", 0, 0)
    box.prepared(Standing(user="root"))
    assert box.asked == {"root"}


@pytest.mark.parametrize("hidden", [False, True])
def test_a_program_that_the_service_can_not_have_is_refused(box: Box, hidden: bool) -> None:
    if hidden:
        box.program = box.folder / "home" / "ada" / "rowd"
    else:
        box.shut.add((box.program, "x"))
    said = box.wrong()
    assert said.startswith(f"program: {'rowd lies in ' if hidden else ''}{box.program}")
    assert "/usr/bin/python3 -m venv /opt/rowd" in said


def test_a_rowd_toml_that_the_service_can_not_read_is_refused(box: Box) -> None:
    file = box.etc / "rowd.toml"
    box.shut.add((file, "r"))
    assert f"chmod o+r {file}" in box.wrong()
    box.shut.add((box.etc, "x"))
    assert f"chmod o+x {box.etc}" in box.wrong()
    box.etc = box.folder / "home" / "my conf"
    box.etc.mkdir()
    assert "use --user" in box.wrong()


def test_a_state_folder_of_ones_own_is_made_and_opened(box: Box) -> None:
    state = box.folder / "srv" / "state"
    box.more = str(state)
    plan, opened = box.prepared()
    assert ([step.says for step in plan.steps], opened) == ([f"make {state}, for rowd alone"], [state, box.tables])
    plan.steps[0].do()
    assert oct(state.stat().st_mode & 0o777) == "0o700"
    assert box.prepared()[0].steps == []
    box.shut.add((state, "w"))
    assert f"chown -R rowd: {state}" in box.wrong()
    box.shut.clear()
    box.more = str(box.folder / "home" / "x")
    assert "set daemon.state_dir" in box.wrong()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o600])
def test_env_becomes_rowds_alone(box: Box, mode: int) -> None:
    env = box.etc / ".env"
    env.write_text("SECRET=s3cret\n")
    env.chmod(mode)
    if mode != 0o644:
        box.shut.add((env, "r"))
    (step,) = box.prepared()[0].steps
    assert step.says == f"give {env} to rowd, for nobody else to read"
    step.do()
    assert (oct(env.stat().st_mode & 0o777), env.stat().st_uid, env.read_text()) == ("0o600", ME.uid, "SECRET=s3cret\n")
    box.shut.clear()
    assert box.prepared()[0].steps == []


def test_an_open_file_of_the_daemons_variables_is_told(box: Box) -> None:
    env = box.etc / "env"
    env.write_text("SECRET=s3cret\n")
    env.chmod(0o644)
    (said,) = box.prepared()[0].by_hand
    assert f"chmod 600 {env}" in said
    env.chmod(0o600)
    assert box.prepared()[0].by_hand == []


def test_an_env_that_is_a_link_or_has_another_name_is_left_alone(box: Box) -> None:
    env, other = box.etc / ".env", box.folder / "other"
    other.write_text("A=b\n")
    other.chmod(0o644)
    for make in (lambda: env.symlink_to(other), lambda: env.hardlink_to(other)):
        make()
        plan = box.prepared()[0]
        assert (plan.steps, str(env) in plan.by_hand[0]) == ([], True)
        with pytest.raises((Failed, OSError)):  # nor where it became one meanwhile
            kept_private(env, "rowd", lambda: ME).do()
        assert oct(other.stat().st_mode & 0o777) == "0o644"
        env.unlink()


def test_a_folder_that_is_there_already_is_not_taken_for_ours(box: Box) -> None:
    with pytest.raises(FileExistsError):
        folder_made(box.tables, "rowd", lambda: ME).do()


def test_tables_that_rowd_may_not_write_are_told_with_the_command(box: Box) -> None:
    box.shut.add((box.tables, "w"))
    plan, opened = box.prepared()
    assert plan.by_hand == [f"ops: rowd may not write in {box.tables}: chgrp rowd-tables {box.tables} && chmod g+rwxs {box.tables}"]
    assert opened == [box.tables]
    box.shut = {(box.tables / "ops.csv", "w")}
    box.groups = {"rowd"}
    (said,) = box.prepared()[0].by_hand
    assert ": groupadd --system rowd-tables && usermod -aG rowd-tables rowd && chgrp rowd-tables" in said
    assert said.endswith(f"chmod g+rw {box.tables}/ops.csv")
    box.path = str(box.folder / "srv" / "not there" / "ops.csv")
    plan, opened = box.prepared()
    assert f"install -d -o rowd -g rowd-tables -m 2770 '{box.folder}/srv/not there'" in plan.by_hand[0]
    assert opened == [box.folder / "srv" / "not there"]


def test_the_folder_of_rowd_toml_is_opened_only_where_its_operator_has_given_it_away(box: Box) -> None:
    box.path = "ops.csv"
    plan, opened = box.prepared()
    assert (opened, plan.by_hand) == ([box.etc], [])
    box.shut.add((box.etc, "w"))
    plan, opened = box.prepared()
    assert (opened, f"-m 660 {box.etc}/ops.csv /srv/tables/ops.csv && rm {box.etc}/ops.csv; then path" in plan.by_hand[0]) == (
        [],
        True,
    )


def test_a_table_in_a_home_is_for_the_operator_to_open(box: Box) -> None:
    box.path = str(box.folder / "home" / "ada" / "ops.csv")
    plan, opened = box.prepared()
    assert (opened, "ProtectHome=tmpfs" in plan.by_hand[0]) == ([], True)
    (box.folder / "home" / "ada").mkdir()
    plan, opened = box.prepared(Standing(home="tmpfs"))
    assert (opened, plan.by_hand) == ([box.folder / "home" / "ada"], [])


def test_a_link_is_opened_where_it_leads(box: Box) -> None:
    box.path = str(box.folder / "link.csv")
    Path(box.path).symlink_to(box.tables / "ops.csv")
    assert box.prepared()[1] == [box.tables]


def test_what_is_asked_of_this_machine_is_answered_by_it(tmp_path: Path) -> None:
    me = account_of("root")
    assert me is not None
    assert (me.uid, account_of("no-such-account")) == (0, None)
    myself = Account("me", os.geteuid(), os.getegid())
    if os.geteuid() == 0:
        file = Path("/etc/shadow")
        assert (may(STRANGER, Path("/etc/passwd"), "r"), may(STRANGER, Path("/etc/passwd"), "rw"), may(STRANGER, file, "r")) == (
            True,
            False,
            False,
        )
        assert may(myself, tmp_path, "rwx")


def test_rights_by_a_group_count() -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        folder = Path(name)
        folder.chmod(0o755)
        file = folder / "table.csv"
        file.touch()
        if os.geteuid() == 0:  # else nobody can be asked but ourselves
            os.chown(file, 0, 54321)
            file.chmod(0o640)
            member = Account("ada", 65534, 65534, (54321,))
            assert (may(member, file, "r"), may(member, file, "w"), may(STRANGER, file, "r")) == (True, False, False)
