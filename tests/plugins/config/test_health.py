"""**wire** `GET /health`: what the Odoo addons and the AI stack ask."""

from collections.abc import Callable

import pytest
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform, wait_until


@pytest.mark.parametrize("path", ["/health", "/health/"])
def test_healthy_while_it_can_serve(served: RunningPlatform, path: str) -> None:
    answer = served.as_key(None).get(path, follow_redirects=False)
    assert (answer.status_code, answer.json()) == (200, {"status": "healthy"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"


def test_unhealthy_while_the_database_is_away(
    run_platform: Callable[..., RunningPlatform], databases: TestDatabases
) -> None:
    platform = run_platform()
    name = platform.database_url.rpartition("/")[2].partition("?")[0]
    assert platform.client.get("/health").status_code == 200
    databases.run(databases.server.url, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    try:
        databases.run(
            databases.server.url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
        )
        away = wait_until(lambda: (a := platform.client.get("/health")).status_code == 503 and a, what="503")
        assert away.json() == {"status": "unhealthy"}
    finally:
        databases.run(databases.server.url, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    wait_until(lambda: platform.client.get("/health").status_code == 200, what="healthy again")
