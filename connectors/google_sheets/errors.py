"""Google's refusals, and what goes wrong on the way to it, as what to do next. Pure.

Bodies as VENDORS' own error guides and discovery documents have them: Sheets has a `status` and `details`, Drive has `errors`, the
token endpoint has `error` and `error_description`; a proxy on the way may answer in HTML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from msgspec import Struct

from connectors.errors import Bug, Limited, NeedsOwner, NoRoom, OutcomeUnknown, TableError, TryLater
from connectors.google_sheets.limits import broken
from connectors.showing import said

MINUTE = timedelta(minutes=1)
"""Quotas are refilled every minute (developers.google.com/workspace/sheets/api/limits, read 2026-11-21)."""

LONGEST = timedelta(hours=1)
"""So long a Retry-After is believed."""

SAID = 200
"""Characters of Google's own words that a message repeats."""

_LINK = re.compile(r"https://console\.(?:developers|cloud)\.google\.com/[^\s\"'<>]+")
_BUSY = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED", "sharingRateLimitExceeded"})
_GONE = re.compile(r"No data matched|exceeds grid limits|tried writing to (?:column|row)", re.IGNORECASE)


class Outdated(TryLater):
    """What was named is not there any more: a row, or a column at the end of the tab. Nothing was written; read, and ask again."""


class Unasked(TryLater):
    """Drive doesn't say how the file stands: its API is not switched on, or it is busy. Whether it changed is not known."""


class NoTab(NeedsOwner):
    """The spreadsheet is there, and has no such tab."""


class Subject(Struct, frozen=True):
    """What messages call the things in question.

    label: the tab.   address: of the account that asks; "" while it isn't known.   project: by way of which it does.
    spreadsheet: the spreadsheet's id.   login: the command with which a person signs in; "" for a service account.
    """

    label: str
    address: str
    spreadsheet: str
    project: str = ""
    login: str = ""

    @property
    def user(self) -> str:
        """By whom Google counts, as a scope."""
        return f"Google {'account' if self.login else 'service account'} {self.address}".rstrip()

    @property
    def url(self) -> str:
        return f"https://docs.google.com/spreadsheets/d/{self.spreadsheet}/edit"


class Refusal(Struct, frozen=True):
    """An answer that is none. status: of HTTP.   headers: names in lower case.   body: as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def error(self) -> Mapping[str, Any]:
        """The `error` of the body; empty where it has none, or is no JSON."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        error = found.get("error") if isinstance(found, dict) else None
        if isinstance(error, str):
            return {"message": f"{error}: {found.get('error_description') or ''}".rstrip(": ")}
        return error if isinstance(error, dict) else {}

    @property
    def message(self) -> str:
        """What it says, on one line, fit for a person."""
        return said(str(self.error.get("message") or self.body[:800].decode("utf-8", "replace") or "nothing"), SAID)

    @property
    def whole_message(self) -> str:
        return str(self.error.get("message") or "")

    @property
    def reasons(self) -> frozenset[str]:
        """Of `details` (Sheets) and `errors` (Drive)."""
        told = [*self._list("details"), *self._list("errors")]
        return frozenset(str(one["reason"]) for one in told if isinstance(one, dict) and "reason" in one)

    def _list(self, name: str) -> list[Any]:
        found = self.error.get(name)
        return found if isinstance(found, list) else []


