"""Replaying recordings, with a tool that is none: it asks once for each session, and tells what it was given."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.emulators.core.clock import SetClock, Shifted
from tests.emulators.core.exchange import Request
from tests.emulators.core.sessions import recorded_at
from tests.emulators.replaying import moments

TOOL = """
import json, sys, urllib.request
recordings = json.load(open(sys.argv[1]))
base = sys.argv[sys.argv.index("--base") + 1]
token = sys.argv[sys.argv.index("--token") + 1]
for session in recordings["sessions"]:
    headers = {"Authorization": f"Bearer {token}", "X-Replay-Session": session["id"]}
    asked = urllib.request.Request(base + "/drive/v3/files/1old?fields=name", headers=headers)
    with urllib.request.urlopen(asked) as answer:
        print(json.load(answer)["name"], sys.argv[-1], flush=True)
sys.exit(3)
"""


@pytest.mark.parametrize("text", ["2026-03-02T12:00:00Z", "2026-03-02T12:00:00", "Mon, 02 Mar 2026 12:00:00 GMT"])
def test_moments_as_recordings_have_them(text: str) -> None:
    assert recorded_at({"recorded": text}) == datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_the_clock_is_set_when_another_session_begins() -> None:
    inner = SetClock(datetime(2026, 3, 2, tzinfo=UTC))
    clock = Shifted(inner)
    sessions = [{"id": "a b", "recorded": "2023-01-01T00:00:00Z"}, {"id": "c", "recorded": None}]
    begins = moments(clock, {"sessions": sessions})
    begins(Request.of("GET", "/x", x_replay_session="a%20b"))
    inner.advance(seconds=5)
    begins(Request.of("GET", "/x", x_replay_session="a%20b"))
    begins(Request.of("GET", "/x", x_replay_session="c"))
    assert clock.now() == datetime(2023, 1, 1, tzinfo=UTC) + timedelta(seconds=5)


def test_the_script_starts_the_emulator_and_ends_as_the_tool_does(tmp_path: Path) -> None:
    tool, recordings = tmp_path / "replay.py", tmp_path / "recorded.json"
    tool.write_text(TOOL)
    step = {"method": "GET", "path": "/drive/v3/files/1old", "status": 200, "response": {"id": "1old", "name": "Old"}}
    sessions = [{"id": "a", "recorded": "2023-01-01T00:00:00Z", "steps": [step]}]
    recordings.write_text(json.dumps({"sessions": sessions}))
    script = Path(__file__).with_name("replay.sh")
    done = subprocess.run(
        [script, "google_sheets", recordings, "--tier=core"],
        env={**os.environ, "REPLAY": str(tool)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.stdout, done.returncode) == ("Old --tier=core\n", 3), done.stderr
