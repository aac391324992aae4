"""The three ways to the config service, each over the same real platform code and a real PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from sprintia_testing.clients import Transport
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import API_KEY, SpawnedPlatform

from sprintia_config_client import ApiKey, ClientSettings, ConfigClient, ConfigReader, ConfigWriter
from sprintia_platform.app import create_app
from sprintia_platform.host import Host


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def installation(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A fresh migrated database and a data folder, which the three ways share."""
    url = databases.create()
    folder = str(tmp_path_factory.mktemp("contract"))
    yield {"DATABASE_URL": url, "SPRINTIA_DATA_DIR": folder, "API_KEY": API_KEY}
    databases.drop(url)


@pytest.fixture(scope="module", params=["in-process", "asgi", "server"])
async def config(request: pytest.FixtureRequest, installation: dict[str, str]) -> AsyncIterator[Transport]:
    """The config service, for the tests of one module: they keep apart by tenant."""
    opened = _server(installation) if request.param == "server" else _application(installation, request.param)
    async for transport in opened:
        yield transport


async def _application(environ: dict[str, str], name: str) -> AsyncIterator[Transport]:
    host = Host(environ=environ)
    app = create_app(host)
    async with app.lifespan():
        if name == "in-process":
            yield Transport(name, host.service(ConfigReader), host.service(ConfigWriter))
            return
        settings = ClientSettings(url="http://config.test", api_key=ApiKey(API_KEY))
        async with ConfigClient(settings, transport=httpx.ASGITransport(app)) as client:
            yield Transport(name, client, client)


async def _server(environ: dict[str, str]) -> AsyncIterator[Transport]:
    server = SpawnedPlatform(environ, Path(environ["SPRINTIA_DATA_DIR"])).wait_ready()
    try:
        async with ConfigClient(ClientSettings(url=server.url, api_key=ApiKey(API_KEY))) as client:
            yield Transport("server", client, client)
    finally:
        server.end()