def refused(refusal: Refusal, subject: Subject, *, writing: bool) -> TableError:
    """What an answer other than 2xx means.   writing: whether something was to be written."""
    status, reasons = refusal.status, refusal.reasons
    if status == 429 or (status == 403 and reasons & _BUSY):
        scope, kind = broken(refusal.whole_message, subject.user, subject.project)
        what = f"{subject.label}: Google's quota for this minute is spent ({refusal.message})"
        return Limited(what, wait=_wait(refusal), scope=scope, kind=kind)
    if status == 408 or (status >= 500 and status != 501):
        return _failed(refusal, subject, writing=writing)
    if status == 401:
        remedy = (
            f"Sign in anew: `{subject.login}`."
            if subject.login
            else "Make a new key for the service account in the Google Cloud console, and give it as credentials in rowd.toml."
        )
        return NeedsOwner(
            f"{subject.label}: Google doesn't accept the credentials of {_who(subject)} ({refusal.message}). {remedy}"
        )
    if status == 403:
        return _forbidden(refusal, subject, writing=writing)
    if status == 404:
        return NeedsOwner(
            f"{subject.label}: there is no spreadsheet {subject.spreadsheet}. It was deleted for good, or the id is wrong: copy the"
            " address that the browser shows into rowd.toml, as spreadsheet."
        )
    if status == 400:
        return _wrong(refusal, subject)
    return Bug(f"{subject.label}: Google answered {status}: {refusal.message}")


def _forbidden(refusal: Refusal, subject: Subject, *, writing: bool) -> TableError:
    reasons, text = refusal.reasons, refusal.whole_message
    if reasons & {"SERVICE_DISABLED", "accessNotConfigured"} or "it is disabled" in text:
        link = _LINK.search(text)
        where = link[0].rstrip(".") if link else "https://console.cloud.google.com/apis/library/sheets.googleapis.com"
        return NeedsOwner(
            f"{subject.label}: the API is not switched on in the Google Cloud project of the"
            f" {'OAuth client' if subject.login else 'service account'}. Switch it on at {where}; that takes a few minutes to work."
        )
    if reasons & {"ACCESS_TOKEN_SCOPE_INSUFFICIENT", "insufficientPermissions"} or "insufficient authentication scopes" in text:
        remedy = (
            f"Sign in anew, and tick every box: `{subject.login}`."
            if subject.login
            else "Give rowd the key of a service account, as credentials in rowd.toml."
        )
        return NeedsOwner(
            f"{subject.label}: the access token lacks the scope https://www.googleapis.com/auth/spreadsheets. {remedy}"
        )
    if reasons & {"storageQuotaExceeded", "teamDriveFileLimitExceeded"}:
        return NoRoom(f"{subject.label}: the Drive that the spreadsheet is in is full ({refusal.message}). Make room there.")
    if "protected" in text:
        return _protected(subject)
    if "does not have permission" in text or not refusal.error:
        role = "as an Editor; a Viewer can't write" if writing else "as an Editor"
        if subject.login:
            return NeedsOwner(
                f"{subject.label}: {_who(subject)} may not {'edit' if writing else 'open'} the spreadsheet. Have its owner share"
                f" {subject.url} with that account {role}, or sign in with another: `{subject.login}`."
            )
        return NeedsOwner(
            f"{subject.label} is not shared with rowd{' for writing' if writing else ''}. Open {subject.url}, press Share, and add"
            f" {_who(subject)} {role}."
        )
    return NeedsOwner(
        f"{subject.label}: Google refuses ({refusal.message}). Share {subject.url} with {_who(subject)} as an Editor."
    )


def _wrong(refusal: Refusal, subject: Subject) -> TableError:
    text = refusal.whole_message
    if "Unable to parse range" in text or "No sheet with id" in text or "No grid with id" in text:
        return NoTab(f"{subject.label}: the spreadsheet has no such tab. Name the tab so again, or say in rowd.toml which it is.")
    if _GONE.search(text):
        return Outdated(f"{subject.label} has changed since it was read ({refusal.message})")
    if "protected" in text:
        return _protected(subject)
    if "limit of 10000000 cells" in text:
        return NoRoom(
            f"{subject.label}: the spreadsheet has ten million cells, the most there can be. Delete rows, columns or tabs."
        )
    if "developer metadata" in text and "exceed" in text:
        return NeedsOwner(
            f"{subject.label} has more row marks than Google keeps for one tab (30,000 characters). Move some of its rows into"
            " another tab, with a table of its own in rowd.toml."
        )
    if "data validation" in text:
        return NeedsOwner(
            f"{subject.label}: a drop-down or another rule of the sheet refuses what rowd writes ({refusal.message}). In the rule,"
            ' choose "Show a warning", or take the rule off the columns that rowd writes.'
        )
    if refusal.error.get("status") == "FAILED_PRECONDITION" or "not supported for this document" in text:
        return NeedsOwner(
            f"{subject.label}: the file {subject.spreadsheet} is no Google spreadsheet. If it is an Excel file, open it in Google"
            ' Sheets, choose "Save as Google Sheets" in the File menu, and give the new address in rowd.toml.'
        )
    return Bug(f"{subject.label}: Google says that the request is wrong: {refusal.message}")


