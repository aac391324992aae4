"""The log of this process as the real command would write it, caught in memory."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from sprintia_platform.observability.logs import configure_logs


class JsonLogs:
    """What was logged; each line is one JSON object."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    def configure(self, level: str) -> None:
        """Configure the log anew."""
        stderr, sys.stderr = sys.stderr, self._stream
        try:
            configure_logs(level)
        finally:
            sys.stderr = stderr

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def events(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == event]


@pytest.fixture
def json_logs() -> Iterator[JsonLogs]:
    """Configure logs as a server does, into memory; afterwards everything is as before."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    logs = JsonLogs(io.StringIO())
    logs.configure("info")
    yield logs
    structlog.reset_defaults()
    root.handlers[:], level = before
    root.setLevel(level)
    logging.getLogger("uvicorn.access").disabled = False
