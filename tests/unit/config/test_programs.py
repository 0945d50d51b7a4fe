"""Secrets that programs tell: real programs, what becomes of what they print, and what is said where they fail."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from config.load import load
from config.mistakes import ConfigError
from config.programs import MOST

SMALL = '[tables.tasks]\nconnector = "local"\npath = "tasks.csv"\n'
PATH = {"PATH": "/usr/bin:/bin"}


def written(folder: Path, script: str, more: str = "", name: str = "TOKEN") -> None:
    with (folder / "rowd.toml").open("a", encoding="utf-8") as file:
        file.write(f"[secret.{name}]\ncommand = ['/bin/sh', '-c', '''{script}''', 'x']\n{more}\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rowd.toml").write_text(SMALL, encoding="utf-8")
    return tmp_path


def mistake(folder: Path, **environ: str) -> str:
    """The only one."""
    with pytest.raises(ConfigError) as caught:
        load(None, {**PATH, **environ}, folder)
    (found,) = caught.value.mistakes
    assert "hunter2" not in repr(found) + str(caught.value)
    return f"{found.key}: {found.message}"


def test_what_it_prints_is_the_value_without_the_break_at_its_end(folder: Path) -> None:
    written(folder, "printf 'two\\nlines \\r\\n'")
    written(folder, "printf ba; printf re", name="BARE")
    config = load(None, PATH, folder)
    assert config.secret("TOKEN").get_secret_value() == "two\nlines "
    assert config.secret("BARE").get_secret_value() == "bare"
    assert config.kept.keys() == {"TOKEN", "BARE"}
    assert config.sources == {"TOKEN": "command /bin/sh", "BARE": "command /bin/sh", "PATH": "environment"}
    assert "bare" not in repr(config)


def test_it_runs_in_the_folder_of_rowd_toml_in_our_environment_with_its_own_secrets_and_no_terminal(folder: Path) -> None:
    (folder / ".env").write_text("LOGIN=hunter2\nOTHER=hidden\n")
    script = "echo $(pwd) $HERE $LOGIN .$OTHER. $(readlink /proc/self/fd/0) $(cut -d' ' -f7 /proc/self/stat)"
    written(folder, script, 'secrets = ["LOGIN"]')
    ours, (reading, writing) = os.dup(0), os.pipe()
    os.dup2(reading, 0)
    try:
        value = load(None, {**PATH, "HERE": "here"}, folder).secret("TOKEN").get_secret_value()
    finally:
        os.dup2(ours, 0)
        for end in (ours, reading, writing):
            os.close(end)
    assert value == f"{folder} here hunter2 .. /dev/null 0"  # 0: it has no terminal (proc(5))


def test_no_word_is_read_by_a_shell(folder: Path) -> None:
    with (folder / "rowd.toml").open("a") as file:
        file.write('[secret.TOKEN]\ncommand = ["echo", "$HOME `id`", "; exit 1"]\n')
    assert load(None, PATH, folder).secret("TOKEN").get_secret_value() == "$HOME `id` ; exit 1"


@pytest.mark.parametrize("how", ["environment", ".env", "credential"])
def test_what_has_a_value_is_not_asked_for(folder: Path, how: str) -> None:
    written(folder, f"touch {folder}/asked; echo other")
    environ = dict(PATH)
    if how == "environment":
        environ["TOKEN"] = "set"
    elif how == ".env":
        (folder / ".env").write_text("TOKEN=set\n")
    else:
        (folder / "lent").mkdir()
        (folder / "lent" / "TOKEN").write_text("set")
        environ["CREDENTIALS_DIRECTORY"] = str(folder / "lent")
    assert load(None, environ, folder).secret("TOKEN").get_secret_value() == "set"
    assert not (folder / "asked").exists()


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo hunter2; echo hunter2 >&2; exit 3", "ended with exit 3"),
        ("echo hunter2; kill -9 $$", "was killed by signal 9"),
        ("true", "printed nothing"),
        ("echo", "printed nothing"),
        ("printf 'hunter2\\377'", "printed what is not UTF-8 text"),
        ("printf 'hunter2\\0'", "printed a NUL character"),
        ("exec yes hunter2", f"printed more than {MOST} bytes"),
    ],
)
def test_where_it_fails_its_program_and_status_are_told_and_nothing_that_it_printed(folder: Path, script: str, why: str) -> None:
    written(folder, script)
    assert mistake(folder) == f"secret.TOKEN.command: /bin/sh {why}"


def test_a_program_that_is_not_there_is_named(folder: Path) -> None:
    with (folder / "rowd.toml").open("a") as file:
        file.write('[secret.TOKEN]\ncommand = ["no-such-program", "hunter2"]\n')
    assert mistake(folder) == "secret.TOKEN.command: no-such-program can't be run (No such file or directory)"


@pytest.mark.parametrize("script", ["sleep 1000", "exec >&-; sleep 1000", "echo hunter2; sleep 1000"])
def test_one_that_takes_too_long_is_killed_with_all_that_it_began(folder: Path, script: str) -> None:
    os.mkfifo(folder / "alive")
    reading = os.open(folder / "alive", os.O_RDONLY | os.O_NONBLOCK)
    written(folder, f"exec 9>{folder}/alive; sleep 1000 & {script}", 'timeout = "0.3s"')
    assert mistake(folder) == "secret.TOKEN.command: /bin/sh took longer than 0.3s"
    os.set_blocking(reading, True)
    assert os.read(reading, 1) == b""  # nobody writes into it any more
    os.close(reading)


def test_what_it_leaves_running_keeps_nobody(folder: Path) -> None:
    written(folder, "sleep 1000 & echo value")
    began = time.monotonic()
    assert load(None, PATH, folder).secret("TOKEN").get_secret_value() == "value"
    assert time.monotonic() - began < 10


def test_all_are_asked_at_the_same_time(folder: Path) -> None:
    there, back = folder / "there", folder / "back"
    os.mkfifo(there)
    os.mkfifo(back)  # each waits for the other
    written(folder, f"echo >{there}; read x <{back}; echo ONE", 'timeout = "60s"', name="ONE")
    written(folder, f"read x <{there}; echo >{back}; echo TWO", 'timeout = "60s"', name="TWO")
    config = load(None, PATH, folder)
    assert [config.secret(name).get_secret_value() for name in ("ONE", "TWO")] == ["ONE", "TWO"]


def test_its_own_secrets_need_a_value_that_no_command_tells(folder: Path) -> None:
    written(folder, f"touch {folder}/asked; echo x", 'secrets = ["LOGIN"]')
    assert mistake(folder) == "secret.TOKEN.secrets: LOGIN has no value"
    written(folder, "echo hunter2", name="LOGIN")
    assert mistake(folder) == "secret.TOKEN.secrets: LOGIN has no value"
    assert not (folder / "asked").exists()


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ('[secret.TOKEN]\ncommand = "op read x"', "secret.TOKEN.command"),
        ("[secret.TOKEN]\ncommand = []", "secret.TOKEN.command"),
        ("[secret.TOKEN]", "secret.TOKEN.command"),
        ('[secret.TOKEN]\ncommand = ["echo", "x"]\ntimeout = "1h"', "secret.TOKEN.timeout"),
        ('[secret.TOKEN]\ncommand = ["echo", "x"]\nvalue = "x"', "secret.TOKEN.value"),
        ('[secret.ROWD_X]\ncommand = ["echo"]', "secret.ROWD_X"),
        ('[secret."a b"]\ncommand = ["echo"]', "secret.a b"),
    ],
)
def test_what_can_not_be_is_refused(folder: Path, said: str, key: str) -> None:
    with (folder / "rowd.toml").open("a") as file:
        file.write(said)
    assert mistake(folder).startswith(key)


def test_with_other_mistakes_all_are_told_together(folder: Path) -> None:
    written(folder, "exit 3")
    with (folder / "rowd.toml").open("a") as file:
        file.write("[daemon]\ncolour = 1\n")
    with pytest.raises(ConfigError) as caught:
        load(None, PATH, folder)
    found: list[Any] = [mistake.key for mistake in caught.value.mistakes]
    assert sorted(found) == ["daemon.colour", "secret.TOKEN.command"]
