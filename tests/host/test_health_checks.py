"""`/health/...`: each check at once, each bounded, and only critical ones take the process out of service."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest
from sprintia_testing import probe_plugin
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.probe_plugin import MARK

from sprintia_platform import HealthCheck

Check = Callable[[], Awaitable[None]]


async def fine() -> None:
    return


async def broken() -> None:
    raise RuntimeError(MARK)


async def hanging() -> None:
    await asyncio.Event().wait()


@pytest.fixture
def with_checks(run_platform: Callable[..., RunningPlatform]) -> Iterator[Callable[..., RunningPlatform]]:
    def start(*checks: HealthCheck, **settings: str) -> RunningPlatform:
        probe_plugin.health_checks[:] = checks
        return run_platform(host_arguments={"entry_points": probe_plugin.points()}, **settings)

    yield start
    probe_plugin.health_checks.clear()


def test_everything_is_well(with_checks: Callable[..., RunningPlatform]) -> None:
    anybody = with_checks(HealthCheck(name="mail", check=fine)).as_key(None)
    assert anybody.get("/health/live").json() == {"status": "alive"}
    assert anybody.get("/health").json() == {"status": "healthy"}
    answer = anybody.get("/health/ready")
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "ready"
    assert body["checks"]["probe"]["mail"]["ok"] is True
    assert body["checks"]["platform"]["database"]["ok"] is True
    assert body["checks"]["config"]["master_keys"]["ok"] is True


@pytest.mark.parametrize(("critical", "status"), [(True, 503), (False, 200)])
def test_a_no_counts_when_it_is_critical(
    with_checks: Callable[..., RunningPlatform], critical: bool, status: int
) -> None:
    anybody = with_checks(HealthCheck(name="mail", check=broken, critical=critical)).as_key(None)
    answer = anybody.get("/health/ready")
    assert answer.status_code == status
    found = answer.json()["checks"]["probe"]["mail"]
    assert (found["ok"], found["critical"], found["cause"]) == (False, critical, "RuntimeError")
    assert MARK not in answer.text
    assert anybody.get("/health").status_code == status
    assert anybody.get("/health/live").status_code == 200  # being alive asks nobody


def test_a_check_that_hangs_is_given_up(with_checks: Callable[..., RunningPlatform]) -> None:
    check = HealthCheck(name="mail", check=hanging)
    anybody = with_checks(check, SPRINTIA_HEALTH_TIMEOUT="0.3").as_key(None)
    started = time.monotonic()
    found = anybody.get("/health/ready")
    assert time.monotonic() - started < 3
    assert found.status_code == 503
    assert found.json()["checks"]["probe"]["mail"]["cause"] == "no answer within 0.3 s"
    assert found.json()["checks"]["platform"]["database"]["ok"] is True


def test_checks_are_asked_at_once(with_checks: Callable[..., RunningPlatform]) -> None:
    everybody = asyncio.Barrier(3)

    async def meet() -> None:
        await everybody.wait()  # passes only when all three are asked at the same time

    checks = [HealthCheck(name=f"meet{number}", check=meet) for number in range(3)]
    anybody = with_checks(*checks, SPRINTIA_HEALTH_TIMEOUT="2").as_key(None)
    assert anybody.get("/health/ready").status_code == 200


def test_a_draining_process_says_so_and_goes_on_answering(platform: RunningPlatform) -> None:
    assert platform.client.get("/health/ready").status_code == 200
    platform.host.draining = True
    ready = platform.client.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (503, "draining")
    assert platform.client.get("/health").status_code == 503
    assert platform.client.get("/health/live").status_code == 200
    answer = platform.client.get("/configs/t")
    assert answer.status_code == 200
    assert answer.headers["connection"] == "close"


def test_what_broke_in_a_plugin_is_told_to_callers_with_a_key_alone(
    run_platform: Callable[..., RunningPlatform], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise RuntimeError(MARK)

    broken_points = [*probe_plugin.points()[:-1], _raising_point(monkeypatch, refuse)]
    platform = run_platform(host_arguments={"entry_points": broken_points})
    ready = platform.as_key(None).get("/health/ready")
    assert ready.status_code == 200  # it was not asked for by name
    assert ready.json()["checks"]["broken"]["loaded"]["cause"] == "import: RuntimeError"
    assert MARK not in ready.text
    assert platform.as_key(None).get("/plugins").status_code == 401
    listed = {plugin["name"]: plugin for plugin in platform.client.get("/plugins").json()}
    assert listed["broken"]["status"] == "broken"
    assert listed["broken"]["stage"] == "import"
    assert listed["config"]["status"] == "in service"


def _raising_point(monkeypatch: pytest.MonkeyPatch, refuse: Callable[[], None]):  # type: ignore[no-untyped-def]
    from importlib.metadata import EntryPoint

    class Raising(EntryPoint):
        def load(self) -> None:
            refuse()

    return Raising("broken", "nowhere", "sprintia")
