"""How a new spreadsheet looks (gspread's recordings of spreadsheets.get: every one says so)."""

from __future__ import annotations

from tests.emulators.core.exchange import Json

WHITE = {"red": 1, "green": 1, "blue": 1}
BYTE = 255
DEFAULT_FORMAT: dict[str, Json] = {
    "backgroundColor": WHITE,
    "padding": {"top": 2, "right": 3, "bottom": 2, "left": 3},
    "verticalAlignment": "BOTTOM",
    "wrapStrategy": "OVERFLOW_CELL",
    "textFormat": {
        "foregroundColor": {},
        "fontFamily": "arial,sans,sans-serif",
        "fontSize": 10,
        "bold": False,
        "italic": False,
        "strikethrough": False,
        "underline": False,
        "foregroundColorStyle": {"rgbColor": {}},
    },
    "backgroundColorStyle": {"rgbColor": WHITE},
}


def _rgb(number: int) -> dict[str, float]:
    return {
        name: share(part / BYTE) for name, part in zip(("red", "green", "blue"), number.to_bytes(3, "big"), strict=True) if part
    }


def share(part: float) -> float:
    """A part of a colour as it comes back: in steps of 1/255, rounded down, with eight digits (0.5 is 0.49803922)."""
    found = float(f"{int(part * BYTE + 1e-9) / BYTE:.8g}")
    return int(found) if found in (0, 1) else found


def colour(given: Json) -> dict[str, float]:
    """A Color as it comes back: without what is 0."""
    return {name: share(value) for name, value in given.items() if name != "alpha" and share(value)}


def painted(given: Json) -> Json:
    """A CellFormat as it comes back: a colour is in it by both its names, in steps of 1/255."""
    if not isinstance(given, dict):
        return given
    found = {name: painted(value) for name, value in given.items()}
    for name in ("backgroundColor", "foregroundColor"):
        style = found.get(f"{name}Style") or ({"rgbColor": found[name]} if name in found else None)
        if style is not None and "rgbColor" in style:
            found[name] = colour(style["rgbColor"])
            found[f"{name}Style"] = {"rgbColor": found[name]}
    return found


ACCENTS = (0x4285F4, 0xEA4335, 0xFBBC04, 0x34A853, 0xFF6D01, 0x46BDC6)
THEME: dict[str, Json] = {
    "primaryFontFamily": "Arial",
    "themeColors": [
        {"colorType": "TEXT", "color": {"rgbColor": {}}},
        {"colorType": "BACKGROUND", "color": {"rgbColor": WHITE}},
        *({"colorType": f"ACCENT{n}", "color": {"rgbColor": _rgb(accent)}} for n, accent in enumerate(ACCENTS, 1)),
        {"colorType": "LINK", "color": {"rgbColor": _rgb(0x1155CC)}},
    ],
}
