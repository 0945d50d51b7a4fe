"""The way of a request through an emulator. A vendor says who is let in, what serves what, and how it words what goes wrong."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from threading import RLock

from tests.emulators.core.clock import Clock
from tests.emulators.core.exchange import Answer, NoJson, NotEmulated, Refused, Request
from tests.emulators.core.faults import Faults
from tests.emulators.core.journal import Entry, Journal
from tests.emulators.core.routes import Found, Routes
from tests.emulators.core.switches import Switches


class Lacking(Exception):
    """What an emulator needs isn't installed. With the remedy."""


class Emulator(ABC):
    """One vendor's service, in memory. Requests come one after the other, from whatever thread; nothing waits in here.

    faults: what goes wrong on purpose.   journal: every request.   before: told of each request before it is served.
    unserved: requests that were answered 501, for nothing here serves them: a test that caused one has failed.
    lock: held while a request is served; whoever changes the state by another road takes it too.
    """

    def __init__(self, clock: Clock, switches: Switches, seed: int = 0) -> None:
        self.clock = clock
        self.switches = switches
        self.faults = Faults(seed)
        self.journal = Journal()
        self.unserved: list[Request] = []
        self.lock = RLock()
        self.routes = Routes()
        self.before: list[Callable[[Request], None]] = []

    def answer(self, request: Request) -> Answer:
        """Serve one request. Raises nothing that a request could cause."""
        with self.lock:
            for listener in self.before:
                listener(request)
            found = self.routes.find(request)
            operation = found.route.operation if found is not None else ""
            fault = self.faults.draw(operation)
            answer = Answer(502) if fault is not None and fault.refuses else self._served(request, found)
            if answer.status == 501:
                self.unserved.append(request)
            if fault is not None:
                answer = fault.upon(answer)
            self.journal.add(Entry(self.clock.now(), operation, request, answer, fault is not None))
        return answer

    def _served(self, request: Request, found: Found | None) -> Answer:
        try:
            self.admit(request, found.route.operation if found is not None else "")
            if found is not None:
                return found(request)
            if (unknown := self.unknown(request)) is not None:
                return unknown
        except Refused as refused:
            return refused.answer
        except NoJson as exc:
            return self.no_json(str(exc))
        except NotEmulated as exc:
            return self.not_emulated(str(exc))
        return self.not_emulated(f"{request.method} {request.path}")

    @abstractmethod
    def admit(self, request: Request, operation: str) -> None:
        """Check the token and count against the quotas. Raises Refused.   operation: "" for what nothing serves."""

    @abstractmethod
    def no_json(self, why: str) -> Answer:
        """The vendor's answer to a body that is no JSON."""

    def unknown(self, request: Request) -> Answer | None:
        """The vendor's own answer to a path that its real service doesn't have either; None where it would have it."""
        return None

    def not_emulated(self, what: str) -> Answer:
        """501, in the form that the vendor's errors have."""
        return Answer.of(501, {"error": f"{what} is not emulated"})

    @abstractmethod
    def snippet(self, base: str) -> str:
        """What to put into `rowd.toml` to use this emulator at `base`. Files that it names are there until `close`."""

    def close(self) -> None:  # noqa: B027 (most have none)
        """Remove the files that were written."""
