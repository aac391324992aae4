"""What goes over the wire, and what comes back exact."""

import asyncio
import base64
import logging
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from sprintia_testing.clients import MakeSide
from sprintia_testing.platforms import RunningPlatform

from sprintia_config_client import (
    ApiKey,
    ClientSettings,
    ConfigClient,
    ConfigReader,
    ConfigWriter,
    Forbidden,
    Unauthorized,
    traced,
)
from sprintia_config_client.exact import read_json, write_json
from sprintia_platform.host import Host
from sprintia_platform.settings import Secret

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.anyio
async def test_headers(platform: RunningPlatform, side: MakeSide) -> None:
    one = side(platform.url)
    with traced(TRACE):
        await one.client.put("t1", "retail", "config", "a: 1\n")
    await one.client.put("t1", "retail", "config", "a: 2\n", idempotency_key="mine")
    first, second = (request.headers for request in one.wire.requests)
    assert first["traceparent"] == TRACE
    assert "traceparent" not in second
    assert first["x-api-key"] == "a-bootstrap-key-for-tests-only"
    assert len(first["idempotency-key"]) == 32
    assert second["idempotency-key"] == "mine"


@pytest.mark.anyio
async def test_the_key_stays_with_its_service(platform: RunningPlatform, side: MakeSide) -> None:
    one = side(platform.url, attempts=1)
    one.wire.spoil = lambda _: httpx.Response(307, headers={"Location": "http://elsewhere.test/"})
    with pytest.raises(Exception, match="did not come from the config service"):
        await one.client.heads("t1")
    assert {request.url.host for request in one.wire.requests} == {"127.0.0.1"}


@pytest.mark.anyio
async def test_refusals_have_their_types(platform: RunningPlatform, side: MakeSide) -> None:
    wrong = side(platform.url, api_key="wrong")
    with pytest.raises(Unauthorized, match="Chave de API inválida"):
        await wrong.client.get("t1", "retail", "config")
    key = await asyncio.to_thread(platform.key, "config:read")
    reader = side(platform.url, api_key=key)
    with pytest.raises(Forbidden, match="config:write") as caught:
        await reader.client.put("t1", "retail", "config", "a: 1\n")
    assert caught.value.request_id
    with pytest.raises(Forbidden, match="secrets:read"):
        await reader.client.secret("t1", "odoo")


def test_the_host_finds_the_client_when_the_plugin_is_elsewhere(platform: RunningPlatform, tmp_path: Path) -> None:
    environ = {
        "DATABASE_URL": platform.database_url, "SPRINTIA_DATA_DIR": str(tmp_path), "SPRINTIA_PLUGINS": "",
        "SPRINTIA_CONFIG_URL": platform.url, "SPRINTIA_CONFIG_API_KEY": platform.environ["API_KEY"],
    }  # fmt: skip
    host = Host(environ=environ, entry_points=[])
    reader, writer = host.service(ConfigReader), host.service(ConfigWriter)

    async def scenario() -> object:
        await writer.put("t1", "retail", "config", "a: 1\n")
        found = (await reader.get("t1", "retail", "config")).data
        await writer.patch("t1", "retail", "config", {"a": 2})
        again = (await reader.get("t1", "retail", "config")).data
        for client in (reader, writer):
            assert isinstance(client, ConfigClient)
            await client.close()
        return found, again

    assert asyncio.run(scenario()) == ({"a": 1}, {"a": 2})


def test_the_client_runs_without_the_platform() -> None:
    program = (
        "import sys\n"
        "for name in ('sprintia_platform', 'sprintia_config', 'litestar', 'asyncpg', 'sqlalchemy'):\n"
        "    sys.modules[name] = None\n"
        "from sprintia_config_client import *\n"
        "from sprintia_config_client import remote\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9007199254740993", 9007199254740993),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("1.10", Decimal("1.10")),
        ("1e400", Decimal("1e400")),
        ("-0", Decimal("-0")),
        ('{"a":[-0.0,true,null,"é"]}', {"a": [Decimal("-0.0"), True, None, "é"]}),
    ],
)
def test_numbers_are_exact(text: str, value: object) -> None:
    assert repr(read_json(text)) == repr(value)
    assert repr(read_json(write_json(read_json(text)))) == repr(value)


