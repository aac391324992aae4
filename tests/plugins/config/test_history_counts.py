"""How much each version of a history changed: as far as there is time, and secrets only for who may read them."""

from typing import Any

import httpx
import pytest
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.problems import assert_problem

YAML = {"Content-Type": "application/yaml"}
NOTHING = {"added": 0, "removed": 0, "changed": 0, "moved": 0}


def write(client: httpx.Client, place: str, *texts: str) -> None:
    for text in texts:
        answer = client.put(f"/configs/{place}", content=text.encode(), headers=YAML)
        assert answer.status_code == 200, answer.text


def counts(client: httpx.Client, place: str, **query: Any) -> list[dict[str, int] | None]:
    """Of each version, the oldest first."""
    answer = client.get(f"/configs/{place}/history", params={"counts": "true", **query})
    assert answer.status_code == 200, answer.text
    return [item["counts"] for item in reversed(answer.json())]


def test_a_changed_secret_counts_for_who_may_read_secrets_alone(
    served: RunningPlatform, administrator: httpx.Client, tenant: str
) -> None:
    place = f"{tenant}/retail/credentials"
    write(administrator, place, "credentials: {odoo: first-sentinel}\n", "credentials: {odoo: second-sentinel}\n")
    assert counts(administrator, place)[1] == NOTHING | {"changed": 1}
    assert counts(served.with_rights("config:read"), place)[1] == NOTHING
    text = served.with_rights("config:read", "secrets:read").get(f"/configs/{place}/history?counts=true").text
    assert "sentinel" not in text


def test_what_there_is_no_time_to_count_is_null(
    administrator: httpx.Client, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = f"{tenant}/retail/config"
    write(administrator, place, "a: 1\n", "a: 2\n")
    monkeypatch.setattr("sprintia_config.comparison.counting.SECONDS", -1)
    assert counts(administrator, place) == [None, None]


def test_versions_that_are_too_large_to_be_read_at_once_are_not_counted(
    administrator: httpx.Client, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = f"{tenant}/retail/config"
    write(administrator, place, "a: 1\n", "a: 2\n", "a: 3\n", "a: 4\n")
    monkeypatch.setattr("sprintia_config.comparison.counting.MOST_CHARACTERS", 3 * len('{"a":1}'))
    assert counts(administrator, place) == [None, None, NOTHING | {"changed": 1}, NOTHING | {"changed": 1}]
    monkeypatch.setattr("sprintia_config.comparison.counting.MOST_CHARACTERS", 1)
    assert counts(administrator, place) == [None] * 4


def test_an_unknown_document_has_nothing_to_count(administrator: httpx.Client, tenant: str) -> None:
    assert counts(administrator, f"{tenant}/retail/config") == []


def test_another_tenants_history_is_not_counted(
    served: RunningPlatform, administrator: httpx.Client, tenant: str
) -> None:
    write(administrator, f"{tenant}/retail/config", "a: 1\n")
    bound = served.with_rights("config:read", "secrets:read", tenants=["someone"])
    refused = bound.get(f"/configs/{tenant}/retail/config/history", params={"counts": "true"})
    assert_problem(refused, 404, "tenant_not_found")
