"""`rowd secrets check`: each secret, who gets it, where its value comes from, and what is wrong with that."""

from __future__ import annotations

from collections.abc import Iterator

import typer
from msgspec import Struct

from config.environment import is_override
from config.readers import exposed
from rowd.bound import Site
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption
from rowd.cli.output import Styled, clean, emit_json, plural, print_table, say, warn
from rowd.cli.site import whatever_is_right
from rowd.hiding import declarations

NO_VALUE = "has no value"
TO_NOBODY = "given to nobody"


class Secret(Struct, frozen=True):
    """One, as `--json` has it.

    used_by: keys of rowd.toml.   value_from: a file, "environment", or "command" and its program; null where there is none.
    """

    name: str
    used_by: list[str]
    value_from: str | None
    missing: bool


@examples("rowd secrets check", "rowd secrets check --json | jq '.secrets[] | select(.missing) | .name'")
def secrets_check(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say of each secret that rowd.toml names who gets it and where its value comes from. No value is shown, nor asked of anybody.

    Values come from the environment, from credentials of systemd, from .env, or from commands of rowd.toml, which are run; what
    only the service has (its credentials, /etc/rowd/env) is missing here. Ends with 1 where a value is missing, or others can read
    it.
    """
    site, mistakes = whatever_is_right(config)
    for mistake in mistakes:
        if not mistake.message.endswith(NO_VALUE):  # that is told below
            warn(str(mistake))
    if site is None:
        raise typer.Exit(int(Exit.OWNER))
    secrets, open_ = list(_secrets(site)), list(_open(site))
    missing = sum(one.missing for one in secrets)
    if as_json:
        emit_json({"secrets": secrets, "missing": missing, "exposed": open_})
    elif not secrets:
        say(f"{clean(str(site.config.file))} names no secret, and there is none in .env.")
    else:
        print_table(["Secret", "Value from", "Used by"], [_line(one) for one in secrets])
        say()
        say(
            f"{plural(missing, 'secret')} without a value: put NAME=… into .env beside rowd.toml"
            if missing
            else "Each has a value."
        )
    if not as_json:
        for sentence in open_:
            warn(sentence)
    if missing or open_:
        raise typer.Exit(int(Exit.BAD))


def _secrets(site: Site) -> Iterator[Secret]:
    """By name; those of `.env` and of credentials that nobody is given come last."""
    config, users = site.config, dict[str, list[str]]()
    of_tables = ((f"tables.{name}", secret) for name, bound in site.tables.items() for secret in bound.secrets)
    for where, secret in (*declarations(config), *of_tables):
        users.setdefault(secret, []).append(where)
    for name in sorted(users):
        yield Secret(name, users[name], config.sources.get(name), name not in config.sources)
    for name in sorted(config.kept.keys() - users.keys()):
        if not is_override(name):
            yield Secret(name, [], config.sources.get(name), missing=False)


def _open(site: Site) -> Iterator[str]:
    """A sentence on each file that others can read secrets from."""
    if (told := exposed(site.config.env_file)) is not None:
        yield told
    for bound in site.tables.values():
        yield from bound.exposed


def _line(one: Secret) -> list[Styled]:
    where = (NO_VALUE, "red") if one.missing else one.value_from or ""
    return [one.name, where, ", ".join(one.used_by) or (TO_NOBODY, "dim")]