@pytest.mark.parametrize(
    "value", [float("nan"), Decimal("Infinity"), {1: 2}, object(), {"a": [b"bytes"]}, {"a": {1, 2}}]
)
def test_what_json_cannot_hold(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        write_json(value)


def test_a_number_beyond_decimal_is_an_error_and_not_another_number() -> None:
    with pytest.raises(ValueError, match="beyond Decimal"):
        read_json("1e9999999999999999999")


def test_settings_of_the_environment(tmp_path: Path) -> None:
    key_file = tmp_path / "key"
    key_file.write_text("the-key\n")
    snapshot_key = base64.b64encode(bytes(32)).decode()
    settings = ClientSettings.from_environment({
        "CONFIG_SERVICE_URL": "http://config:8002", "CONFIG_SERVICE_API_KEY_FILE": str(key_file),
        "CONFIG_SERVICE_SNAPSHOT_KEY": snapshot_key, "CONFIG_SERVICE_SNAPSHOT_DIR": str(tmp_path),
        "CONFIG_SERVICE_SNAPSHOT_MAX_AGE_HOURS": "2",
    })  # fmt: skip
    assert settings.url == "http://config:8002"
    assert settings.api_key is not None
    assert settings.api_key.reveal() == "the-key"
    assert settings.snapshot is not None
    assert (settings.snapshot.folder, settings.snapshot.max_age.total_seconds()) == (tmp_path, 7200)
    for shown in (repr(settings), str(settings), f"{settings!r}"):
        assert "the-key" not in shown
        assert "\\x00" not in shown


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({}, "CONFIG_SERVICE_API_KEY is not set"),
        ({"CONFIG_SERVICE_API_KEY": "a b"}, "copied whole"),
        ({"CONFIG_SERVICE_API_KEY": "a", "CONFIG_SERVICE_API_KEY_FILE": "/x"}, "keep one"),
        ({"CONFIG_SERVICE_API_KEY_FILE": "/nowhere/at/all"}, "cannot read"),
        ({"CONFIG_SERVICE_API_KEY": "a", "CONFIG_SERVICE_SNAPSHOT_KEY": "short"}, "openssl rand"),
        ({"CONFIG_SERVICE_API_KEY": "a", "CONFIG_SERVICE_SNAPSHOT_MAX_AGE_HOURS": "never"}, "number of hours"),
        ({"CONFIG_SERVICE_API_KEY": "a", "CONFIG_SERVICE_SNAPSHOT_MAX_AGE_HOURS": "-1"}, "number of hours"),
    ],
)
def test_settings_that_cannot_be(environ: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ClientSettings.from_environment(environ)


@pytest.mark.parametrize("url", ["", "config:8002", "ftp://config", "http://"])
def test_an_address_that_cannot_be(url: str) -> None:
    with pytest.raises(ValueError, match=r"http\(s\)"):
        ConfigClient(ClientSettings(url=url))


def test_keys_of_the_host_are_taken_as_they_are() -> None:
    assert ApiKey(Secret("abc")).reveal() == "abc"
    assert "abc" not in repr(ApiKey("abc"))


@pytest.mark.parametrize("traceparent", ["", "00-abc", TRACE + "\r\nX-Evil: 1", TRACE.upper()])
def test_a_traceparent_that_is_none(traceparent: str) -> None:
    with pytest.raises(ValueError, match="traceparent"), traced(traceparent):
        pass


def test_nothing_secret_is_logged(platform: RunningPlatform, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def scenario() -> None:
        async with ConfigClient(
            ClientSettings(url=platform.url, api_key=ApiKey(platform.environ["API_KEY"]))
        ) as client:
            await client.put("t1", "default", "credentials", "credentials: {odoo: planted-secret}\n")
            await client.secret("t1", "odoo")

    asyncio.run(scenario())
    ours: list[Any] = [record.getMessage() for record in caplog.records if not record.name.startswith("sprintia.")]
    assert not [line for line in ours if "planted-secret" in line or platform.environ["API_KEY"] in line]
