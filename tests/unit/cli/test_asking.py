"""Requests: put down in the ledger, answered by a daemon that is played here by the clock's naps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from msgspec.structs import replace

from actions.api import Outcome, Result
from connectors.api import Lease
from engine.asked import Wish
from engine.ledger import Ledger
from engine.model import Cause, Occurrence, Stage
from rowd.cli.asking import ANSWERS_WITHIN, Asked, ask, tell
from rowd.cli.site import me, named, reading, site_at
from rowd.note import Note, leave
from tests.unit.cli.desk import Desk

NAMED = " --config {}/rowd.toml"  # as `asked` names it
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
Turn = Callable[[Ledger], None]


class Naps:
    """A clock on which time passes only in naps; during each, the daemon makes its next turn."""

    def __init__(self, desk: Desk, *turns: Turn) -> None:
        self.desk, self.turns, self.passed = desk, list(turns), timedelta(0)

    def now(self) -> datetime:
        return NOW + self.passed

    def monotonic(self) -> float:
        return self.passed.total_seconds()

    uptime = monotonic

    async def sleep_until(self, when: datetime) -> None:
        await self.sleep(when - self.now())

    async def sleep(self, span: timedelta) -> None:
        self.passed += span
        if self.turns:
            turn = self.turns.pop(0)
            with self.desk.ledger() as ledger:
                turn(ledger)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, "1,backup,,daily 03:00,work,active,,,,", "2,count,counter,,work,active,0,3,,")


def asked(desk: Desk, clock: Naps, wish: Wish = Wish.RUN_NOW, *, wait: bool = False) -> Asked:
    site = site_at(desk.folder / "rowd.toml")
    with reading(site) as ledger:
        return ask(site, ledger, named(site, ledger, "backup"), wish, clock, wait=wait)


def takes(ledger: Ledger) -> None:
    """The daemon claims the run that was asked for, and starts it."""
    request = ledger.requests()[0]
    run = Occurrence(
        "run1", "ops", "1", "backup", f"request:{request.id}", Cause.MANUAL, NOW, NOW, Stage.CLAIMED, "work", by=request.by
    )
    assert ledger.claim([run]) == [True]
    ledger.begin([("run1", 1)], NOW)
    ledger.answer(request.id, True, "taken", NOW)


def ends(outcome: Outcome, summary: str) -> Turn:
    return lambda ledger: ledger.end_attempt("run1", 1, NOW, Result(outcome, summary), timedelta(seconds=2)) and None


def refuses(ledger: Ledger) -> None:
    ledger.answer(ledger.requests()[0].id, False, "still running since 12:00", NOW)


def nothing(_: Ledger) -> None:
    pass


def dies(ledger: Ledger) -> None:
    ledger.mark_daemon(None)


def test_where_rowd_never_ran_there_is_nobody_to_ask(desk: Desk) -> None:
    assert "nobody to ask" in desk.said("run-now", "backup", code=3)
    assert not (desk.folder / ".rowd").exists()


def test_without_a_daemon_the_request_is_kept_and_told(desk: Desk) -> None:
    desk.daemon_reads()
    assert "no daemon is running; the request is kept" in desk.said("run-now", "backup")
    with desk.ledger() as ledger:
        request = ledger.requests()[0]
    assert (request.table, request.key, request.wish) == ("ops", "1", Wish.RUN_NOW)
    assert request.by.startswith("cli:")


def test_without_a_daemon_nothing_is_waited_for_and_nothing_asked(desk: Desk) -> None:
    desk.daemon_reads()
    desk.daemon_runs(started=1)  # it was killed: its pid is another process's now
    assert "Nothing was asked" in desk.said("run-now", "backup", "--wait", code=3)
    with desk.ledger() as ledger:
        assert ledger.requests() == []


def elsewhere(desk: Desk, wish: Wish) -> Asked:
    """Asked of a row that another machine's daemon runs by its lease."""
    lease = Lease("abc", "rowd, process 7 on alpha", NOW + timedelta(minutes=9))
    site = site_at(desk.folder / "rowd.toml")
    with reading(site) as ledger:
        return ask(site, ledger, replace(named(site, ledger, "backup"), lease=lease), wish, Naps(desk))


