"""Whether everything is there that a table needs: the token, the database, its data source's columns, rows, the right to write.

Which capabilities a connection has, Notion doesn't tell (VENDORS.md C6): each request shows the one that it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from connectors.errors import TableError
from connectors.notion.client import Client
from connectors.notion.errors import UPDATES, Asking, Refused
from connectors.notion.source import READS, Source
from connectors.preparing import Check
from connectors.showing import shown

NOBODY = "00000000-0000-4000-8000-000000000000"
"""The form of a page's id, and none that there is: Notion draws them."""


def examined(client: Client, source: Source) -> Iterator[Check]:
    """As `Examinable.examine` has it."""
    looks: tuple[tuple[str, Callable[[], str]], ...] = (
        ("credentials", lambda: _token(client)),
        ("connection", lambda: _database(source)),
        ("table", lambda: _columns(source)),
        ("reading", lambda: _rows(client, source)),
    )
    for what, look in looks:
        try:
            says = look()
        except TableError as exc:
            yield Check.failed(what, exc)
            return
        yield Check(what, says)
    says = f'whether the token has the capability "{UPDATES}" can\'t be told by reading'
    yield Check("permission", says, open=True, proof=lambda: _proved(client))


def _token(client: Client) -> str:
    """Any capability will do: developers.notion.com/reference/get-self. A refusal of another kind knows the token, too."""
    knows = f"Notion knows the token in {client.where.secret}"
    asking = Asking("any", heeds=lambda refused: refused.code == "restricted_resource")
    try:
        name = client.ask(asking, "GET", "users", "me").get("name")
    except Refused:
        return knows
    return f"{knows}: it is that of {shown(name)}" if isinstance(name, str) and name else knows


def _database(source: Source) -> str:
    source.id  # noqa: B018 (looks it up, and raises where it can't be found)
    return "the token may see the database"


def _columns(source: Source) -> str:
    return f"its columns may be read: {len(source.fields().fields)}"


def _rows(client: Client, source: Source) -> str:
    client.ask(READS, "POST", "data_sources", source.id, "query", body={"page_size": 1})
    return f'rows may be read (capability "{READS.capability}")'


def _proved(client: Client) -> Check:
    """A change of no cell of a page that isn't there."""
    asking = Asking(UPDATES, writing=True, heeds=lambda refused: refused.code == "object_not_found")
    try:
        client.ask(asking, "PATCH", "pages", NOBODY, body={"properties": {}})
    except Refused:  # it was looked for, so the token may write
        pass
    except TableError as exc:
        return Check.failed("permission", exc)
    return Check("permission", f'rows may be written (capability "{UPDATES}"); with a personal access token, where its user may')
