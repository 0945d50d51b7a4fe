"""Which handler serves which request: templates of paths, in the order in which they were written down."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import unquote

from tests.emulators.core.exchange import Answer, Request

Handler = Callable[..., Answer]
"""Takes the request, and what the template's names stand for, decoded, by name."""


class Route(NamedTuple):
    """operation: what journals and faults call it, `values.append`."""

    operation: str
    method: str
    pattern: re.Pattern[str]
    handler: Handler


class Found(NamedTuple):
    route: Route
    values: dict[str, str]

    def __call__(self, request: Request) -> Answer:
        return self.route.handler(request, **self.values)


class Routes:
    """A vendor's API. In templates `{name}` is one segment, `{name*}` whatever there is, but something."""

    def __init__(self, *, colon_ends: bool = False) -> None:
        """colon_ends: a segment has no colon: what stands after it says what to do with it, as Google has it."""
        self._segment = "[^/:]+" if colon_ends else "[^/]+"
        self._routes: list[Route] = []

    def on(self, method: str, template: str, operation: str, handler: Handler) -> None:
        """The first template that fits is taken, so the narrower ones come first."""
        parts = re.split(r"\{(\w+\*?)\}", template)
        pattern = "".join(self._group(part) if odd else re.escape(part) for odd, part in _alternating(parts))
        self._routes.append(Route(operation, method, re.compile(pattern), handler))

    def find(self, request: Request) -> Found | None:
        """None: nothing here serves it."""
        for route in self._routes:
            if route.method == request.method and (match := route.pattern.fullmatch(request.path)):
                return Found(route, {name: unquote(value) for name, value in match.groupdict().items()})
        return None

    def _group(self, name: str) -> str:
        return f"(?P<{name[:-1]}>.+)" if name.endswith("*") else f"(?P<{name}>{self._segment})"

    @property
    def operations(self) -> list[str]:
        """Everything that is emulated, once."""
        return list(dict.fromkeys(route.operation for route in self._routes))


def _alternating(parts: list[str]) -> list[tuple[bool, str]]:
    return [(bool(index % 2), part) for index, part in enumerate(parts)]
