"""Seed files: what an emulator begins with, as JSON. A vendor's `fill` puts in what one says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.emulators.core.exchange import Json, NotEmulated, Refused

HELP = 'what it takes is in docs/how-to/emulators.md, under "Seed it"; without the option there are sample tables'


class BadSeed(Exception):
    """A seed file that nothing can be made of. The text says why, and what to do."""


@contextmanager
def reading(path: Path) -> Iterator[Json]:
    """What the file says, to be put in by what is done with it. Raises BadSeed, also for what can't be put in."""
    try:
        yield json.loads(path.read_text("utf-8"))
    except OSError as exc:
        raise BadSeed(f"{path} can't be read: {exc.strerror}. Name a JSON file that is there: {HELP}") from exc
    except json.JSONDecodeError as exc:
        raise BadSeed(f"{path} is no JSON: {exc}. Mend it there: {HELP}") from exc
    except UnicodeDecodeError as exc:
        raise BadSeed(f"{path} is no text in UTF-8. Save it as such: {HELP}") from exc
    except KeyError as exc:
        raise BadSeed(f"{path} has another form than this vendor's seeds: {exc.args[0]!r} isn't there; {HELP}") from exc
    except (AttributeError, IndexError, TypeError, ValueError, Refused, NotEmulated) as exc:
        raise BadSeed(f"{path} has another form than this vendor's seeds: {exc}; {HELP}") from exc
