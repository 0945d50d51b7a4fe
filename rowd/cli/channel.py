"""`rowd channel`: where people are told of problems."""

from __future__ import annotations

from rowd.cli.channel_list import channel_list
from rowd.cli.channel_test import channel_test
from rowd.cli.command import group, include

channel_app = group(
    "Say how the channels stand that tell people of problems, and try them out.",
    "rowd channel list",
    "rowd channel test ops-mail",
)
include(channel_app, channel_list, "list")
include(channel_app, channel_test, "test")
