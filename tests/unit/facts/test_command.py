"""Facts that commands tell: what they print, how they end, and that nothing of them stays."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from pydantic import ValidationError

import facts
from facts.answers import read
from facts.api import Tree, Unhad
from facts.command.settings import CommandSettings
from tests.fakes.held import HOLD, Held


def made(folder: Path, *argv: str, **settings: object) -> facts.api.Fact:
    definition = CommandSettings.model_validate({"kind": "command", "argv": list(argv), **settings})
    return facts.load("command").make("disk", definition, folder, {"TOKEN": "s3cret"}.__getitem__)


def told(folder: Path, script: str, **settings: object) -> Tree:
    return asyncio.run(made(folder, "/bin/sh", "-c", script, **settings).ask())


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        (" 93%\n", "93%"),
        ("93", 93),
        ('"up"', "up"),
        ("up\n", "up"),
        ("true", True),
        ('{"a": [1, null]}', {"a": [1, None]}),
        ("NaN", "NaN"),
        ("007", "007"),
        ("{broken", "{broken"),
        ("caf\xe9".encode("latin-1").decode("utf-8", "replace"), "caf\ufffd"),
    ],
)
def test_what_is_printed_is_json_or_its_text(printed: str, value: Tree) -> None:
    assert read(printed.encode(), "it") == value


@pytest.mark.parametrize(
    ("printed", "why"),
    [
        (" \n", "it said nothing; let it tell a value, were it 0"),
        ("x" * 2001, "it said a text of 2,001 characters; let it be 2,000 at the most, or JSON"),
        ("[" * 100_000, "it said a text of 100,000 characters; let it be 2,000 at the most, or JSON"),
    ],
)
def test_what_is_no_value_is_told(printed: str, why: str) -> None:
    with pytest.raises(Unhad, match=f"^{why}$"):
        read(printed.encode(), "it")


def test_it_runs_in_its_folder_with_its_variables_and_none_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "x")
    (tmp_path / "sub").mkdir()
    said = told(tmp_path, 'echo "$PWD $OURS$LEVEL$TOKEN"', cwd="sub", environment={"LEVEL": "3"}, secrets=["TOKEN"])
    assert said == f"{tmp_path / 'sub'} 3s3cret"


REMEDY = 'see what it lacks, or ask for the status itself: value = "status"'


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo oh; echo first >&2; echo nope >&2; exit 3", f"its program ended with exit status 3: nope; {REMEDY}"),
        ("kill -9 $$", f"its program ended with exit status 137: Killed; {REMEDY}"),
        ("exec yes", "it printed more than 64 kB; let it print the value alone"),
        ("exec no-such", f"its program ended with exit status 127: .*no-such: not found; {REMEDY}"),
    ],
)
def test_what_it_can_not_tell(tmp_path: Path, script: str, why: str) -> None:
    with pytest.raises(Unhad, match=f"^{why}$"):
        told(tmp_path, script)


def test_a_program_or_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Unhad, match=r"^there is no program \"no-such\" in .*; install it, or write its full path$"):
        asyncio.run(made(tmp_path, "no-such", value="status").ask())
    with pytest.raises(Unhad, match=r"^there is no folder .*/gone; create it, or correct its cwd$"):
        told(tmp_path, "echo 1", cwd="gone")


@pytest.mark.parametrize("status", [0, 3, 127])
def test_a_status_is_a_value(tmp_path: Path, status: int) -> None:
    assert told(tmp_path, f"echo much; exit {status}", value="status") == status


def test_who_lets_go_of_it_ends_it_with_all_that_it_began(tmp_path: Path) -> None:
    async def story() -> None:
        os.mkfifo(tmp_path / "begun")
        asking = asyncio.create_task(made(tmp_path, "/bin/sh", "-c", f"{HOLD}sleep 1000 & echo > begun; wait").ask())
        await asyncio.to_thread((tmp_path / "begun").read_bytes)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    held = Held(tmp_path)
    asyncio.run(story())
    assert held.all_gone()


def test_what_it_left_running_ends_with_it(tmp_path: Path) -> None:
    held = Held(tmp_path)
    assert told(tmp_path, f"{HOLD}sleep 1000 >/dev/null 2>&1 & echo 5") == 5
    assert held.all_gone()


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"argv": []}, "at least 1 item"),
        ({"argv": [""]}, "names no program"),
        ({"argv": ["a"], "timeout": "6m"}, "5m at the most"),
        ({"argv": ["a"], "timeout": "0s"}, "longer than nothing"),
        ({"argv": ["a"], "environment": {"ROWD_X": "1"}}, "one of rowd's own variables"),
        ({"argv": ["a"], "value": "both"}, "'output' or 'status'"),
        ({"argv": ["a"], "shell": True}, "Extra inputs"),
    ],
)
def test_definitions_that_are_refused(settings: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        CommandSettings.model_validate({"kind": "command", **settings})
