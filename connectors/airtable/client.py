"""One request to Airtable through `pyairtable`, which is imported with the first of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from connectors.airtable.errors import Asking, Where, translated
from connectors.airtable.settings import AirtableSettings, is_base
from connectors.api import Place
from connectors.errors import NeedsOwner, OutcomeUnknown, TryLater
from connectors.reaching import RELOAD
from connectors.whole import Watch

if TYPE_CHECKING:
    import requests
    from pyairtable import Api


MOST = 64 * 1024 * 1024
"""Bytes of one answer: a hundred records, many of them as long as they may be."""


class Client:
    """Sends one request, once: pyairtable's own retries send a create six times (VENDORS.md B8), and have no time-out."""

    def __init__(self, settings: AirtableSettings, place: Place) -> None:
        address = settings.address
        known = address.base if is_base(address.base) else None
        self.where = Where(place.name, address.base, address.table, address.view, settings.token, known)
        self._settings = settings
        self._place = place
        self._watch = Watch(settings.timeout, "timeout", MOST)

    def ask(
        self,
        asking: Asking,
        method: str,
        *path: str,
        options: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        json: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The answer's JSON object.

        path: after `/v0`, unquoted.   options: pyairtable's names for query parameters.   params: others, as they are.
        json: the body.
        Raises Refused for what `asking` heeds; TryLater, OutcomeUnknown, NeedsOwner, Bug.
        """
        api = self._api
        with (
            self._place.gate("write" if asking.writing else "read"),
            translated(self.where, asking),
            self._watch.within(self.where, writing=asking.writing),
        ):
            answer = api.request(
                method,
                api.build_url(*path),
                options=dict(options or {}),
                params=dict(params or {}),
                json=dict(json) if json is not None else None,
            )
        if not isinstance(answer, dict):
            doubtful = OutcomeUnknown if asking.writing else TryLater
            raise doubtful(f"{self.where}: Airtable's answer is no JSON object")
        return answer

    def close(self) -> None:
        """Let go of the connections. Another request would make new ones."""
        if "_api" in self.__dict__:
            self._api.session.close()

    @cached_property
    def _api(self) -> Api:
        from pyairtable import Api

        from connectors.over_requests import watched

        settings = self._settings
        token = self._token()
        timeout = (int(settings.connect_timeout.total_seconds()), int(settings.timeout.total_seconds()))
        api = Api(token, timeout=timeout, retry_strategy=None, endpoint_url=settings.endpoint, use_field_ids=True)
        api.session.auth = _Bearer(token)
        watched(api.session, self._watch)
        return api

    def _token(self) -> str:
        try:
            token = self._place.secret(self.where.secret).strip()
        except KeyError:
            token = ""
        if not token:
            raise NeedsOwner(
                f"{self.where}: {self.where.secret} has no value; put {self.where.secret}=… into .env beside rowd.toml; {RELOAD}"
            )
        return token


class _Bearer:
    """Without an `auth` of its own, `requests` would replace the token by what ~/.netrc says of the host."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def __repr__(self) -> str:
        return "***"