@pytest.mark.parametrize(
    ("wish", "remedy"),
    [
        (Wish.RUN_NOW, "`rowd edit backup --set 'Do=run now'{}`"),
        (Wish.CANCEL, "`rowd edit backup --set Do=cancel{}`"),
        (Wish.TICK, "raise Current in the table"),
    ],
)
def test_what_another_machines_daemon_runs_is_not_asked_for_here(
    desk: Desk, capsys: pytest.CaptureFixture[str], wish: Wish, remedy: str
) -> None:
    for there in (False, True):  # without a ledger, and with one
        if there:
            desk.daemon_reads()
        with pytest.raises(typer.Exit) as exit_:
            elsewhere(desk, wish)
        assert exit_.value.exit_code == 5
        said = capsys.readouterr().err
        assert said.startswith("backup is run by rowd, process 7 on alpha, at least until today 13:09 (in 9m). ")
        assert remedy.format(NAMED.format(desk.folder)) in said
        assert "rowd run --take-over" in said
    with desk.ledger() as ledger:
        assert ledger.requests() == []


def test_a_run_that_began_here_is_cancelled_here_whoever_has_its_row_now(desk: Desk) -> None:
    desk.daemon_reads()
    desk.began()
    elsewhere(desk, Wish.CANCEL)
    with desk.ledger() as ledger:
        assert [request.wish for request in ledger.requests()] == [Wish.CANCEL]


def test_a_row_that_has_no_id_yet_cannot_be_asked_for(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ",backup,,daily 03:00,work,active,,,,")
    desk.daemon_reads()
    assert "has no ID yet" in desk.said("run-now", "backup", code=3)


