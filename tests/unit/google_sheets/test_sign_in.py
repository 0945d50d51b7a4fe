"""A person who signs in: the client, the flow by Google's own library, what is kept, and the tokens that it is good for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Timer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from connectors import whole
from connectors.api import Authorizable, Examinable, Place
from connectors.errors import NeedsOwner, TryLater
from connectors.google_sheets import BACKEND, GoogleSheetsSettings
from connectors.google_sheets.credentials import DRIVE, SHEETS
from connectors.google_sheets.kept import SignIn, Store
from connectors.signing_in import SignedIn
from tests.conformance.sheets_bench import TAB, SheetsBench, World
from tests.emulators.core.exchange import Answer
from tests.emulators.core.faults import Fault
from tests.emulators.google_sheets import OWNER
from tests.emulators.google_sheets.accounts import AUTH
from tests.emulators.google_sheets.visitor import Visitor

Make = Callable[..., SheetsBench]
BACK = "http://127.0.0.1:9/"
TOKEN = "google-token.json"


@pytest.fixture
def signed(make: Make) -> SheetsBench:
    """A bench whose table is opened by a person; nobody has signed in yet."""
    return with_client(make())


def with_client(bench: SheetsBench) -> SheetsBench:
    (bench.folder / "client.json").write_text(json.dumps(bench.service.accounts.oauth_client(bench.server.base)))
    bench.table.close()
    bench.table = by_person(bench)
    return bench


def by_person(bench: SheetsBench, **said: object) -> Any:
    return bench.opened(credentials=None, oauth_client="client.json", **said)


def brought(address: str, *, email: str = OWNER, untick: tuple[str, ...] = (), allow: bool = True) -> str:
    """The query with which a browser would come back."""
    return urlsplit(Visitor(email).led_to(address, allow=allow, untick=untick)).query


def sign_in(bench: SheetsBench, table: Any = None, **how: Any) -> SignedIn:
    table = table or bench.table
    assert isinstance(table, Authorizable)
    begun = table.sign_in(BACK)
    query = brought(begun.address, **how)
    assert begun.ours(query)
    return begun.finish(query)


def trouble(call: Callable[[], object], kind: type[Exception] = NeedsOwner) -> str:
    with pytest.raises(kind) as raised:
        call()
    return str(raised.value)


# --- the flow


def test_a_person_signs_in_and_the_table_is_read_and_written_as_theirs(signed: SheetsBench) -> None:
    assert "nobody has signed in yet" in (said := trouble(signed.table.read))
    assert "`rowd login Ops`" in said
    found = sign_in(signed)
    assert (found.account, found.kept, found.lasts) == (OWNER, str(signed.folder / TOKEN), None)
    assert len(signed.table.read().rows) == 3
    assert {window.scope for window in signed.table.traits.windows} == {f"Google account {OWNER}", "Google Cloud project emulated"}


def test_what_is_asked_for(signed: SheetsBench) -> None:
    asked = {name: values[0] for name, values in parse_qs(urlsplit(signed.table.sign_in(BACK).address).query).items()}
    assert asked["scope"].split() == [SHEETS, DRIVE]
    assert (asked["access_type"], asked["prompt"], asked["redirect_uri"]) == ("offline", "consent", BACK)
    assert (asked["code_challenge_method"], len(asked["code_challenge"])) == ("S256", 43)
    assert len(asked["state"]) >= 20
    more = signed.table.sign_in(BACK)
    assert parse_qs(urlsplit(more.address).query)["state"] != [asked["state"]]


def test_without_drive_there_is_one_scope_and_nobody_is_named(signed: SheetsBench) -> None:
    table = by_person(signed, ask_drive=False)
    assert sign_in(signed, table).account == ""
    assert len(table.read().rows) == 3
    assert {scope for grant in signed.service.accounts.tokens.values() for scope in grant.scopes} == {SHEETS}
    assert "Sign in anew, and tick every box" in trouble(signed.table.read)  # that table needs Drive, too
    sign_in(signed)
    sign_in(signed, table)  # which doesn't take away from the other what it needs
    assert len(signed.table.read().rows) == 3
    table.close()


def test_what_a_stranger_brings_is_not_ours(signed: SheetsBench) -> None:
    begun = signed.table.sign_in(BACK)
    query = brought(begun.address)
    assert not begun.ours("")
    assert not begun.ours("code=4/0x&state=")
    assert not begun.ours(query.replace("state=", "state=x"))
    assert begun.ours(query)


def test_a_code_is_good_once_and_with_its_verifier(signed: SheetsBench) -> None:
    begun, other = signed.table.sign_in(BACK), signed.table.sign_in(BACK)
    query = brought(begun.address)
    code = parse_qs(query)["code"][0]
    state = parse_qs(urlsplit(other.address).query)["state"][0]
    stolen = urlencode({"code": code, "state": state})
    assert "Google refuses the sign-in (invalid_grant: Invalid code verifier.)" in trouble(lambda: other.finish(stolen))
    assert "Malformed auth code" in trouble(lambda: begun.finish(query))
    assert not (signed.folder / TOKEN).exists()


def test_a_box_that_was_not_ticked(signed: SheetsBench) -> None:
    said = trouble(lambda: sign_in(signed, untick=(DRIVE,)))
    assert f"the sign-in lacks {DRIVE}. Tick every box" in said
    assert not (signed.folder / TOKEN).exists()


def test_a_person_who_declines(signed: SheetsBench) -> None:
    assert "access was declined" in trouble(lambda: sign_in(signed, allow=False))


@pytest.mark.parametrize(
    ("error", "says"),
    [
        ("org_internal", "organisation"),
        ("admin_policy_enforced", "organisation"),
        ("server_error", "Google declined (server_error)"),
    ],
)
def test_other_ways_in_which_google_declines(signed: SheetsBench, error: str, says: str) -> None:
    begun = signed.table.sign_in(BACK)
    assert says in trouble(lambda: begun.finish(f"error={error}"))


@pytest.mark.parametrize("answer", [Answer.of(503, {}), Answer.html(502, "<html>Bad Gateway"), Answer.of(429, {})])
def test_a_token_service_that_fails_keeps_nothing(signed: SheetsBench, answer: Answer) -> None:
    begun = signed.table.sign_in(BACK)
    query = brought(begun.address)
    signed.service.faults.add(Fault("token", answer=answer))
    said = trouble(lambda: begun.finish(query), TryLater)
    assert f"failed (it answered {answer.status})" in said
    assert not (signed.folder / TOKEN).exists()


@pytest.mark.parametrize("fault", [Fault("token", reset=True), Fault("token", answer=Answer.html(200, "<html>4/0AX code"))])
def test_a_token_service_out_of_reach_or_not_googles(signed: SheetsBench, fault: Fault) -> None:
    begun = signed.table.sign_in(BACK)
    query = brought(begun.address)
    signed.service.faults.add(fault)
    with pytest.raises((TryLater, NeedsOwner)) as raised:
        begun.finish(query)
    assert parse_qs(query)["code"][0] not in str(raised.value)
    assert "4/0AX" not in str(raised.value)


def test_a_token_service_that_drips_keeps_nothing(signed: SheetsBench, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = signed.table.sign_in(BACK)
    query = brought(begun.address)

    class Over(Timer):
        def start(self) -> None:
            self.function(*self.args)

    with monkeypatch.context() as patched:
        patched.setattr(whole, "Timer", Over)  # the time is over before anything has come
        assert "127.0.0.1 was still at its answer after 4m" in trouble(lambda: begun.finish(query), TryLater)
    assert not (signed.folder / TOKEN).exists()


def test_a_drive_that_does_not_say_who_it_is_is_no_obstacle(signed: SheetsBench) -> None:
    signed.service.faults.add(Fault("drive.about", answer=Answer.of(403, {"error": {"code": 403}})))
    assert sign_in(signed).account == ""
    assert len(signed.table.read().rows) == 3


def test_a_testing_app_that_says_how_long_it_lasts(make: Make) -> None:
    assert sign_in(with_client(make(World({"publishing": "testing_told"})))).lasts == timedelta(seconds=604_799)


def test_plain_http_is_for_this_machine_alone_and_needs_no_leave(signed: SheetsBench) -> None:
    """oauthlib has a variable that lets plain http go anywhere: it is nobody's here."""
    assert "OAUTHLIB_INSECURE_TRANSPORT" not in os.environ
    assert urlsplit(signed.table.sign_in(BACK).address).scheme == "http"
    sign_in(signed)
    assert "OAUTHLIB_INSECURE_TRANSPORT" not in os.environ


