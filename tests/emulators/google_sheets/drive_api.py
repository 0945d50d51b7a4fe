"""Drive v3, as far as spreadsheets want it: files (create, get, list, update, copy, delete, export), permissions, comments."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from io import StringIO
from typing import TYPE_CHECKING

from tests.emulators.core.exchange import Answer, Json, NotEmulated, Request
from tests.emulators.google_sheets import errors, formulas, masks, values
from tests.emulators.google_sheets.accounts import DRIVE_READ, DRIVE_WRITE, Account
from tests.emulators.google_sheets.book import Book
from tests.emulators.google_sheets.drive_query import query
from tests.emulators.google_sheets.errors import drive, no_file
from tests.emulators.google_sheets.files import ROLES, SPREADSHEET, File
from tests.emulators.google_sheets.grid import Formula
from tests.emulators.google_sheets.resource import URL

if TYPE_CHECKING:
    from tests.emulators.google_sheets.service import GoogleSheets

BASE = "/drive/v3/files"
ABOUT = "/drive/v3/about"
DEFAULT = "kind,id,name,mimeType"
"""What Drive gives where no fields are asked for (gspread's recordings of files.create)."""
LIST_DEFAULT = f"kind,incompleteSearch,nextPageToken,files({DEFAULT})"
MINUTE = 60
TRANSFER = "The transferOwnership parameter must be enabled when the permission role is 'owner'."


class DriveApi:
    def __init__(self, service: GoogleSheets) -> None:
        self._service = service
        on = service.serve
        on("GET", ABOUT, "drive.about", "drive", DRIVE_READ, self.about)
        on("POST", BASE, "drive.create", "drive", DRIVE_WRITE, self.create)
        on("GET", BASE, "drive.list", "drive", DRIVE_READ, self.list)
        on("GET", BASE + "/{file_id}", "drive.get", "drive", DRIVE_READ, self.get)
        on("PATCH", BASE + "/{file_id}", "drive.update", "drive", DRIVE_WRITE, self.update)
        on("DELETE", BASE + "/{file_id}", "drive.delete", "drive", DRIVE_WRITE, self.delete)
        on("POST", BASE + "/{file_id}/copy", "drive.copy", "drive", DRIVE_WRITE, self.copy)
        on("GET", BASE + "/{file_id}/export", "drive.export", "drive", DRIVE_READ, self.export)
        on("GET", BASE + "/{file_id}/comments", "drive.comments", "drive", DRIVE_READ, self.comments)
        on("GET", BASE + "/{file_id}/permissions", "permissions.list", "drive", DRIVE_READ, self.permissions)
        on("POST", BASE + "/{file_id}/permissions", "permissions.create", "drive", DRIVE_WRITE, self.share)
        on("DELETE", BASE + "/{file_id}/permissions/{permission}", "permissions.delete", "drive", DRIVE_WRITE, self.unshare)

    def about(self, request: Request) -> Answer:
        """Who asks. It has no fields of its own accord."""
        if not (fields := request.first("fields")):
            raise drive(400, "required", "The 'fields' parameter is required for this method.")
        account = self._service.grant(request).account
        user = {"kind": "drive#user", "displayName": account.email, "me": True, "emailAddress": account.email}
        return Answer.of(200, masks.kept({"kind": "drive#about", "user": user}, _mask(fields, "About")))

    def create(self, request: Request) -> Answer:
        given = request.json or {}
        _mask(request.first("fields"), "File")
        account = self._creator(request)
        if set(given) - {"name", "mimeType", "parents"}:
            raise NotEmulated(f"creating a file with {', '.join(sorted(set(given) - {'name', 'mimeType', 'parents'}))}")
        mime = given.get("mimeType") or "application/octet-stream"
        name = given.get("name") or ("Untitled spreadsheet" if mime == SPREADSHEET else "Untitled")
        if mime == SPREADSHEET:
            file = self._service.new_spreadsheet(name, account.email)
        else:
            file = self._service.files.add(name, mime, account.email, self._service.clock.now())
        file.parents = list(given.get("parents") or ["root"])
        return self._told(request, file)

    def _creator(self, request: Request) -> Account:
        """Service accounts have no storage of their own any more (burnash/gspread#1592)."""
        account = self._service.grant(request).account
        if account.robot and self._service.switches["robots_create"] == "refused":
            raise drive(403, "storageQuotaExceeded", "The user's Drive storage quota has been exceeded.", "usageLimits")
        return account

    def get(self, request: Request, file_id: str) -> Answer:
        if request.first("alt") == "media":
            raise NotEmulated("downloading a file")
        return self._told(request, self._open(request, file_id))

    def list(self, request: Request) -> Answer:
        account = self._service.grant(request).account
        unknown = {name for name, _ in request.query} - {
            "q",
            "pageSize",
            "pageToken",
            "fields",
            "supportsAllDrives",
            "includeItemsFromAllDrives",
            "orderBy",
            "spaces",
            "corpora",
            "alt",
            "key",
            "prettyPrint",
        }
        if unknown:
            raise NotEmulated(f"listing files with {', '.join(sorted(unknown))}")
        wanted = query(request.first("q") or "trashed = false or trashed = true", account.email)
        found: Sequence[File] = [file for file in self._service.files if file.may_read(account.email) and wanted(file)]
        for word in reversed((request.first("orderBy") or "").split(",")):
            found = _ordered(found, *word.split())
        start, size = _page(request)
        answer: dict[str, Json] = {"kind": "drive#fileList", "incompleteSearch": False}
        if start + size < len(found):
            answer["nextPageToken"] = str(start + size)
        answer["files"] = [self._resource(file, account) for file in found[start : start + size]]
        return Answer.of(200, masks.kept(answer, _mask(request.first("fields") or LIST_DEFAULT, "FileList")))

    def update(self, request: Request, file_id: str) -> Answer:
        file = self._open(request, file_id, write=True)
        _mask(request.first("fields"), "File")
        given = {name: value for name, value in (request.json or {}).items() if value is not None}
        if set(given) - {"name", "trashed"} or {name for name, _ in request.query} & {"addParents", "removeParents"}:
            raise NotEmulated("changing that of a file")
        if "name" in given:
            file.name = given["name"]
            if file.book is not None:
                file.book.properties = {**file.book.properties, "title": given["name"]}
        file.trashed = given.get("trashed", file.trashed)
        file.changed(self._service.clock.now())
        return self._told(request, file)

    def delete(self, request: Request, file_id: str) -> Answer:
        file = self._open(request, file_id)
        if file.role(self._service.grant(request).account.email) != "owner":
            raise _no_right(file_id)
        self._service.files.delete(file)
        return Answer(204)

    def copy(self, request: Request, file_id: str) -> Answer:
        """Values, formats and rules; no developer metadata, which says nothing here."""
        source, account = self._open(request, file_id), self._creator(request)
        _mask(request.first("fields"), "File")
        given = request.json or {}
        if source.book is None or source.book.entries or source.book.names or any(s.parts for s in source.book.sheets):
            raise NotEmulated("copying a file with more than cells")
        sheets = [sheet.like(sheet.id, sheet.title) for sheet in source.book.sheets]
        name = given.get("name") or f"Copy of {source.name}"
        file = self._service.new_spreadsheet(name, account.email, sheets)
        assert file.book is not None
        file.book.properties = {**source.book.properties, "title": name}
        return self._told(request, file)

    def export(self, request: Request, file_id: str) -> Answer:
        file = self._open(request, file_id)
        if request.first("mimeType") != "text/csv" or file.book is None:
            raise NotEmulated(f"exporting as {request.first('mimeType')}")
        sheet = file.book.sheets[0]
        rows = values.read(sheet, sheet.whole, self._service.renderer(file.book)).get("values", [])
        width = max(map(len, rows), default=0)
        out = StringIO()
        csv.writer(out, lineterminator="\r\n").writerows([row + [""] * (width - len(row)) for row in rows])
        return Answer(200, out.getvalue().removesuffix("\r\n").encode(), {"Content-Type": "text/csv"})

    def comments(self, request: Request, file_id: str) -> Answer:
        """Nobody comments here."""
        self._open(request, file_id)
        return Answer.of(200, {"comments": []} if request.first("fields") else {"kind": "drive#commentList", "comments": []})

    def permissions(self, request: Request, file_id: str) -> Answer:
        file = self._open(request, file_id)
        answer = {"kind": "drive#permissionList", "permissions": [_bare(one) for one in file.permissions.values()]}
        fields = request.first("fields")
        if fields:
            answer["permissions"] = list(file.permissions.values())
        return Answer.of(200, masks.kept(answer, _mask(fields, "PermissionList")))

    def share(self, request: Request, file_id: str) -> Answer:
        file, given = self._open(request, file_id, write=True), request.json or {}
        kind, role = given.get("type"), given.get("role")
        if kind not in ("user", "anyone") or given.get("pendingOwner"):
            raise NotEmulated(f"sharing with a {kind}")
        if role not in ROLES:
            raise drive(400, "invalid", "The specified role is invalid.")
        email = given.get("emailAddress") if kind == "user" else None
        if kind == "user" and not email:
            raise drive(400, "invalid", "The specified emailAddress is invalid or not applicable for the given permission type.")
        if role == "owner":
            if request.first("transferOwnership") not in ("true", "True"):
                raise drive(403, "forbidden", TRANSFER, location="transferOwnership", locationType="parameter")
            raise NotEmulated("giving a file to another owner")
        permission = self._service.files.share(file, email, role)
        file.changed(self._service.clock.now())
        fields = request.first("fields")
        return Answer.of(200, masks.kept(permission, _mask(fields, "Permission")) if fields else _bare(permission))

    def unshare(self, request: Request, file_id: str, permission: str) -> Answer:
        file = self._open(request, file_id, write=True)
        if permission not in file.permissions:
            raise drive(404, "notFound", f"Permission not found: {permission}.", location="permissionId", locationType="parameter")
        if file.permissions[permission]["role"] == "owner":
            raise _no_right(file_id)
        del file.permissions[permission]
        file.changed(self._service.clock.now())
        return Answer(204)

    def _open(self, request: Request, file_id: str, *, write: bool = False) -> File:
        """Drive says of a file that isn't shared that it isn't there. Raises Refused."""
        email = self._service.grant(request).account.email
        file = self._service.files.get(file_id)
        if file is None or not file.may_read(email):
            raise no_file(file_id)
        if write and not file.may_write(email):
            raise _no_right(file_id)
        return file

    def _told(self, request: Request, file: File) -> Answer:
        account = self._service.grant(request).account
        return Answer.of(200, masks.kept(self._resource(file, account), _mask(request.first("fields") or DEFAULT, "File")))

    def _resource(self, file: File, account: Account) -> dict[str, Json]:
        from tests.emulators.google_sheets.service import LAGS

        now = self._service.clock.now()
        seen = file.seen(now, LAGS[self._service.switches["drive_lag"]])
        version = seen.version
        if self._service.switches["formulas_bump"] == "yes" and file.book is not None and _restless(file.book):
            version += int((now - file.created).total_seconds()) // MINUTE
        owner = file.owner == account.email
        return {
            "kind": "drive#file",
            "id": file.id,
            "name": file.name,
            "mimeType": file.mime,
            "trashed": file.trashed,
            "parents": file.parents,
            "version": str(version),
            "webViewLink": URL.format(file.id) + "?usp=drivesdk",
            "createdTime": stamp(file.created),
            "modifiedTime": stamp(seen.at),
            "ownedByMe": owner,
            "shared": len(file.permissions) > 1,
            "owners": [{"kind": "drive#user", "displayName": file.owner, "me": owner, "emailAddress": file.owner}],
            "capabilities": {"canEdit": file.may_write(account.email)},
            "permissions": list(file.permissions.values()) if file.may_write(account.email) else [],
        }


def _ordered(files: Sequence[File], key: str = "", direction: str = "") -> Sequence[File]:
    """By one key of `orderBy`; they rise unless `desc` is said."""
    if not key:
        return files
    keys: Mapping[str, Callable[[File], datetime | str]] = {
        "createdTime": lambda file: file.created,
        "modifiedTime": lambda file: file.changes[-1].at,
        "recency": lambda file: file.changes[-1].at,
        "name": lambda file: file.name.lower(),
    }
    if key not in keys or direction not in ("", "desc"):
        raise NotEmulated(f"listing files by {key} {direction}")
    return sorted(files, key=keys[key], reverse=direction == "desc")


def _page(request: Request) -> tuple[int, int]:
    """Where a page begins, and how long it may be (brekkylab/backlot#337 has the refusals)."""
    token, size = request.first("pageToken") or "0", request.first("pageSize")
    if not token.isdigit():
        raise drive(400, "invalid", "Invalid Value", location="pageToken", locationType="parameter")
    if size is not None and not (size.isdigit() and 1 <= int(size) <= 1000):
        raise drive(
            400,
            "invalid",
            f"Invalid value '{size}'. Values must be within the range: [1, 1000]",
            location="pageSize",
            locationType="parameter",
        )
    return int(token), int(size or 100)


def _restless(book: Book) -> bool:
    return any(
        isinstance(cell.entered, Formula) and formulas.VOLATILE.search(cell.entered.text) is not None
        for sheet in book.sheets
        for row in sheet.rows
        for cell in row.cells
    )


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _mask(fields: str | None, name: str) -> masks.Tree:
    """Raises Refused for what isn't a field, and NotEmulated for one that isn't emulated."""
    if not fields:
        return {}
    try:
        tree = masks.parsed(fields)
    except masks.Unread:
        tree = {fields: {}}
    if "*" in tree:
        if name in ("File", "FileList"):
            raise NotEmulated("all fields of a file")
        return {}
    from tests.emulators.google_sheets.schema import document

    _known(tree, name, document("drive.v3")["schemas"], "")
    return tree


def _known(tree: masks.Tree, name: str, schemas: Json, path: str) -> None:
    properties = schemas[name]["properties"]
    for field, inner in tree.items():
        here = f"{path}/{field}" if path else field
        if field not in properties:
            raise drive(400, "invalidParameter", f"Invalid field selection {field}", location="fields", locationType="parameter")
        if name == "File" and field not in OURS:
            raise NotEmulated(f"a file's {here}")
        kind = properties[field].get("items", properties[field])
        if inner and "$ref" in kind:
            _known(inner, kind["$ref"], schemas, here)


OURS = frozenset(
    [
        *("kind", "id", "name", "mimeType", "trashed", "parents", "version", "webViewLink", "createdTime", "modifiedTime"),
        *("ownedByMe", "shared", "owners", "capabilities", "permissions"),
    ]
)
"""What is emulated of a file."""


def _bare(permission: Json) -> Json:
    return {name: permission[name] for name in ("kind", "id", "type", "role")}


def _no_right(file_id: str) -> Exception:
    return errors.drive(
        403, "insufficientFilePermissions", f"The user does not have sufficient permissions for this file {file_id}."
    )
