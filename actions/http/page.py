"""What a CSS selector finds on a page. Pages of strangers are read by a process of their own, with limits."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
from importlib import import_module

from msgspec import Struct

from actions.http import picking
from actions.http.picking import TOO_MUCH
from actions.sizes import spelled

LONGEST_SELECTOR = 500

_STOPPED = "is wanted no more; nothing is to be done"
_CHARSET = re.compile(r";\s*charset\s*=\s*[\"']?([A-Za-z0-9_:.\-]+)", re.IGNORECASE)


class Limits(Struct, frozen=True):
    """What reading a page may take.   cpu_s: seconds of computing; on a busy machine these may last three times as long.
    memory: bytes.
    """

    cpu_s: int = 10
    memory: int = 10**9


class Unpicked(Exception):
    """Nothing can be picked. The text says why, with the remedy, to follow the name of the page: "takes too long …"."""


def valid_selector(said: str) -> str:
    """A CSS selector itself. Raises ValueError, with a sentence, where it is none. It loads the library that reads pages."""
    if len(said) > LONGEST_SELECTOR or "\0" in said:
        raise ValueError(f"is no selector; write one of {LONGEST_SELECTOR} characters at the most")
    lexbor = import_module("selectolax.lexbor")
    try:
        lexbor.LexborHTMLParser("").css(said)
    except lexbor.SelectolaxError:
        raise ValueError(f'"{said}" is no CSS selector; write one like "#price" or "table.rates td:nth-child(2)"') from None
    return said


class Picker:
    """Picks by one selector, one page at a time. `stop` may be called by any thread."""

    def __init__(self, selector: str, limits: Limits | None = None) -> None:
        self._selector = selector
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._over = False

    def picked(self, page: bytes, content_type: str) -> list[str]:
        """The text of each element that is found, at least one; "" of one without any.   content_type: what the server said.

        Raises Unpicked.
        """
        named = _CHARSET.search(content_type)
        charset = named[1] if named is not None else ""
        limits = [str(self._limits.cpu_s), str(self._limits.memory)]
        argv = [sys.executable, "-I", picking.__file__, self._selector, charset, *limits]
        pipe = subprocess.PIPE
        with self._lock:
            if self._over:
                raise Unpicked(_STOPPED)
            process = subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env={})
            self._process = process
        try:
            output, _ = process.communicate(page, 3 * self._limits.cpu_s)
        except subprocess.TimeoutExpired:
            raise Unpicked(self._slow()) from None
        finally:
            self._end(process)
        if self._over:
            raise Unpicked(_STOPPED)
        if process.returncode:
            raise Unpicked(self._why(process.returncode))
        found: list[str] = json.loads(output)
        if not found:
            raise Unpicked(f"has nothing that {self._selector} selects; correct `select`, or see whether a script puts it there")
        return found

    def stop(self) -> None:
        """What is read now is read no further; nothing is picked any more."""
        with self._lock:
            self._over = True
            if self._process is not None:
                self._process.kill()

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._process = None
            process.kill()
            process.communicate()

    def _why(self, status: int) -> str:
        """It has limits, and what ends it is likely one of them."""
        if status == TOO_MUCH:
            return "has too much text where `select` leads; select less of it"
        if -status in (signal.SIGXCPU, signal.SIGKILL):  # the second follows where the first has not ended it
            return self._slow()
        most = f"{spelled(self._limits.memory)} of memory"
        return f"can't be read within {most} (exit {status}); ask for another page, or for the same in JSON"

    def _slow(self) -> str:
        return f"takes more than {self._limits.cpu_s} seconds to be read; ask for another page, or for the same in JSON"