# --- what is kept


def test_it_is_kept_for_one_user_and_replaced_in_one_step(signed: SheetsBench) -> None:
    old = os.umask(0)
    try:
        sign_in(signed)
    finally:
        os.umask(old)
    store = signed.folder / TOKEN
    first = store.stat()
    assert first.st_mode & 0o777 == 0o600
    with store.open() as reader:  # whoever reads meanwhile has the old one whole
        sign_in(signed)
        assert json.load(reader)["account"] == OWNER
    assert store.stat().st_ino != first.st_ino
    assert [path.name for path in signed.folder.iterdir() if path.name.startswith(".")] == []


def test_a_store_that_others_may_read_is_refused(signed: SheetsBench) -> None:
    sign_in(signed)
    (signed.folder / TOKEN).chmod(0o640)
    said = trouble(signed.table.read)
    assert f"chmod 600 {signed.folder / TOKEN}" in said
    (signed.folder / TOKEN).chmod(0o600)
    assert len(signed.table.read().rows) == 3


def test_no_link_leads_to_it(signed: SheetsBench) -> None:
    sign_in(signed)
    store = signed.folder / TOKEN
    elsewhere = store.rename(signed.folder / "elsewhere.json")
    store.symlink_to(elsewhere)
    assert "is a symbolic link" in trouble(signed.table.read)
    assert "is a symbolic link" in trouble(lambda: signed.table.sign_in(BACK))
    store.unlink()
    store.symlink_to(signed.folder / "nowhere")
    assert "is a symbolic link" in trouble(lambda: signed.table.sign_in(BACK))


