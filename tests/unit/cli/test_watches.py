"""What commands say of watched sources, of rows that react to them, and of values with braces."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.ledger import WatchMark
from engine.watching import Source
from rowd.cli.site import site_at
from tests.unit.cli.desk import Desk

HEADER = "ID,Name,Type,Action,Schedule,Watch,Counts,Threshold,Current,Status,Metadata"
WATCH = """
[watch.inbox]
kind = "file"
path = "inbox/*.csv"
[watch.gone]
kind = "git"
path = "nowhere"
[actions.file]
kind = "simulate"
[actions.file.parameters]
file = { type = "text" }
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(
        tmp_path,
        "1,take,,work,,inbox,,,,active,",
        "2,build,on_commit,work,,gone,,,,active,",
        "3,count,counter,work,,,inbox,3,0,active,",
        '4,dated,manual,file,,,,,,active,"{""file"": ""{{ date }}.csv""}"',
        '5,wants,manual,file,,,,,,active,"{""file"": ""{{ last_success | format }}.csv""}"',
        more=WATCH,
        header=HEADER,
    )


def mark(desk: Desk, name: str, **fields: object) -> None:
    before = WatchMark(name, "a", "1", None, datetime.now(UTC) - timedelta(minutes=5))
    with desk.ledger() as ledger:
        ledger.mark_watch(WatchMark(**{**{f: getattr(before, f) for f in before.__struct_fields__}, **fields}))  # type: ignore[arg-type]  # each field is given its own


def test_show_says_what_a_row_waits_for(desk: Desk) -> None:
    said = desk.said("show", "take")
    assert "Why not now It waits until something changes in inbox;" in said
    assert "Type on_change" in said
    assert "when Current reaches 3, counted up by inbox" in desk.said("show", "count")


def test_show_says_what_a_value_would_be_now(desk: Desk) -> None:
    today = datetime.now(UTC).date().isoformat()
    said = desk.said("show", "dated")
    assert re.search(r'Parameters file = \{\{ date \}\}\.csv \(now "20\d\d-\d\d-\d\d\.csv"\)', said), said
    assert today[:4] in said
    assert "can't be told now: last_success is not known: it has not succeeded yet" in desk.said("show", "wants")
    assert desk.json("show", "dated")["settings"]["filled_in"] == {"file": "{{ date }}.csv"}


def test_status_tells_how_sources_stand_and_fails_where_one_is_in_trouble(desk: Desk) -> None:
    now = datetime.now(UTC)
    mark(desk, "inbox", changed_at=now - timedelta(seconds=30), summary="a.csv is new")
    mark(desk, "forgotten", summary="of a source that rowd.toml has no more")
    said = desk.said("status", code=1)
    assert re.search(r"Watch inbox: 3\ds ago: a\.csv is new", said), said
    assert "forgotten" not in said
    mark(desk, "gone", trouble="nowhere is not there", since=now - timedelta(minutes=3))
    assert "gone: nowhere is not there (for 3m" in desk.said("status", code=1)
    told = {one["watch"]: one for one in desk.json("status", code=1)["watches"]}
    assert (told["inbox"]["summary"], told["inbox"]["trouble"]) == ("a.csv is new", None)
    assert told["gone"]["trouble"] == "nowhere is not there"


def test_doctor_looks_at_each_source(desk: Desk) -> None:
    said = desk.said("doctor", code=1)
    assert "✓ watch: inbox can be looked at" in said
    assert "✗ watch: gone can't be looked at:" in said


def test_a_kind_that_there_is_not_is_told_with_those_there_are(tmp_path: Path) -> None:
    wrong = Desk(tmp_path, "1,take,,work,,,,,,active,", more='[watch.a]\nkind = "fil"\n[watch.b]\npath = "x"\n', header=HEADER)
    said = wrong.said("check", code=4)
    assert 'watch.a.kind: "fil" is no kind of watched source; did you mean "file"?' in said
    assert 'watch.b: doesn\'t say of what kind it is; add `kind = "file"`' in said


def test_add_takes_a_source_or_refuses_it_with_the_remedy(desk: Desk) -> None:
    assert "added more to ops" in desk.said("add", "more", "--action", "work", "--watch", "inbox")
    assert "when something changes in inbox" in desk.said("show", "more")
    assert 'did you mean "inbox"?' in desk.said("add", "less", "--action", "work", "--watch", "inbx", code=1)
    said = desk.said("add", "both", "--action", "work", "--schedule", "daily 07:00", "--watch", "inbox")
    assert "as row" in said
    assert "every day at 07:00, and when something changes in inbox" in said


