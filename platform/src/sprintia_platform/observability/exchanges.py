"""Note each request in log and metrics; what took microseconds is noted together with others."""

import asyncio

from sprintia_platform.observability.logs import RequestLine, log_requests
from sprintia_platform.observability.metrics import Metrics

LONGEST_WAIT = 0.05
_MOST_WAITING = 1_000


class Exchanges:
    """The requests of one application."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._waiting: list[RequestLine] = []
        metrics.before_render = self.flush

    def note(self, line: RequestLine) -> None:
        """Note a request at once."""
        self.flush()
        self._metrics.observe(line.route, line.method, line.status, line.duration_ms / 1000)
        log_requests((line,))

    def note_soon(self, line: RequestLine) -> None:
        """Note a request within `LONGEST_WAIT` seconds: a system call for each would take longer than its answer."""
        waiting = self._waiting
        waiting.append(line)
        if len(waiting) == 1:
            asyncio.get_running_loop().call_later(LONGEST_WAIT, self.flush)
        elif len(waiting) >= _MOST_WAITING:
            self.flush()

    def flush(self) -> None:
        """Note what waits."""
        lines, self._waiting = self._waiting, []
        if not lines:
            return
        for line in lines:
            self._metrics.observe(line.route, line.method, line.status, line.duration_ms / 1000)
        log_requests(lines)
