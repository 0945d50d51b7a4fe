"""Google Sheets v4 with as much of Drive v3 and of Google's token endpoint as goes with it.

exchange → service (who is let in) → values_api, spreadsheets_api, metadata_api, drive_api → book and grid, which are the state.
batch serves batchUpdate with the modules on_*; entering, showing and formulas know what a cell makes of a text; schema checks
bodies and field masks against Google's discovery document; person is the second road, through no API.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from tests.emulators.core import sessions
from tests.emulators.core.clock import Clock
from tests.emulators.core.emulator import Emulator
from tests.emulators.core.exchange import Json
from tests.emulators.google_sheets import replay_state, schema, seeding
from tests.emulators.google_sheets.service import OWNER, ROBOT, GoogleSheets
from tests.emulators.google_sheets.switches import SWITCHES


def make(clock: Clock, switches: Mapping[str, str] | None = None, seed: int = 0) -> GoogleSheets:
    """An empty one. Raises ValueError for a switch that there isn't, Lacking where it could answer nothing."""
    schema.document("sheets.v4")
    return GoogleSheets(clock, switches, seed)


def fill(emulator: Emulator, path: Path | None = None) -> None:
    """path: JSON, title → tab → rows; None for the sample tables. All is OWNER's, and shared with ROBOT. Raises BadSeed."""
    assert isinstance(emulator, GoogleSheets)
    seeding.fill(emulator, path, OWNER, ROBOT)


def prepare_replay(emulator: Emulator, recordings: Mapping[str, Json]) -> list[str]:
    """A token, no quotas (a recording took longer), and the files that sessions find and don't make."""
    assert isinstance(emulator, GoogleSheets)
    emulator.accounts.token(replay_state.SCRUBBED, text=sessions.TOKEN)
    emulator.quotas.on = False
    emulator.before.append(sessions.Sessions(recordings, partial(replay_state.begin, emulator)))
    return ["--token", sessions.TOKEN]


__all__ = ["OWNER", "ROBOT", "SWITCHES", "GoogleSheets", "fill", "make", "prepare_replay"]
