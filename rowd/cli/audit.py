"""`rowd audit`: who did what, in records of which none can be changed unnoticed."""

from __future__ import annotations

from rowd.cli.audit_export import audit_export
from rowd.cli.audit_head import audit_head
from rowd.cli.audit_list import audit_list
from rowd.cli.audit_verify import audit_verify
from rowd.cli.command import group, include

audit_app = group(
    "Tell who did what, out of a trail that can't be changed unnoticed.",
    "rowd audit list --since 7d",
    "rowd audit verify",
    "rowd audit head",
)
include(audit_app, audit_list, "list")
include(audit_app, audit_verify, "verify")
include(audit_app, audit_head, "head")
include(audit_app, audit_export, "export")
