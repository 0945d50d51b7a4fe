"""`spreadsheets.values`: get, batchGet, update, batchUpdate, append, clear, batchClear, and the three by data filters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.emulators.core.exchange import Answer, Json, Refused, Request
from tests.emulators.google_sheets import a1, appending, errors, following, guards, metadata, schema, values
from tests.emulators.google_sheets.a1 import Place
from tests.emulators.google_sheets.accounts import SHEETS_READ, SHEETS_WRITE
from tests.emulators.google_sheets.errors import invalid
from tests.emulators.google_sheets.masks import answer_mask, kept
from tests.emulators.google_sheets.values import Writer, Written

if TYPE_CHECKING:
    from tests.emulators.google_sheets.service import GoogleSheets, Opened

BASE = "/v4/spreadsheets/{file_id}/values"
OPTIONS = ("RAW", "USER_ENTERED")
RENDERINGS = ("FORMATTED_VALUE", "UNFORMATTED_VALUE", "FORMULA")
DIMENSIONS = ("ROWS", "COLUMNS", "DIMENSION_UNSPECIFIED")
TIMES = ("SERIAL_NUMBER", "FORMATTED_STRING")


class ValuesApi:
    def __init__(self, service: GoogleSheets) -> None:
        self._service = service
        on = service.serve
        on("GET", BASE + ":batchGet", "values.batchGet", "read", SHEETS_READ, self.batch_get)
        on("POST", BASE + ":batchUpdate", "values.batchUpdate", "write", SHEETS_WRITE, self.batch_update)
        on("POST", BASE + ":batchClear", "values.batchClear", "write", SHEETS_WRITE, self.batch_clear)
        on("POST", BASE + ":batchGetByDataFilter", "values.batchGetByDataFilter", "read", SHEETS_WRITE, self.get_filtered)
        on("POST", BASE + ":batchUpdateByDataFilter", "values.batchUpdateByDataFilter", "write", SHEETS_WRITE, self.update_filtered)
        on("POST", BASE + ":batchClearByDataFilter", "values.batchClearByDataFilter", "write", SHEETS_WRITE, self.clear_filtered)
        on("POST", BASE + "/{cells*}:append", "values.append", "write", SHEETS_WRITE, self.append)
        on("POST", BASE + "/{cells*}:clear", "values.clear", "write", SHEETS_WRITE, self.clear)
        on("GET", BASE + "/{cells*}", "values.get", "read", SHEETS_READ, self.get)
        on("PUT", BASE + "/{cells*}", "values.update", "write", SHEETS_WRITE, self.update)

    def get(self, request: Request, file_id: str, cells: str) -> Answer:
        opened = self._service.open(request, file_id, write=False)
        found = self._read(opened, [opened.book.place(cells)], _query(request))[0]
        return _answer(request, found, "ValueRange")

    def batch_get(self, request: Request, file_id: str) -> Answer:
        opened = self._service.open(request, file_id, write=False)
        found = self._read(opened, [opened.book.place(text) for text in request.all("ranges")], _query(request))
        answer = {"spreadsheetId": file_id, **({"valueRanges": found} if found else {})}
        return _answer(request, answer, "BatchGetValuesResponse")

    def _read(self, opened: Opened, places: list[Place], said: dict[str, Json]) -> list[Json]:
        renderer = self._service.renderer(opened.book, said.get("valueRenderOption"), said.get("dateTimeRenderOption"))
        dimension = "COLUMNS" if said.get("majorDimension") == "COLUMNS" else "ROWS"
        return [values.read(place.sheet, values.on_grid(place), renderer, dimension) for place in places]

    def update(self, request: Request, file_id: str, cells: str) -> Answer:
        given = schema.body(request.json, "ValueRange", "data")
        said = _query(request)
        with self._service.writing(request, file_id) as opened:
            place = opened.book.place(cells)
            if "range" in given and opened.book.place(given["range"])[:2] != place[:2]:
                raise invalid(f"Requested writing within range [{cells}], but the body has range [{given['range']}]")
            written = self._writer(opened, said).write(place, given.get("values", []), given.get("majorDimension"))
        return _answer(request, self._told(opened, written, said), "UpdateValuesResponse")

    def append(self, request: Request, file_id: str, cells: str) -> Answer:
        given = schema.body(request.json, "ValueRange", "data")
        said = _query(request)
        with self._service.writing(request, file_id) as opened:
            written, found = self._append(opened, opened.book.place(cells), given, said)
        answer: dict[str, Json] = {"spreadsheetId": file_id}
        if found is not None:
            answer["tableRange"] = found
        answer["updates"] = self._told(opened, written, said)
        return _answer(request, answer, "AppendValuesResponse")

    def _append(self, opened: Opened, place: Place, given: Json, said: dict[str, Json]) -> tuple[Written, str | None]:
        sheet, area = place.sheet, values.on_grid(place)
        table = appending.table(sheet, area)
        found = None if table is None else a1.written(sheet, table)
        row, column = (area.top, area.left) if table is None else (table.bottom, table.left)
        lines = given.get("values", [])
        turned = given.get("majorDimension") == "COLUMNS"
        longest = max(map(len, lines), default=0)
        height, width = (longest, len(lines)) if turned else (len(lines), longest)
        if said.get("insertDataOption") == "INSERT_ROWS":
            opened.book.room(sheet, sheet.height + height, max(sheet.width, column + width))
            guards.check_insert(sheet, True, row, opened.grant.account.email)
            sheet.insert(True, row, height)
            following.follow(opened.book, sheet, True, following.inserted(row, height))
        bottom, right = max(sheet.height, row + height), max(sheet.width, column + width)
        if (bottom, right) != (sheet.height, sheet.width):
            opened.book.room(sheet, bottom, right)
            sheet.resize(bottom, right)
        target = Place(sheet, sheet.whole._replace(top=row, left=column), True, place.text)
        return self._writer(opened, said).write(target, lines, given.get("majorDimension")), found

    def clear(self, request: Request, file_id: str, cells: str) -> Answer:
        schema.body(request.json, "ClearValuesRequest")
        with self._service.writing(request, file_id) as opened:
            place = opened.book.place(cells)
            cleared = values.clear(place.sheet, values.on_grid(place), opened.grant.account.email)
        return _answer(request, {"spreadsheetId": file_id, "clearedRange": cleared}, "ClearValuesResponse")

    def batch_clear(self, request: Request, file_id: str) -> Answer:
        given = schema.body(request.json, "BatchClearValuesRequest")
        with self._service.writing(request, file_id) as opened:
            cleared = []
            for index, text in enumerate(given.get("ranges", [])):
                with _within(f"range[{index}]"):
                    place = opened.book.place(text)
                    cleared.append(values.clear(place.sheet, values.on_grid(place), opened.grant.account.email))
        answer = {"spreadsheetId": file_id, **({"clearedRanges": cleared} if cleared else {})}
        return _answer(request, answer, "BatchClearValuesResponse")

    def batch_update(self, request: Request, file_id: str) -> Answer:
        given = schema.body(request.json, "BatchUpdateValuesRequest")
        with self._service.writing(request, file_id) as opened:
            writer = self._writer(opened, given)
            done = []
            for index, one in enumerate(given.get("data", [])):
                with _within(f"data[{index}]"):
                    place = opened.book.place(one.get("range", ""))
                    done.append(writer.write(place, one.get("values", []), one.get("majorDimension")))
        answer = values.totals(opened.book, done)
        answer["responses"] = [self._told(opened, written, _renamed(given)) for written in done]
        return _answer(request, answer, "BatchUpdateValuesResponse")

    def get_filtered(self, request: Request, file_id: str) -> Answer:
        given = schema.body(request.json, "BatchGetValuesByDataFilterRequest")
        opened = self._service.open(request, file_id, write=False)
        found: dict[metadata.Spot, list[Json]] = {}
        places = metadata.Places()
        for index, wanted in enumerate(given.get("dataFilters", [])):
            for spot in self._spots(opened, wanted, f"dataFilters[{index}]", places):
                found.setdefault(spot, []).append(wanted)
        wanted_places = [Place(spot.sheet, spot.area, False, "") for spot in found]
        read = self._read(opened, wanted_places, given)
        matched = [{"valueRange": one, "dataFilters": filters} for one, filters in zip(read, found.values(), strict=True)]
        answer = {"spreadsheetId": file_id, **({"valueRanges": matched} if matched else {})}
        return _answer(request, answer, "BatchGetValuesByDataFilterResponse")

    def update_filtered(self, request: Request, file_id: str) -> Answer:
        given = schema.body(request.json, "BatchUpdateValuesByDataFilterRequest")
        with self._service.writing(request, file_id) as opened:
            writer = self._writer(opened, given)
            done: list[tuple[Written, Json]] = []
            places = metadata.Places()
            for index, one in enumerate(given.get("data", [])):
                wanted = one.get("dataFilter", {})
                for spot in self._spots(opened, wanted, f"data[{index}]", places):
                    with _within(f"data[{index}]"):
                        place = Place(spot.sheet, spot.area, False, a1.written(spot.sheet, spot.area))
                        done.append((writer.write(place, one.get("values", []), one.get("majorDimension")), wanted))
        answer = values.totals(opened.book, [written for written, _ in done])
        if done:
            said = _renamed(given)
            answer["responses"] = [
                {**_without_id(self._told(opened, written, said)), "dataFilter": wanted} for written, wanted in done
            ]
        return _answer(request, answer, "BatchUpdateValuesByDataFilterResponse")

    def clear_filtered(self, request: Request, file_id: str) -> Answer:
        given = schema.body(request.json, "BatchClearValuesByDataFilterRequest")
        with self._service.writing(request, file_id) as opened:
            cleared = []
            places = metadata.Places()
            for index, wanted in enumerate(given.get("dataFilters", [])):
                spots = self._spots(opened, wanted, f"dataFilters[{index}]", places)
                cleared += [values.clear(spot.sheet, spot.area, opened.grant.account.email) for spot in spots]
        answer = {"spreadsheetId": file_id, **({"clearedRanges": cleared} if cleared else {})}
        return _answer(request, answer, "BatchClearValuesByDataFilterResponse")

    def _spots(self, opened: Opened, wanted: Json, where: str, places: metadata.Places) -> list[metadata.Spot]:
        found = metadata.spots(opened.book, wanted, self._service.project, places)
        if not found and self._service.switches["unmatched_filter"] == "refused":
            raise invalid(f"Invalid {where}: No data matched the data filter.")
        return found

    def _writer(self, opened: Opened, said: dict[str, Json]) -> Writer:
        option = said.get("valueInputOption")
        if option not in OPTIONS:
            raise invalid("'valueInputOption' is required but not specified")
        strict = self._service.switches["strict_dropdown"] == "refused"
        return Writer(opened.book, self._service.clock.now(), option, opened.grant.account.email, strict)

    def _told(self, opened: Opened, written: Written, said: dict[str, Json]) -> dict[str, Json]:
        answer = values.update_answer(opened.book, written)
        if said.get("includeValuesInResponse") in (True, "true", "True"):
            option, times = said.get("responseValueRenderOption"), said.get("responseDateTimeRenderOption")
            renderer = self._service.renderer(opened.book, option, times)
            answer["updatedData"] = values.read(written.sheet, written.area, renderer)
        return answer


class _within:  # noqa: N801 (read as a word)
    """Says which part of a batch was refused."""

    def __init__(self, where: str) -> None:
        self._where = where

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, exc: BaseException | None, trace: object) -> None:
        if isinstance(exc, Refused) and exc.answer.status == 400:
            message = exc.answer.json["error"]["message"]
            raise invalid(message if message.startswith("Invalid ") else f"Invalid {self._where}: {message}") from exc


def _query(request: Request) -> dict[str, Json]:
    """The parameters, checked. Raises Refused."""
    said = dict(request.query)
    known = {
        "majorDimension": DIMENSIONS,
        "valueRenderOption": RENDERINGS,
        "responseValueRenderOption": RENDERINGS,
        "dateTimeRenderOption": TIMES,
        "responseDateTimeRenderOption": TIMES,
        "insertDataOption": ("OVERWRITE", "INSERT_ROWS"),
    }
    for name, words in known.items():
        if name in said and said[name] not in words:
            path = "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)
            raise errors.bad_fields(
                [(path, f"Invalid value at '{path}' (type.googleapis.com/google.apps.sheets.v4), \"{said[name]}\"")]
            )
    return dict(said)


def _renamed(given: dict[str, Json]) -> dict[str, Json]:
    return {name: given[name] for name in given if name.startswith(("includeValues", "response"))}


def _without_id(given: dict[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in given.items() if name != "spreadsheetId"}


def _answer(request: Request, found: Json, name: str) -> Answer:
    return Answer.of(200, kept(found, answer_mask(request.first("fields"), name)))
