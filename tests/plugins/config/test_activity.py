"""How busy a tenant's days were, where somebody lives: each change on the day that the clocks there said."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import httpx
import pytest
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.problems import assert_problem
from sprintia_testing.shared import shared_platform

from sprintia_config.timeline.activity import day_starts, zones

YAML = {"Content-Type": "application/yaml"}
ZONES = ["UTC", "America/Sao_Paulo", "America/Havana", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu"]


@pytest.fixture(scope="module")
def served(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with shared_platform(databases, tmp_path_factory.mktemp("data")) as platform:
        for text in ("a: 1\n", "a: 2\n"):
            platform.client.put("/configs/here/retail/config", content=text.encode(), headers=YAML)
        platform.client.put("/configs/elsewhere/retail/config", content=b"a: 1\n", headers=YAML)
        entry = {"mapping_data": {"accounts": {"1": {"account_id": "here", "domain": "retail"}}}}
        assert platform.client.patch("/mapping", json=entry).status_code == 200
        yield platform


def ask(client: httpx.Client, tenant: str = "here", **query: str | int) -> dict[str, dict[str, int]]:
    answer = client.get(f"/config/tenants/{tenant}/activity", params=query)
    assert answer.status_code == 200, answer.text
    days = answer.json()["days"]
    assert all(day["changes"] == sum(day["by_origin"].values()) for day in days)
    assert [day["day"] for day in days] == sorted(day["day"] for day in days)
    return {day["day"]: day["by_origin"] for day in days}


def test_changes_of_documents_and_of_the_mapping_are_counted_together(served: RunningPlatform) -> None:
    assert [sum(origins.values()) for origins in ask(served.client).values()] == [3]
    assert ask(served.client, "nobody") == {}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("days", [1, 2, 366])
def test_the_first_and_last_moment_of_a_day_are_counted_on_it(
    served: RunningPlatform, databases: TestDatabases, tenant: str, zone: str, days: int
) -> None:
    today = datetime.now(UTC).astimezone(ZoneInfo(zone)).date()
    begins = day_starts([today - timedelta(days=days - 1)], zone)[0]
    moment = timedelta(microseconds=1)
    for number, at in enumerate((begins - moment, begins, begins + timedelta(hours=22)), 1):
        served.client.put(f"/configs/{tenant}/retail/config", content=f"a: {number}\n".encode(), headers=YAML)
        databases.run(
            served.database_url,
            "UPDATE config.document_version SET created_at = $1 WHERE tenant_id = $2 AND version = $3",
            at, tenant, number,
        )  # fmt: skip
    assert ask(served.client, tenant, days=days, zone=zone) == {begins.astimezone(ZoneInfo(zone)).date().isoformat(): {
        "api": 2,
    }}  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        ("America/Sao_Paulo", date(2026, 11, 1), "2026-11-01T03:00"),
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T03:00"),  # 00:00 to 01:00 were left out
        ("America/Sao_Paulo", date(2018, 2, 18), "2018-02-18T03:00"),  # 23:00 to 00:00 came twice, the day before
        ("America/Havana", date(2025, 11, 2), "2025-11-02T04:00"),  # 00:00 to 01:00 came twice
        ("Asia/Kathmandu", date(2026, 1, 1), "2025-12-31T18:15"),
    ],
)
def test_days_begin_when_the_clocks_there_say(zone: str, day: date, expected: str) -> None:
    (begins,) = day_starts([day], zone)
    assert begins == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_days_of_every_zone_are_none_too_short_or_too_long() -> None:
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(366)]
    for zone in sorted(zones()):
        starts = day_starts(days, zone)
        lengths = {(later - earlier) / timedelta(hours=1) for earlier, later in pairwise(starts)}
        assert 22 <= min(lengths) <= 24 <= max(lengths) <= 26, zone  # Antarctica/Troll moves its clocks by two hours


@pytest.mark.parametrize("language", ["pt-BR", "en"])
@pytest.mark.parametrize(
    "query",
    [
        *({"zone": zone} for zone in ("Mars/Olympus", "localtime", "utc", "", "../UTC", "/etc/localtime", "BRT-3BRST")),
        {"zone": "x" * 5000},
        *({"days": days} for days in ("0", "367", "-1", "1.5", "x", "9" * 40)),
    ],
)
def test_what_is_no_zone_and_no_number_of_days_is_refused(
    served: RunningPlatform, query: dict[str, str], language: str
) -> None:
    answer = served.client.get("/config/tenants/here/activity", params=query, headers={"Accept-Language": language})
    wrong = assert_problem(answer, 422, "parameter_invalid")
    assert ("Parâmetro" in wrong["title"]) == (language == "pt-BR")


def test_another_tenants_days_cannot_be_reached(served: RunningPlatform) -> None:
    bound = served.with_rights("config:read", tenants=["elsewhere"])
    assert_problem(bound.get("/config/tenants/here/activity"), 404, "tenant_not_found")
    assert len(ask(bound, "elsewhere")) == 1
