"""An HTTP request made ready: fills it, has it sent, keeps what came back, and says how it ended."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec.structs import replace

from actions.api import Context, Outcome, Request, Result, Value
from actions.http import plan
from actions.http.addresses import literal
from actions.http.pointer import found
from actions.http.settings import HttpSettings
from actions.paths import confined
from actions.sizes import spelled
from actions.telling import MASK, Mask, cut, listed, plain
from actions.values import BadValue

if TYPE_CHECKING:
    import ssl

    from actions.http.exchange import Answer

BODY, TALK = "response", "exchange"
"""Files in an attempt's folder: the answer's body; the head lines of both sides."""

_CONFIDENTIAL = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "api-key", "x-auth-token"})


def make(name: str, settings: HttpSettings, base: Path) -> Http:  # noqa: ARG001 (a Kind's signature)
    """A request from its definition. Raises ValueError where a row's value could lead it elsewhere."""
    verify = settings.verify if isinstance(settings.verify, bool) else base / settings.verify
    return Http(settings, plan.read(settings), verify)


class Http:
    """`kind = "http"`. Checkable and Refusing."""

    def __init__(self, settings: HttpSettings, request: plan.Plan, verify: bool | Path) -> None:
        self._settings = settings
        self._plan = request
        self._verify = verify
        self._trust: ssl.SSLContext | None = None

    async def run(self, request: Request, context: Context) -> Result:
        folder = context.folder  # before anything is sent: where it can't be made, nothing may have happened yet
        secrets = {name: context.secret(name) for name in self._settings.secrets}
        mask = Mask(secrets.values())
        exchange = await asyncio.to_thread(import_module, "actions.http.exchange")  # httpx takes a while the first time
        try:
            if self._trust is None:
                self._trust = await asyncio.to_thread(exchange.trust, self._verify)
            sent = self._filled(request, secrets)
            made = exchange.Exchange(
                self._trust, self._settings.allow_private, self._settings.max_response, follow=self._settings.follow_redirects
            )
            answer: Answer = await made.answer(sent)
        except (exchange.Failed, ValueError, OSError) as exc:
            final = isinstance(exc, BadValue) or (isinstance(exc, exchange.Failed) and exc.final)
            return Result(Outcome.FAILED, cut(plain(mask.text(str(exc)))), final=final)
        result = self._result(answer, exchange.reason(answer.status), mask)
        try:
            _keep(folder, answer, mask)
        except OSError as exc:  # a full disk: what the server has done it has done
            return replace(result, summary=cut(f"{result.summary}; what it answered can't be kept: {exc.strerror}"))
        return result

    def lacking(self) -> str | None:
        """An address in its url that it may not reach. A name is looked up only when it runs: it may be another one then."""
        host = urlsplit(self._plan.url.filled(lambda _: "x")).hostname or ""
        address = literal(host)
        return None if address is None else self._settings.allow_private.refusal(host, address)

    def refusal(self, parameters: Mapping[str, Value]) -> str | None:
        try:
            self._plan.filled({}, self._lookup(parameters, dict.fromkeys(self._settings.secrets, "x")))
        except BadValue as exc:
            return str(exc)
        return None

    def _lookup(self, parameters: Mapping[str, Value], secrets: Mapping[str, str]) -> plan.Lookup:
        values = confined(self._settings.parameters, parameters)
        return lambda reference: secrets[reference.name] if reference.secret else values[reference.name]

    def _filled(self, request: Request, secrets: Mapping[str, str]) -> plan.Sent:
        own = {"Idempotency-Key": request.run}  # the same for every attempt, so that a server can tell a repetition
        return self._plan.filled({**plan.usual(), **own}, self._lookup(request.parameters, secrets))

    def _result(self, answer: Answer, reason: str, mask: Mask) -> Result:
        if not any(low <= answer.status <= high for low, high in self._settings.expect):
            said = "" if "html" in answer.header("content-type") or answer.encoding else _beginning(answer, mask)
            to = mask.text(answer.header("location"))
            hint = f", to {to}; set follow_redirects, or correct the url" if 300 <= answer.status < 400 and to else ""
            stays = bool(hint) and answer.status in plan.PERMANENT
            return Result(Outcome.FAILED, cut(plain(mask.text(f"{reason}{hint}{': ' if said else ''}{said}"))), final=stays)
        try:
            outputs = self._outputs(answer, mask)
        except ValueError as exc:
            return Result(Outcome.FAILED, cut(plain(mask.text(f"{reason}, but {exc}"))))
        size = spelled(len(answer.content)) + ("" if answer.whole else ", the rest was not read")
        return Result(Outcome.SUCCEEDED, cut(plain(mask.text(f"{reason}, {listed(outputs) or size}"))), outputs)

    def _outputs(self, answer: Answer, mask: Mask) -> dict[str, Value]:
        """The declared outputs, masked; null gives none. Raises ValueError, with half a sentence, where one can't be had."""
        if not self._settings.outputs:
            return {}
        if not answer.whole:
            raise ValueError(f"the answer is longer than {spelled(self._settings.max_response)}; raise max_response")
        try:
            document = json.loads(answer.content)
        except (ValueError, RecursionError):
            if answer.encoding:
                asked = "which rowd asks servers not to do and doesn't undo"
                raise ValueError(f"the answer is encoded as {answer.encoding}, {asked}, so it has no outputs") from None
            raise ValueError("the answer is not JSON, so it has no outputs") from None
        outputs: dict[str, Value] = {}
        for name, pointer in self._settings.outputs.items():
            try:
                value = found(document, pointer)
            except LookupError:
                raise ValueError(f"the answer has nothing at {pointer} for the output {name}") from None
            match value:
                case None:
                    continue
                case str():
                    outputs[name] = cut(mask.text(value))
                case int() | float() if math.isfinite(value) and abs(value) < 2**63:
                    outputs[name] = mask.value(value)
                case _:
                    raise ValueError(f"what the answer has at {pointer or 'its top'} is not a single value for the output {name}")
        return outputs


def _keep(folder: Path, answer: Answer, mask: Mask) -> None:
    (folder / BODY).write_bytes(mask.content(answer.content, whole=answer.whole))
    request = answer.request
    lines = [f"{request.method} {request.url}", *_shown(tuple(request.headers.items())), "", str(answer.status)]
    (folder / TALK).write_text(mask.text("\n".join([*lines, *_shown(answer.headers), ""])), encoding="utf-8")


def _shown(headers: tuple[tuple[str, str], ...]) -> list[str]:
    return [f"{name}: {MASK if name.lower() in _CONFIDENTIAL else value}" for name, value in headers]


def _beginning(answer: Answer, mask: Mask) -> str:
    """Masked before it is cut: afterwards nobody would know half a secret."""
    beginning = answer.content[:2000]
    masked = mask.content(beginning, whole=answer.whole and len(beginning) == len(answer.content))
    return cut(plain(masked.decode(errors="replace")), 200)
