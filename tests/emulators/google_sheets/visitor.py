"""A person at a browser, who signs in where an address leads."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from html import unescape
from urllib.parse import urljoin

import httpx


@dataclass(frozen=True)
class Visitor:
    """email: as whom.   patience: seconds for each page."""

    email: str
    patience: float = 30.0

    def visits(self, address: str, *, allow: bool = True, untick: Collection[str] = ()) -> httpx.Response:
        """Open the address, answer the page, and go where that leads: what is shown at last.   untick: scopes left out."""
        with self._browser() as browser:
            answered = self._answered(browser, address, allow=allow, untick=untick)
            return browser.get(answered.headers["Location"]) if answered.is_redirect else answered

    def led_to(self, address: str, *, allow: bool = True, untick: Collection[str] = ()) -> str:
        """The same up to the address that the page leads to, which isn't opened."""
        with self._browser() as browser:
            return self._answered(browser, address, allow=allow, untick=untick).headers["Location"]

    def _browser(self) -> httpx.Client:
        return httpx.Client(timeout=self.patience, trust_env=False, verify=False)  # noqa: S501 (plain HTTP, to this machine)

    def _answered(self, browser: httpx.Client, address: str, *, allow: bool, untick: Collection[str]) -> httpx.Response:
        page = browser.get(address)
        action = re.search(r'action="([^"]+)"', page.text)
        if action is None:
            return page
        ticket, scopes = (re.findall(rf'name="{name}" value="([^"]*)"', page.text) for name in ("ticket", "scope"))
        answer = {
            "ticket": ticket,
            "account": self.email,
            "scope": [scope for one in scopes if (scope := unescape(one)) not in untick],
            "answer": "allow" if allow else "deny",
        }
        return browser.post(urljoin(address, unescape(action[1])), data=answer)
