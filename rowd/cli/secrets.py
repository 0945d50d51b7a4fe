"""`rowd secrets`: which secrets rowd.toml names, and whether they are there. Never their values."""

from __future__ import annotations

from rowd.cli.command import group, include
from rowd.cli.secrets_check import secrets_check

secrets_app = group("Say which secrets rowd.toml names, and whether they are there.", "rowd secrets check")
include(secrets_app, secrets_check, "check")
