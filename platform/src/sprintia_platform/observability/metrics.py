"""Prometheus metrics of one application, in base units, without a tenant label (its values are not bounded)."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The registry of one application: two in one process do not mix."""

    content_type = "text/plain; version=0.0.4"  # Litestar adds the charset

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
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
            "sprintia_http_requests_in_flight", "Requests being answered now.", registry=self.registry
        )
        self.plugins = Gauge(
            "sprintia_plugin_up", "1 while the plugin is in service.", ("plugin",), registry=self.registry
        )

    def observe(self, route: str, method: str, status: int, seconds: float) -> None:
        self.requests.labels(route, method, f"{status // 100}xx").inc()
        self.durations.labels(route, method).observe(seconds)

    def render(self) -> bytes:
        return generate_latest(self.registry)
