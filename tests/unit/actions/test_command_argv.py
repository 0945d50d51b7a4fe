"""A row's value is an argument and never a command."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.command.argv import filled, read
from actions.parameters import Parameter

TEXT = Parameter()
NUMBER = Parameter.model_validate({"type": "integer"})
CHOICE = Parameter.model_validate({"type": "choice", "choices": ["a", "b"]})


def declared(argv: list[str], parameter: Parameter = TEXT) -> dict[str, Parameter]:
    return {"x": parameter} if any("{x}" in element for element in argv) else {}


@pytest.mark.parametrize(
    "argv",
    [
        ["{x}"],
        ["/usr/bin/{x}"],
        ["sh", "-c", "{x}"],
        ["/bin/bash", "-lc", "echo {x}"],
        ["bash", "-ce", "{x}"],
        ["bash", "-o", "pipefail", "-c", "{x}"],
        ["bash", "-o", "pipefail", "{x}"],
        ["bash", "{x}"],
        ["bash", "-x", "{x}"],
        ["bash", "--init-file", "{x}", "run.sh"],
        ["python3", "-c", "{x}"],
        ["python3.11", "-c{x}"],
        ["/usr/bin/python3.11", "-Bc", "{x}"],
        ["python3", "-m", "{x}"],
        ["python3", "-W", "ignore", "{x}"],
        ["perl", "-ne", "{x}"],
        ["perl", "-Mstrict", "-e", "{x}"],
        ["perl", "-M{x}", "run.pl"],
        ["perl", "-I", "{x}", "run.pl"],
        ["node", "--eval", "{x}"],
        ["node", "--eval={x}"],
        ["node", "-r", "./a.js", "{x}"],
        ["ruby", "-e", "{x}"],
        ["php", "-r", "{x}"],
        ["awk", "{x}"],
        ["awk", "-F", ":", "{x}"],
        ["sed", "-e", "{x}"],
        ["sed", "s/a/{x}/"],
        ["psql", "-d", "db", "-c", "{x}"],
        ["psql", "--command={x}"],
        ["mysql", "-e", "{x}"],
        ["sqlite3", "db", "{x}"],
        ["find", ".", "-exec", "{x}", ";"],
        ["ssh", "host", "{x}"],
        ["su", "-c", "{x}", "bob"],
        ["make", "{x}"],
        ["env", "{x}"],
        ["env", "A={x}", "run"],
        ["env", "-S", "run {x}"],
        ["env", "A=b", "bash", "-c", "{x}"],
        ["nice", "-n", "5", "{x}"],
        ["timeout", "10s", "{x}"],
        ["timeout", "10", "sh", "-c", "{x}"],
        ["sudo", "-u", "bob", "{x}"],
        ["sudo", "sh", "-c", "{x}"],
        ["sudo", "--", "{x}"],
        ["xargs", "{x}"],
        ["mytool", "-c", "{x}"],
        ["mytool", "--eval", "{x}"],
        ["mytool", "--eval={x}"],
        [],
        [""],
    ],
)
def test_a_definition_whose_parameter_would_be_code_is_refused(argv: list[str]) -> None:
    with pytest.raises(ValueError, match=r".{20,}"):
        read(argv, declared(argv))


@pytest.mark.parametrize(
    "argv",
    [
        ["du", "-sh", "{x}"],
        ["grep", "-e", "{x}", "file"],
        ["tar", "-c", "{x}"],
        ["mytool", "--name={x}", "a{x}b"],
        ["sh", "-c", "echo fixed"],
        ["sh", "-c", 'printf %s "$1"', "name", "{x}"],
        ["python3", "report.py", "{x}"],
        ["python3", "-u", "-W", "ignore", "report.py", "-c", "{x}"],
        ["python3", "-m", "report", "{x}"],
        ["perl", "-Mstrict", "run.pl", "{x}"],
        ["awk", "-F:", "-v", "a={x}", "{{print a}}", "{x}"],
        ["sed", "s/a/b/", "{x}"],
        ["env", "A=b", "run", "{x}"],
        ["timeout", "10", "run", "{x}"],
        ["sudo", "-u", "bob", "run", "{x}"],
        ["sudo", "-n", "--", "run", "{x}"],
        ["nice", "-n", "5", "python3", "report.py", "{x}"],
        ["find", "{x}", "-exec", "ls", "{{}}", ";"],
    ],
)
def test_a_definition_whose_parameter_is_an_argument_is_accepted(argv: list[str]) -> None:
    assert len(filled(read(argv, declared(argv)), {"x": "value"})) == len(argv)


def test_the_operators_own_words_may_choose_a_script_but_never_follow_dash_c() -> None:
    read(["python3", "{x}"], {"x": CHOICE})
    read(["make", "{x}"], {"x": CHOICE})
    read(["timeout", "{x}", "run"], {"x": NUMBER})
    for argv in (["{x}"], ["sh", "-c", "{x}"]):
        with pytest.raises(ValueError, match="row"):
            read(argv, {"x": CHOICE})


@pytest.mark.parametrize(
    ("argv", "parameters", "words"),
    [
        (["du", "{y}"], {"x": TEXT}, 'no parameter "y"'),
        (["du", "{folder}"], {"folders": TEXT}, 'did you mean "folders"'),
        (["awk", "{print $1}"], {}, "write {{ and }} for braces"),
        (["echo", "a}"], {}, "write }} for the character"),
        (["echo"], {"x": TEXT}, "nowhere"),
        (["echo", "{secret.A}"], {}, "secret can't stand here"),
    ],
)
def test_braces_that_fit_no_parameter_are_refused(argv: list[str], parameters: dict[str, Parameter], words: str) -> None:
    with pytest.raises(ValueError, match=r".+") as caught:
        read(argv, parameters)
    assert words in str(caught.value)


@given(st.text(max_size=30) | st.sampled_from(["{x}", "{{", "$(id)", "a b", "; rm", "'\""]))
@settings(max_examples=100, deadline=None)
def test_a_value_never_adds_or_splits_an_argument(value: Any) -> None:
    argv = read(["run", "{x}", "--a={x}", "{{x}}"], {"x": TEXT})
    assert filled(argv, {"x": value}) == ["run", value, f"--a={value}", "{x}"]
