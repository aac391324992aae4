"""Each hook: what a plugin returns is what the platform uses. The toy plugin implements every one of them."""

import os
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from sprintia_testing import toys
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import SPRINTIA, RunningPlatform

from sprintia_platform.errors import StartupError
from sprintia_platform.host import Host

TOY = toys.points_of(toys.FOLDER / "toy")
GUEST = toys.points_of(toys.FOLDER / "guest")
REMOTES = toys.points_of(toys.FOLDER / "client", group="sprintia.remote")

RunWith = Callable[..., RunningPlatform]


@pytest.fixture
def toy(run_with: RunWith) -> RunningPlatform:
    return run_with(TOY, SPRINTIA_TOY_GREETING="Bom dia", SPRINTIA_TOY_TOKEN="very-secret-token")


def run_sprintia(*arguments: str, status: int = 0, **environ: str) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SPRINTIA_", "DATABASE_URL"))}
    given = clean | {"PYTHONPATH": os.pathsep.join(toys.PATHS), **environ}
    done = subprocess.run([SPRINTIA, *arguments], env=given, text=True, capture_output=True, check=False, timeout=60)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_register_settings_reads_the_environment_and_hides_secrets(toy: RunningPlatform) -> None:
    assert toy.client.get("/toy/settings").json() == {"greeting": "Bom dia", "token": "***"}


