"""`make demo URL=... KEY=...` fills a platform that runs, with its first key, and leaves tenants alone that it has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sprintia_testing.platforms import API_KEY, RunningPlatform

DEMO = Path(__file__).parents[3] / "scripts" / "demo.py"


def demo(**environ: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SPRINTIA_")}
    return subprocess.run(
        [sys.executable, DEMO], env=clean | environ, capture_output=True, text=True, check=False, timeout=120
    )


def test_a_running_platform_is_filled_once_and_again_when_asked(platform: RunningPlatform) -> None:
    named = {"SPRINTIA_URL": f"{platform.url}/", "SPRINTIA_KEY": API_KEY}
    first = demo(**named)
    assert first.returncode == 0, first.stdout + first.stderr
    assert f"{platform.url}/viewer/t/account_1\n" in first.stdout
    assert ", 0 errados" in first.stdout
    with platform.as_key(API_KEY) as http:
        names = {tenant["tenant_id"] for tenant in http.get("/config/tenants").json()}
        assert names == {"account_1", "123456", "account_3"}
        before = http.get("/configs/account_1/bundle").json()["revision"]
        refused = demo(**named)
        assert refused.returncode == 1
        assert "AGAIN=1" in refused.stderr
        assert http.get("/configs/account_1/bundle").json()["revision"] == before
    again = demo(**named, SPRINTIA_DEMO_AGAIN="1")
    assert again.returncode == 0, again.stdout + again.stderr


@pytest.mark.parametrize("given", ["SPRINTIA_URL", "SPRINTIA_KEY"])
def test_half_an_address_is_refused(given: str) -> None:
    refused = demo(**{given: "http://127.0.0.1:1"})
    assert refused.returncode == 1
    assert "URL" in refused.stderr
    assert "KEY" in refused.stderr


def test_a_wrong_key_is_said_before_anything_is_written(platform: RunningPlatform) -> None:
    refused = demo(SPRINTIA_URL=platform.url, SPRINTIA_KEY="sprk_wrong")
    assert refused.returncode == 1
    assert "401" in refused.stderr
