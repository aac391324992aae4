"""What every answer carries: the request's id, the trace that it belongs to, security headers."""

import re
from collections.abc import Callable, Iterator

import httpx
import pytest
from sprintia_testing import probe_plugin
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform, SpawnedPlatform
from sprintia_testing.shared import shared_platform

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture(scope="module")
def probe(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    arguments = {"entry_points": probe_plugin.points()}
    settings = {"SPRINTIA_MAX_BODY_BYTES": "4096"}
    folder = tmp_path_factory.mktemp("probe")
    with shared_platform(databases, folder, host_arguments=arguments, **settings) as platform:
        yield platform


@pytest.mark.parametrize("given", ["0123abcd", "A.b-c_d9", "f" * 64])
def test_a_well_formed_request_id_is_kept(probe: RunningPlatform, given: str) -> None:
    assert probe.client.get("/health/live", headers={"X-Request-ID": given}).headers["x-request-id"] == given


@pytest.mark.parametrize(
    "given", ["", "short", "f" * 65, "with space", "quote\"'<>", "ã" * 10, "{event}" * 3, "a/../b/c"]
)
def test_another_request_id_is_replaced(probe: RunningPlatform, given: str) -> None:
    answer = probe.client.get("/health/live", headers={"X-Request-ID": given.encode("latin-1")})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


def test_every_request_gets_an_id_of_its_own(probe: RunningPlatform) -> None:
    ids = {probe.client.get("/health/live").headers["x-request-id"] for _ in range(5)}
    assert len(ids) == 5


def traceparent_for(probe: RunningPlatform, *given: str) -> tuple[str, str, str]:
    """Send these traceparents; return trace id, span id and flags of the answer's."""
    answer = httpx.get(f"{probe.url}/health/live", headers=[("traceparent", value) for value in given])
    (returned,) = answer.headers.get_list("traceparent")
    match = re.fullmatch("00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})", returned)
    assert match is not None, returned
    return match[1], match[2], match[3]


@pytest.mark.parametrize(
    ("given", "flags"),
    [
        (f"00-{TRACE}-{PARENT}-01", "01"),
        (f"00-{TRACE}-{PARENT}-00", "00"),
        (f"00-{TRACE}-{PARENT}-ff", "01"),  # of the flags only "sampled" is known; unknown ones are not passed on
        (f"01-{TRACE}-{PARENT}-01", "01"),
        (f"cc-{TRACE}-{PARENT}-01-what-the-future-will-be-like", "01"),
    ],
)
def test_a_well_formed_trace_is_continued(probe: RunningPlatform, given: str, flags: str) -> None:
    trace_id, span_id, returned = traceparent_for(probe, given)
    assert trace_id == TRACE
    assert span_id != PARENT
    assert returned == flags


@pytest.mark.parametrize(
    "given",
    [
        (),
        ("",),
        (f"00-{TRACE.upper()}-{PARENT}-01",),
        (f"00-{'0' * 32}-{PARENT}-01",),
        (f"00-{TRACE}-{'0' * 16}-01",),
        (f"ff-{TRACE}-{PARENT}-01",),
        (f"00-{TRACE}-{PARENT}-01-more",),
        (f"cc-{TRACE}-{PARENT}-01.more",),
        (f"00-{TRACE}-{PARENT}",),
        (f"00-{TRACE}-{PARENT}-1",),
        (f"00-{TRACE[:-1]}-{PARENT}-01",),
        (f"00-{TRACE}x-{PARENT}-01",),
        (f"00-{TRACE}-{PARENT}-0x",),
        (f"0-{TRACE}-{PARENT}-01",),
        (f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-01"),  # twice: nobody knows which one is meant
    ],
)
def test_another_trace_is_not_continued(probe: RunningPlatform, given: tuple[str, ...]) -> None:
    trace_id, _, _ = traceparent_for(probe, *given)
    assert trace_id != TRACE
    assert int(trace_id, 16) != 0


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health/live", 200),
        ("GET", "/metrics", 200),
        ("GET", "/schema", 200),
        ("GET", "/schema/assets/swagger-ui.css", 200),
        ("GET", "/probe/cached", 304),
        ("GET", "/keys", 401),
        ("GET", "/nowhere", 404),
        ("POST", "/health/live", 405),
        ("GET", "/" + "a" * 9000, 414),
        ("GET", "/probe/fail/value", 500),
        ("GET", "/probe/fail/57P03", 503),
        ("OPTIONS", "/keys", 204),
        ("HEAD", "/health/live", 405),
    ],
)
def test_every_answer_has_the_security_headers(probe: RunningPlatform, method: str, path: str, status: int) -> None:
    answer = httpx.request(method, probe.url + path)
    assert answer.status_code == status
    headers = answer.headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["permissions-policy"] == "camera=(), microphone=(), geolocation=()"
    for name in headers:
        assert len(headers.get_list(name)) == 1, name
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert headers["x-request-id"]
    assert headers["cache-control"]
    assert "server" not in headers
    assert "strict-transport-security" not in headers  # over http it means nothing
    assert "access-control-allow-origin" not in headers


def test_an_oversized_body_has_them_too(probe: RunningPlatform) -> None:
    answer = probe.client.post("/probe/bytes", content=b"x" * 5000)
    assert answer.status_code == 413
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_errors_are_never_stored_and_other_answers_say_their_own(probe: RunningPlatform) -> None:
    assert probe.client.get("/nowhere").headers["cache-control"] == "no-store"
    assert probe.client.get("/").headers["cache-control"] == "no-cache"
    assert probe.client.get("/health").headers["cache-control"] == "no-store"
    assert "max-age" in probe.client.get("/schema/assets/swagger-ui.css").headers["cache-control"]


def test_the_proxy_is_believed_only_when_it_is_trusted(
    spawn: Callable[..., SpawnedPlatform], database_url: str
) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.1.2.3"}
    trusting = spawn(
        DATABASE_URL=database_url, SPRINTIA_TRUSTED_PROXIES="127.0.0.1", SPRINTIA_DRAIN_SECONDS="0"
    ).wait_ready()
    by_proxy = trusting.request("GET", "/health/live", headers=forwarded)
    assert by_proxy.headers["strict-transport-security"] == "max-age=31536000"
    assert "server" not in by_proxy.headers
    alone = spawn(DATABASE_URL=database_url, SPRINTIA_DRAIN_SECONDS="0").wait_ready()
    assert "strict-transport-security" not in alone.request("GET", "/health/live", headers=forwarded).headers
