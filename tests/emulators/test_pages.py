"""The documentation of the emulators, held against them: each command, each seed, each line of Python, and the list of switches."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import pytest

from tests.emulators import VENDORS
from tests.emulators.__main__ import main
from tests.emulators.core.clock import RealClock
from tests.emulators.core.seeds import BadSeed
from tests.emulators.core.switches import table
from tests.emulators.google_sheets import schema
from tests.emulators.replaying import ROOT

HOW_TO = ROOT / "docs" / "how-to" / "emulators.md"
REFERENCE = ROOT / "docs" / "reference" / "emulator-switches.md"
SECTION = r"(?:[A-CGH]\d*|[GH])"
STARTS = ".venv/bin/python -m tests.emulators "


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", HOW_TO.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def commands() -> list[str]:
    return [line for block in blocks("sh") for line in block.splitlines()]


def test_the_pages_python_runs_from_the_top_to_the_end() -> None:
    exec(compile("\n".join(blocks("python")), str(HOW_TO), "exec"), {})  # noqa: S102 (our own page)


@pytest.mark.parametrize(("vendor", "seed"), list(zip(VENDORS, blocks("json"), strict=True)))
def test_the_pages_seeds_are_taken(vendor: str, seed: str, tmp_path: Path) -> None:
    package = import_module(f"tests.emulators.{vendor}")
    file = tmp_path / "seed.json"
    file.write_text(seed, "utf-8")
    package.fill(package.make(RealClock()), file)


@pytest.mark.parametrize("command", [line for line in commands() if line.startswith(STARTS)])
def test_the_pages_commands_start_an_emulator_or_list_switches(command: str, tmp_path: Path) -> None:
    """But for the port, which may be taken here."""
    (tmp_path / "seed.json").write_text(blocks("json")[-1], "utf-8")
    words = re.sub(r"--port \d+", "", command.removeprefix(STARTS)).replace("seed.json", str(tmp_path / "seed.json")).split()
    started = [sys.executable, "-m", "tests.emulators", *words]
    keys = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(started, cwd=ROOT, env=keys, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            first = process.stdout.readline().strip()
            if "--switches" in words:
                assert first == table(import_module(f"tests.emulators.{words[0]}").SWITCHES).splitlines()[0]
            else:
                connection = HTTPConnection(first.split(" at http://")[1], timeout=5)
                connection.request("GET", "/v1/users/me")
                status = connection.getresponse().status
                connection.close()
                assert status >= 400  # nobody asks without a token
        finally:
            process.kill()


def test_the_reference_lists_every_switch() -> None:
    page = REFERENCE.read_text("utf-8")
    for vendor in VENDORS:
        assert table(import_module(f"tests.emulators.{vendor}").SWITCHES) in page, f"{REFERENCE} is not up to date"


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_switch_says_where_it_is_left_open(vendor: str) -> None:
    for switch in import_module(f"tests.emulators.{vendor}").SWITCHES:
        assert re.fullmatch(rf"{SECTION}(, {SECTION})*( \(.+\))?|not there( \(.+\))?", switch.source), switch
        assert len(set(switch.answers)) == len(switch.answers) > 1
        assert switch.meaning


@pytest.mark.parametrize(
    ("wrong", "said"), [("nope", '"nope" is not NAME=ANSWER'), ("nope=1", "there is no switch"), ("window=x", "or")]
)
def test_a_switch_that_is_none_is_told_with_those_that_there_are(wrong: str, said: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.emulators", "airtable", "--switch", wrong],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, said in run.stderr) == (2, True)


WRONG = {
    "google_sheets": ['["Ops"]', '{"Ops": ["Tasks"]}', '{"Ops": {"Tasks": ["ID"]}}', '{"Ops": {"Tasks": {"ID": 1}}}', "1"],
    "airtable": [
        '{"Ops": {}}',
        "[]",
        '{"bases": [{"name": "Ops", "tables": [{"name": "Tasks"}]}]}',
        '{"bases": [{"name": "Ops", "tables": [{"name": "Tasks", "fields": [{"name": "N", "type": "nope"}]}]}]}',
        '{"bases": [{"name": "Ops", "tables": ["Tasks"]}]}',
    ],
    "notion": [
        '{"Ops": {}}',
        '{"databases": ["Ops"]}',
        '{"databases": [{"title": "Ops", "properties": {"Name": {"nope": {}}}}]}',
        '{"databases": [{"title": "Ops", "properties": {"Name": {"title": {}}}, "rows": [{"Nope": "x"}]}]}',
        '{"databases": [{"title": "Ops", "properties": {"Name": {"title": {}}}, "rows": ["x"]}]}',
        "null",
    ],
}


@pytest.mark.parametrize(("vendor", "seed"), [(vendor, seed) for vendor, seeds in WRONG.items() for seed in seeds])
def test_a_seed_of_another_form_is_told_as_one(vendor: str, seed: str, tmp_path: Path) -> None:
    package = import_module(f"tests.emulators.{vendor}")
    file = tmp_path / "seed.json"
    file.write_text(seed, "utf-8")
    with pytest.raises(BadSeed, match=r"seed\.json has another form than this vendor's seeds: .+docs/how-to/emulators\.md"):
        package.fill(package.make(RealClock()), file)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_seed_that_cant_be_read_is_told_with_the_remedy(vendor: str, tmp_path: Path) -> None:
    package = import_module(f"tests.emulators.{vendor}")
    for written, said in ((b'{"Ops": ', "is no JSON: "), (b'{"\xff": {}}', "is no text in UTF-8")):
        (tmp_path / "seed.json").write_bytes(written)
        with pytest.raises(BadSeed, match=said):
            package.fill(package.make(RealClock()), tmp_path / "seed.json")
    with pytest.raises(BadSeed, match="can't be read: Is a directory"):
        package.fill(package.make(RealClock()), tmp_path)


def test_what_google_sheets_needs_is_missed_at_once_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lacks(package: str) -> NoReturn:
        raise ModuleNotFoundError(f"No module named {package!r}")

    monkeypatch.setattr(schema, "files", lacks)
    schema.document.cache_clear()
    monkeypatch.setattr(sys, "argv", ["", "google_sheets"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    said = "google_sheets: the emulator goes by google-api-python-client, which isn't installed; run, in a checkout: "
    assert capsys.readouterr() == ("", f"{said}pip install -e '.[dev]'\n")


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_seed_file_that_isnt_there_ends_in_one_line(vendor: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.emulators", vendor, "--seed-file", tmp_path / "missing.json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    assert f"error: --seed-file: {tmp_path}/missing.json can't be read: No such file or directory. Name a JSON file" in run.stderr


def test_a_port_that_is_taken_ends_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        words = [sys.executable, "-m", "tests.emulators", "airtable", "--port", port]
        run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    assert f"error: --port {port}: Address already in use. Name another port" in run.stderr


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_server_that_is_ended_leaves_nothing_behind(vendor: str, tmp_path: Path) -> None:
    """Of Google Sheets there is a key in a folder until then."""
    keys = {**os.environ, "TMPDIR": str(tmp_path)}
    words = [sys.executable, "-m", "tests.emulators", vendor]
    with subprocess.Popen(words, cwd=ROOT, env=keys, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = process.stdout.readline()
            while not told.endswith("\n\n[tables.tasks]\n"):
                told += process.stdout.readline()
            assert len(list(tmp_path.glob("rowd-emulator-*/service-account.json"))) == (vendor == "google_sheets")
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        finally:
            process.kill()
    assert list(tmp_path.iterdir()) == []