ASKED = """
[watch.version]
kind = "command"
argv = ["/bin/sh", "-c", "echo 1.5 for $KEY"]
secrets = ["KEY"]
[watch.orders]
kind = "sql"
path = "shop.sqlite"
query = "SELECT * FROM orders"
new_rows = "id"
[watch.page]
kind = "url"
url = "http://127.0.0.1:1/"
"""


def test_doctor_tells_what_it_saw_of_what_is_asked_again_and_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,take,,work,,orders,,,,active,", more=ASKED, header=HEADER)
    (tmp_path / ".env").write_text("KEY=sesame-open-1\n")
    (tmp_path / ".env").chmod(0o600)
    with closing(sqlite3.connect(tmp_path / "shop.sqlite")) as shop:
        shop.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
        shop.execute("INSERT INTO orders VALUES (7)")
        shop.commit()
    said = desk.said("doctor", code=1)
    assert '✓ watch: version can be looked at: it prints "1.5 for ***"' in said
    assert "✓ watch: orders can be looked at: its newest row is 7" in said
    assert "✗ watch: page can't be looked at: 127.0.0.1:1 refused the connection" in said
    assert "when something changes in orders" in desk.said("list")


def test_a_secret_without_a_value_and_wrong_settings_are_all_told_by_check(tmp_path: Path) -> None:
    desk = Desk(tmp_path, more=ASKED, header=HEADER)
    said = desk.said("doctor", code=1)
    assert "KEY has no value" in said
    assert "version can be looked at" not in said  # without its secret it would be asked in vain
    wrong = ASKED.replace('path = "shop.sqlite"', 'path = "~/shop"').replace('url = "http', 'url = "gopher')
    said = Desk(tmp_path, more=wrong, header=HEADER).said("check", code=4)
    assert "watch.version.secrets: KEY has no value; put KEY=… into .env beside rowd.toml" in said
    assert 'watch.orders.path: "~/shop": "~" means nothing to a daemon; write the path in full' in said
    assert 'watch.page: "gopher://127.0.0.1:1/" is no address of a web service' in said
    server = 'kind = "sql"\ndsn = "host=db"\npassword = "PW"\nquery = "SELECT 1"\n'
    said = Desk(tmp_path, more=f"[watch.db]\n{server}[fact.db]\n{server}", header=HEADER).said("check", code=4)
    assert "watch.db.password: PW has no value; put PW=… into .env" in said
    assert "fact.db.password: PW has no value; put PW=… into .env" in said


def test_a_limit_or_a_secret_that_changed_is_gone_by_and_begins_nothing_anew(tmp_path: Path) -> None:
    def sources() -> dict[str, Source]:
        return dict(site_at(tmp_path / "rowd.toml").parts.sources)

    Desk(tmp_path, more=WATCH + ASKED, header=HEADER)
    (tmp_path / ".env").write_text("KEY=one\n")
    before = sources()
    assert all(one.like(before[name]) for name, one in sources().items())
    (tmp_path / ".env").write_text("KEY=another\n")
    config = tmp_path / "rowd.toml"
    config.write_text(config.read_text().replace('path = "inbox/*.csv"', 'path = "inbox/*.csv"\nmax_files = 5'))
    now = sources()
    assert {name for name, one in now.items() if one.apart} == {"orders"}
    assert {name for name, one in now.items() if not one.like(before[name])} == {"inbox", "version"}
    assert {name: one.definition for name, one in now.items()} == {name: one.definition for name, one in before.items()}
    config.write_text(config.read_text().replace("echo 1.5", "echo 1.6"))
    assert sources()["version"].definition != before["version"].definition


@pytest.mark.parametrize("kind", ["watch", "fact"])
def test_the_password_of_a_server_is_hidden_wherever_something_is_told(tmp_path: Path, kind: str) -> None:
    """A short one, too, which could be any word."""
    server = f'[{kind}.db]\nkind = "sql"\ndsn = "host=db"\npassword = "PW"\nquery = "SELECT 1"\n'
    Desk(tmp_path, more=server, header=HEADER)
    (tmp_path / ".env").write_text("PW=tulip\n")
    assert site_at(tmp_path / "rowd.toml").parts.mask.text("a tulip") == "a ***"
