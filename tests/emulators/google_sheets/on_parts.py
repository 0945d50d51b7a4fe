"""Requests about what lies on a tab besides cells: named and protected ranges, the basic filter, conditional formats."""

from __future__ import annotations

from tests.emulators.core.exchange import Json, NotEmulated
from tests.emulators.google_sheets import a1, conditions, guards, masks, sorting
from tests.emulators.google_sheets.book import from_json, to_json
from tests.emulators.google_sheets.call import Call
from tests.emulators.google_sheets.errors import invalid
from tests.emulators.google_sheets.grid import Sheet
from tests.emulators.google_sheets.looks import painted


def _closed(call: Call, given: Json) -> Json:
    """A GridRange with all its ends, as it comes back (gspread's recording of setBasicFilter with a tab alone)."""
    sheet, area = call.area(given)
    return to_json(sheet, area)


def add_named_range(call: Call) -> Json:
    given = call.given.get("namedRange", {})
    key = given.get("namedRangeId") or str(call.service.new_number())
    if key in call.book.names:
        raise invalid(f"A named range with id {key} already exists.")
    _check_name(call, given.get("name", ""), key)
    call.book.names[key] = {"namedRangeId": key, "name": given["name"], "range": _closed(call, given.get("range", {}))}
    return {"namedRange": call.book.names[key]}


def _check_name(call: Call, name: str, own: str) -> None:
    if not a1.PLAIN.fullmatch(name) or a1.CELLISH.fullmatch(name) or name.lower() in ("true", "false"):
        raise invalid(f"Invalid name for a named range: {name}")
    if any(other["name"].lower() == name.lower() for key, other in call.book.names.items() if key != own):
        raise invalid(f'A named range with the name "{name}" already exists.')


def update_named_range(call: Call) -> None:
    given = call.given.get("namedRange", {})
    key = given.get("namedRangeId", "")
    if key not in call.book.names:
        raise invalid(f"No named range with id: {key}")
    paths = {path[0] for path in masks.leaves(call.fields(), "NamedRange", "namedRange")}
    new = dict(call.book.names[key])
    if "name" in paths:
        _check_name(call, given.get("name", ""), key)
        new["name"] = given["name"]
    if "range" in paths:
        new["range"] = _closed(call, given.get("range", {}))
    call.book.names[key] = new


def delete_named_range(call: Call) -> None:
    key = call.given.get("namedRangeId", "")
    if key not in call.book.names:
        raise invalid(f"No named range with id: {key}")
    del call.book.names[key]


def _protections(call: Call) -> list[Json]:
    return [one for sheet in call.book.sheets for one in sheet.parts.get("protectedRanges", [])]


def add_protected_range(call: Call) -> Json:
    """The reply has the editors that were asked for, the tab those there are (gspread: test_add_protected_range_normal)."""
    given = call.given.get("protectedRange", {})
    if set(given) - {
        "range",
        "description",
        "warningOnly",
        "requestingUserCanEdit",
        "editors",
        "unprotectedRanges",
        "protectedRangeId",
    }:
        raise NotEmulated("protecting a named range or a table")
    number = given.get("protectedRangeId") or call.service.new_number([one["protectedRangeId"] for one in _protections(call)])
    sheet = call.sheet(given.get("range", {}).get("sheetId"))
    asked = {name: value for name, value in given.get("editors", {}).items() if value}
    if given.get("warningOnly") and asked:
        raise invalid("ProtectedRange is warningOnly. Editors cannot be set on it.")  # burnash/gspread#1437
    one: dict[str, Json] = {"protectedRangeId": number, "range": _protected(call, sheet, given.get("range", {}))}
    if given.get("description"):
        one["description"] = given["description"]
    if given.get("warningOnly"):
        one["warningOnly"] = True
    one["requestingUserCanEdit"] = True
    if given.get("unprotectedRanges"):
        one["unprotectedRanges"] = [_closed(call, free) for free in given["unprotectedRanges"]]
    users = list(dict.fromkeys([call.email, call.file.owner, *asked.get("users", [])]))
    sheet.parts.setdefault("protectedRanges", []).append({**one, "editors": {**asked, "users": users}})
    return {"protectedRange": {**one, "editors": asked}}


def _protected(call: Call, sheet: Sheet, given: Json) -> Json:
    """A whole tab stays open at its ends."""
    if set(given) - {"sheetId"}:
        return _closed(call, given)
    return {"sheetId": sheet.id} if sheet.id else {}


def update_protected_range(call: Call) -> None:
    given = call.given.get("protectedRange", {})
    for one in _protections(call):
        if one["protectedRangeId"] != given.get("protectedRangeId"):
            continue
        for path in masks.leaves(call.fields(), "ProtectedRange", "protectedRange"):
            match path:
                case ("description" | "warningOnly",):
                    masks.put(one, given, path)
                    if not one.get(path[0]):
                        one.pop(path[0], None)
                case ("editors", *_):
                    asked = given.get("editors", {})
                    users = list(dict.fromkeys([call.email, call.file.owner, *asked.get("users", [])]))
                    one["editors"] = {**asked, "users": users}
                case ("range",):
                    one["range"] = _closed(call, given.get("range", {}))
                case ("protectedRangeId",) | ("requestingUserCanEdit",):
                    continue
                case _:
                    raise NotEmulated(f"updateProtectedRange of {'.'.join(path)}")
        return
    raise invalid(f"No protected range with id: {given.get('protectedRangeId')}")