def test_a_file_of_another_kind_is_never_replaced(signed: SheetsBench) -> None:
    table = by_person(signed, token="client.json")
    assert "is something else than a sign-in of rowd's, and stays" in trouble(lambda: table.sign_in(BACK))
    (signed.folder / "client.json").chmod(0o600)
    assert "holds no sign-in of rowd's" in trouble(table.read)


def test_a_folder_that_is_not_there_is_told_before_anybody_signs_in(signed: SheetsBench) -> None:
    assert "can't be kept" in trouble(lambda: by_person(signed, token="none/token.json").sign_in(BACK))


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"type": "rowd sign-in"}', '{"type": "authorized_user"}'])
def test_what_is_no_sign_in(tmp_path: Path, text: str) -> None:
    store = Store(tmp_path / TOKEN, "Ops", "rowd login Ops")
    store.path.touch(0o600)
    store.path.write_text(text)
    assert "holds no sign-in" in trouble(store.read)


def test_a_pipe_in_its_place_stops_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / TOKEN, 0o600)
    assert "is no file" in trouble(Store(tmp_path / TOKEN, "Ops", "rowd login Ops").read)


def test_nothing_of_it_shows_where_it_is_printed(tmp_path: Path) -> None:
    assert "hush" not in repr(SignIn("client", "hush", frozenset()))


# --- the daemon's side


def test_access_that_was_taken_back_and_a_new_sign_in_without_a_restart(signed: SheetsBench) -> None:
    sign_in(signed)
    signed.table.read()
    signed.service.accounts.revoke(OWNER)
    said = trouble(signed.table.read)
    assert f"{OWNER} took the access back" in said
    assert "`rowd login Ops`" in said
    sign_in(signed)
    assert len(signed.table.read().rows) == 3


def test_who_signs_in_while_a_token_is_asked_for_is_not_told_to_do_so(signed: SheetsBench) -> None:
    sign_in(signed)
    store = signed.folder / TOKEN
    dead = store.read_text()
    signed.service.accounts.revoke(OWNER)
    sign_in(signed)
    good = store.read_text()
    store.write_text(dead)
    signed.service.before.append(lambda request: store.write_text(good) if request.path == "/token" else None)
    assert len(by_person(signed).read().rows) == 3


def test_who_signs_in_while_the_old_token_is_still_good_counts_at_once(signed: SheetsBench) -> None:
    sign_in(signed)
    signed.table.read()
    stranger = "ann@example.com"
    signed.service.accounts.account(stranger)
    sign_in(signed, email=stranger)
    said = trouble(signed.table.read)
    assert f"{stranger} may not open the spreadsheet" in said
    assert "sign in with another: `rowd login Ops`" in said
    signed.person.share(stranger, "reader")
    assert len(signed.table.read().rows) == 3


def test_an_app_in_testing_ends_after_seven_days(make: Make) -> None:
    bench = with_client(make(World({"publishing": "testing"})))
    assert sign_in(bench).lasts is None
    bench.table.read()
    bench.clock.advance(days=7)
    bench.service.accounts.tokens.clear()
    assert "after 7 days, where the status of the OAuth app is Testing: publish it" in trouble(bench.table.read)


def test_a_sign_in_of_another_client(signed: SheetsBench) -> None:
    sign_in(signed)
    client = json.loads((signed.folder / "client.json").read_text())
    client["installed"]["client_id"] = "another"
    (signed.folder / "client.json").write_text(json.dumps(client))
    assert "was made with another OAuth client" in trouble(by_person(signed).read)


def test_a_client_that_was_deleted(signed: SheetsBench) -> None:
    sign_in(signed)
    signed.service.accounts.clients.clear()
    assert "The OAuth client was deleted" in trouble(signed.table.read)


