"""The outermost layer of every HTTP request: identity, limits, security headers, one log line, metrics."""

import asyncio
import re
import time
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import msgspec
import structlog
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPResponseStartEvent, HTTPScope, Message, Receive, Scope, Send

from sprintia_platform.http import problems
from sprintia_platform.http.error_pages import MEDIA_TYPE as HTML
from sprintia_platform.http.error_pages import error_document
from sprintia_platform.http.languages import preferred_language
from sprintia_platform.http.problems import Problem
from sprintia_platform.http.ready import (
    DEFAULT_POLICY,
    HSTS,
    SECURITY_HEADERS,
    Found,
    Headers,
    ReadyAnswer,
    ReadyAnswers,
    ReadyLane,
)
from sprintia_platform.observability.exchanges import Exchanges
from sprintia_platform.observability.logs import LONGEST, RequestLine
from sprintia_platform.observability.tracing import (
    TraceContext,
    Tracing,
    end_span,
    random_hex,
    read_trace_context,
)

if TYPE_CHECKING:
    from sprintia_platform.host import Host

log = structlog.get_logger("sprintia.request")

LONGEST_TARGET = 8_192
STREAMED_BODY = "streamed_body"
"""In a handler's `opt`: its body may take as long as it likes, while it keeps coming. Each pause is bounded instead."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestLayer:
    """ASGI middleware around the whole application, unmatched paths and errors included."""

    def __init__(self, app: ASGIApp, host: "Host", tracing: Tracing) -> None:
        self._app = app
        self._host = host
        self._tracing = tracing
        self._lane = ReadyLane(host)
        self._exchanges = Exchanges(host.metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        ready = self._lane.of(scope)
        found = self._lane.find(ready, scope) if ready is not None else None
        await self._exchange(scope, receive, send, ready, found)

    @property
    def draining(self) -> bool:
        return self._host.draining

    def ready_answers(self, scope: HTTPScope) -> ReadyAnswers | None:
        """The plugin that may hold the answer to this request ready; None when a trace is to tell of its way."""
        return None if self._tracing.exports else self._lane.of(scope)

    def ready_bytes(
        self, ready: ReadyAnswers, scope: HTTPScope, default_headers: Headers, *, keep_alive: bool
    ) -> bytes | None:
        """Compose a ready answer as it is sent, and note it; None when the request has to go the ordinary way."""
        started = time.perf_counter()
        found = self._lane.find(ready, scope)
        if found is None:
            return None
        answer, actor, given = found
        request_id = _request_id(given.get(b"x-request-id"))
        traceparent = given.get(b"traceparent")
        context = read_trace_context(traceparent.decode("latin-1") if traceparent else None)
        own = [(b"x-request-id", request_id.encode()), (b"traceparent", context.traceparent.encode())]
        if scope["scheme"] == "https":
            own.append(HSTS)
        if not keep_alive or self._host.draining:
            own.append((b"connection", b"close"))
        lines = [b"%b: %b\r\n" % header for header in (*default_headers, *own)]
        line = RequestLine(
            datetime.now(UTC), request_id, context.trace_id, context.span_id, "GET", answer.route, answer.status,
            round((time.perf_counter() - started) * 1000, 2), len(answer.body), actor, answer.tenant,
        )  # fmt: skip
        self._exchanges.note_soon(line)
        return b"".join((answer.head, *lines, b"\r\n", answer.body))

    async def _exchange(
        self, scope: HTTPScope, receive: Receive, send: Send, ready: ReadyAnswers | None, found: Found | None
    ) -> None:
        headers = dict(scope["headers"])
        traceparents = [value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"]
        context = read_trace_context(traceparents[0] if len(traceparents) == 1 else None)
        request_id = _request_id(headers.get(b"x-request-id"))
        scope["state"]["request_id"] = request_id
        with (
            self._tracing.request_span(context, scope["method"]) as (own_context, span),
            structlog.contextvars.bound_contextvars(
                request_id=request_id, trace_id=own_context.trace_id, span_id=own_context.span_id
            ),
            self._host.metrics.in_flight.track_inprogress(),
        ):
            exchange = _Exchange(self._host, scope, receive, send, request_id, own_context)
            try:
                refusal = self._refusal(scope)
                if refusal is not None:
                    await exchange.refuse(refusal)
                elif found is not None:
                    await exchange.give(found)
                elif ready is not None:
                    await self._app(scope, exchange.receive, _Onlooker(self._lane, ready, scope, exchange).send)
                else:
                    await self._app(scope, exchange.receive, exchange.send)
            except Problem as problem:
                await exchange.refuse(problem)
            except Exception as error:
                log.exception("unexpected_error", exc_info=error)
                await exchange.refuse(Problem(problems.INTERNAL))
            finally:
                self._exchanges.note(exchange.line())
                if span is not None:
                    end_span(span, scope["method"], exchange.route, exchange.status)

    def _refusal(self, scope: HTTPScope) -> Problem | None:
        if len(scope.get("raw_path", b"")) + len(scope.get("query_string", b"")) > LONGEST_TARGET:
            return Problem(problems.URI_TOO_LONG, limit=LONGEST_TARGET)
        target = scope.get("raw_path", b"") + b"?" + scope.get("query_string", b"")
        if b"%00" in target or b"\0" in target:  # PostgreSQL's text cannot hold it, and no name needs it
            return Problem(problems.REQUEST_REFUSED)
        if not all(_is_host(value) for name, value in scope["headers"] if name == b"host"):
            return Problem(problems.REQUEST_REFUSED)
        return self._out_of_service(scope["path"])

    def _out_of_service(self, path: str) -> Problem | None:
        for name, given in self._host.contributions.items():
            if given.unavailable is None or given.routes is None:
                continue
            if given.routes.covers(path):
                return Problem(problems.PLUGIN_UNAVAILABLE, headers={"Retry-After": "60"}, plugin=name)
        return None


class _Exchange:
    """One request and its answer: bounds the body's arrival, completes the answer's headers, remembers its status."""

    def __init__(
        self, host: "Host", scope: HTTPScope, receive: Receive, send: Send, request_id: str, context: TraceContext
    ) -> None:
        self._host, self._scope, self._receive, self._send = host, scope, receive, send
        self._request_id, self._context = request_id, context
        self._started = time.perf_counter()
        self._body_deadline = asyncio.get_running_loop().time() + host.settings.request_timeout
        self._body_complete = False
        self._bytes_out = 0
        self._given: ReadyAnswer | None = None
        self.status = 0

    @property
    def route(self) -> str:
        """The route's template, never the path: a path holds ids, and labels must be bounded."""
        return self._given.route if self._given else str(self._scope.get("path_template") or "(none)")

    @property
    def _tenant(self) -> str | None:
        return self._given.tenant if self._given else (self._scope.get("path_params") or {}).get("tenant")

    async def receive(self) -> HTTPReceiveMessage:
        if self._body_complete:  # from here on only a disconnect can come, and it may take as long as it likes
            return cast("HTTPReceiveMessage", await self._receive())
        try:
            async with asyncio.timeout_at(self._deadline()):
                message = cast("HTTPReceiveMessage", await self._receive())
        except TimeoutError:
            raise Problem(
                problems.BODY_TIMEOUT,
                headers={"Connection": "close"},
                seconds=round(self._host.settings.request_timeout),
            ) from None
        self._body_complete = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    def _deadline(self) -> float:
        handler: BaseRouteHandler | None = self._scope.get("route_handler")
        if handler is not None and handler.opt.get(STREAMED_BODY):
            return asyncio.get_running_loop().time() + self._host.settings.request_timeout
        return self._body_deadline

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), *self._added_headers(message)]
        elif message["type"] == "http.response.body":
            self._bytes_out += len(message.get("body", b""))
        await self._send(message)

    def _added_headers(self, message: HTTPResponseStartEvent) -> list[tuple[bytes, bytes]]:
        present = {name.lower() for name, _ in message.get("headers", ())}
        added = [
            (b"x-request-id", self._request_id.encode()),
            (b"traceparent", self._context.traceparent.encode()),
            *(header for header in (*SECURITY_HEADERS, DEFAULT_POLICY) if header[0] not in present),
        ]
        if self._scope.get("scheme") == "https":
            added.append(HSTS)
        if b"cache-control" not in present:
            added.append((b"cache-control", b"no-store" if self.status >= 400 else b"no-cache"))
        if self._host.draining:
            added.append((b"connection", b"close"))
        return added

    async def give(self, found: Found) -> None:
        """Answer what a plugin held ready."""
        answer, actor, _ = found
        self._given = answer
        self._scope["state"]["actor"] = actor
        await self.send({"type": "http.response.start", "status": answer.status, "headers": list(answer.headers)})
        await self.send({"type": "http.response.body", "body": answer.body, "more_body": False})

    async def refuse(self, problem: Problem) -> None:
        """Answer with a problem from outside of the application, unless an answer has begun already."""
        if self.status:
            return
        headers = {name.lower(): value for name, value in self._scope["headers"]}
        language = preferred_language(_header(headers, b"accept-language"))
        page = error_document(self._host, self._scope, problem, language, self._request_id)
        if page is not None:
            body, media_type, more = page.body, HTML, page.headers
        else:
            body = problem.body(language, instance=problems.instance_of(self._scope), request_id=self._request_id)
            media_type, more = problems.MEDIA_TYPE, {"Content-Language": problem.language(language), **problem.headers}
        own: list[tuple[bytes, bytes]] = [
            (b"content-type", media_type.encode()),
            (b"content-length", str(len(body)).encode()),
            *((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in more.items()),
        ]
        start: Any = {"type": "http.response.start", "status": problem.kind.status, "headers": own}
        await self.send(start)
        await self.send({"type": "http.response.body", "body": body, "more_body": False})

    def line(self) -> RequestLine:
        """What became of it."""
        actor, tenant = self._scope["state"].get("actor"), self._tenant
        return RequestLine(
            datetime.now(UTC), self._request_id, self._context.trace_id, self._context.span_id,
            self._scope["method"][:LONGEST], self.route, self.status,
            round((time.perf_counter() - self._started) * 1000, 2), self._bytes_out,
            msgspec.UNSET if actor is None else actor, msgspec.UNSET if tenant is None else tenant[:LONGEST],
        )  # fmt: skip


class _Onlooker:
    """Stands between a plugin's handlers and the exchange, for prefixes with ready answers.

    The plugin hears what is about to be answered; and where a handler could only say 503, what is held is given.
    """

    def __init__(self, lane: ReadyLane, ready: ReadyAnswers, scope: HTTPScope, exchange: _Exchange) -> None:
        self._lane, self._ready, self._scope, self._exchange = lane, ready, scope, exchange
        self._replaced = False

    async def send(self, message: Message) -> None:
        if self._replaced:
            return
        if message["type"] == "http.response.start":
            if message["status"] == HTTPStatus.SERVICE_UNAVAILABLE:
                found = self._lane.find(self._ready, self._scope, in_outage=True)
                if found is not None:
                    self._replaced = True
                    await self._exchange.give(found)
                    return
            self._ready.passing(
                self._scope["path"], self._scope["query_string"], message["status"], message.get("headers", ())
            )
        await self._exchange.send(message)


@lru_cache(1_024)
def _is_host(value: bytes) -> bool:
    """Whether a URL can be made of it: the request's own is, wherever somebody asks for its path."""
    try:
        return urlsplit(f"//{value.decode('latin-1')}").port != -1
    except ValueError:
        return False


def _request_id(given: bytes | None) -> str:
    if given is not None:
        text = given.decode("latin-1")
        if _REQUEST_ID.fullmatch(text):
            return text
    return random_hex(32)


def _header(headers: dict[bytes, bytes], name: bytes) -> str | None:
    value = headers.get(name)
    return value.decode("latin-1") if value is not None else None