def delete_protected_range(call: Call) -> None:
    number = call.given.get("protectedRangeId")
    for sheet in call.book.sheets:
        kept = [one for one in sheet.parts.get("protectedRanges", []) if one["protectedRangeId"] != number]
        if len(kept) < len(sheet.parts.get("protectedRanges", [])):
            sheet.parts["protectedRanges"] = kept
            return
    raise invalid(f"No protected range with id: {number}")


def set_basic_filter(call: Call) -> None:
    """Sorting by it moves whole rows below the first, which is the header. Hiding rows isn't emulated."""
    given = call.given.get("filter", {})
    if set(given) - {"range", "sortSpecs"}:
        raise NotEmulated(f"a filter with {', '.join(sorted(set(given) - {'range', 'sortSpecs'}))}")
    sheet = call.sheet(given.get("range", {}).get("sheetId"))
    one = {"range": _closed(call, given.get("range", {}))}
    if given.get("sortSpecs"):
        one["sortSpecs"] = given["sortSpecs"]
        area = from_json(one["range"], sheet)
        area = area._replace(top=area.top + 1)
        guards.check(sheet, area, call.email)
        rows = sorting.order(sheet, area, given["sortSpecs"], call.service.renderer(call.book))
        follow = sorting.covers(sheet, area) or call.service.switches["partial_sort"] == "rows"
        sorting.sort(sheet, area, rows, follow)
    sheet.parts["basicFilter"] = one


def clear_basic_filter(call: Call) -> None:
    call.sheet(call.given.get("sheetId")).parts.pop("basicFilter", None)


def add_conditional_format(call: Call) -> None:
    rule = _rule(call)
    sheet = call.sheet(rule["ranges"][0].get("sheetId"))
    rules = sheet.parts.setdefault("conditionalFormats", [])
    rules.insert(_place(call.given.get("index", 0), len(rules)), rule)


def _rule(call: Call) -> Json:
    given = call.given.get("rule", {})
    if not given.get("ranges"):
        raise invalid("A conditional format rule needs at least one range.")
    if "booleanRule" not in given and "gradientRule" not in given:
        raise invalid("A conditional format rule needs a boolean or a gradient rule.")
    rule = {**given, "ranges": [_closed(call, one) for one in given["ranges"]]}
    if "booleanRule" in rule:
        conditions.check_format(rule["booleanRule"].get("condition", {}))
        rule["booleanRule"] = {**rule["booleanRule"], "format": painted(rule["booleanRule"].get("format", {}))}
    return rule


def _place(index: int, size: int) -> int:
    if not 0 <= index <= size:
        raise _no_format(index)
    return index


def _there(index: int, size: int) -> None:
    if not 0 <= index < size:
        raise _no_format(index)


def _no_format(index: int) -> Exception:
    return invalid(f"No conditional format on sheet at index: {index}")


def update_conditional_format(call: Call) -> Json:
    """A new rule in the old one's place, or the old one to another place."""
    index = call.given.get("index", 0)
    if "rule" in call.given:
        rule = _rule(call)
        rules = call.sheet(rule["ranges"][0].get("sheetId")).parts.get("conditionalFormats", [])
        _there(index, len(rules))
        old, rules[index] = rules[index], rule
        return {"newRule": rule, "newIndex": index, "oldRule": old}
    rules = call.sheet(call.given.get("sheetId")).parts.get("conditionalFormats", [])
    _there(index, len(rules))
    moving = rules.pop(index)
    new = _place(call.given.get("newIndex", 0), len(rules))
    rules.insert(new, moving)
    return {"newRule": moving, "newIndex": new, "oldRule": moving, "oldIndex": index}


def delete_conditional_format(call: Call) -> Json:
    rules = call.sheet(call.given.get("sheetId")).parts.get("conditionalFormats", [])
    index = call.given.get("index", 0)
    _there(index, len(rules))
    return {"rule": rules.pop(index)}


HANDLERS = {
    "addNamedRange": add_named_range,
    "updateNamedRange": update_named_range,
    "deleteNamedRange": delete_named_range,
    "addProtectedRange": add_protected_range,
    "updateProtectedRange": update_protected_range,
    "deleteProtectedRange": delete_protected_range,
    "setBasicFilter": set_basic_filter,
    "clearBasicFilter": clear_basic_filter,
    "addConditionalFormatRule": add_conditional_format,
    "updateConditionalFormatRule": update_conditional_format,
    "deleteConditionalFormatRule": delete_conditional_format,
}
