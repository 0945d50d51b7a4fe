"""Picks text from one page, and ends: a program of its own, run by `actions.http.page`, so that no page costs rowd time or memory.

Arguments: the selector; the charset that the server named, or ""; seconds that it may compute; bytes of memory.   stdin: the page.
stdout: JSON, the text of each element that the selector finds, in the order of the page.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

MOST_TEXT = 10**7
"""Characters of all texts together: elements may stand in each other, so there can be more than in the page."""

TOO_MUCH = 3
"""Exit status: there is more text than that."""

PRESCAN = 1024
"""Bytes at the beginning in which a page may name its charset (HTML, 13.2.3.2)."""

UNSEEN = frozenset({"script", "style"})
"""What is no text for people, unless it is selected itself."""

WITHIN_A_LINE = frozenset(
    (
        *("a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd", "label"),
        *("mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr"),
    )
)
"""Elements that don't part words. Between others there is a blank at least, as there is on the screen."""

_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_META = re.compile(rb"<meta\s[^>]*?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.\-]+)", re.IGNORECASE)


def decoded(page: bytes, named: str) -> str:
    """By its byte order mark, by what the server named, by what it says itself; else UTF-8 where it is that, and windows-1252."""
    webencodings = import_module("webencodings")
    meta = _META.search(_COMMENT.sub(b"", page[:PRESCAN]))
    said = meta[1].decode("ascii").lower() if meta is not None else ""
    itself = "utf-8" if said.startswith("utf-16") else said  # what could be read so far is no UTF-16 (HTML, 13.2.3.2)
    known = next(filter(None, map(webencodings.lookup, (named, itself))), None)
    if known is None:
        try:
            page.decode()
            known = webencodings.UTF8
        except UnicodeDecodeError:
            known = webencodings.lookup("windows-1252")
    text: str = webencodings.decode(page, known, errors="replace")[0]
    return text


def texts(page: str, selector: str) -> Iterator[str]:
    """Of each element that is selected, its text on one line."""
    for node in import_module("selectolax.lexbor").LexborHTMLParser(page).css(selector):
        yield " ".join("".join(_pieces(node)).split())


def _pieces(node: LexborNode) -> Iterator[str]:
    """What is written in it, and blanks where other text begins."""
    last = node
    for inner in node.traverse(include_text=True):
        if inner.tag not in ("-text", *WITHIN_A_LINE):
            yield " "
        if inner.tag != "-text" or inner.parent is None or (inner.parent.tag in UNSEEN and inner.parent != node):
            continue
        around = inner.parent
        while around.tag in WITHIN_A_LINE and around != node and around.parent is not None:
            around = around.parent
        if around != last:
            yield " "
        last = around
        yield inner.text_content or ""


def main(selector: str, charset: str, cpu_s: str, memory: str) -> int:
    """Its exit status."""
    resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_s), int(cpu_s)))
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    found, size = [], 0
    for text in texts(decoded(sys.stdin.buffer.read(), charset), selector):
        size += len(text)
        if size > MOST_TEXT:
            return TOO_MUCH
        found.append(text)
    sys.stdout.write(json.dumps(found))
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:5]))
