"""`rowd endpoint`: web services that are told of events."""

from __future__ import annotations

from rowd.cli.command import group, include
from rowd.cli.endpoint_dead import endpoint_dead, endpoint_drop, endpoint_resend
from rowd.cli.endpoint_list import endpoint_list
from rowd.cli.endpoint_test import endpoint_test

endpoint_app = group(
    "Say how the web services stand that are told of events; send again what they did not take.",
    "rowd endpoint list",
    "rowd endpoint test ops",
    "rowd endpoint resend ops --all",
)
include(endpoint_app, endpoint_list, "list")
include(endpoint_app, endpoint_test, "test")
include(endpoint_app, endpoint_dead, "dead")
include(endpoint_app, endpoint_resend, "resend")
include(endpoint_app, endpoint_drop, "drop")
