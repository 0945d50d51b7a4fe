"""One HTTP request.

settings → plan (what a row's values may become) → addresses (where it may go) → exchange (sent, redirected, read) → verdict.
"""

from actions.api import Kind
from actions.http.action import make
from actions.http.settings import REPEATABLE, HttpSettings


def _repeatable(settings: HttpSettings) -> bool:
    return settings.method in REPEATABLE


KIND = Kind(settings=HttpSettings, make=make, repeatable=_repeatable)
