"""The log: one JSON line per event, of named fields alone; values that libraries and exceptions carry stay out."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import structlog
from sprintia_testing import probe_plugin
from sprintia_testing.logs import JsonLogs, json_logs
from sprintia_testing.platforms import RunningPlatform, SpawnedPlatform, wait_until
from sprintia_testing.probe_plugin import FAILURES, MARK

from sprintia_platform.observability.logs import FIELDS

__all__ = ["json_logs"]  # a fixture


@pytest.fixture
def probe(run_platform: Callable[..., RunningPlatform], json_logs: JsonLogs) -> Iterator[RunningPlatform]:
    return run_platform(host_arguments={"entry_points": probe_plugin.points()})


def test_a_request_leaves_one_line(probe: RunningPlatform, json_logs: JsonLogs) -> None:
    client = probe.with_rights("config:read", tenants=["account_1"])
    answer = client.get(
        f"/configs/account_1?domain={MARK}",
        headers={"User-Agent": MARK, "Cookie": MARK, "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"},
    )
    (line,) = json_logs.events("request")
    assert set(line) <= set(FIELDS)
    assert line["level"] == "info"
    assert line["timestamp"].endswith("Z")
    assert (line["method"], line["route"], line["status"]) == ("GET", "/configs/{tenant}", 200)
    assert line["request_id"] == answer.headers["x-request-id"]
    assert line["trace_id"] == "a" * 32
    assert line["span_id"] == answer.headers["traceparent"].split("-")[2]
    assert line["tenant"] == "account_1"
    assert line["actor"].startswith("key:")
    assert line["bytes_out"] == len(answer.content)
    assert 0 < line["duration_ms"] < 30_000
    assert MARK not in json_logs.text
    assert client.headers["x-api-key"] not in json_logs.text


def test_a_name_that_breaks_lines_stays_in_its_line(probe: RunningPlatform, json_logs: JsonLogs) -> None:
    probe.client.get('/configs/a%0A{"event":"forged"}%0D%1b[31m')
    (line,) = json_logs.lines[-1:]
    assert line["event"] == "request"
    assert not json_logs.events("forged")


@pytest.mark.parametrize("kind", sorted(FAILURES))
def test_an_exception_is_written_as_type_and_places(probe: RunningPlatform, json_logs: JsonLogs, kind: str) -> None:
    probe.client.get(f"/probe/fail/{kind}", headers={"X-Request-ID": "the-one-that-failed"})
    (line,) = json_logs.events("unexpected_error")
    assert line["level"] == "error"
    assert line["error_type"] == type(FAILURES[kind]()).__name__
    assert line["request_id"] == "the-one-that-failed"
    assert any("probe_plugin.py" in frame and frame.endswith(" fail") for frame in line["frames"])
    assert MARK not in json_logs.text


def test_only_named_fields_with_plain_values_are_written(probe: RunningPlatform, json_logs: JsonLogs) -> None:
    probe.client.get("/probe/log")
    (event,) = json_logs.events("probe_event")
    assert event["reason"] == "plain"
    assert event["cause"] == "dict"
    assert "password" not in event
    (failed,) = json_logs.events("probe_failed")
    assert failed["error_type"] == "TellingError"
    assert failed["frames"]
    json_logs_without_lists = [line for line in json_logs.lines if line["event"] != "probe_event"]
    assert MARK not in json.dumps(json_logs_without_lists)


def test_libraries_are_written_without_the_values_in_their_messages(
    probe: RunningPlatform, json_logs: JsonLogs
) -> None:
    probe.client.get("/probe/log")
    lines = [line for line in json_logs.events("library_log") if line["logger"] == "some.library"]
    assert [line.get("message") for line in lines] == [
        "cannot log in as %s with %s",
        None,  # put together before it was logged: nobody can tell what is in it
        "a message without values",
        "the library failed",
    ]
    assert all("probe_plugin.py" in line["frames"][0] for line in lines)
    assert lines[-1]["error_type"] == "TellingError"
    (lost,) = [line for line in json_logs.events("library_log") if line["logger"] == "asyncio"]
    assert lost["error_type"] == "ValueError"
    assert MARK not in "".join(json.dumps(line) for line in (*lines, lost))


def test_the_level_decides_what_is_written(json_logs: JsonLogs) -> None:
    logger = structlog.get_logger("probe")
    json_logs.configure("warning")
    logger.info("too_low")
    logger.warning("high_enough")
    json_logs.configure("debug")
    logger.debug("now_low_enough")
    assert [line["event"] for line in json_logs.lines] == ["high_enough", "now_low_enough"]


def test_a_real_server_writes_json_and_nothing_of_what_it_could_not_read(
    spawn: Callable[..., SpawnedPlatform], database_url: str
) -> None:
    server = spawn(DATABASE_URL=database_url, SPRINTIA_DRAIN_SECONDS="0", SPRINTIA_LOG_LEVEL="debug").wait_ready()
    address = urlsplit(server.url)
    for broken in (
        f"GET /{MARK} {MARK}\r\n\r\n",
        f"GET / HTTP/1.1\r\nX-API-Key {MARK}\r\n\r\n",
        f"{MARK} / HTTP/9.9\r\nAuthorization: {MARK}\r\n\r\n",
        f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {MARK}\r\n\r\n",
    ):
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            connection.sendall(broken.encode())
            connection.recv(65536)
    server.request("GET", f"/nowhere?password={MARK}", headers={"X-API-Key": MARK})
    assert server.end() == 0
    lines = [json.loads(line) for line in server.err.read_text().splitlines()]
    assert any(line.get("message") == "Invalid HTTP request received." for line in lines)
    assert any(line["event"] == "request" and line["status"] == 404 for line in lines)
    assert any(line["event"] == "draining" for line in lines)
    everything = server.err.read_text() + server.out.read_text()
    assert MARK not in everything
    assert server.environ["API_KEY"] not in everything


def test_the_level_of_the_setting_holds(
    spawn: Callable[..., SpawnedPlatform], database_url: str, tmp_path: Path
) -> None:
    settings = {"DATABASE_URL": database_url, "SPRINTIA_DRAIN_SECONDS": "0", "SPRINTIA_LOG_LEVEL": "error"}
    server = spawn(**settings).wait_ready()
    server.request("GET", "/nowhere")
    assert server.end() == 0
    wait_until(lambda: server.process.poll() is not None)
    assert server.err.read_text() == ""


def test_lines_of_several_processes_do_not_mix() -> None:
    """Workers share one stream, and with PYTHONUNBUFFERED, as containers have it, each write is a call of its own."""
    written = (
        "import io, sys, structlog; from sprintia_platform.observability.logs import configure_logs\n"
        "class Raw(io.RawIOBase):\n"
        "    writes = []\n"
        "    def writable(self): return True\n"
        "    def write(self, data): self.writes.append(bytes(data)); return len(data)\n"
        "sys.stderr = io.TextIOWrapper(Raw(), write_through=True); configure_logs()\n"
        "structlog.get_logger().warning('draining')\n"
        "print(len(Raw.writes), Raw.writes[0].decode(), end='')"
    )
    done = subprocess.run([sys.executable, "-c", written], capture_output=True, text=True, timeout=60, check=True)
    count, _, line = done.stdout.partition(" ")
    assert (count, line[-1]) == ("1", "\n")
    assert json.loads(line)["event"] == "draining"
