"""Spans: off until an endpoint is set, then one per request, with the route's template and no value."""

import asyncio
import sys
from collections.abc import Callable, Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from sprintia_testing import probe_plugin
from sprintia_testing.collector import Collector, running_collector
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.probe_plugin import MARK

from sprintia_platform.app import create_app
from sprintia_platform.errors import StartupError
from sprintia_platform.host import Host
from sprintia_platform.observability.tracing import TraceContext, Tracing, end_span, read_trace_context

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def spans() -> Iterator[tuple[Tracing, InMemorySpanExporter]]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield Tracing(provider), exporter
    provider.shutdown()


def test_a_span_continues_the_trace_of_its_request(spans: tuple[Tracing, InMemorySpanExporter]) -> None:
    tracing, exporter = spans
    incoming = read_trace_context(f"00-{TRACE}-{PARENT}-01")
    with tracing.request_span(incoming, "GET") as (context, span):
        assert span is not None
        end_span(span, "GET", "/configs/{tenant}", 200)
    (finished,) = exporter.get_finished_spans()
    assert finished.name == "GET /configs/{tenant}"
    assert finished.kind is SpanKind.SERVER
    assert finished.context is not None
    assert finished.parent is not None
    assert f"{finished.context.trace_id:032x}" == TRACE == context.trace_id
    assert f"{finished.context.span_id:016x}" == context.span_id
    assert f"{finished.parent.span_id:016x}" == PARENT
    assert dict(finished.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": "/configs/{tenant}",
        "http.response.status_code": 200,
    }
    assert context.traceparent == f"00-{TRACE}-{context.span_id}-01"


def test_a_new_trace_has_the_ids_that_the_answer_and_the_log_name(spans: tuple[Tracing, InMemorySpanExporter]) -> None:
    tracing, exporter = spans
    with tracing.request_span(read_trace_context(None), "GET") as (context, _):
        pass
    (finished,) = exporter.get_finished_spans()
    assert finished.parent is None
    assert finished.context is not None
    assert (f"{finished.context.trace_id:032x}", f"{finished.context.span_id:016x}") == (
        context.trace_id,
        context.span_id,
    )


def test_a_caller_who_does_not_sample_is_heard(spans: tuple[Tracing, InMemorySpanExporter]) -> None:
    tracing, exporter = spans
    with tracing.request_span(read_trace_context(f"00-{TRACE}-{PARENT}-00"), "GET") as (context, _):
        assert context.trace_id == TRACE
        assert context.flags == "00"
    assert exporter.get_finished_spans() == ()


def test_an_exception_leaves_no_text_in_its_span(spans: tuple[Tracing, InMemorySpanExporter]) -> None:
    tracing, exporter = spans

    def fail() -> None:
        with tracing.request_span(read_trace_context(None), "GET") as (_, span):
            assert span is not None
            end_span(span, "GET", "/x", 500)
            raise ValueError(MARK)

    with pytest.raises(ValueError, match=MARK):
        fail()
    (finished,) = exporter.get_finished_spans()
    assert finished.status.status_code is StatusCode.ERROR
    assert MARK not in finished.to_json()
    assert not finished.events


def test_without_an_endpoint_there_is_no_span() -> None:
    given = TraceContext(TRACE, None, PARENT, "00")
    with Tracing.from_environment({}).request_span(given, "GET") as (context, span):
        assert (context, span) == (given, None)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running_collector() as server:
        yield server


def test_a_platform_exports_what_it_answered_before_it_ends(
    run_platform: Callable[..., RunningPlatform], collector: Collector
) -> None:
    platform = run_platform(
        host_arguments={"entry_points": probe_plugin.points()},
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, OTEL_SERVICE_NAME="sprintia-here",
    )  # fmt: skip
    answered = platform.client.get(f"/configs/account_1?domain={MARK}", headers={"Cookie": MARK})
    platform.client.get("/probe/fail/value")
    platform.stop()
    resources = [resource for request in collector.received for resource in request.resource_spans]
    spans = {span.name: span for resource in resources for scope in resource.scope_spans for span in scope.spans}
    assert set(spans) == {"GET /configs/{tenant}", "GET /probe/fail/{kind}"}
    returned = answered.headers["traceparent"].split("-")
    assert spans["GET /configs/{tenant}"].trace_id.hex() == returned[1]
    assert spans["GET /configs/{tenant}"].span_id.hex() == returned[2]
    assert {attribute.value.string_value for attribute in resources[0].resource.attributes} >= {"sprintia-here"}
    assert MARK.encode() not in collector.bytes


def test_an_endpoint_without_the_packages_stops_the_start(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    host = Host(environ={"DATABASE_URL": database_url, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"})
    with pytest.raises(StartupError, match=r"OTEL_EXPORTER_OTLP_ENDPOINT .* install sprintia-platform\[otel\]"):
        create_app(host)
    asyncio.run(host.database.close())
