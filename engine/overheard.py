"""What rowd tells in its log, as something that has happened to a watched source. Pure."""

from __future__ import annotations

from datetime import datetime

from engine.events import Event
from watches.api import Happening
from watches.saying import cleaned, one_line

_SHOWN = 200

_ABOUT = ("action", "watch", "fact", "channel", "endpoint", "scope", "section", "path")
"""Fields that say of what an event is that is of no table."""

_WHY = ("reason", "message", "void")
"""Fields that say why, or what, in a sentence."""

_AS_TEXT = ("spent", "left", "until")


def overheard(event: Event) -> Happening:
    """What an event says, as far as it has it; numbers as text, since nothing of several is to be added."""
    fields = event.fields()
    table, row = (str(fields.get(name) or "") for name in ("table", "task"))
    about, reason = (next((str(fields[n]) for n in names if fields.get(n)), "") for names in (_ABOUT, _WHY))
    if not reason and "spent" in fields:
        reason = f"{fields['spent']:,} requests are spent, {fields['left']:,} are left"
    said = {
        "event": event.name,
        "table": table,
        "row": row,
        "id": str(fields.get("key") or ""),
        "about": about,
        "reason": reason,
        **{name: _text(fields[name]) for name in _AS_TEXT if fields.get(name) is not None},
    }
    whose = f"{table}/{row}" if row else table or about
    summary = " ".join(part for part in (event.name, one_line(whose, _SHOWN)) if part)
    values = {name: cleaned(value) for name, value in said.items()}
    return Happening(f"{summary}: {one_line(reason, _SHOWN)}" if reason else summary, values)


def _text(value: object) -> str:
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else str(value)