def test_a_token_that_is_never_accepted_is_asked_for_twice_and_no_more(signed: SheetsBench) -> None:
    sign_in(signed)
    signed.service.journal.clear()
    signed.service.faults.add(Fault("spreadsheets.get", answer=Answer.of(401, {"error": {"code": 401, "message": "no"}})))
    assert "Sign in anew: `rowd login Ops`" in trouble(signed.table.read)
    assert signed.service.journal.counts() == {"token": 2, "spreadsheets.get": 2}


def test_a_token_service_that_fails_is_asked_once_and_waited_for(signed: SheetsBench) -> None:
    sign_in(signed)
    signed.service.journal.clear()
    signed.service.faults.add(Fault("token", answer=Answer.of(503, {})))
    assert "token service failed" in trouble(signed.table.read, TryLater)
    assert signed.service.journal.counts() == {"token": 1}


# --- what is given


def test_the_client_as_a_secret(signed: SheetsBench) -> None:
    client = (signed.folder / "client.json").read_text()

    def opened(secret: Callable[[str], str]) -> Any:
        said = {"spreadsheet": signed.file.id, "tab": TAB, "oauth_client_secret": "CLIENT", "endpoint": signed.server.base}
        place = Place(name="Ops", base=signed.folder, id_column="ID", name_column="Name", secret=secret)
        return BACKEND.open(GoogleSheetsSettings.model_validate(said), place)

    sign_in(signed, opened({"CLIENT": client}.__getitem__))
    table = opened({"CLIENT": client}.__getitem__)
    assert len(table.read().rows) == 3
    table.close()
    assert "CLIENT has no value" in trouble(lambda: opened({}.__getitem__).sign_in(BACK))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"type": "service_account"}, "is the key of a service account: name it with credentials"),
        ({"web": {}}, "is an OAuth client of the type Web application"),
        ({}, "is no OAuth client"),
        ({"installed": {"client_id": "x"}}, "it has no client_secret, auth_uri, token_uri"),
        (
            {"installed": {"client_id": "x", "client_secret": "s", "auth_uri": "https://a", "token_uri": "http://example.com/t"}},
            "its token_uri is no https address",
        ),
        (
            {"installed": {"client_id": "x", "client_secret": "s", "auth_uri": "http://example.com", "token_uri": "https://t"}},
            "its auth_uri is no https address",
        ),
    ],
)
def test_files_that_are_no_clients(signed: SheetsBench, given: dict[str, Any], says: str) -> None:
    (signed.folder / "client.json").write_text(json.dumps(given))
    assert says in trouble(lambda: signed.table.sign_in(BACK))
    assert says in trouble(signed.table.read)


def test_a_client_in_the_place_of_a_key_and_a_table_where_nobody_signs_in(signed: SheetsBench) -> None:
    assert "name it with oauth_client" in trouble(signed.opened(credentials="client.json").read)
    assert "is opened by a service account" in trouble(lambda: signed.opened().sign_in(BACK))


def test_the_checks_say_piece_by_piece_how_it_stands(signed: SheetsBench) -> None:
    def checks() -> list[tuple[str, bool | None, str]]:
        assert isinstance(signed.table, Examinable)
        return [(check.what, check.good, check.says) for check in signed.table.examine()]

    client, nobody = checks()
    assert client == ("client", True, "the OAuth client is one of the project emulated")
    assert nobody[:2] == ("credentials", False)
    assert "`rowd login Ops`" in nobody[2]
    sign_in(signed)
    assert [(what, good) for what, good, _ in checks()] == [
        ("client", True),
        ("credentials", True),
        ("connection", True),
        ("tab", True),
        ("permission", True),
        ("room", True),
    ]
    assert checks()[1][2] == f"{OWNER} has signed in, as {signed.folder / TOKEN} has it"
    signed.service.accounts.revoke(OWNER)
    signed.table.close()
    signed.table = by_person(signed)
    assert (checks()[-1][0], "took the access back" in checks()[-1][2]) == ("connection", True)


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({}, "needs one of"),
        ({"oauth_client": "c.json", "credentials": "k.json"}, "not both credentials and oauth_client"),
        ({"oauth_client": "c.json", "oauth_client_secret": "C"}, "not both oauth_client and oauth_client_secret"),
        ({"credentials": "k.json", "token": "t.json"}, "token is where a person's sign-in is kept"),
    ],
)
def test_settings_that_do_not_go_together(said: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        GoogleSheetsSettings.model_validate({"spreadsheet": "x", "tab": "T", **said})


def test_the_scopes_are_those_of_a_service_account(signed: SheetsBench) -> None:
    sign_in(signed)
    kept = json.loads((signed.folder / TOKEN).read_text())
    assert kept["scopes"] == sorted([AUTH + "spreadsheets", AUTH + "drive.metadata.readonly"])
    assert signed.service.accounts.oauth_client("x")["installed"]["client_secret"] not in json.dumps(kept)