def test_register_settings_takes_a_secret_from_a_file(
    run_with: RunWith, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("secrets") / "token"
    path.write_text("from-a-file\n")
    platform = run_with(TOY, SPRINTIA_TOY_TOKEN_FILE=str(path))
    assert platform.host.contributions["toy"].settings.token.reveal() == "from-a-file"


def test_register_database_makes_the_schema_with_its_own_versions_and_role(toy: RunningPlatform) -> None:
    assert toy.client.post("/toy/visits/ana").status_code == 201
    assert toy.client.get("/toy/visits").json() == ["ana", "opened"]
    rows = TestDatabases.run(toy.database_url, "SELECT version_num FROM toy.alembic_version")
    assert rows == [{"version_num": "0001"}]
    with pytest.raises(Exception, match="permission denied for schema config"):
        TestDatabases.run_as(toy.database_url, "toy", "*", "SELECT FROM config.tenant")


def test_register_database_gives_a_session_under_the_plugin_s_own_role(toy: RunningPlatform) -> None:
    roles = toy.client.get("/toy/role").json()
    assert roles == ["sprintia_toy", "sprintia_toy"], "of each transaction, not only of the first"


def test_register_routes_answers_under_the_prefix_with_the_plugin_s_own_rights(toy: RunningPlatform) -> None:
    assert toy.as_key(None).get("/toy/visits").status_code == 401
    assert toy.with_rights("config:read").get("/toy/visits").status_code == 403
    assert toy.with_rights("toy:read").get("/toy/visits").status_code == 200
    assert toy.client.get("/toy/visits").status_code == 200, "API_KEY has every right that a route asks for"
    listed = {plugin["name"]: plugin for plugin in toy.client.get("/plugins").json()}
    assert listed["toy"] == {
        "name": "toy", "distribution": "sprintia-toy", "version": "1.2", "prefixes": ["/toy"], "status": "in service",
    }  # fmt: skip


def test_register_routes_gives_people_pages_with_a_guard_and_errors_of_their_own(toy: RunningPlatform) -> None:
    home = "/toy/home"
    refused = toy.browser.get(home)
    assert (refused.status_code, refused.headers["content-type"]) == (403, "text/html; charset=utf-8")
    assert refused.text == "<html lang=pt-BR><h1>Sem convite</h1><p>Peça um convite.</p>"
    assert toy.client.get(home).json()["detail"] == "Peça um convite.", "programs get problem+json"
    toy.browser.cookies.set("invitation", "yes")
    assert toy.browser.get(home).text == "<h1>Welcome</h1>"
    assert "Não há nada em /toy/nowhere." in toy.browser.get("/toy/nowhere").text


def test_register_services_serves_another_plugin_in_the_same_process(run_with: RunWith) -> None:
    # `guest` comes before `toy` in order of name, and asks for what `toy` offers.
    platform = run_with([*GUEST, *TOY], remotes=REMOTES)
    assert platform.client.get("/guest/Rui").json() == {"heard": "Hello, Rui!"}


def test_register_services_serves_another_plugin_over_http(run_with: RunWith) -> None:
    near = run_with(TOY, SPRINTIA_TOY_GREETING="Olá")
    far = run_with(GUEST, remotes=REMOTES, SPRINTIA_TOY_URL=near.url)
    assert far.client.get("/guest/Rui").json() == {"heard": "Olá, Rui!"}


def test_register_services_over_http_are_closed_with_the_platform(run_with: RunWith) -> None:
    from sprintia_toy_client import Greeter, HttpGreeter

    far = run_with(GUEST, remotes=REMOTES, SPRINTIA_TOY_URL="http://127.0.0.1:1")
    greeter = far.host.service(Greeter)
    assert isinstance(greeter, HttpGreeter)
    assert not greeter.closed
    far.stop()
    assert greeter.closed


def test_register_services_that_are_nowhere_say_what_to_install_or_set(toy_path: None) -> None:
    from sprintia_toy_client import Greeter

    host = Host(environ={}, entry_points=GUEST, remotes=REMOTES)
    with pytest.raises(StartupError, match="install the plugin 'toy' here, or set SPRINTIA_TOY_URL to where it runs"):
        host.service(Greeter)
    with pytest.raises(StartupError, match="install the plugin that offers it, or its client package"):
        Host(environ={}, entry_points=GUEST, remotes=[]).service(Greeter)


def test_register_services_over_http_give_the_key_that_was_set(
    toy_path: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from sprintia_toy_client import Greeter

    path = tmp_path_factory.mktemp("secrets") / "key"
    path.write_text("the-key\n")
    for variable, value in (("SPRINTIA_TOY_API_KEY", "the-key"), ("SPRINTIA_TOY_API_KEY_FILE", str(path))):
        environ = {"SPRINTIA_TOY_URL": "http://toy.example", variable: value}
        greeter = Host(environ=environ, entry_points=GUEST, remotes=REMOTES).service(Greeter)
        assert vars(greeter) == {"_url": "http://toy.example", "_headers": {"X-API-Key": "the-key"}}


def test_register_health_checks_are_asked_for_readiness(toy: RunningPlatform) -> None:
    answer = toy.client.get("/health/ready")
    assert answer.status_code == 200, "a check that is not critical takes nothing out of service"
    checks = answer.json()["checks"]["toy"]
    assert checks["fine"]["ok"] is True
    assert (checks["printer"]["ok"], checks["printer"]["critical"]) == (False, False)
    assert checks["printer"]["cause"] == "ConnectionRefusedError"
    assert "10.0.0.9" not in answer.text


def test_register_commands_stand_under_the_plugin_s_name() -> None:
    assert run_sprintia("toy", "greet", "Ana", SPRINTIA_TOY_GREETING="Oi").strip() == "Oi, Ana!"
    assert "Greet somebody" in run_sprintia("toy", "--help")
    assert "Commands of the plugin toy" in run_sprintia("--help")


def test_register_menu_is_given_in_order(toy: RunningPlatform) -> None:
    assert [(entry.id, entry.label, entry.path) for entry in toy.host.menu] == [("toy", "Toy", "/toy/visits")]


def test_register_first_steps_are_shown_at_the_first_start_alone(database_url: str, spawn: Callable[..., Any]) -> None:
    environ = {"DATABASE_URL": database_url, "PYTHONPATH": os.pathsep.join(toys.PATHS)}
    first = spawn("--first-run", **environ).wait_ready()
    assert first.out.read_text().count(f"Be the first visitor: {first.url}/toy/visits\n") == 1
    first.end()
    second = spawn("--first-run", **environ).wait_ready()
    assert "Be the first visitor" not in second.out.read_text(), "its lifespan was a visit"


def test_register_litestar_plugins_reach_the_application(toy: RunningPlatform) -> None:
    assert toy.client.get("/toy/settings").headers["X-Toy"] == "here"


def test_lifespan_surrounds_the_serving(run_with: RunWith) -> None:
    platform = run_with(TOY)
    assert platform.client.get("/toy/visits").json() == ["opened"]
    platform.stop()
    rows = TestDatabases.run(platform.database_url, "SELECT name FROM toy.visit ORDER BY name")
    assert [row["name"] for row in rows] == ["closed", "opened"]


def test_hooks_are_called_once_per_application_in_order_of_name(toy_path: None) -> None:
    first = Host(environ={}, entry_points=[*TOY, *GUEST])
    second = Host(environ={"SPRINTIA_PLUGINS": "guest"}, entry_points=[*TOY, *GUEST])
    assert list(first.contributions) == ["platform", "guest", "toy"]
    assert list(second.contributions) == ["platform", "guest"], "two applications in one process share nothing"
