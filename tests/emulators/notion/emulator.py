"""The stand-in for the Notion API: which endpoint is served by what, who is let in, what every answer has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from random import Random
from uuid import UUID

from tests.emulators.core.clock import Clock
from tests.emulators.core.emulator import Emulator
from tests.emulators.core.exchange import Answer, NotEmulated, Request
from tests.emulators.core.faults import Fault
from tests.emulators.core.switches import Switches
from tests.emulators.notion.api import Api
from tests.emulators.notion.blocks import Blocks
from tests.emulators.notion.errors import error, invalid, refusal, saved_but_unanswered
from tests.emulators.notion.limits import Limits
from tests.emulators.notion.others import People, Search
from tests.emulators.notion.pages import Pages
from tests.emulators.notion.people import CAPABILITIES, Connection
from tests.emulators.notion.query import Queries
from tests.emulators.notion.shapes import NEW, OLD
from tests.emulators.notion.tables import Databases, Sources
from tests.emulators.notion.world import Database

VERSIONS = (OLD, NEW)
ELDER = ("2021-05-11", "2021-05-13", "2021-08-16", "2022-02-22", "2022-06-28")
"""The real service takes them too: as its own answer lists them, quoted in public repositories."""

TOKEN = "ntn_emulated"

REAL = [
    re.compile(pattern)
    for pattern in (
        r"\w+ /v1/(comments|file_uploads|views|custom_emojis|async_tasks|oauth|meeting_notes)(/.*)?",
        r"(GET|PATCH) /v1/pages/[^/]+/markdown",
        r"POST /v1/pages/[^/]+/move",
        r"GET /v1/pages/[^/]+/properties/[^/]+",
        r"POST /v1/(pages|databases|data_sources|search)",
        r"(GET|PATCH) /v1/(pages|databases|data_sources|blocks)/[^/]+",
        r"DELETE /v1/blocks/[^/]+",
        r"(GET|PATCH) /v1/blocks/[^/]+/children",
        r"POST /v1/data_sources/[^/]+/query",
        r"GET /v1/data_sources/[^/]+/templates",
        r"GET /v1/users(/[^/]+)?",
    )
]
"""What the real service has: what isn't served of them is no mistake of the client's."""

BODY = 500_000
"""Bytes of a request (VENDORS.md C2: 500 KB)."""


@dataclass
class Unanswered(Fault):
    """503 to a write that was saved all the same, with the id of what was made: VENDORS.md C1, C9."""

    def __post_init__(self) -> None:
        self.committed = True

    def upon(self, real: Answer) -> Answer:
        return saved_but_unanswered(real) if real.status < 300 else real


class Notion(Emulator):
    """api: the workspace.   limits: what is let through."""

    def __init__(self, clock: Clock, switches: Switches, seed: int = 0) -> None:
        super().__init__(clock, switches, seed)
        self._numbers = Random(seed)  # noqa: S311 (ids that come again with the same seed)
        self.api = Api(clock, switches, self._numbers)
        self.limits = Limits(switches)
        self._serve()

    def _serve(self) -> None:
        on = self.routes.on
        blocks = Blocks(self.api)
        pages, databases, sources = Pages(self.api, blocks), Databases(self.api), Sources(self.api)
        queries, search, people = Queries(self.api), Search(self.api), People(self.api)
        on("POST", "/v1/pages", "pages.create", pages.create)
        on("GET", "/v1/pages/{page}", "pages.retrieve", pages.retrieve)
        on("PATCH", "/v1/pages/{page}", "pages.update", pages.update)
        on("POST", "/v1/pages/{page}/move", "pages.move", pages.move)
        on("GET", "/v1/pages/{page}/properties/{name}", "pages.properties", pages.property)
        on("POST", "/v1/databases", "databases.create", databases.create)
        on("GET", "/v1/databases/{database}", "databases.retrieve", databases.retrieve)
        on("PATCH", "/v1/databases/{database}", "databases.update", databases.update)
        on("POST", "/v1/data_sources", "data_sources.create", sources.create)
        on("GET", "/v1/data_sources/{source}", "data_sources.retrieve", sources.retrieve)
        on("PATCH", "/v1/data_sources/{source}", "data_sources.update", sources.update)
        on("GET", "/v1/data_sources/{source}/templates", "data_sources.templates", sources.templates)
        on("POST", "/v1/data_sources/{source}/query", "data_sources.query", queries.query)
        on("GET", "/v1/blocks/{block}", "blocks.retrieve", blocks.retrieve)
        on("PATCH", "/v1/blocks/{block}", "blocks.update", blocks.update)
        on("DELETE", "/v1/blocks/{block}", "blocks.delete", blocks.delete)
        on("GET", "/v1/blocks/{block}/children", "blocks.children.list", blocks.children)
        on("PATCH", "/v1/blocks/{block}/children", "blocks.children.append", blocks.append)
        on("POST", "/v1/search", "search", search.search)
        on("GET", "/v1/users/me", "users.me", people.me)
        on("GET", "/v1/users", "users.list", people.everybody)
        on("GET", "/v1/users/{user}", "users.retrieve", people.retrieve)

    def connect(
        self,
        token: str = TOKEN,
        name: str = "rowd",
        *,
        kind: str = "internal",
        capabilities: frozenset[str] = CAPABILITIES,
        expires: datetime | None = None,
    ) -> Connection:
        """A new connection, to which nothing is shared yet.   kind: internal, or personal, which acts as a user."""
        bot = self.api.world.user(name, "bot", {})
        connection = Connection(token, name, bot, kind, capabilities, expires=expires)
        self.api.connections[token] = connection
        return connection

    def answer(self, request: Request) -> Answer:
        """With the id that every answer has, at the end of the body and in a header."""
        with self.lock:
            plain = super().answer(request)
            number = str(UUID(int=self._numbers.getrandbits(128), version=4))
            date = format_datetime(self.clock.now(), usegmt=True)
        if not plain.headers.get("Content-Type", "").startswith("application/json") or not plain.body.endswith(b"}"):
            return plain
        comma = "" if plain.body == b"{}" else ","
        body = b"".join((memoryview(plain.body)[:-1], f'{comma}"request_id":"{number}"}}'.encode()))
        return plain.but(body=body, headers={**plain.headers, "X-Notion-Request-Id": number, "Date": date})

    def admit(self, request: Request, operation: str) -> None:
        token = request.bearer
        connection = self.api.connections.get(token or "")
        now = self.clock.now()
        if connection is None or connection.revoked or (connection.expires is not None and now >= connection.expires):
            raise refusal(401, "unauthorized", "API token is invalid.")
        self.api.users.connection = connection
        self.limits.count(connection.token, operation, now)
        if not operation and self.unknown(request) is not None:
            return  # a path that isn't there is told before anything else
        self._check_version(request)
        if len(request.body) > BODY:
            if self.switches["too_large"] == "413":
                raise refusal(413, "payload_too_large", "The request's body is too large.")
            raise invalid("The request's body is too large.")

    def _check_version(self, request: Request) -> None:
        version = request.headers.get("notion-version")
        if version in VERSIONS:
            self.api.version = str(version)
            return
        if version in ELDER:
            raise NotEmulated(f"Notion-Version {version}")
        path = "Notion-Version header failed validation: Notion-Version header should be"
        if not version:
            raise refusal(400, "missing_version", f"{path} defined, instead was `undefined`.")
        known = ", ".join(f'`"{name}"`' for name in (*ELDER, OLD))
        raise refusal(400, "missing_version", f'{path} {known}, or `"{NEW}"`, instead was `"{version}"`.')

    def no_json(self, why: str) -> Answer:
        return error(400, "invalid_json", "Error parsing JSON body.")

    def unknown(self, request: Request) -> Answer | None:
        if any(pattern.fullmatch(f"{request.method} {request.path}") for pattern in REAL):
            return None
        return error(400, "invalid_request_url", "Invalid request URL.")

    def not_emulated(self, what: str) -> Answer:
        return error(501, "not_emulated", f"{what} is not emulated")

    def snippet(self, base: str) -> str:
        """For the first database that was made, and for `.env` beside it."""
        made = [node.id for node in self.api.world.nodes.values() if isinstance(node, Database)]
        return f"""[tables.tasks]
connector = "notion"
database = "{made[0] if made else ""}"
endpoint = "{base}"
# In .env beside it:
# NOTION_TOKEN={TOKEN}
"""
