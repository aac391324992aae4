"""`/metrics`: Prometheus's text format, bounded labels, no tenant."""

from collections.abc import Callable

from prometheus_client.parser import text_string_to_metric_families
from sprintia_testing import probe_plugin
from sprintia_testing.platforms import RunningPlatform


def samples(platform: RunningPlatform) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = platform.as_key(None).get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def requests(platform: RunningPlatform, route: str, method: str, status_class: str) -> float:
    labels = (("method", method), ("route", route), ("status_class", status_class))
    return samples(platform).get(("sprintia_http_requests_total", labels), 0.0)


def test_requests_are_counted_by_route_and_never_by_path(run_platform: Callable[..., RunningPlatform]) -> None:
    platform = run_platform(host_arguments={"entry_points": probe_plugin.points()})
    for tenant in ("alpha-tenant", "beta-tenant"):
        platform.client.get(f"/configs/{tenant}")
    for path in ("/nowhere/1", "/nowhere/2", "/" + "a" * 9000):
        platform.client.get(path)
    platform.client.get("/probe/fail/value")
    platform.client.get("/keys")
    assert requests(platform, "/configs/{tenant}", "GET", "2xx") == 2
    assert requests(platform, "(none)", "GET", "4xx") == 3
    assert requests(platform, "/probe/fail/{kind}", "GET", "5xx") == 1
    assert requests(platform, "/keys", "GET", "4xx") == 1
    found = samples(platform)
    assert not [key for key in found if "tenant" in str(key).replace("{tenant}", "")]
    counted = ("sprintia_http_request_duration_seconds_count", (("method", "GET"), ("route", "/configs/{tenant}")))
    assert found[counted] == 2
    summed = ("sprintia_http_request_duration_seconds_sum", counted[1])
    assert 0 < found[summed] < 30
    assert found[("sprintia_http_requests_in_flight", ())] == 1  # the one that asks
    assert found[("sprintia_plugin_up", (("plugin", "config"),))] == 1
    assert found[("sprintia_plugin_up", (("plugin", "platform"),))] == 1


def test_two_platforms_in_one_process_count_apart(run_platform: Callable[..., RunningPlatform]) -> None:
    first, second = run_platform(), run_platform()
    first.client.get("/")
    assert requests(first, "/", "GET", "2xx") == 1
    assert requests(second, "/", "GET", "2xx") == 0
