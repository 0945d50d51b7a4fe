"""What a CSS selector finds on a page: its text, whatever its encoding, and no harm done where the page is hostile."""

from __future__ import annotations

import threading

import pytest

from actions.http.page import Limits, Picker, Unpicked, valid_selector
from actions.http.picking import PRESCAN, decoded, texts

EURO = "<p>\u20ac 5</p>"


@pytest.mark.parametrize(
    ("page", "selector", "found"),
    [
        ("<p id=price> 12\n <b>.</b>50 </p>", "#price", ["12 .50"]),
        ("<p>1<b>2</b>3<p>4", "p", ["123", "4"]),
        ("<div>a<p>b</p>c<br>d<hr></div>", "div", ["a b c d"]),
        ("<table><tr><td>1<td>23", "tr", ["1 23"]),
        ("<ul><li>a<li><span>b</span><span>c</span></ul>", "ul", ["a bc"]),
        ("<main>a<script>var x</script><style>p{}</style><!-- note --></main>", "main", ["a"]),
        ('<script type="application/ld+json">{"a": 1}</script>', "script", ['{"a": 1}']),
        ("<p>&euro;&nbsp;5 &lt;b&gt;</p>", "p", ["\u20ac 5 <b>"]),
        ("<p></p>", "p", [""]),
        ("<p class='a'>x", ".b", []),
        ("<td>lost<p>x</td", "p", ["x"]),
        ("<b><i>x</b>y</i><p", "i", ["x", "y"]),
        ("", "p", []),
        ("<ul><li>a<li>b<li>c</ul>", "li:nth-child(2), li:last-child", ["b", "c"]),
    ],
)
def test_the_text_of_what_is_selected(page: str, selector: str, found: list[str]) -> None:
    assert list(texts(page, selector)) == found


@pytest.mark.parametrize(
    ("page", "named"),
    [
        (EURO.encode(), ""),
        (EURO.encode(), "utf-8"),
        (EURO.encode(), "no-such-charset"),
        (EURO.encode("cp1252"), ""),
        (EURO.encode("cp1252"), "ISO-8859-1"),  # as browsers read it (Encoding, 4.2)
        (EURO.encode("utf-16"), "utf-8"),  # its mark counts for more than what the server says
        (EURO.encode("utf-8-sig"), "iso-8859-1"),
        (EURO.encode("utf-16-le"), "utf-16le"),
        (b"<meta charset=iso-8859-15>" + EURO.encode("iso-8859-15"), ""),
        (b"<META content='text/html; charset=iso-8859-15'>" + EURO.encode("iso-8859-15"), ""),
        (b"<!-- <meta charset=koi8-r> -->" + EURO.encode(), ""),
        (b"<meta charset=utf-16>" + EURO.encode(), ""),
        (b" " * PRESCAN + b"<meta charset=koi8-r>" + EURO.encode(), ""),
        (b"<meta charset=koi8-r>" + EURO.encode(), "utf-8"),
    ],
)
def test_a_page_is_read_in_its_encoding(page: bytes, named: str) -> None:
    assert list(texts(decoded(page, named), "p")) == ["\u20ac 5"]


def test_what_is_in_no_encoding_at_all_is_read_as_far_as_it_goes() -> None:
    assert list(texts(decoded(b"<p>a\xff\xff", "utf-8"), "p")) == ["a\ufffd\ufffd"]


@pytest.mark.parametrize("said", ["", "p >", "[a=", "p:not(", "$$", "p::before", "a\0b", "p, " * 200 + "p"])
def test_what_is_no_selector_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match=r"is no (CSS )?selector; write one"):
        valid_selector(said)


def test_what_is_one_is_taken() -> None:
    for said in ("#price", "a[href^='/x'] > b", "main :is(h1, h2):not(.old)", "section:has(> h2)"):
        assert valid_selector(said) == said


def test_a_page_is_picked_from_by_a_process_of_its_own() -> None:
    page = "<meta charset=koi8-r><p>\u0430</p><p>b".encode("koi8-r")
    assert Picker("p").picked(page, 'text/html;charset="utf-9"') == ["\u0430", "b"]
    with pytest.raises(Unpicked, match=r"^has nothing that q selects; correct `select`, or see whether a script puts it there$"):
        Picker("q").picked(page, "")


@pytest.mark.parametrize(
    ("page", "limits", "why"),
    [
        (
            b"<div>" * 180_000 + b"<p>x",
            Limits(cpu_s=1),
            "takes more than 1 seconds to be read; ask for another page, or for the same in JSON",
        ),
        (
            b"<table><td>" * 300_000,
            Limits(memory=10**8),
            r"can't be read within 100 MB of memory \(exit -?\d+\); ask for another page",
        ),
        (b"<b>" + b"x" * 6_000_000 + b"</b>" * 2, Limits(), "has too much text where `select` leads; select less of it"),
    ],
)
def test_a_hostile_page_costs_nothing_but_its_own_reading(page: bytes, limits: Limits, why: str) -> None:
    with pytest.raises(Unpicked, match=f"^({why})"):
        Picker("p, b, b, html", limits).picked(page, "")


def test_reading_under_way_ends_at_once_when_nobody_waits() -> None:
    picker, told = Picker("p", Limits(cpu_s=60)), list[str]()

    def pick() -> None:
        with pytest.raises(Unpicked) as why:
            picker.picked(b"<div>" * 180_000, "")
        told.append(str(why.value))

    reading = threading.Thread(target=pick, daemon=True)
    reading.start()
    while picker._process is None:
        reading.join(0.001)
    picker.stop()
    reading.join(20)
    assert told == ["is wanted no more; nothing is to be done"]
    with pytest.raises(Unpicked, match="is wanted no more"):
        picker.picked(b"<p>x", "")
