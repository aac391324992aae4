"""Prometheus metrics of one application, in base units, without a tenant label (its values are not bounded)."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from sprintia_platform.observability.worker_metrics import render_all, shared_folder

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The registry of one application: two in one process do not mix, and the workers of one supervisor are one.

    With several workers, counts are shared in files, so that any scrape shows all of them. A gauge that a plugin adds
    names its `multiprocess_mode`; a collector of its own and `set_function` are seen in single-process mode alone.
    """

    content_type = "text/plain; version=0.0.4"  # Litestar adds the charset

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.before_render: Callable[[], None] = lambda: None
        self._observed: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "sprintia_http_requests",
            "Requests answered, by route template, method and class of status.",
            ("route", "method", "status_class"),
            registry=self.registry,
        )
        self.durations = Histogram(
            "sprintia_http_request_duration_seconds",
            "Time from the request's first byte to the answer's last.",
            ("route", "method"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "sprintia_http_requests_in_flight", "Requests being answered now.", registry=self.registry,
            multiprocess_mode="livesum",
        )  # fmt: skip
        self.plugins = Gauge(
            "sprintia_plugin_up", "1 while the plugin is in service, in every worker.", ("plugin",),
            registry=self.registry, multiprocess_mode="livemin",
        )  # fmt: skip

    def observe(self, route: str, method: str, status: int, seconds: float) -> None:
        # To find a child by its labels takes longer than to count.
        kind = route, method, status // 100
        if kind not in self._observed:
            labelled = self.requests.labels(route, method, f"{status // 100}xx"), self.durations.labels(route, method)
            self._observed[kind] = labelled
        count, duration = self._observed[kind]
        count.inc()
        duration.observe(seconds)

    def render(self) -> bytes:
        """Write the metrics in Prometheus's text format; those of all workers where there are several."""
        self.before_render()
        folder = shared_folder()
        return generate_latest(self.registry) if folder is None else render_all(folder)
