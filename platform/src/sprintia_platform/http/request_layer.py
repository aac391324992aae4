"""The outermost layer of every HTTP request: identity, limits, security headers, one log line, metrics."""

import asyncio
import re
import time
import uuid
from typing import TYPE_CHECKING, Any, cast

import structlog
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPResponseStartEvent, HTTPScope, Message, Receive, Scope, Send

from sprintia_platform.http import problems
from sprintia_platform.http.languages import preferred_language
from sprintia_platform.http.problems import Problem
from sprintia_platform.observability.tracing import TraceContext, Tracing, end_span, read_trace_context

if TYPE_CHECKING:
    from sprintia_platform.host import Host

log = structlog.get_logger("sprintia.request")

LONGEST_TARGET = 8_192
STREAMED_BODY = "streamed_body"
"""In a handler's `opt`: its body may take as long as it likes, while it keeps coming. Each pause is bounded instead."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
# An answer that no page sets otherwise may load nothing and be framed by nobody.
_DEFAULT_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
_HSTS = (b"strict-transport-security", b"max-age=31536000")


class RequestLayer:
    """ASGI middleware around the whole application, unmatched paths and errors included."""

    def __init__(self, app: ASGIApp, host: "Host", tracing: Tracing) -> None:
        self._app = app
        self._host = host
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            await self._exchange(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _exchange(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        traceparents = [value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"]
        context = read_trace_context(traceparents[0] if len(traceparents) == 1 else None)
        given = _header(headers, b"x-request-id")
        request_id = given if given and _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
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
                else:
                    await self._app(scope, exchange.receive, exchange.send)
            except Problem as problem:
                await exchange.refuse(problem)
            except Exception as error:
                log.exception("unexpected_error", exc_info=error)
                await exchange.refuse(Problem(problems.INTERNAL))
            finally:
                exchange.finish()
                if span is not None:
                    end_span(span, scope["method"], exchange.route, exchange.status)

    def _refusal(self, scope: HTTPScope) -> Problem | None:
        if len(scope.get("raw_path", b"")) + len(scope.get("query_string", b"")) > LONGEST_TARGET:
            return Problem(problems.URI_TOO_LONG, limit=LONGEST_TARGET)
        target = scope.get("raw_path", b"") + b"?" + scope.get("query_string", b"")
        if b"%00" in target or b"\0" in target:  # PostgreSQL's text cannot hold it, and no name needs it
            return Problem(problems.REQUEST_REFUSED)
        return self._out_of_service(scope["path"])

    def _out_of_service(self, path: str) -> Problem | None:
        for name, given in self._host.contributions.items():
            if given.unavailable is None or given.routes is None:
                continue
            if any(path == prefix or path.startswith(prefix + "/") for prefix in given.routes.prefixes):
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
        self.status = 0

    @property
    def route(self) -> str:
        """The route's template, never the path: a path holds ids, and labels must be bounded."""
        return str(self._scope.get("path_template") or "(none)")

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
            *(header for header in (*_SECURITY_HEADERS, _DEFAULT_POLICY) if header[0] not in present),
        ]
        if self._scope.get("scheme") == "https":
            added.append(_HSTS)
        if b"cache-control" not in present:
            added.append((b"cache-control", b"no-store" if self.status >= 400 else b"no-cache"))
        if self._host.draining:
            added.append((b"connection", b"close"))
        return added

    async def refuse(self, problem: Problem) -> None:
        """Answer with a problem from outside of the application, unless an answer has begun already."""
        if self.status:
            return
        headers = {name.lower(): value for name, value in self._scope["headers"]}
        language = preferred_language(_header(headers, b"accept-language"))
        body = problem.body(language, instance=problems.instance_of(self._scope), request_id=self._request_id)
        own: list[tuple[bytes, bytes]] = [
            (b"content-type", problems.MEDIA_TYPE.encode()),
            (b"content-language", problem.language(language).encode()),
            (b"content-length", str(len(body)).encode()),
            *((name.lower().encode(), value.encode()) for name, value in problem.headers.items()),
        ]
        start: Any = {"type": "http.response.start", "status": problem.kind.status, "headers": own}
        await self.send(start)
        await self.send({"type": "http.response.body", "body": body, "more_body": False})

    def finish(self) -> None:
        seconds = time.perf_counter() - self._started
        method = self._scope["method"]
        self._host.metrics.observe(self.route, method, self.status, seconds)
        state = self._scope.get("state", {})
        log.info(
            "request",
            method=method,
            route=self.route,
            status=self.status,
            duration_ms=round(seconds * 1000, 2),
            bytes_out=self._bytes_out,
            actor=state.get("actor"),
            tenant=(self._scope.get("path_params") or {}).get("tenant"),
        )


def _header(headers: dict[bytes, bytes], name: bytes) -> str | None:
    value = headers.get(name)
    return value.decode("latin-1") if value is not None else None
