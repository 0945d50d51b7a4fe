"""`rowd service uninstall`: rowd is no service of systemd any longer."""

from __future__ import annotations

from rowd.cli.command import examples
from rowd.cli.options import JsonOption
from rowd.cli.output import say
from rowd.cli.servicing import DryRunOption, NameOption, Report, UserOption, meant
from rowd.systemd.accounts import ROWD, account_of
from rowd.systemd.removing import uninstalled


@examples(
    "sudo rowd service uninstall --dry-run",
    "sudo rowd service uninstall",
    "rowd service uninstall --user",
)
def service_uninstall(
    user: UserOption = False, name: NameOption = "rowd", dry_run: DryRunOption = False, as_json: JsonOption = False
) -> None:
    """Stop the service, and remove what rowd service install made of it.

    That is the unit and rowd's drop-in. All else stays, and is named: rowd.toml, tables, what rowd keeps, the account, and
    drop-ins of yours.
    """
    service = meant(name, user)
    service.admit()
    plan = uninstalled(service.unit, service.control, service.standing())
    if not service.own and account_of(ROWD) is not None:
        plan.stays.append(f"the account {ROWD}, and its folder /var/lib/rowd")
    report = Report(as_json, dry_run)
    code = report.carry_out(plan)
    if not as_json and report.changes:
        for one in plan.stays:
            say(f"  stays: {one}")
    report.end(service, plan, code, f"There is no service {name} of rowd here.", stays=plan.stays)
