"""A real Odoo with the addons beside the real service: `make test-odoo-faults ODOO_BIN=…`; else nothing runs."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sprintia_testing.platforms import API_KEY, SpawnedPlatform

sys.path.insert(0, str(Path(__file__).parents[3] / "scripts"))

from odoo_addons.faults.odoo_server import ADMIN, WRITER, OdooServer
from odoo_addons.faults.service import Service
from odoo_installation import Installation, NoOdooError, installation, scratch_name

ADDONS = ("ai_credentials_manager", "business_rules", "config_service_outbox")
PEOPLE = """
users = env["res.users"]
groups = "group_ids" if "group_ids" in users._fields else "groups_id"
wanted = ["base.group_user", "ai_credentials_manager.group_ai_credentials_manager", "business_rules.group_manager"]
given = [env.ref(name, raise_if_not_found=False) for name in wanted]
users.create({{
    "name": "Writer", "login": {writer[0]!r}, "password": {writer[1]!r},
    groups: [(6, 0, [group.id for group in given if group])],
}})
env.ref("base.user_admin").password = {admin[1]!r}
env.cr.commit()
"""
Start = Callable[..., OdooServer]
_measured: list[tuple[str, str]] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("odoo")
    group.addoption("--odoo", action="store_true", help="run the faults against the Odoo that ODOO_BIN names")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    if collection_path.name.startswith("test_") and not config.getoption("--odoo", default=False):
        return True
    return None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _measured:
        terminalreporter.section("Odoo and the service")
        for name, value in _measured:
            terminalreporter.line(f"{name:<70} {value}")


@pytest.fixture
def measured() -> Callable[[str, object], None]:
    """Take a line into the table at the end."""
    return lambda name, value: _measured.append((name, str(value)))


@pytest.fixture(scope="session")
def odoo() -> Iterator[Installation]:
    try:
        with installation() as found:
            _measured.append(("Odoo", found.version()))
            yield found
    except NoOdooError as error:
        pytest.exit(str(error), returncode=2)


@pytest.fixture(scope="session")
def installed(odoo: Installation) -> Iterator[str]:
    """A database with the addons and people in it, to copy from."""
    database = scratch_name("faults")
    base = ("-c", str(odoo.configuration), "-d", database)
    try:
        languages = "--load-language=en_US,pt_BR"  # the database that is copied from may have one of them alone
        done = odoo.run("-i", ",".join(ADDONS), languages, "--stop-after-init", "--no-http", "--log-level=warn", *base)
        assert not done.returncode, done.stderr[-3000:]
        done = odoo.run("shell", "--no-http", *base, script=PEOPLE.format(admin=ADMIN, writer=WRITER))
        assert not done.returncode, done.stderr[-3000:]
        yield database
    finally:
        odoo.drop(database)


@pytest.fixture
def database(odoo: Installation, installed: str) -> Iterator[str]:
    """A database of the test's own, with the addons."""
    name = odoo.copy(installed, scratch_name("faults"))
    yield name
    odoo.drop(name)


@pytest.fixture
def start_odoo(odoo: Installation, tmp_path: Path) -> Iterator[Start]:
    """Start Odoo servers; `start_odoo(database, "--log-level=debug")`."""
    started: list[OdooServer] = []

    def start(database: str, *options: str) -> OdooServer:
        server = OdooServer(odoo, database, tmp_path / f"odoo-{len(started)}.log", *options)
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def service(spawn: Callable[..., SpawnedPlatform], database_url: str) -> Service:
    """The service, up."""
    return Service(spawn, database_url)


@pytest.fixture
def shop(start_odoo: Start, database: str, service: Service) -> OdooServer:
    """An Odoo that sends to the service."""
    server = start_odoo(database)
    connect(server, service.url, API_KEY)
    return server


def connect(server: OdooServer, url: str, key: str) -> None:
    """Save the settings page as the administrator does."""
    admin = server.admin()
    page = admin.create("res.config.settings", {"config_service_url": url, "config_service_api_key": key})
    admin.execute("res.config.settings", [page])
