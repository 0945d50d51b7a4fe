"""A stand-in for Airtable: its REST API v0, Meta API and webhooks.

What isn't served answers 501: attachments' upload, views and their sharing, enterprise and collaborators' administration, syncs.
"""

from __future__ import annotations

from tests.emulators.airtable.person import Person
from tests.emulators.airtable.recordings import prepare_replay
from tests.emulators.airtable.seeds import SAMPLE_BASE, TASKS, THOUSAND, add_table, fill
from tests.emulators.airtable.service import DAEMON, OWNER, TOKEN, Airtable
from tests.emulators.airtable.service import make_service as make
from tests.emulators.airtable.switches import SWITCHES

__all__ = [
    "DAEMON",
    "OWNER",
    "SAMPLE_BASE",
    "SWITCHES",
    "TASKS",
    "THOUSAND",
    "TOKEN",
    "Airtable",
    "Person",
    "add_table",
    "fill",
    "make",
    "prepare_replay",
]
