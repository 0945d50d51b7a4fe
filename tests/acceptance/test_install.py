"""What is installed: it works outside the checkout, and imports only what it needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.acceptance.site import clean_environment, rowd

ROOT = Path(__file__).parents[2]
VENDORS = ("gspread", "pyairtable", "notion_client", "google.auth")


def imported(*command: str, cwd: Path) -> str:
    """Every module that a command imports, as `-X importtime` tells it."""
    answer = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "rowd", *command],
        cwd=cwd, env=clean_environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr[-500:]
    return answer.stderr


def test_the_version_is_told_before_anything_heavy_is_imported(tmp_path: Path) -> None:
    modules = imported("--version", cwd=tmp_path)
    for heavy in (*VENDORS, "typer", "rich", "pydantic", "sqlite3", "asyncio"):
        assert f" {heavy}\n" not in modules


def test_a_pass_over_a_local_table_imports_no_vendor_client(tmp_path: Path) -> None:
    assert rowd("init", cwd=tmp_path, installed=True).returncode == 0
    modules = imported("once", cwd=tmp_path)
    assert " connectors.local.table\n" in modules
    for vendor in VENDORS:
        assert f" {vendor}\n" not in modules


def test_the_wheel_works_outside_the_checkout(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT, capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    installed, work = tmp_path / "installed", tmp_path / "work"
    work.mkdir()
    subprocess.run([sys.executable, "-m", "zipfile", "-e", str(wheel), str(installed)], check=True, timeout=60)
    environment = {**clean_environment(), "PYTHONPATH": str(installed)}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        code = "import sys, rowd, engine; assert rowd.__file__.startswith(sys.argv.pop(1)); from rowd.__main__ import main; main()"
        return subprocess.run(
            [sys.executable, "-c", code, str(installed), *command],
            cwd=work, env=environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    assert run("--version").stdout.startswith("rowd ")
    assert (installed / "config" / "rowd.service").read_bytes() == (ROOT / "config" / "rowd.service").read_bytes()
    for template in ("starter", "dev"):
        made = run("init", template, "--template", template)
        assert made.returncode == 0, made.stderr
        checked = run("list", "--config", f"{template}/rowd.toml")
        assert checked.returncode == 0, checked.stderr


def test_the_demo_runs_by_itself_where_nobody_watches(tmp_path: Path) -> None:
    answer = rowd("demo", "shown", "--seconds", "12", cwd=tmp_path, installed=True)
    assert answer.returncode == 0, answer.stderr
    assert "hello from a button" in answer.stdout
    assert "three visitors came" in answer.stdout
    assert "every monday 9:30" in answer.stdout
    assert list((tmp_path / "shown" / "backups").glob("*.tar.gz"))
    assert "well" in answer.stdout