def test_a_taken_request_names_its_run_and_wakes_the_daemon(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.daemon_reads()
    desk.daemon_runs()
    found = asked(desk, Naps(desk, nothing, takes))
    assert (found.taken, found.run.id if found.run else None) == (True, "run1")
    assert (desk.folder / ".rowd" / "wake").exists()
    assert tell(found, "runs now", as_json=False) == 0
    assert capsys.readouterr().out == "backup: runs now (run run1)\n"


def test_a_refused_request_says_why(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.daemon_reads()
    desk.daemon_runs()
    with pytest.raises(typer.Exit) as exit_:
        tell(asked(desk, Naps(desk, refuses)), "runs now", as_json=False)
    assert exit_.value.exit_code == 5
    assert capsys.readouterr().err == "backup: refused: still running since 12:00\n"


@pytest.mark.parametrize(("outcome", "code"), [(Outcome.SUCCEEDED, 0), (Outcome.FAILED, 1), (Outcome.TIMED_OUT, 1)])
def test_waiting_ends_with_the_run_and_its_outcome(
    desk: Desk, capsys: pytest.CaptureFixture[str], outcome: Outcome, code: int
) -> None:
    desk.daemon_reads()
    desk.daemon_runs()
    clock = Naps(desk, takes, nothing, ends(outcome, "so it went"))
    assert tell(asked(desk, clock, wait=True), "runs now", as_json=False, wait=True) == code
    assert capsys.readouterr().out == f"backup: {outcome} in 2s (run run1): so it went\n"


def test_waiting_ends_where_the_daemon_does(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.daemon_reads()
    desk.daemon_runs()
    with pytest.raises(typer.Exit) as exit_:
        asked(desk, Naps(desk, takes, dies), wait=True)
    assert exit_.value.exit_code == 3
    assert "The daemon ended while run1 was under way" in capsys.readouterr().err


def test_a_daemon_that_does_not_answer_is_not_waited_for_long(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.daemon_reads()
    desk.daemon_runs()
    clock = Naps(desk)
    found = asked(desk, clock)
    assert found.taken is None
    assert ANSWERS_WITHIN <= clock.passed < ANSWERS_WITHIN + timedelta(seconds=1)
    with pytest.raises(typer.Exit) as exit_:
        tell(found, "runs now", as_json=False)
    assert exit_.value.exit_code == 3
    assert "the request is kept" in capsys.readouterr().err


def test_what_was_asked_can_be_read_by_a_program(desk: Desk) -> None:
    desk.daemon_reads()
    told = desk.json("run-now", "backup")
    assert (told["wish"], told["daemon_running"], told["taken"], told["run"]) == ("run now", False, None, None)


def test_only_a_counter_is_ticked(desk: Desk) -> None:
    desk.daemon_reads()
    assert "is no counter" in desk.said("tick", "backup", code=5)
    desk.said("tick", "count", "0", code=2)
    desk.said("tick", "count", "nan", code=2)
    desk.said("tick", "count", "2")
    with desk.ledger() as ledger:
        assert [(r.key, r.wish, r.amount) for r in ledger.requests()] == [("2", Wish.TICK, 2)]


def test_a_run_is_cancelled_by_the_beginning_of_its_id(desk: Desk) -> None:
    desk.daemon_reads()
    run = desk.began()
    desk.said("cancel", run.id[:9])
    with desk.ledger() as ledger:
        assert [(r.key, r.wish) for r in ledger.requests()] == [("1", Wish.CANCEL)]


def test_a_run_that_is_over_is_not_cancelled(desk: Desk) -> None:
    desk.daemon_reads()
    run = desk.began()
    desk.ended(run)
    assert "is over: succeeded" in desk.said("cancel", run.id, code=5)


def test_a_run_whose_row_was_deleted_says_so(desk: Desk) -> None:
    desk.daemon_reads()
    run = desk.began(key="9", task="gone")
    assert "was deleted" in desk.said("cancel", run.id, code=5)


def test_a_wish_that_a_hold_forbids_is_refused_with_the_hold(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.daemon_reads()
    desk.daemon_runs()

    def holds(ledger: Ledger) -> None:
        ledger.answer(ledger.requests()[0].id, False, "it is held: 3 of 4 rows are gone", NOW)

    found = asked(desk, Naps(desk, holds), wait=True)
    with pytest.raises(typer.Exit) as exit_:
        tell(found, "runs now", as_json=False, wait=True)
    assert exit_.value.exit_code == 5
    assert capsys.readouterr().err == "backup: refused: it is held: 3 of 4 rows are gone\n"


def test_a_run_that_waits_to_start_is_not_said_to_run(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.daemon_reads()
    desk.daemon_runs()

    def claims(ledger: Ledger) -> None:
        request = ledger.requests()[0]
        run = Occurrence("run1", "ops", "1", "backup", f"request:{request.id}", Cause.MANUAL, NOW, NOW, Stage.CLAIMED, "work")
        assert ledger.claim([run]) == [True]
        ledger.answer(request.id, True, "taken", NOW)

    waits = f"backup: taken, and waits to start (run run1); `rowd show backup{NAMED.format(desk.folder)}` says for what\n"
    assert tell(asked(desk, Naps(desk, claims)), "runs now", as_json=False) == 0
    assert capsys.readouterr().out == waits


def test_a_run_that_waits_to_start_is_told_at_once_also_to_who_waits_for_its_end(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.daemon_reads()
    desk.daemon_runs()
    told: list[str] = []

    def claims(ledger: Ledger) -> None:
        request = ledger.requests()[0]
        run = Occurrence("run1", "ops", "1", "backup", f"request:{request.id}", Cause.MANUAL, NOW, NOW, Stage.CLAIMED, "work")
        assert ledger.claim([run]) == [True]
        ledger.answer(request.id, True, "taken", NOW)

    def starts_late(ledger: Ledger) -> None:
        told.append(capsys.readouterr().err)
        ledger.begin([("run1", 1)], NOW)

    clock = Naps(desk, claims, *[nothing] * 11, starts_late, nothing, ends(Outcome.SUCCEEDED, "well"))
    assert tell(asked(desk, clock, wait=True), "runs now", as_json=False, wait=True) == 0
    waits = f"backup: taken, and waits to start (run run1); `rowd show backup{NAMED.format(desk.folder)}` says for what\n"
    assert told == [waits]
    assert capsys.readouterr() == ("backup: succeeded in 2s (run run1): well\n", "")


def test_a_daemon_that_does_not_know_the_table_is_not_asked(desk: Desk) -> None:
    desk.daemon_reads()
    desk.daemon_runs()
    with desk.ledger() as ledger:
        mark = ledger.daemon()
        assert mark is not None
    leave(desk.folder / ".rowd", Note(mark.process, "", NOW, ("other",)))
    said = desk.said("run-now", "backup", code=5)
    assert "doesn't know the table ops" in said
    assert f"kill -HUP {mark.process.pid}" in said
    with desk.ledger() as ledger:
        assert ledger.requests() == []


def test_who_has_no_name_is_told_by_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nameless)
    monkeypatch.setattr("os.getuid", lambda: 4711)
    assert me() == "4711"
