"""The emulator itself: who is let in, where things are found, and which part serves what."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from tests.emulators.airtable import errors
from tests.emulators.airtable.changes import Transaction
from tests.emulators.airtable.ids import Ids, is_id
from tests.emulators.airtable.limits import PLANS, Limits
from tests.emulators.airtable.model import LEVELS, Base, Record, Table, Token, User, Workspace
from tests.emulators.airtable.reading import Reader
from tests.emulators.airtable.switches import SWITCHES
from tests.emulators.core.clock import Clock
from tests.emulators.core.emulator import Emulator
from tests.emulators.core.exchange import Answer, NoJson, NotEmulated, Refused, Request, encoded
from tests.emulators.core.switches import Switches

MAX_URL = 16_000
"""Characters; airtable.com/developers/web/api/list-records (VENDORS.md B2)."""
_BASE = re.compile(r"/v0/(?:meta/bases/|bases/)?(app[A-Za-z0-9]{14})(?:/|$)")
_REAL = re.compile(r"/(?:v0/(?:meta|bases|app[A-Za-z0-9]{14})/|scim/|oauth2/)")

OWNER = User("usrRowdOwner00001", "owner@example.com", "Olive Owner")
DAEMON = User("usrRowdDaemon0001", "daemon@example.com", "Rowd Daemon")
TOKEN = "patRowdEmulator01.daemon"
"""Of DAEMON, with every scope."""


class Airtable(Emulator):
    """tokens: by secret.   bases: by id.   committed: told of each transaction.   quotas: see `limits`.   pings: see `webhooks`."""

    def __init__(self, clock: Clock, switches: Switches, seed: int = 0) -> None:
        super().__init__(clock, switches, seed)
        self.ids = Ids(seed)
        self.quotas = Limits(switches)
        self.tokens: dict[str, Token] = {}
        self.bases: dict[str, Base] = {}
        self.workspace = Workspace("wspRowdWorkspace1")
        self.committed: list[Callable[[Base, Transaction], None]] = []
        self._readers: dict[str, Reader] = {}
        self.let_in(Token(TOKEN, DAEMON))
        self._wire()

    def _wire(self) -> None:
        from tests.emulators.airtable.comments import Comments
        from tests.emulators.airtable.listing import Listing
        from tests.emulators.airtable.meta import Meta
        from tests.emulators.airtable.records import Records
        from tests.emulators.airtable.webhooks import Webhooks

        self.webhooks = Webhooks(self)
        self.listing = Listing(self)
        for part in (Meta(self), self.webhooks, Comments(self), self.listing, Records(self)):
            part.route()

    def let_in(self, token: Token) -> Token:
        self.tokens[token.secret] = token
        return token

    def add_base(self, base: Base) -> Base:
        """The owner owns it, and the daemon may create in it, unless it says otherwise."""
        self.bases[base.id] = base
        for user, level in ((OWNER, "owner"), (DAEMON, "create")):
            if user.id not in base.access:
                base.share(user, level)
        self._readers.pop(base.id, None)
        return base

    def reader(self, base: Base) -> Reader:
        if base.id not in self._readers:
            self._readers[base.id] = Reader(base, self.clock, self.switches)
        return self._readers[base.id]

    def admit(self, request: Request, operation: str) -> None:
        token = self.token(request)
        if len(request.target) > MAX_URL:
            raise Refused(Answer.html(414, "<h1>414 URI Too Long</h1>"))
        if self.switches["body_limit"] == "100kB" and len(request.body) > 100_000:
            raise errors.refusal(413, "REQUEST_TOO_LARGE")
        match = _BASE.match(request.path)
        base = self.bases.get(match[1]) if match is not None else None
        meta = request.path.startswith("/v0/meta/")
        self.quotas.admit(
            self.clock.now(),
            None if token.oauth else token.user,
            base,
            meta=meta,
            upsert=operation == "records.update" and _upserts(request),
        )

    def token(self, request: Request) -> Token:
        """Whose request it is. Raises Refused."""
        token = self.tokens.get(request.bearer or "")
        if token is None or (token.expires is not None and token.expires <= self.clock.now()):
            raise errors.unauthorized()
        return token

    def no_json(self, why: str) -> Answer:
        return errors.refusal(422, "INVALID_REQUEST_BODY", "Could not parse request body").answer

    def unknown(self, request: Request) -> Answer | None:
        return None if _REAL.match(request.path) else errors.not_found().answer

    def enter(self, request: Request, base_id: str, scope: str, level: str) -> Base:
        """The base, where this token has the scope and the grant, and its user at least this level. Raises Refused."""
        if base_id in ("meta", "bases"):
            raise NotEmulated(f"{request.method} {request.path}")
        token = self.token(request)
        base = self.bases.get(base_id)
        if not is_id(base_id, "app") or (base is None and token.api_key):
            raise errors.not_found()
        if token.api_key and scope.startswith("schema.") and scope not in token.scopes:
            raise errors.not_found_object()
        granted = token.bases is None or base_id in token.bases
        if base is None or not granted or not base.level(token.user) or scope not in token.scopes:
            raise errors.forbidden()
        if base.level(token.user) < LEVELS.index(level):
            raise errors.not_allowed()
        return base

    def find_table(self, request: Request, base: Base, name: str) -> Table:
        """By name or id. Raises Refused."""
        table = base.table(name)
        if table is None:
            raise errors.no_table(name, base.id) if self.token(request).api_key else errors.forbidden()
        return table

    def find_record(self, base: Base, table: Table, record_id: str, *, elsewhere: bool = False) -> tuple[Table, Record]:
        """elsewhere: look into the base's other tables too, where the switch says so. Raises Refused."""
        if not is_id(record_id, "rec"):
            raise errors.not_found()
        tables = [table]
        if elsewhere and self.switches["get_elsewhere"] == "whole_base":
            tables += base.tables
        for each in tables:
            if record_id in each.records:
                return each, each.records[record_id]
        raise errors.no_record() if self.switches["unknown_record"] == "404" else errors.forbidden()

    @contextmanager
    def change(self, base: Base, user: User, source: str = "publicApi") -> Iterator[Transaction]:
        """One transaction: numbered, and told to webhooks, unless it changed nothing. All of it or nothing."""
        transaction, number = Transaction(base, self.reader(base), self.clock.now(), user, source), base.transaction
        try:
            yield transaction
            if not transaction.empty:
                base.transaction += 1
                for listener in self.committed:
                    listener(base, transaction)
        except (Refused, NotEmulated):
            transaction.take_back()
            base.transaction = number
            raise
        transaction.kept.clear()

    def snippet(self, base: str) -> str:
        """For the first table of the first base, and for `.env` beside it."""
        tables = [(held.id, table.name) for held in self.bases.values() for table in held.tables]
        base_id, table = tables[0] if tables else ("", "")
        return f"""[tables.tasks]
connector = "airtable"
base = "{base_id}"
table = {encoded(table)}
view = "Grid view"
plan = "team"
endpoint = "{base}"
# In .env beside it:
# AIRTABLE_TOKEN={TOKEN}
"""

    def room(self, base: Base, more: int) -> None:
        """Check the plan's limit of records. Raises Refused. The message is a guess: no page has it."""
        held = sum(len(table.records) for table in base.tables)
        if self.quotas.on and held + more > PLANS[base.workspace.plan].records:
            raise errors.refusal(422, "RECORD_LIMIT_REACHED", "This base has reached its limit of records")


def _upserts(request: Request) -> bool:
    try:
        return isinstance(request.json, dict) and "performUpsert" in request.json
    except NoJson:
        return False


def make_service(clock: Clock, switches: Mapping[str, str] | None = None, seed: int = 0) -> Airtable:
    """One without bases, with TOKEN. Raises ValueError for a switch or an answer that isn't there."""
    return Airtable(clock, Switches(SWITCHES, switches), seed)
