"""From files and variables to one configuration, or to all mistakes at once."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterable
from datetime import time, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar, NoReturn
from zoneinfo import ZoneInfo

import pytest
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

import config.load as loading
from config.load import Config, load
from config.mistakes import ConfigError, Mistake
from config.readers import readers
from config.settings import Settings

SMALL = '[tables.tasks]\nconnector = "local"\npath = "tasks.csv"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, SMALL)
    return tmp_path


def write(folder: Path, text: str, env: str | None = None) -> None:
    (folder / "rowd.toml").write_text(text, encoding="utf-8")
    if env is not None:
        (folder / ".env").write_text(env, encoding="utf-8")
        (folder / ".env").chmod(0o600)


def mistakes(folder: Path, **environ: str) -> dict[str, Mistake]:
    with pytest.raises(ConfigError) as caught:
        load(None, environ, folder)
    return {mistake.key: mistake for mistake in caught.value.mistakes}


def test_what_is_left_out_has_its_default(folder: Path) -> None:
    settings = load(None, {}, folder).settings
    assert settings.daemon.max_parallel == 8
    assert settings.daemon.offline_limit == timedelta(days=1)
    assert settings.daemon.backup_at == time(3, 15)
    assert settings.defaults.daily_at == time(9)
    assert settings.breaker.failures == 5
    assert settings.tables["tasks"].poll == timedelta(seconds=30)
    assert settings.tables["tasks"].actions is None


def test_what_only_a_store_or_a_kind_of_action_knows_stays_as_it_was_written(folder: Path) -> None:
    write(folder, SMALL + 'x = [1, {y = 2}]\n[actions.a]\nkind = "command"\nargv = ["a"]\nrest = 1\n')
    settings = load(None, {}, folder).settings
    assert settings.tables["tasks"].rest == {"path": "tasks.csv", "x": [1, {"y": 2}]}
    assert settings.actions["a"] == {"kind": "command", "argv": ["a"], "rest": 1}


def test_the_environment_wins_over_the_env_file_and_that_over_the_file(folder: Path) -> None:
    write(
        folder,
        "[daemon]\nmax_parallel = 1\nkeep_runs = 1\nbackups = 1\n" + SMALL,
        env="ROWD_DAEMON__KEEP_RUNS=2\nROWD_DAEMON__BACKUPS=2\n",
    )
    daemon = load(None, {"ROWD_DAEMON__BACKUPS": "3"}, folder).settings.daemon
    assert (daemon.max_parallel, daemon.keep_runs, daemon.backups) == (1, 2, 3)


def test_every_sort_of_value_can_be_overridden(folder: Path) -> None:
    environ = {
        "ROWD_DAEMON__STATE_DIR": "/srv/state",
        "ROWD_DAEMON__STOP_WITHIN": "5 min",
        "ROWD_DAEMON__LOG": "json",
        "ROWD_DEFAULTS__TIME_ZONE": "Asia/Tokyo",
        "ROWD_DEFAULTS__DAILY_AT": "07:30",
        "ROWD_BREAKER__FAILURES": "2",
    }
    config = load(None, environ, folder)
    assert config.state_dir == Path("/srv/state")
    assert config.settings.daemon.stop_within == timedelta(minutes=5)
    assert config.settings.daemon.log == "json"
    assert config.settings.defaults.time_zone == ZoneInfo("Asia/Tokyo")
    assert config.settings.defaults.daily_at == time(7, 30)
    assert config.settings.breaker.failures == 2


def test_only_the_given_variables_count(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROWD_DAEMON__MAX_PARALLEL", "3")
    monkeypatch.setenv("TOKEN", "of the process")
    config = load(None, {"ROWD_DAEMON__BACKUPS": "1"}, folder)
    assert config.settings.daemon.max_parallel == 8
    with pytest.raises(KeyError):
        config.secret("TOKEN")


def test_other_variables_of_rowd_are_no_settings(folder: Path) -> None:
    environ = {
        "ROWD_RUN_ID": "x",
        "ROWD_OUTPUT": "x",
        "ROWD_DIE_AT": "claim.before",
        "ROWD_PARAM_A__B": "x",
        "ROWD_DAEMON__LOG": "",
    }
    assert load(None, environ, folder).settings.daemon.log == "readable"


def test_all_mistakes_are_told_together_each_where_it_is(folder: Path) -> None:
    write(
        folder,
        '[daemon]\nmax_paralel = 3\nlog = "xml"\n[defaults]\ntime_zone = "Europe/Berln"\n'
        '[tables.Ops]\nconnector = "local"\n[tables.two]\npoll = "5"\n[actions.a]\nargv = []\n'
        '[[blackout]]\nname = "night"\nfrom = "22:00"\n[breaker]\nwait = "2h"\n[table]\n',
        env="ROWD_DAEMON__KEEP_RUNS=none\n",
    )
    found = mistakes(folder, ROWD_DAEMON__BACKUPS="-1", ROWD_DEAMON__LOG="json")
    assert set(found) == {
        "daemon.max_paralel",
        "daemon.log",
        "defaults.time_zone",
        "tables.Ops",
        "tables.two.poll",
        "tables.two.connector",
        "actions.a",
        "blackout[1]",
        "breaker",
        "table",
        "ROWD_DAEMON__KEEP_RUNS",
        "ROWD_DAEMON__BACKUPS",
        "ROWD_DEAMON__LOG",
    }
    assert found["daemon.max_paralel"].remedy == 'did you mean "max_parallel"?'
    assert found["table"].remedy == 'did you mean "tables"?'
    assert found["daemon.log"].file == str(folder / "rowd.toml")
    assert found["ROWD_DAEMON__KEEP_RUNS"].file == str(folder / ".env")
    assert found["ROWD_DAEMON__BACKUPS"].file == "environment"
    assert found["ROWD_DEAMON__LOG"].remedy == 'did you mean "daemon"?'
    assert all(m.message and m.remedy for m in found.values())


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ("daemon", "max_parallel = 0"),
        ("daemon", "max_parallel = 10001"),
        ("daemon", "max_parallel = true"),
        ("daemon", 'offline_limit = "0s"'),
        ("daemon", "keep_runs = 0"),
        ("daemon", 'keep_finished = "0d"'),
        ("daemon", "backups = -1"),
        ("daemon", "backup_at = 315"),
        ("defaults", 'daily_at = "24:00"'),
        ("tables.tasks", 'poll = "0.5s"'),
        ("tables.tasks", 'quota_share = "0%"'),
        ("tables.tasks", 'quota_share = "101%"'),
        ("tables.tasks", 'quota_share = "half"'),
        ("tables.tasks", "quota_share = 0.5"),
        ("tables.tasks", 'time_zone = "CEST/x"'),
        ("tables.tasks", "actions = [1]"),
        ("tables.tasks", 'connector = ""'),
        ("breaker", "failures = 0"),
        ("breaker", 'wait = "0s"'),
        ("breaker", 'wait_max = "59s"'),
    ],
)
def test_a_value_out_of_its_bounds_is_refused(folder: Path, section: str, line: str) -> None:
    tables = "[tables.tasks]\n" if "connector" in line else SMALL
    write(folder, f"{tables}{line}\n" if section == "tables.tasks" else f"[{section}]\n{line}\n{SMALL}")
    with pytest.raises(ConfigError) as caught:
        load(None, {}, folder)
    assert len(caught.value.mistakes) == 1


def test_a_blackout_says_when_it_begins_and_ends(folder: Path) -> None:
    write(
        folder,
        SMALL + '[[blackout]]\nname = "nights"\nfrom = "22:00"\nto = "06:00"\ndays = ["fri-sun"]\ntime_zone = "Asia/Tokyo"\n'
        'tables = ["tasks"]\n[[blackout]]\nname = "holidays"\ndates = [2026-12-24, "2026-12-31..2027-01-01"]\n',
    )
    nights, holidays = load(None, {}, folder).settings.blackouts
    assert (nights.start, nights.end, nights.days) == (time(22), time(6), {4, 5, 6})
    assert (nights.time_zone, nights.tables) == (ZoneInfo("Asia/Tokyo"), ("tasks",))
    assert (holidays.start, holidays.end, holidays.days) == (None, None, frozenset())
    assert sorted(d.isoformat() for d in holidays.dates) == ["2026-12-24", "2026-12-31", "2027-01-01"]


@pytest.mark.parametrize("lines", ["", 'from = "22:00"', 'to = "22:00"', 'from = "08:00"\nto = "08:00"'])
def test_a_blackout_without_an_end_is_refused(folder: Path, lines: str) -> None:
    write(folder, f'{SMALL}[[blackout]]\nname = "x"\n{lines}\n')
    assert set(mistakes(folder)) == {"blackout[1]"}


words = st.sampled_from(
    [
        "daemon",
        "defaults",
        "tables",
        "actions",
        "blackout",
        "breaker",
        "log",
        "wait",
        "poll",
        "columns",
        "kind",
        "name",
        "from",
        "Ä b",
        "[key]",
    ]
)
values = st.recursive(
    st.one_of(
        st.booleans(), st.integers(-5, 2000), st.sampled_from(["", "x", "local", "30s", "09:00", "UTC", "mon", "2026-12-24", "~"])
    ),
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(words, below, max_size=4)),
    max_leaves=12,
)


@given(st.dictionaries(words, values, max_size=5))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_in_the_file_is_either_right_or_told(tmp_path: Path, raw: dict[str, object]) -> None:
    write(tmp_path, tomlkit.dumps(raw))
    try:
        load(None, {"ROWD_DAEMON__LOG": "json", "ROWD_BREAKER__WAIT": "x"}, tmp_path)
    except ConfigError as exc:
        assert all(m.message and m.remedy for m in exc.mistakes)  # noqa: PT017 (either end is fine)


@pytest.mark.parametrize("name", ["Ops", "my table", "ä", "", "a" * 65, "a/b", ".."])
def test_a_name_that_could_not_be_a_folder_or_a_word_is_refused(folder: Path, name: str) -> None:
    write(folder, f'{SMALL}[tables."{name}"]\nconnector = "local"\n[actions."{name}"]\nkind = "command"\n')
    with pytest.raises(ConfigError) as caught:
        load(None, {}, folder)
    assert {m.remedy for m in caught.value.mistakes} == {"use 1 to 64 of a-z, 0-9, _ and -"}
    assert len(caught.value.mistakes) == 2


def test_a_variable_that_overrides_an_unknown_setting_is_a_mistake(folder: Path) -> None:
    found = mistakes(folder, ROWD_DAEMON__MAX_PARALEL="3")
    assert found["ROWD_DAEMON__MAX_PARALEL"].remedy == 'did you mean "max_parallel"?'


def test_what_only_follows_from_a_mistake_is_none(folder: Path) -> None:
    write(folder, SMALL + '[breaker]\nwait = "x"\nwait_max = "1s"\n')
    assert set(mistakes(folder)) == {"breaker.wait"}
    write(folder, SMALL + '[breaker]\nwait = "1s"\nwait_max = "1s"\n')
    assert load(None, {}, folder).settings.breaker.wait_max == timedelta(seconds=1)


def test_half_a_window_is_told_whatever_else_is_wrong_with_the_blackout(folder: Path) -> None:
    write(folder, SMALL + '[[blackout]]\nname = "w"\nfrom = "22:00"\ndays = ["freitag"]\n[[blackout]]\nname = "v"\nto = "7:00"\n')
    found = mistakes(folder)
    assert {key for key in found if key.startswith("blackout[1]")} > {"blackout[1]"}
    assert found["blackout[1]"].message == 'blackout "w" has only one of from and to'
    assert found["blackout[2]"].remedy == "write both, or neither for whole days"
    write(folder, SMALL + '[[blackout]]\nname = "w"\nfrom = "22:00"\nto = "25:00"\n')
    assert set(mistakes(folder)) == {"blackout[1].to"}


def test_a_further_check_is_asked_of_what_has_a_wrong_name_too(folder: Path) -> None:
    write(folder, SMALL + '[tables.T1]\nconnector = "locl"\n[actions."my act"]\nkind = "x"\n[actions.unnamed-1]\nkind = "y"\n')

    def check(config: Config) -> Iterable[Mistake]:
        for name, table in config.settings.tables.items():
            yield Mistake(str(config.file), f"tables.{name}.connector", f"{table.connector} is odd", "mend it")
        for name in config.settings.actions:
            yield Mistake(str(config.file), f"actions.{name}", "is odd", "mend it")

    with pytest.raises(ConfigError) as caught:
        load(None, {}, folder, check)
    odd = [m.key for m in caught.value.mistakes if "odd" in m.message]
    assert odd == ["tables.tasks.connector", "actions.unnamed-1", "tables.T1.connector", "actions.my act"]


def test_a_further_check_sees_what_is_right_and_adds_its_mistakes(folder: Path) -> None:
    write(folder, '[daemon]\nlog = "xml"\n[tables.tasks]\nconnector = "local"\npoll = 3\npath = 1\n[actions.a]\nkind = "b"\n')
    seen: list[Config] = []

    def check(config: Config) -> Iterable[Mistake]:
        seen.append(config)
        yield Mistake(str(config.file), "tables.tasks.path", "is odd", "mend it")

    with pytest.raises(ConfigError) as caught:
        load(None, {}, folder, check)
    assert [m.key for m in caught.value.mistakes] == ["daemon.log", "tables.tasks.poll", "tables.tasks.path"]
    assert dict(seen[0].settings.tables["tasks"].rest) == {"path": 1}
    assert seen[0].settings.actions == {"a": {"kind": "b"}}


def test_names_that_are_used_must_be_defined(folder: Path) -> None:
    write(
        folder,
        SMALL + 'actions = ["gret", "other"]\nreadable_by = ["taks"]\n[actions.greet]\nkind = "command"\n'
        '[[blackout]]\nname = "n"\ndays = ["sat"]\ntables = ["nope"]\n',
    )
    with pytest.raises(ConfigError) as caught:
        load(None, {}, folder)
    told = [(m.key, m.message, m.remedy) for m in caught.value.mistakes]
    assert told == [
        ("tables.tasks.actions", 'there is no action "gret"', 'did you mean "greet"?'),
        ("tables.tasks.actions", 'there is no action "other"', "known here: greet; define it as [actions.other], or take it out"),
        ("tables.tasks.readable_by", 'there is no table "taks"', 'did you mean "tasks"?'),
        ("blackout[1].tables", 'there is no table "nope"', "known here: tasks; define it as [tables.nope], or take it out"),
    ]


def test_a_name_that_is_defined_with_mistakes_is_no_second_mistake(folder: Path) -> None:
    write(folder, SMALL + 'actions = ["a"]\n[actions.a]\nargv = []\n')
    assert set(mistakes(folder)) == {"actions.a"}


def test_a_file_without_a_table_is_a_mistake(folder: Path) -> None:
    write(folder, "")
    assert set(mistakes(folder)) == {"tables"}


@pytest.mark.parametrize(
    "text", ["tables = 1", "[tables]\na = 1", "daemon = []", "blackout = 1", "[[blackout]]", "[[tables]]", "[actions]\na = 2"]
)
def test_a_file_of_the_wrong_shape_is_a_mistake_and_no_crash(folder: Path, text: str) -> None:
    write(folder, text)
    assert mistakes(folder, ROWD_DAEMON__LOG="json")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[daemon]\nlog = readable\n", "line 2, column 7"),
        ("[daemon\n", "line 1, column 8"),
        ("a = 1\na = 2\n", "line 2, column 6"),
        ('a = "', "end of document"),
    ],
)
def test_what_is_no_toml_is_told_with_line_and_column(folder: Path, text: str, where: str) -> None:
    write(folder, text)
    found = mistakes(folder)
    assert set(found) == {where}
    assert "(at " not in found[where].message


def test_a_byte_order_mark_is_no_mistake(folder: Path) -> None:
    (folder / "rowd.toml").write_bytes(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
    assert load(None, {}, folder).settings.tables["tasks"].connector == "local"


def test_a_file_that_is_not_utf_8_is_told(folder: Path) -> None:
    (folder / "rowd.toml").write_bytes(b"# caf\xe9\n")
    assert "UTF-8" in mistakes(folder)[""].message


def test_a_missing_file_is_told_with_the_command_that_makes_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "SYSTEM_FILE", tmp_path / "none of this machine's")
    for path, environ in ((None, {}), (Path("other.toml"), {}), (None, {"ROWD_CONFIG": "other.toml"})):
        with pytest.raises(ConfigError) as caught:
            load(path, environ, tmp_path)
        (mistake,) = caught.value.mistakes
        assert mistake.file == str(tmp_path / ("other.toml" if path or environ else "rowd.toml"))
        assert "rowd init" in mistake.remedy


def test_a_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder; name the file in it"):
        load(tmp_path, {}, tmp_path)


def test_a_named_file_wins_over_the_variable_and_that_over_the_current_folder(folder: Path) -> None:
    for name in ("named", "variable"):
        (folder / name).mkdir()
        write(folder / name, SMALL)
    environ = {"ROWD_CONFIG": str(folder / "variable" / "rowd.toml")}
    assert load(Path("named/rowd.toml"), environ, folder).base == folder / "named"
    assert load(None, environ, folder).base == folder / "variable"
    assert load(None, {}, folder).base == folder


def test_state_lies_beside_the_file_unless_said_otherwise(folder: Path) -> None:
    assert load(None, {}, folder).state_dir == folder / ".rowd"
    assert load(None, {"ROWD_DAEMON__STATE_DIR": "state"}, folder).state_dir == folder / "state"
    assert Config(Settings(), Path("/etc/rowd"), Path("/etc/rowd/rowd.toml")).state_dir == Path("/var/lib/rowd")


@pytest.mark.parametrize("value", ["~/state", ".", ""])
def test_a_state_folder_that_is_none_is_refused(folder: Path, value: str) -> None:
    write(folder, f'[daemon]\nstate_dir = "{value}"\n' + SMALL)
    assert set(mistakes(folder)) == {"daemon.state_dir"}


def test_a_secret_is_found_by_its_exact_name(folder: Path) -> None:
    write(folder, SMALL, env="TOKEN=\"from the file\"\nOTHER=x\nEMPTY=\nexport WORD='a b' # why\nMONEY=$HOME${X}\n")
    config = load(None, {"TOKEN": "from the environment", "OTHER": ""}, folder)
    values = {name: config.secret(name).get_secret_value() for name in ("TOKEN", "OTHER", "WORD", "MONEY")}
    assert values == {"TOKEN": "from the environment", "OTHER": "x", "WORD": "a b", "MONEY": "$HOME${X}"}
    for name in ("token", "EMPTY", "ABSENT"):
        with pytest.raises(KeyError):
            config.secret(name)


def test_a_secret_is_shown_nowhere(folder: Path) -> None:
    config = load(None, {"TOKEN": "hunter2"}, folder)
    shown = [config, repr(config), config.settings.model_dump(), dataclasses.asdict(config), config.secret("TOKEN")]
    assert "hunter2" not in " ".join(map(str, shown))
    assert "TOKEN" not in repr(config)
    assert "***" in f"{config.secret('TOKEN')}"
    assert isinstance(config.secret("TOKEN"), SecretStr)


def test_a_line_of_the_env_file_that_is_none_is_told_by_its_number_and_not_shown(folder: Path) -> None:
    write(folder, SMALL, env="# comment\n\nGOOD=1\nhunter2\nBAD='open\n")
    found = mistakes(folder)
    assert set(found) == {"line 4", "line 5"}
    assert "hunter2" not in "".join(map(str, found.values()))


def test_an_env_file_that_cannot_be_read_is_a_mistake(folder: Path) -> None:
    (folder / ".env").write_bytes(b"A=\xff\n")
    assert "UTF-8" in mistakes(folder)[""].message
    (folder / ".env").unlink()
    (folder / ".env").mkdir()
    assert "can't be read" in mistakes(folder)[""].message


def test_credentials_win_over_the_env_file_and_lose_to_the_environment(folder: Path, tmp_path: Path) -> None:
    lent = tmp_path / "credentials"
    lent.mkdir()
    for name, text in {"A": "lent\n", "B": "lent\r\n", "C": "two\nlines\n", "not-ours": "x", "ROWD_DAEMON__KEEP_RUNS": "3"}.items():
        (lent / name).write_bytes(text.encode())
    environ = {"CREDENTIALS_DIRECTORY": str(lent), "B": "set"}
    write(folder, SMALL, env="A=file\nD=file\n")
    config = load(None, environ, folder)
    assert {name: config.secret(name).get_secret_value() for name in "ABCD"} == {
        "A": "lent",
        "B": "set",
        "C": "two\nlines",
        "D": "file",
    }
    assert {name: value.get_secret_value() for name, value in config.kept.items()} == {
        "A": "lent",
        "B": "lent",
        "C": "two\nlines",
        "D": "file",
    }
    assert "not-ours" not in config.variables
    assert config.settings.daemon.keep_runs != 3


def test_a_credential_that_cannot_be_read_is_a_mistake_and_its_text_is_not_shown(folder: Path, tmp_path: Path) -> None:
    lent = tmp_path / "credentials"
    (lent / "A").mkdir(parents=True)
    (lent / "B").write_bytes(b"hunter2\xff")
    with pytest.raises(ConfigError) as caught:
        load(None, {"CREDENTIALS_DIRECTORY": str(lent)}, folder)
    assert [(m.file, m.message) for m in caught.value.mistakes] == [
        (str(lent / "A"), "can't be read (Is a directory)"),
        (str(lent / "B"), "is not UTF-8 text"),
    ]
    assert "hunter2" not in str(caught.value)
    with pytest.raises(ConfigError, match="CREDENTIALS_DIRECTORY is systemd's to say"):
        load(None, {"CREDENTIALS_DIRECTORY": str(lent / "gone")}, folder)


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, False), (0o644, True), (0o602, True)])
def test_an_env_file_open_to_everyone_is_warned_of(folder: Path, mode: int, warned: bool) -> None:
    write(folder, SMALL, env="A=1\n")
    (folder / ".env").chmod(mode)
    warnings = load(None, {}, folder).warnings
    assert bool(warnings) is warned
    assert all("chmod 600" in w and str(folder / ".env") in w for w in warnings)


class Users:
    """Users of a machine, and their groups: ada and bob have one of their own each, and share `tables` with rowd."""

    IDS: ClassVar = {"root": 0, "ada": 1000, "bob": 1001, "rowd": 990}
    MEMBERS: ClassVar = {980: ["ada", "bob"], 990: [], 1000: [], 0: []}

    def getpwall(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(pw_name=name, pw_uid=n, pw_gid=n) for name, n in self.IDS.items()]

    def getpwuid(self, uid: int) -> SimpleNamespace:
        return next((user for user in self.getpwall() if user.pw_uid == uid), None) or self.unknown()

    def getgrgid(self, gid: int) -> SimpleNamespace:
        return SimpleNamespace(gr_mem=self.MEMBERS[gid]) if gid in self.MEMBERS else self.unknown()

    def unknown(self) -> NoReturn:
        raise KeyError


@pytest.mark.parametrize(
    ("owner", "group", "mode", "members", "may"),
    [
        (1000, 1000, 0o640, [], {"ada"}),
        (1000, 1000, 0o660, [], {"ada"}),
        (0, 0, 0o640, [], set()),
        (0, 990, 0o640, [], {"rowd"}),
        (0, 990, 0o640, ["ada"], {"rowd", "ada"}),
        (990, 990, 0o600, ["ada"], {"rowd"}),
        (990, 980, 0o640, ["ada", "bob"], {"rowd", "ada", "bob"}),
        (990, 980, 0o620, ["ada"], {"rowd", "ada"}),
        (4711, 4712, 0o640, [], {"4711"}),
    ],
)
def test_who_may_read_a_file_by_its_owner_and_its_group(
    monkeypatch: pytest.MonkeyPatch, owner: int, group: int, mode: int, members: list[str], may: set[str]
) -> None:
    users = Users()
    monkeypatch.setattr(Users, "MEMBERS", {**users.MEMBERS, group: members} if members else users.MEMBERS)
    for name in ("getpwall", "getpwuid"):
        monkeypatch.setattr(f"pwd.{name}", getattr(users, name))
    monkeypatch.setattr("grp.getgrgid", users.getgrgid)
    assert readers(os.stat_result((mode, 0, 0, 1, owner, group, 0, 0, 0, 0))) == may


def test_an_env_file_that_others_may_read_by_its_group_is_warned_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".env").touch()
    (folder / ".env").chmod(0o640)
    assert load(None, {}, folder).warnings == ()
    monkeypatch.setattr("grp.getgrgid", lambda _: SimpleNamespace(gr_mem=["ada", "bob"]))
    (warning,) = load(None, {}, folder).warnings
    assert re.search(r"\.env holds secrets and can be read by ada, bob.*, by way of its group: .* chmod 600 ", warning)
    (folder / ".env").chmod(0o600)
    assert load(None, {}, folder).warnings == ()


def test_a_file_that_everyone_may_change_is_warned_of(folder: Path) -> None:
    (folder / "rowd.toml").chmod(0o666)
    assert "chmod o-w" in load(None, {}, folder).warnings[0]


def test_settings_are_frozen(folder: Path) -> None:
    settings = load(None, {}, folder).settings
    with pytest.raises(ValidationError):
        settings.daemon.max_parallel = 3  # type: ignore[misc]
    with pytest.raises(TypeError):
        settings.tables["tasks"].rest["path"] = "x"  # type: ignore[index]


def test_a_configuration_without_overrides_does_not_import_pydantic_settings(folder: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path; from config.load import load; load(None, {}, Path(sys.argv[1]));"
        "sys.exit('pydantic_settings' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(folder)], check=False).returncode == 0


def test_a_share_is_written_in_percent(folder: Path) -> None:
    write(folder, SMALL + 'quota_share = "12.5 %"\n')
    assert load(None, {}, folder).settings.tables["tasks"].quota_share == 0.125
