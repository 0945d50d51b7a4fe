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