def _protected(subject: Subject) -> NeedsOwner:
    return NeedsOwner(
        f"{subject.label}: a protected range or tab keeps rowd from writing. In Data › Protect sheets and ranges, let"
        f" {_who(subject)} edit it, or leave the columns that rowd writes out of it."
    )


def _failed(refusal: Refusal, subject: Subject, *, writing: bool) -> TableError:
    what = f"{subject.label}: Google failed ({refusal.status}: {refusal.message})"
    return OutcomeUnknown(what) if writing else TryLater(what, wait=_retry_after(refusal))


def _wait(refusal: Refusal) -> timedelta:
    """Until Google says, else until the minute is over by Google's own clock (the Date header), else a minute."""
    if (asked := _retry_after(refusal)) is not None:
        return asked
    try:
        at = parsedate_to_datetime(refusal.headers["date"])
    except (KeyError, ValueError):
        return MINUTE
    return MINUTE - timedelta(seconds=at.second) + timedelta(seconds=1)  # the header has no fractions


def _retry_after(refusal: Refusal) -> timedelta | None:
    """The Retry-After header, where it is given in seconds (RFC 9110, 10.2.3)."""
    text = refusal.headers.get("retry-after", "").strip()
    return min(timedelta(seconds=int(text[:9])), LONGEST) if text.isascii() and text.isdigit() and int(text[:9]) else None


def _who(subject: Subject) -> str:
    return subject.address or ("the account that signed in" if subject.login else "the service account")


def no_token(message: str, retryable: bool, subject: Subject) -> TableError:
    """The token endpoint gave none.   message: google-auth's.   retryable: whether google-auth takes it for passing."""
    what = said(message, SAID)
    if retryable:
        return TryLater(f"{subject.label}: Google's token service failed ({what})")
    if subject.login:
        return NeedsOwner(f"{subject.label}: Google gives no access token ({what}). {_anew(message, subject)}")
    if "short-lived token" in message or "reasonable timeframe" in message:
        remedy = "This machine's clock is wrong; set it (timedatectl set-ntp true)."
    elif "Invalid JWT Signature" in message:
        remedy = f"The key was deleted or replaced: make a new one for {_who(subject)} in the Google Cloud console."
    elif "account not found" in message or "invalid_client" in message or "disabled_client" in message:
        remedy = (
            f"The service account {subject.address} was deleted or switched off: bring it back in the Google Cloud console, or make"
            " another."
        )
    else:
        remedy = f"Look at the service account {subject.address} in the Google Cloud console, and make a new key for it."
    return NeedsOwner(f"{subject.label}: Google gives no access token ({what}). {remedy}")


def _anew(message: str, subject: Subject) -> str:
    """What a person does whose sign-in is of no use any more."""
    if "invalid_client" in message or "deleted_client" in message or "unauthorized_client" in message:
        return (
            "The OAuth client was deleted, or has another secret now: download its JSON anew from the Google Cloud console, put it"
            f" where rowd.toml says, then sign in: `{subject.login}`."
        )
    if "expired or revoked" in message:
        return (
            f"{subject.address or 'Who signed in'} took the access back, or it ran out (after 7 days, where the status of the OAuth"
            f" app is Testing: publish it). Sign in anew: `{subject.login}`. rowd goes on by itself then."
        )
    return f"Sign in anew: `{subject.login}`. rowd goes on by itself then."
