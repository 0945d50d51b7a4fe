"""What a run says is fit for a cell, and holds no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from actions.sizes import size, spelled
from actions.telling import Mask, cut, plain
from actions.templates import escaped, template


def test_escapes_and_control_characters_are_not_told() -> None:
    assert plain("\x1b[1;31mred\x1b[0m \x1b]0;title\x07and\tblue\a\n\x1b(Bplain") == "red and blue plain"


def test_a_long_text_is_cut_with_a_mark() -> None:
    assert cut("x" * 501) == "x" * 499 + "…"
    assert cut("x" * 500) == "x" * 500


def test_a_secret_within_another_leaves_nothing_behind() -> None:
    assert Mask(["pass", "password1"]).text("password1 and pass") == "*** and ***"


def test_the_lines_of_a_key_are_masked_one_by_one() -> None:
    assert Mask(["-----BEGIN-----\nMIIEvQIBADAN\nok\n"]).text("it says MIIEvQIBADAN, ok") == "it says ***, ok"


def test_a_number_that_is_a_secret_is_masked_as_an_output() -> None:
    assert Mask(["1234"]).value(1234) == "***"
    assert Mask(["1234"]).value(12) == 12
    assert Mask(["", " "]).text("nothing to hide") == "nothing to hide"


def test_a_log_without_secrets_is_not_touched_and_one_with_them_is_masked(tmp_path: Path) -> None:
    clean, told = tmp_path / "clean", tmp_path / "told"
    clean.write_text("a\nb")
    told.write_bytes(b"token=hunter2\r\n\xff\n")
    before = clean.stat().st_ino
    for file in (clean, told, tmp_path / "missing"):
        Mask(["hunter2"]).file(file)
    assert clean.stat().st_ino == before
    assert told.read_bytes() == b"token=***\r\n\xff\n"


@pytest.mark.parametrize(
    ("secrets", "text", "told"),
    [
        (["hunter2"], "it is hunter2, hunter2hunter2 and hunter", "it is ***, ****** and hunter"),
        (["abc", "cd"], "xabcdx abx cx", "x***x abx cx"),
        (["pass", "password1"], "password1 passwor", "*** ***wor"),
        (["aa"], "aaaaa b", "*** b"),
        (["abab", "b"], "ababab a", "*** a"),
        (["one\ntwo"], "one\ntwo\none\n", "***\none\n"),
        ([], "as it is", "as it is"),
    ],
)
def test_a_secret_is_masked_wherever_the_pieces_end(secrets: list[str], text: str, told: str) -> None:
    content = text.encode()
    for first in range(len(content) + 1):
        for second in range(first, len(content) + 1):
            gradual = Mask(secrets).gradual()
            pieces = (content[:first], content[first:second], content[second:])
            assert b"".join([*map(gradual.more, pieces), gradual.rest()]).decode() == told
    assert Mask(secrets).content(content).decode() == told


def test_what_may_begin_a_secret_is_held_back_for_as_long_as_more_may_follow() -> None:
    gradual = Mask(["hunter2"]).gradual()
    pieces = (b"a hunt", b"er", b"s b hun", b"ter2", b"!")
    assert [gradual.more(piece) for piece in pieces] == [b"a ", b"", b"hunters b ", b"***", b"!"]
    assert Mask(["hunter2"]).content(b"it is hunter", whole=False) == b"it is "


def test_a_secret_across_a_border_of_what_is_read_of_a_log_is_masked(tmp_path: Path) -> None:
    log = tmp_path / "stdout"
    log.write_bytes(b"x" * (2**16 - 3) + b"hunter2" + b"y" * 9)
    Mask(["hunter2"]).file(log)
    assert log.read_bytes() == b"x" * (2**16 - 3) + b"***" + b"y" * 9


@pytest.mark.parametrize(("text", "count"), [("10 MB", 10**7), ("512KiB", 2**19), ("1.5 kB", 1500), ("7 b", 7)])
def test_a_size_is_read(text: str, count: int) -> None:
    assert size(text) == count


@pytest.mark.parametrize("text", ["10", "MB", "-1 MB", "10 meters", ""])
def test_a_size_without_a_unit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="10 MB"):
        size(text)


def test_a_size_is_spelled_for_people() -> None:
    assert [spelled(n) for n in (7, 1234, 10**7, 123456789)] == ["7 B", "1.2 kB", "10 MB", "123 MB"]


def test_doubled_braces_are_braces_and_single_ones_are_refused() -> None:
    assert template("a {{x}} {x}", ["x"]).filled(lambda r: r.name.upper()) == "a {x} X"
    assert template(escaped('awk {print "${A}"}'), ()).parts == ('awk {print "${A}"}',)
    for text in ("{", "a}", "{ x }", "{y}", "{}", "{secret.A}"):
        with pytest.raises(ValueError, match=r"brace|belongs to nothing|did you mean|secret"):
            template(text, ["x"])
    with pytest.raises(ValueError, match='add secrets = \\["B"\\]'):
        template("{secret.B}", (), ["A"])
