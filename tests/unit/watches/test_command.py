"""Watched commands: what is a change, what is trouble, and that nothing of them is left running."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from actions.command.held import LONGEST_COMPLAINT, Program
from tests.fakes.held import HOLD, Held
from tests.unit.watches.asking import Asking, made
from watches.api import Endable
from watches.command import CommandSettings

SECRET = "sesame-open-1"


def sh(base: Path, script: str, lent: dict[str, str] | None = None, **settings: Any) -> Asking:
    its = {"argv": ["/bin/sh", "-c", script], "secrets": list(lent or {}), **settings}
    return Asking(made("command", base, lent, **its))


@pytest.fixture
def held(tmp_path: Path) -> Held:
    return Held(tmp_path)


def test_another_output_is_a_change_and_first_sight_is_none(tmp_path: Path) -> None:
    said = tmp_path / "said"
    said.write_text("one\n")
    one = sh(tmp_path, "cat said")
    assert one.look() == ()
    assert one.sees == 'it prints "one"'
    assert one.look() == ()
    said.write_text("two\x1b[31m\nlines\n")
    told = one.one()
    assert (told.summary, told.values) == ('its output was "one", is "two lines"', {"old": "one", "new": "two lines"})
    said.write_text("")
    assert one.one().values["new"] == ""
    assert one.sees == "it prints nothing"


def test_of_a_long_output_little_is_kept_and_all_of_it_counts(tmp_path: Path) -> None:
    (tmp_path / "said").write_text("x" * 200_000 + "a")
    one = sh(tmp_path, "cat said")
    one.look()
    assert len(one.state or "") < 700
    (tmp_path / "said").write_text("x" * 200_000 + "b")
    assert len(str(one.one().values["new"])) == 500


def test_of_json_only_what_the_pointer_finds_counts(tmp_path: Path) -> None:
    (tmp_path / "said").write_text('{"free": 10, "at": 1}')
    one = sh(tmp_path, "cat said", pointer="/free")
    one.look()
    (tmp_path / "said").write_text('{"free": 10, "at": 2}')
    assert one.look() == ()
    (tmp_path / "said").write_text('{"free": 9}')
    told = one.one()
    assert (told.summary, told.values) == ('/free was "10", is "9"', {"old": "10", "new": "9"})
    (tmp_path / "said").write_text("{}")
    assert one.trouble() == "what /bin/sh prints has nothing at /free; correct `pointer`"


def test_only_exit_0_counts(tmp_path: Path) -> None:
    one = sh(tmp_path, 'echo "$(cat said)"; cat fails >&2; exit "$(cat status)"')
    for name, text in {"said": "one", "fails": "", "status": "0"}.items():
        (tmp_path / name).write_text(text)
    one.look()
    for name, text in {"said": "two", "fails": "first\nlast\x07 words.\n", "status": "3"}.items():
        (tmp_path / name).write_text(text)
    assert one.trouble() == "/bin/sh ended with exit 3; it said: last words"
    (tmp_path / "fails").write_text("")
    assert one.trouble() == "/bin/sh ended with exit 3; only what it prints with exit 0 counts"
    (tmp_path / "status").write_text("0")
    assert one.one().values == {"old": "one", "new": "two"}
    assert sh(tmp_path, "kill -SEGV $$").trouble().startswith("/bin/sh was ended by SIGSEGV; ")


def test_it_is_no_shell_and_gets_nothing_of_rowds_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_SECRET", "of the daemon")
    one = Asking(made("command", tmp_path, argv=["printf", "%s|", "$HOME; ls", "*"]))
    one.look()
    assert one.sees == 'it prints "$HOME; ls|*|"'
    (tmp_path / "inner").mkdir()
    env = sh(tmp_path, "pwd; env", {"KEY": SECRET}, cwd="inner", environment={"LANG": "de"})
    env.look()
    assert SECRET not in f"{env.state}{env.sees}"
    shown = (env.state or "").replace("\\n", " ")
    assert str(tmp_path / "inner") in shown
    assert "KEY=***" in shown
    assert "OTHER_SECRET" not in shown
    assert "ROWD_WATCH=it" in shown
    assert "LANG=de" in shown


def test_secrets_are_told_by_nothing(tmp_path: Path) -> None:
    one = sh(tmp_path, 'echo "$KEY" "$(cat said)"; echo "no: $KEY" >&2; exit "$(cat status)"', {"KEY": SECRET})
    (tmp_path / "said").write_text("1")
    (tmp_path / "status").write_text("0")
    one.look()
    (tmp_path / "said").write_text("2")
    told = one.one()
    assert told.values == {"old": "*** 1", "new": "*** 2"}
    assert SECRET not in f"{told}{one.state}"
    (tmp_path / "status").write_text("1")
    assert one.trouble() == "/bin/sh ended with exit 1; it said: no: ***"


def test_what_takes_too_long_is_killed_with_all_that_it_began(tmp_path: Path, held: Held) -> None:
    one = sh(tmp_path, HOLD + "(trap '' TERM; sleep 600) & sleep 600", timeout="0.3s")
    assert one.trouble() == "/bin/sh took longer than 0.3s; make it quicker, or raise `timeout`"
    assert held.all_gone()


def test_what_prints_too_much_is_killed(tmp_path: Path, held: Held) -> None:
    one = sh(tmp_path, HOLD + "sleep 600 & yes", max_output="100 kB")
    assert one.trouble() == "/bin/sh printed more than 100 kB; have it print less, or raise `max_output`"
    assert held.all_gone()
    argv = ["/bin/sh", "-c", "head -c 3000000 /dev/zero >&2; echo last >&2; echo said"]
    ran = Program(100, 30).run(argv, tmp_path, {"PATH": "/usr/bin:/bin"})
    assert (ran.status, ran.output, ran.complaint[-5:]) == (0, b"said\n", b"last\n")
    assert len(ran.complaint) == LONGEST_COMPLAINT


def test_what_it_leaves_running_is_not_waited_for(tmp_path: Path, held: Held) -> None:
    one = sh(tmp_path, HOLD + "sleep 600 & echo said")
    one.look()
    assert one.sees == 'it prints "said"'
    assert held.all_gone()


def test_it_can_read_nothing_and_its_children_are_its_own(tmp_path: Path) -> None:
    one = sh(tmp_path, "cat; wait; ps -o pid= --ppid $$ | wc -l; ls /proc/self/fd | wc -l")
    one.look()
    assert one.sees == 'it prints "2 4"'  # ps and wc; of the descriptors one is the folder's own


def test_a_look_under_way_ends_when_nobody_looks_any_more(tmp_path: Path, held: Held) -> None:
    begun = tmp_path / "begun"
    os.mkfifo(begun)
    one = sh(tmp_path, HOLD + "echo > begun; sleep 600")
    assert isinstance(one.watch, Endable)
    told: list[str] = []
    looking = threading.Thread(target=lambda: told.append(one.trouble()), daemon=True)
    looking.start()
    begun.read_text()  # until it has been begun
    one.watch.shut()
    looking.join(30)
    assert told == ["rowd looks at it no more; nothing is to be done"]
    assert held.all_gone()
    assert one.trouble() == told[0]


def test_it_dies_with_who_has_begun_it(tmp_path: Path, held: Held) -> None:
    begun = tmp_path / "begun"
    os.mkfifo(begun)
    watch = sh(tmp_path, HOLD + "sleep 600 & echo > begun; sleep 600").watch
    daemon = os.fork()
    if daemon == 0:  # pragma: no cover (the child is killed)
        try:
            watch.look(None)
        finally:
            os._exit(1)
    begun.read_text()
    os.kill(daemon, 9)
    os.waitpid(daemon, 0)
    assert held.all_gone()


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["no-such-program"], 'there is no program "no-such-program" in /usr/local/sbin'),
        (["./none"], 'there is no program "./none"; install it, or correct its argv'),
        (["./plain"], "may not be executed; chmod"),
        (["./odd"], "interpreter"),
    ],
)
def test_a_program_that_cannot_be_run_is_trouble(tmp_path: Path, argv: list[str], said: str) -> None:
    (tmp_path / "plain").write_text("echo")
    (tmp_path / "odd").write_text("#!/no/such/interpreter\n")
    (tmp_path / "odd").chmod(0o755)
    assert said in Asking(made("command", tmp_path, argv=argv)).trouble()


def test_a_folder_that_is_not_there_is_trouble(tmp_path: Path) -> None:
    assert sh(tmp_path, "true", cwd="none").trouble() == f"there is no folder {tmp_path}/none; create it, or correct its cwd"


@pytest.mark.parametrize("state", ["", "{}", '{"version":99,"mark":"a","shown":""}', "\ud800"])
def test_a_state_that_nobody_understands_is_first_sight(tmp_path: Path, state: str) -> None:
    assert Asking(sh(tmp_path, "echo one").watch, state).look() == ()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"argv": []}, "at least 1"),
        ({"argv": ["a\0"]}, "NUL"),
        ({"every": "1s"}, "1s is too short; write 5s or more"),
        ({"timeout": "2h"}, "2h can't be a limit"),
        ({"secrets": ["ROWD_X"]}, "is one of rowd's own variables"),
        ({"secrets": ["A"], "environment": {"A": "b"}}, "A is both a secret and in environment"),
        ({"max_output": "1 GB"}, "less than or equal"),
    ],
)
def test_settings_that_make_no_sense_are_refused_with_the_remedy(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        CommandSettings.model_validate({"kind": "command", "argv": ["true"], **settings})


def test_an_argv_without_a_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="argv names no program"):
        made("command", tmp_path, argv=[""])
