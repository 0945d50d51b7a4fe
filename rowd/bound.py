"""A site: what `rowd.toml` comes to once all of it is checked, with every table ready to be opened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace
from pydantic import BaseModel

from actions.api import Definition
from config.load import Config
from config.readers import exposed
from connectors.api import Backend, Gate, Lease, Place, Table, fold, open_gate
from engine.columns import Column
from engine.parts import Parts
from engine.rules import TableRules
from engine.windows import WindowFile
from rowd.alerts.channels import Channels
from rowd.endpoints.endpoint import Endpoints

LEDGER, WINDOWS = "ledger.sqlite", "windows"
"""What they are called in the state folder."""


class Lent:
    """Secrets by their names, as one reading of rowd.toml and .env has them; it knows which were asked for."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._asked: set[str] = set()

    def __call__(self, name: str) -> str:
        """Raises KeyError."""
        self._asked.add(name)
        return self._config.secret(name).get_secret_value()

    def differ(self, now: Lent) -> bool:
        """Whether one that was asked for has another value now, has none any more, or has one at last."""
        return any(self._config.variables.get(name) != now._config.variables.get(name) for name in tuple(self._asked))


class Bound(Struct, frozen=True):
    """A table as configured, ready to be opened.

    ledger: of its site.   lent: the secrets that it gets.   served: whether a daemon is to run its rows.
    drafts_expire: how long rows that runs have made wait for somebody to activate them; None for ever.
    max_made_by_runs: so many of these at once.
    """

    rules: TableRules
    backend: Backend
    settings: BaseModel
    place: Place
    ledger: Path
    lent: Lent
    served: bool = True
    drafts_expire: timedelta | None = None
    max_made_by_runs: int = 100

    def open(self, gate: Gate = open_gate) -> Table:
        """Open it. Touches neither file nor network yet.   gate: see `Place`."""
        return self.backend.open(self.settings, replace(self.place, gate=gate))

    def taken_by(self, lease: Lease) -> bool:
        """Whether no daemon of this site may run the table beside whoever holds this."""
        remit = self.rules.rules.remit
        return self.served and not remit.alone and remit.meets(lease)

    @property
    def exposed(self) -> Iterator[str]:
        """A sentence on each file of secrets of its that others can read, too."""
        for file in self.private:
            if (told := exposed(file)) is not None:
                yield told

    @property
    def secrets(self) -> Iterable[str]:
        """The names of those that it asks for."""
        return self.backend.secrets(self.settings)

    @property
    def private(self) -> Iterator[Path]:
        """Its files of secrets, absolute."""
        for file in self.backend.private(self.settings):
            yield self.place.base / file.expanduser()

    @property
    def files(self) -> Iterator[Path]:
        """The files of this machine that it is kept in, absolute, where links lead to."""
        for file in self.backend.files(self.settings):
            yield (self.place.base / file).resolve()

    @property
    def windows(self) -> WindowFile:
        """Of its site."""
        return WindowFile(self.ledger.with_name(WINDOWS))

    def moved(self, now: Bound) -> bool:
        """Whether what is configured now is opened otherwise: elsewhere, or with its keys in other columns."""
        return self.settings != now.settings or _key_columns(self.place) != _key_columns(now.place)

    def renewed(self, now: Bound) -> bool:
        """Whether it is to be opened anew where it is: its secrets have other values, or its dates another zone to fall back on."""
        return self.lent.differ(now.lent) or self.place.zone != now.place.zone

    def rules_if(self, now: Bound) -> TableRules:
        """The rules of now for the table as it was opened: which columns hold its keys is settled by then."""
        kept = {str(c): self.rules.renames.get(str(c)) for c in (Column.ID, Column.NAME)}
        renames = {c: header for c, header in {**now.rules.renames, **kept}.items() if header is not None}
        return replace(now.rules, renames=renames)


class Site(Struct, frozen=True):
    """Everything that `rowd.toml` says, checked and made ready."""

    config: Config
    tables: Mapping[str, Bound]
    parts: Parts
    definitions: Mapping[str, Definition]
    channels: Channels
    endpoints: Endpoints

    @property
    def served(self) -> Mapping[str, Bound]:
        """The tables that a daemon is to run."""
        return {name: bound for name, bound in self.tables.items() if bound.served}

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences for the operator, about what works but shouldn't stay so, each once."""
        exposed = (told for bound in self.tables.values() for told in bound.exposed)
        unset = [name for name in self.config.settings.conditions.env if name not in self.config.variables]
        valueless = (f"conditions.env: {name} has no value here; put {name}=… into the daemon's environment" for name in unset)
        return tuple(dict.fromkeys([*self.config.warnings, *exposed, *valueless]))

    @property
    def state(self) -> Path:
        """The folder of everything rowd keeps: ledger, runs, backups."""
        return self.config.state_dir

    @property
    def ledger(self) -> Path:
        return self.state / LEDGER

    @property
    def windows(self) -> WindowFile:
        """What was spent of the windows of vendors, by whichever process."""
        return WindowFile(self.state / WINDOWS)

    @property
    def wake(self) -> Path:
        """Touched by commands that left a request in the ledger; the daemon watches it."""
        return self.state / "wake"


def _key_columns(place: Place) -> tuple[str, str]:
    return fold(place.id_column), fold(place.name_column)
