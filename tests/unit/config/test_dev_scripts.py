"""The scripts of the development template: their readers on sample outputs, and the whole of them on small projects."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import config

SCRIPTS = Path(config.__file__).parent / "templates" / "dev" / "scripts"
MODULES = ("result", "suite", "read_guidelines", "run_vitest", "check_coverage")
ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""The small projects need none of our pytest's plugins, which take longer to load than their tests."""

NODE = shutil.which("node") is not None and shutil.which("npm") is not None

VITEST = """
 Test Files  1 failed | 2 passed (3)
      Tests  1 failed | 2 skipped | 1 todo | 6 passed (10)
   Start at  16:56:26
   Duration  3.45s
"""
WORKSPACE = """
packages/a test:  Test Files  1 passed (1)
packages/a test:       Tests  8 passed (8)
packages/b test:       Tests  1 failed | 3 passed (4)
"""
JEST = """
Test Suites: 1 failed, 2 passed, 3 total
Tests:       1 failed, 3 skipped, 12 passed, 16 total
Snapshots:   0 total
"""
NODE_TAP = "TAP version 13\nok 1 - x\n1..1\n# tests 4\n# pass 2\n# fail 1\n# cancelled 1\n# skipped 1\n# todo 0\n"
NODE_SPEC = "✔ x (0.9ms)\nℹ tests 3\nℹ pass 3\nℹ fail 0\nℹ skipped 0\n"
MOCHA = "\n  12 passing (30ms)\n  2 pending\n  1 failing\n"
NPM_INIT = 'echo "Error: no test specified" && exit 1'
PYTEST = "F.s [100%]\n===== 1 failed, 3 passed, 1 skipped, 2 warnings in 0.12s =====\n"
PYTEST_QUIET = "... [100%]\n3 passed, 1 error in 75.32s (0:01:15)\n"


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    """The scripts as modules, imported as they import each other: by their folder."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for name in MODULES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    found = {name: importlib.import_module(name) for name in MODULES}
    for name in MODULES:
        monkeypatch.delitem(sys.modules, name)
    return found


class Done:
    """A script that ran as rowd would have run it."""

    def __init__(self, script: str, folder: Path, *arguments: str, **environment: str) -> None:
        output = folder / "output"
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME")}
        ran = subprocess.run(
            [sys.executable, "-B", str(SCRIPTS / script), *arguments],
            cwd=folder,
            env={**kept, **ALONE, "PYTHONDONTWRITEBYTECODE": "1", "ROWD_OUTPUT": str(output), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        self.code = ran.returncode
        self.out, self.err = ran.stdout, ran.stderr
        self.summary = (ran.stderr if ran.returncode else ran.stdout).strip().splitlines()[-1]
        self.outputs = dict(line.split("=", 1) for line in output.read_text().splitlines()) if output.exists() else {}
        output.unlink(missing_ok=True)


def python_project(folder: Path, *, failing: bool = False) -> Path:
    """Two functions, of which one is tested: three lines of five are reached."""
    (folder / "calc.py").write_text("def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    c = a - b\n    return c\n")
    (folder / "tests").mkdir()
    bad = "\n\ndef test_bad():\n    assert False\n" if failing else ""
    (folder / "tests" / "test_calc.py").write_text(f"from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n{bad}")
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\naddopts = -p no:cacheprovider\n")
    return folder


def node_project(folder: Path, **scripts: str) -> Path:
    (folder / "package.json").write_text(json.dumps({"name": "small", "version": "1.0.0", "scripts": scripts}))
    (folder / "sum.test.js").write_text(
        "const {test} = require('node:test'); const assert = require('node:assert');\n"
        "test('adds', () => assert.equal(1 + 1, 2));\ntest('is wrong', () => assert.equal(1, process.env.WRONG ? 2 : 1));\n"
    )
    return folder


@pytest.mark.parametrize(
    ("output", "counts"),
    [
        (VITEST, (6, 1, 3)),
        (WORKSPACE, (11, 1, 0)),
        (JEST, (12, 1, 3)),
        (NODE_TAP, (2, 2, 1)),
        (NODE_SPEC, (3, 0, 0)),
        (MOCHA, (12, 1, 2)),
        (PYTEST, (3, 1, 1)),
        (PYTEST_QUIET, (3, 1, 0)),
    ],
)
def test_the_summary_of_every_common_test_runner_is_understood(
    scripts: dict[str, ModuleType], output: str, counts: tuple[int, int, int]
) -> None:
    assert scripts["suite"].tally(output.splitlines()) == scripts["suite"].Tally(*counts)


@pytest.mark.parametrize("output", ["", "all 3 passed\n", "# pass it on\n", "Tests are fun\n", "no tests ran in 0.01s\n"])
def test_what_is_no_summary_is_not_taken_for_one(scripts: dict[str, ModuleType], output: str) -> None:
    assert scripts["suite"].tally(output.splitlines()) is None


@pytest.mark.parametrize(
    ("files", "argv"),
    [
        ({"package.json": '{"scripts": {"test": "vitest"}}'}, ["npm", "test"]),
        ({"package.json": '{"devDependencies": {"vitest": "^3"}}'}, ["npx", "vitest", "run"]),
        (
            {"package.json": json.dumps({"scripts": {"test": NPM_INIT}, "dependencies": {"vitest": "3"}})},
            ["npx", "vitest", "run"],
        ),
        ({"package.json": "{}", "pytest.ini": ""}, [sys.executable, "-m", "pytest"]),
        ({"package.json": '{"scripts": 3, "dependencies": []}', "test_a.py": ""}, [sys.executable, "-m", "pytest"]),
    ],
)
def test_a_projects_own_way_of_testing_is_found(
    scripts: dict[str, ModuleType], tmp_path: Path, files: dict[str, str], argv: list[str]
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert scripts["suite"].command(tmp_path) == argv


def test_the_projects_own_environment_is_used(scripts: dict[str, ModuleType], tmp_path: Path) -> None:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    assert scripts["suite"].python(tmp_path) == str(tmp_path / ".venv" / "bin" / "python")


@pytest.mark.parametrize("text", [None, "{", "[]"])
def test_a_project_without_tests_is_told_so(scripts: dict[str, ModuleType], tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "package.json").write_text(text)
    done = Done("run_vitest.py", tmp_path)
    assert done.code == 2
    assert "after --" in done.summary
    assert done.outputs == {}


def test_python_tests_are_run_and_counted(tmp_path: Path) -> None:
    done = Done("run_vitest.py", python_project(tmp_path))
    assert done.code == 0, done.out
    assert done.summary.startswith("1 passed, 0 failed (python")
    assert done.outputs == {"passed": "1", "failed": "0", "skipped": "0"}


def test_failing_tests_are_a_failure_and_counted_all_the_same(tmp_path: Path) -> None:
    done = Done("run_vitest.py", python_project(tmp_path, failing=True))
    assert done.code == 1
    assert done.summary.startswith("1 passed, 1 failed")
    assert done.outputs == {"passed": "1", "failed": "1", "skipped": "0"}
    assert "test_bad" in done.out


def test_a_given_command_is_run_in_place_of_what_is_found(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    done = Done("run_vitest.py", tmp_path, "--project", "project", "--", "sh", "-c", "pwd; exit 3")
    assert done.code == 3
    assert done.out.strip() == str(project)
    assert done.summary == "sh -c pwd; exit 3: ended with 3"
    assert done.outputs == {}


def test_a_command_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = Done("run_vitest.py", tmp_path, "--", "no-such-runner")
    assert (done.code, done.summary) == (2, "no-such-runner isn't on the PATH; install it, or set PATH in the action's environment")


@pytest.mark.parametrize("script", ["run_vitest.py", "check_coverage.py"])
def test_an_interpreter_without_what_the_tests_need_is_told(tmp_path: Path, script: str) -> None:
    own = tmp_path / ".venv" / "bin" / "python"
    own.parent.mkdir(parents=True)
    own.write_text('#!/bin/sh\necho "$0: No module named $2" >&2\nexit 1\n')
    own.chmod(0o755)
    done = Done(script, python_project(tmp_path))
    module = "coverage" if "coverage" in script else "pytest"
    assert (done.code, done.summary) == (2, f"{own} has no {module}; install it there, or give the project a .venv that has it")


def test_test_runners_are_told_that_nobody_watches(tmp_path: Path) -> None:
    assert Done("run_vitest.py", tmp_path, "--", "sh", "-c", "echo CI is $CI; cat").out.startswith("CI is 1\n")


def test_a_command_that_is_killed_ends_as_a_shell_would_say(tmp_path: Path) -> None:
    assert Done("run_vitest.py", tmp_path, "--", "sh", "-c", "kill -9 $$").code == 137


@pytest.mark.skipif(not NODE, reason="this machine has no node and npm")
def test_the_test_script_of_a_node_project_is_run_and_counted(tmp_path: Path) -> None:
    project = node_project(tmp_path, test="node --test")
    done = Done("run_vitest.py", project)
    assert (done.code, done.summary) == (0, "2 passed, 0 failed (npm test)"), done.out
    assert Done("run_vitest.py", project, WRONG="1").outputs == {"passed": "1", "failed": "1", "skipped": "0"}


@pytest.mark.skipif(not NODE, reason="this machine has no node and npm")
def test_the_coverage_of_a_node_project_is_measured(tmp_path: Path) -> None:
    done = Done("check_coverage.py", node_project(tmp_path, test="node --test"))
    assert done.code == 0, done.out
    assert done.outputs == {"coverage": "100.0"}
    assert done.summary == "coverage 100.0 % (2 passed, 0 failed)"


@pytest.mark.skipif(not NODE, reason="this machine has no node and npm")
def test_a_coverage_script_of_the_project_is_trusted_only_if_it_wrote_its_report_now(tmp_path: Path) -> None:
    report = json.dumps({"total": {"lines": {"total": 200, "covered": 157, "skipped": 0, "pct": 78.5}}})
    write = "fs.mkdirSync('coverage',{recursive:true});fs.writeFileSync('coverage/coverage-summary.json',process.env.R)"
    project = node_project(tmp_path, coverage=f'node -e "{write}"')
    done = Done("check_coverage.py", project, R=report)
    assert (done.code, done.outputs, done.summary) == (0, {"coverage": "78.5"}, "coverage 78.5 %"), done.out
    node_project(tmp_path, coverage="node --version")
    stale = Done("check_coverage.py", project)
    assert (stale.code, stale.outputs) == (2, {})
    assert "left no coverage" in stale.summary


def test_the_coverage_of_python_tests_is_measured(tmp_path: Path) -> None:
    project = python_project(tmp_path)
    (project / "untested.py").write_text("a = 1\nb = 2\n")
    done = Done("check_coverage.py", project)
    assert done.code == 0, done.out + done.err
    assert done.outputs == {"coverage": "60.0"}
    assert done.summary == "coverage 60.0 % (1 passed, 0 failed)"
    assert not list(project.glob(".coverage*"))


def test_coverage_of_parallel_processes_is_put_together(tmp_path: Path) -> None:
    project = python_project(tmp_path)
    (project / ".coveragerc").write_text("[run]\nparallel = true\nsource = .\nomit = tests/*\n[report]\nfail_under = 99\n")
    done = Done("check_coverage.py", project)
    assert done.code == 0, done.out + done.err
    assert done.outputs == {"coverage": "60.0"}
    assert "Combined" in done.out


def test_what_the_project_says_of_its_coverage_is_respected(tmp_path: Path) -> None:
    project = python_project(tmp_path)
    (project / "pyproject.toml").write_text('[tool.coverage.run]\nsource = ["tests"]\n')
    assert Done("check_coverage.py", project).outputs == {"coverage": "100.0"}


def test_failing_tests_leave_their_coverage_and_are_a_failure(tmp_path: Path) -> None:
    done = Done("check_coverage.py", python_project(tmp_path, failing=True))
    assert done.code == 1
    assert "coverage" in done.outputs
    assert "1 failed" in done.summary


def test_a_run_without_a_coverage_report_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    done = Done("check_coverage.py", tmp_path)
    assert done.code != 0
    assert "left no coverage" in done.summary


def test_a_coverage_summary_gives_the_percentage_of_lines(scripts: dict[str, ModuleType], tmp_path: Path) -> None:
    file = tmp_path / "coverage-summary.json"
    read = scripts["check_coverage"].percentage
    for text, expected in [
        ('{"total": {"lines": {"total": 200, "covered": 157, "skipped": 0, "pct": 78.5}}}', 78.5),
        ('{"total": {"lines": {"total": 0, "covered": 0, "skipped": 0, "pct": "Unknown"}}}', None),
        ('{"total": {}}', None),
        ("[]", None),
        ("{", None),
    ]:
        file.write_text(text)
        assert read(file) == expected
    assert read(tmp_path / "missing") is None


@pytest.mark.parametrize("mark", ["#", "ℹ"])
def test_the_coverage_report_of_nodes_own_runner_is_understood(scripts: dict[str, ModuleType], mark: str) -> None:
    lines = [f"{mark} file      | line % |", f"{mark} a.js      | 100.00 |", f"{mark} all files |  78.50 |   100.00 |  66.67 |"]
    assert scripts["check_coverage"].node_percentage(lines) == 78.5


@pytest.mark.parametrize(
    ("package", "way"),
    [
        ({"scripts": {"coverage": "x", "test": "node --test"}}, "_by_script"),
        ({"devDependencies": {"vitest": "3"}, "scripts": {"test": "vitest"}}, "_by_vitest"),
        ({"devDependencies": {"jest": "29"}}, "_by_jest"),
        ({"scripts": {"test": "node --test"}}, "_by_node"),
    ],
)
def test_coverage_is_measured_in_the_projects_own_way(
    scripts: dict[str, ModuleType], tmp_path: Path, package: dict[str, object], way: str
) -> None:
    (tmp_path / "package.json").write_text(json.dumps(package))
    assert scripts["check_coverage"].measurement(tmp_path).__name__ == way


def test_without_a_way_to_measure_coverage_the_remedy_is_told(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("{}")
    done = Done("check_coverage.py", tmp_path)
    assert done.code == 2
    assert 'add a script "coverage"' in done.summary


def guideline_project(folder: Path) -> Path:
    for name, text in {
        "CLAUDE.md": "Be brief.\n",
        "AGENTS.md": "Test first.\n",
        ".github/copilot-instructions.md": "Use types.\n",
        "docs/guidelines/sub/style.md": "Four spaces.\n",
        "docs/other.md": "not one",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_guidelines_are_collected_into_one_file(tmp_path: Path) -> None:
    done = Done("read_guidelines.py", guideline_project(tmp_path))
    assert (done.code, done.summary) == (0, "4 files, read for the first time")
    assert done.outputs == {"files": "4", "changed": "0"}
    text = (tmp_path / "results" / "guidelines.md").read_text()
    assert all(
        line in text for line in ("## CLAUDE.md", "Be brief.", "Test first.", "Use types.", "## docs/guidelines/sub/style.md")
    )
    assert "not one" not in text
    assert "Changes" not in text


def test_changes_since_the_last_run_are_shown_and_counted_once(tmp_path: Path) -> None:
    project = guideline_project(tmp_path)
    Done("read_guidelines.py", project)
    (project / "AGENTS.md").write_text("Test last.\n")
    done = Done("read_guidelines.py", project)
    assert done.summary == "4 files, 1 changed: AGENTS.md"
    assert done.outputs == {"files": "4", "changed": "1"}
    text = (tmp_path / "results" / "guidelines.md").read_text()
    assert "-Test first.\n+Test last.\n" in text
    again = Done("read_guidelines.py", project)
    assert (again.summary, again.outputs["changed"]) == ("4 files, none changed", "0")


def test_a_change_that_holds_a_fence_does_not_end_the_one_around_it(tmp_path: Path) -> None:
    project = guideline_project(tmp_path)
    Done("read_guidelines.py", project)
    (project / "AGENTS.md").write_text("```sh\nmake test\n```\n")
    Done("read_guidelines.py", project)
    text = (tmp_path / "results" / "guidelines.md").read_text()
    assert "\n````diff\n" in text
    assert "+```sh\n+make test\n+```\n````\n" in text


def test_new_and_removed_guidelines_are_changes(tmp_path: Path) -> None:
    project = guideline_project(tmp_path)
    Done("read_guidelines.py", project)
    (project / "CLAUDE.md").unlink()
    (project / "GEMINI.md").write_text("Be kind.\n")
    assert Done("read_guidelines.py", project).summary == "4 files, 2 changed: GEMINI.md, CLAUDE.md (gone)"
    assert "-Be brief." in (tmp_path / "results" / "guidelines.md").read_text()


def test_a_guideline_that_leads_out_of_the_project_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2")
    project = tmp_path / "project"
    project.mkdir()
    (project / "CLAUDE.md").symlink_to("../secret")
    (project / "AGENTS.md").write_bytes(b"caf\xe9 ```` fences\n")
    done = Done("read_guidelines.py", tmp_path, "--project", "project", "--into", "out/g.md")
    assert done.summary == "1 file, read for the first time"
    assert "hunter2" not in (tmp_path / "out" / "g.md").read_text()


def test_a_project_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = Done("read_guidelines.py", tmp_path, "--project", "nowhere")
    assert (done.code, done.summary) == (2, "nowhere is not a folder; give the project's with --project")


def test_a_torn_memory_of_the_last_run_counts_as_none(tmp_path: Path) -> None:
    project = guideline_project(tmp_path)
    Done("read_guidelines.py", project)
    (project / "results" / "guidelines.md.json").write_text("{")
    assert Done("read_guidelines.py", project).summary == "4 files, read for the first time"


def test_the_scripts_need_nothing_but_the_standard_library() -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); import read_guidelines, run_vitest, check_coverage"
    ran = subprocess.run([sys.executable, "-B", "-S", "-E", "-c", code, str(SCRIPTS)], check=False, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
