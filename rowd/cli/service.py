"""`rowd service`: rowd as a service of systemd."""

from __future__ import annotations

from rowd.cli.command import group, include
from rowd.cli.service_install import service_install
from rowd.cli.service_status import service_status
from rowd.cli.service_uninstall import service_uninstall

service_app = group(
    "Make rowd a service of systemd, and say how that stands.",
    "rowd service install --user --dry-run",
    "sudo rowd service install --config /etc/rowd/rowd.toml",
    "rowd service status",
)
include(service_app, service_install, "install")
include(service_app, service_uninstall, "uninstall")
include(service_app, service_status, "status")
