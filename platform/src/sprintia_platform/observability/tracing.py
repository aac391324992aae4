"""W3C trace context, and OpenTelemetry spans when an endpoint is configured."""

import asyncio
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from sprintia_platform.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


_random = random.Random()  # noqa: S311 - seeded by the system, and nothing depends on its being guessed


class TraceContext(msgspec.Struct, frozen=True, gc=False):
    """Where this request stands in a trace (W3C Trace Context, level 1): all in lower-case hex."""

    trace_id: str
    parent_id: str | None
    span_id: str
    flags: str

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


def read_trace_context(traceparent: str | None) -> TraceContext:
    """Continue a well-formed traceparent; start a new trace otherwise, as the specification asks."""
    match = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if match is not None:
        version, trace_id, parent_id, flags, rest = match.groups()
        known = version != "ff" and (rest is None or version != "00")
        if known and int(trace_id, 16) and int(parent_id, 16):
            sampled = int(flags, 16) & 1  # the one flag of version 00; others must not be passed on
            return TraceContext(trace_id, parent_id, random_hex(16), f"{sampled:02x}")
    ids = random_hex(48)
    return TraceContext(ids[:32], None, ids[32:], "00")


def random_hex(digits: int) -> str:
    """Make an identifier that nobody else has. Not a secret: so it costs no system call."""
    return f"{_random.getrandbits(4 * digits):0{digits}x}"


class Tracing:
    """Server spans with an allow-list of attributes; does nothing until it is configured."""

    def __init__(self, provider: "TracerProvider | None" = None) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("sprintia") if provider is not None else None

    @property
    def exports(self) -> bool:
        """Whether spans are sent anywhere."""
        return self._tracer is not None

    @classmethod
    def from_environment(cls, environ: "Mapping[str, str]") -> "Tracing":
        """Export over OTLP/HTTP when `OTEL_EXPORTER_OTLP_ENDPOINT` is set.

        Raises:
            StartupError: it is set and the OpenTelemetry packages are not installed.
        """
        if not environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
            return cls()
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - extra
            from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - extra
            from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - extra
            from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - extra
        except ImportError as error:
            raise StartupError(
                "OTEL_EXPORTER_OTLP_ENDPOINT is set and OpenTelemetry is not installed: "
                "install sprintia-platform[otel], or unset it"
            ) from error
        name = environ.get("OTEL_SERVICE_NAME", "sprintia")
        provider = TracerProvider(resource=Resource.create({"service.name": name}))
        endpoint = environ["OTEL_EXPORTER_OTLP_ENDPOINT"].rstrip("/")
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")))
        return cls(provider)

    async def close(self) -> None:
        """Send what was not sent yet."""
        if self._provider is not None:
            await asyncio.to_thread(self._provider.shutdown)

    @contextmanager
    def request_span(self, context: TraceContext, method: str) -> Iterator[tuple[TraceContext, "Span | None"]]:
        """Open the span of one request; the caller ends it with `end_span`.

        Gives the context whose ids are the span's own, so that logs, answers and traces name the same.
        """
        if self._tracer is None:
            yield context, None
            return
        from opentelemetry import trace  # noqa: PLC0415 - extra

        parent = None
        if context.parent_id is not None:
            remote = trace.SpanContext(
                int(context.trace_id, 16), int(context.parent_id, 16), is_remote=True,
                trace_flags=trace.TraceFlags(int(context.flags, 16)),
            )  # fmt: skip
            parent = trace.set_span_in_context(trace.NonRecordingSpan(remote))
        with self._tracer.start_as_current_span(
            method, context=parent, kind=trace.SpanKind.SERVER, attributes={"http.request.method": method},
            # Both would write the exception's text into the span.
            record_exception=False, set_status_on_exception=False,
        ) as span:  # fmt: skip
            own = span.get_span_context()
            flags = f"{own.trace_flags & 1:02x}"
            ids = trace.format_trace_id(own.trace_id), context.parent_id, trace.format_span_id(own.span_id)
            yield TraceContext(*ids, flags), span


def end_span(span: "Span", method: str, route: str, status: int) -> None:
    """Name the span of a request and say how it ended: the route's template, never the path."""
    from opentelemetry.trace import StatusCode  # noqa: PLC0415 - extra

    span.update_name(f"{method} {route}")
    span.set_attribute("http.route", route)
    span.set_attribute("http.response.status_code", status)
    if status >= 500:
        span.set_status(StatusCode.ERROR)
