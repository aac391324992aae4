"""Plugins that break: one that was asked for by name stops the start, one that is merely installed leaves the rest be.

Either way the message names the plugin, the cause and the cure.
"""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from sprintia_testing import toys
from sprintia_testing.platforms import SPRINTIA, RunningPlatform, free_port

from sprintia_platform.app import build
from sprintia_platform.errors import StartupError
from sprintia_platform.host import Host

RunWith = Callable[..., RunningPlatform]
NOWHERE = "postgresql:///nowhere"


@dataclass(frozen=True)
class Broken:
    """One way to break: `says` are parts of the message, cause and cure."""

    name: str
    stage: str
    says: tuple[str, ...]
    value: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def target(self) -> str:
        return self.value or f"sprintia_broken.faults:{self.name}"


WAYS = (
    Broken("import_error", "import", ("a_module_that_nobody_has", "reinstall"), "sprintia_broken.import_error"),
    Broken("exits_at_import", "import", ("SystemExit: 3", "sprintia_broken.exits"), "sprintia_broken.exits"),
    Broken("no_module", "import", ("No module named 'sprintia_broken.nowhere'",), "sprintia_broken.nowhere"),
    Broken("no_attribute", "import", ("AttributeError",)),
    Broken("Bad-Name", "name", ("lower-case", "Rename its entry point"), "sprintia_broken.faults:plugin"),
    Broken("database", "name", ("SPRINTIA_DATABASE_", "Rename its entry point"), "sprintia_broken.faults:plugin"),
    Broken("old_version", "hook version", ("HOOK_API = 0", "this host speaks 1", "belong together")),
    Broken("no_version", "hook version", ("HOOK_API = None",)),
    Broken("misspelt_hook", "hooks", ("register_rotues", "see hooks.py")),
    Broken("wrong_arguments", "hooks", ("hots", "see hooks.py")),
    Broken(
        "hook_raises", "register_menu", ("RuntimeError: the menu cannot be read", "leave it out of SPRINTIA_PLUGINS")
    ),
    Broken("hook_exits", "register_menu", ("SystemExit: 2",)),
    Broken("lazy_hook_raises", "register_health_checks", ("LookupError: there is no second",)),
    Broken("wrong_result", "register_routes", ("it returned list, not Routes", "hooks.py")),
    Broken("wrong_items", "register_menu", ("it returned str, not MenuEntry",)),
    Broken("wrong_service", "register_services", ("'greeter' is no contract",)),
    Broken("wrong_settings", "register_settings", ("no msgspec Struct",)),
    Broken(
        "bad_settings",
        "register_settings",
        (
            "SPRINTIA_BAD_SETTINGS_ADDRESS is not set: it is required",
            "SPRINTIA_BAD_SETTINGS_LIMIT: 'none' is not usable (Expected `int`, got `str`); expected int;",
            "SPRINTIA_BAD_SETTINGS_GRETING is not a setting: did you mean SPRINTIA_BAD_SETTINGS_GREETING?",
            "SPRINTIA_BAD_SETTINGS_TOKEN_FILE: cannot read '/nowhere/token' (No such file or directory)",
            "SPRINTIA_BAD_SETTINGS_PIN and SPRINTIA_BAD_SETTINGS_PIN_FILE are both set: keep one",
            "Correct the settings named here",
        ),
        environ={
            "SPRINTIA_BAD_SETTINGS_LIMIT": "none",
            "SPRINTIA_BAD_SETTINGS_GRETING": "hi",
            "SPRINTIA_BAD_SETTINGS_TOKEN_FILE": "/nowhere/token",
            "SPRINTIA_BAD_SETTINGS_PIN": "1234-secret",
            "SPRINTIA_BAD_SETTINGS_PIN_FILE": "/nowhere/pin",
        },
    ),
    Broken("foreign_table", "register_database", ("config.tenant, loose", "MetaData(schema='foreign_table')")),
    Broken("two_checks_of_one_name", "register_health_checks", ("'same' twice",)),
    Broken("bad_prefix", "register_routes", ("'fine/' is no path prefix",)),
    Broken("root_prefix", "register_routes", ("'/' is no path prefix",)),
    Broken("host_prefix", "register_routes", ("'/health/ready' is claimed by the host",)),
    Broken("keys_prefix", "register_routes", ("'/keys' is claimed by the host", "another prefix")),
    Broken("foreign_home", "register_routes", ("its home '//evil.example/fine'", "below one of its prefixes")),
    Broken("home_of_two_lines", "register_routes", ("is no path of its own",)),
    Broken("wrong_first_steps", "register_first_steps", ("it returned list, not Callable",)),
    Broken("no_policy", "register_routes", ("/no-policy", "states no policy: add guards=[requires(...)]")),
    Broken("socket_without_policy", "register_routes", ("/no-policy-socket", "states no policy")),
    Broken("mount_without_policy", "register_routes", ("/no-policy-mount", "states no policy")),
    Broken("stray_route", "register_routes", ("/elsewhere outside of the prefixes", "(/claimed)", "or move it")),
    Broken("unknown_dependency", "register_routes", ("nobody",)),
)
ENVIRON = {name: value for way in WAYS for name, value in way.environ.items()}


@pytest.fixture
def points(toy_path: None, tmp_path: Path) -> Callable[..., list[EntryPoint]]:
    """Make the entry points of a distribution, as if it were installed: `points("acme", name="module")`."""

    def make(distribution: str, plugins: Mapping[str, str]) -> list[EntryPoint]:
        return toys.points_of(toys.write_distribution(tmp_path / distribution, distribution, plugins))

    return make


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_a_plugin_named_by_the_operator_stops_the_start(way: Broken, points: Callable[..., list[EntryPoint]]) -> None:
    environ = {"DATABASE_URL": NOWHERE, "SPRINTIA_PLUGINS": way.name, **way.environ}
    with pytest.raises(StartupError) as raised:
        build(Host(environ=environ, entry_points=points("acme-broken", {way.name: way.target})))
    (message,) = raised.value.faults
    assert message.startswith(f"plugin {way.name!r} (from acme-broken) failed at {way.stage}: ")
    assert [part for part in way.says if part not in message] == []
    assert "\n" not in message
    assert "1234-secret" not in message


def test_plugins_that_are_merely_installed_are_reported_and_the_others_run(
    run_with: RunWith, points: Callable[..., list[EntryPoint]]
) -> None:
    broken = points("acme-broken", {way.name: way.target for way in WAYS})
    toy = toys.points_of(toys.FOLDER / "toy")
    platform = run_with([*broken, *toy], **ENVIRON)

    assert platform.client.get("/toy/settings").status_code == 200
    assert platform.client.get("/configs/shop").status_code == 200
    lost = platform.client.post("/paths-of-a-broken-plugin", json={})
    assert lost.status_code == 503, "to a sender, 404 would be the last word"
    assert lost.headers["retry-after"] == "60"

    ready = platform.client.get("/health/ready")
    assert ready.status_code == 200
    checks = ready.json()["checks"]
    for way in WAYS:
        assert checks[way.name]["loaded"]["ok"] is False
        assert checks[way.name]["loaded"]["cause"].startswith(way.stage)
    assert "'none'" not in ready.text, "anybody may ask: values are for operators"

    listed = {plugin["name"]: plugin for plugin in platform.client.get("/plugins").json()}
    assert set(listed) == {"config", "platform", "toy", *(way.name for way in WAYS)}
    for way in WAYS:
        plugin = listed[way.name]
        assert (plugin["status"], plugin["stage"], plugin["distribution"]) == ("broken", way.stage, "acme-broken")
        assert [part for part in way.says if part not in f"{plugin['cause']}. {plugin['cure']}"] == []


def run_plugins(folders: list[Path], *arguments: str, status: int, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SPRINTIA_", "DATABASE_URL"))}
    path = os.pathsep.join([*map(str, folders), *toys.PATHS])
    done = subprocess.run(
        [SPRINTIA, *arguments],
        env=clean | {"PYTHONPATH": path, **environ},
        text=True, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_the_command_lists_the_broken_ones_and_says_so_by_its_status(tmp_path: Path) -> None:
    acme = toys.write_distribution(tmp_path, "acme-broken", {way.name: way.target for way in WAYS})
    printed = run_plugins([acme], "plugins", status=1, **ENVIRON)
    assert "toy" in printed.stdout
    for way in WAYS:
        (line,) = [line for line in printed.stderr.splitlines() if line.startswith(f"{way.name}: ")]
        assert line.startswith(f"{way.name}: failed at {way.stage}: ")
    listed = json.loads(run_plugins([acme], "plugins", "--json", status=1, **ENVIRON).stdout)
    broken = {plugin["name"] for plugin in listed if plugin["status"] == "broken"}
    assert broken == {way.name for way in WAYS}
    assert run_plugins([acme], "plugins", "--json", status=0, SPRINTIA_PLUGINS="config,toy").stderr == ""


def test_the_real_command_says_it_in_one_line(tmp_path: Path) -> None:
    acme = toys.write_distribution(tmp_path, "acme-broken", {"hook_raises": "sprintia_broken.faults:hook_raises"})
    printed = run_plugins([acme], "serve", status=1, DATABASE_URL=NOWHERE, SPRINTIA_PLUGINS="hook_raises")
    assert printed.stderr.startswith("sprintia: plugin 'hook_raises' (from acme-broken) failed at register_menu: ")
    assert printed.stderr.count("\n") == 1


def test_first_steps_that_fail_stop_the_start(tmp_path: Path, database_url: str) -> None:
    acme = toys.write_distribution(
        tmp_path, "acme", {"failing_first_steps": "sprintia_broken.faults:failing_first_steps"}
    )
    port = str(free_port())
    environ = {"DATABASE_URL": database_url, "SPRINTIA_PORT": port, "SPRINTIA_PLUGINS": "failing_first_steps"}
    printed = run_plugins([acme], "serve", "--first-run", status=1, API_KEY="a-key-of-a-test", **environ)
    assert printed.stdout == "", "no banner of a platform that does not serve"
    assert printed.stderr == (
        "sprintia: plugin 'failing_first_steps' failed at register_first_steps: RuntimeError: nobody is at "
        f"http://127.0.0.1:{port}. Mend it, or leave it out of SPRINTIA_PLUGINS\n"
    )


def test_commands_that_cannot_be_registered_hide_no_others(tmp_path: Path) -> None:
    acme = toys.write_distribution(tmp_path, "acme", {"broken_commands": "sprintia_broken.faults:broken_commands"})
    printed = run_plugins([acme], "--help", status=0)
    assert "Commands of the plugin toy" in printed.stdout
    assert "plugin 'broken_commands' failed at register_commands: RuntimeError: no commands today" in printed.stderr


def test_a_plugin_that_is_not_installed_is_named(toy_path: None) -> None:
    toy = toys.points_of(toys.FOLDER / "toy")
    with pytest.raises(StartupError, match=r"names 'tyo', which is not installed \(installed: toy\): install its"):
        Host(environ={"SPRINTIA_PLUGINS": "tyo"}, entry_points=toy)


@pytest.mark.parametrize("named", [True, False], ids=["named", "merely installed"])
def test_two_plugins_that_want_the_same_stop_the_start(points: Callable[..., list[EntryPoint]], named: bool) -> None:
    # Nobody can say which of the two is meant, and to choose would let any package take another's routes.
    two = {"first": "sprintia_broken.faults:first_of_two", "second": "sprintia_broken.faults:second_of_two"}
    environ = {"SPRINTIA_PLUGINS": "first,second"} if named else {}
    with pytest.raises(StartupError) as raised:
        Host(environ=environ, entry_points=points("acme-two", two))
    cure = "leave one of them out of SPRINTIA_PLUGINS, or rename it"
    assert raised.value.faults == (
        f"route prefix '/shared' is claimed by plugin 'first' and '/shared/deeper' by plugin 'second': {cure}",
        f"menu id 'shared' is claimed by plugin 'first' and by plugin 'second': {cure}",
        f"the home, where browsers are led from /, is claimed by plugin 'first' and by plugin 'second': {cure}",
        f"service Greeter is offered by plugin 'first' and by plugin 'second': {cure}",
    )
    one = Host(environ={"SPRINTIA_PLUGINS": "second"}, entry_points=points("acme-one", two))
    assert list(one.contributions) == ["platform", "second"]


@pytest.mark.parametrize("environ", [{}, {"SPRINTIA_PLUGINS": "double"}], ids=["merely installed", "named"])
def test_two_distributions_with_one_name_stop_the_start(
    points: Callable[..., list[EntryPoint]], environ: dict[str, str]
) -> None:
    plugin = {"double": "sprintia_broken.faults:plugin"}
    found = [*points("acme-one", plugin), *points("acme-two", plugin), *toys.points_of(toys.FOLDER / "toy")]
    message = "plugin name 'double' is claimed by acme-one and by acme-two: uninstall one of them"
    with pytest.raises(StartupError, match=message):
        Host(environ=environ, entry_points=found)
    other = Host(environ={"SPRINTIA_PLUGINS": "toy"}, entry_points=found)
    assert list(other.contributions) == ["platform", "toy"], "what is not loaded cannot clash"


def test_nobody_else_is_the_platform(points: Callable[..., list[EntryPoint]]) -> None:
    impostor = points("acme-impostor", {"platform": "sprintia_broken.faults:plugin"})
    for environ in ({}, {"SPRINTIA_PLUGINS": "config"}):
        with pytest.raises(StartupError, match="'platform' is claimed by acme-impostor and by sprintia-platform"):
            Host(environ=environ, entry_points=impostor)


def test_a_longer_name_s_settings_are_no_misspelt_ones_of_the_shorter(points: Callable[..., list[EntryPoint]]) -> None:
    both = {"toy": "sprintia_toy.plugin", "toy_archive": "sprintia_toy.plugin"}
    environ = {"SPRINTIA_PLUGINS": "toy", "SPRINTIA_TOY_ARCHIVE_GREETING": "hi"}
    assert Host(environ=environ, entry_points=points("acme-both", both)).registry.failures == []
    with pytest.raises(StartupError, match="SPRINTIA_TOY_ARCHIVE_GREETING is not a setting"):
        Host(environ=environ, entry_points=points("acme-toy", {"toy": "sprintia_toy.plugin"}))


LIFESPAN = {"failing": "sprintia_broken.faults:failing_lifespan"}


def test_a_lifespan_that_fails_stops_the_start_of_a_named_plugin(
    run_with: RunWith, points: Callable[..., list[EntryPoint]]
) -> None:
    with pytest.raises(StartupError, match="plugin 'failing' failed at lifespan: OSError: no mail server at"):
        run_with(points("acme", LIFESPAN), SPRINTIA_PLUGINS="config,failing")


def test_a_lifespan_that_fails_takes_only_its_own_routes_out_of_service(
    run_with: RunWith, points: Callable[..., list[EntryPoint]]
) -> None:
    platform = run_with(points("acme", LIFESPAN))
    refused = platform.client.get("/failing/fine")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "60")
    assert "failing" in refused.json()["detail"]
    assert platform.client.get("/configs/shop").status_code == 200
    ready = platform.client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json()["checks"]["failing"]["started"] == {
        "ok": False,
        "critical": False,
        "cause": "lifespan: OSError",
    }
    assert "10.0.0.9" not in ready.text
    listed = {plugin["name"]: plugin["status"] for plugin in platform.client.get("/plugins").json()}
    assert listed["failing"] == "unavailable"


@pytest.mark.parametrize(
    ("plugin", "status", "named"),
    [("hanging_check", 503, True), ("hanging_check", 503, False), ("shown_hanging_check", 200, False)],
)
def test_a_health_check_that_hangs_is_answered_in_time(
    run_with: RunWith, points: Callable[..., list[EntryPoint]], plugin: str, status: int, named: bool
) -> None:
    environ = {"SPRINTIA_PLUGINS": f"config,{plugin}"} if named else {}
    hanging = points("acme", {plugin: f"sprintia_broken.faults:{plugin}"})
    platform = run_with(hanging, SPRINTIA_HEALTH_TIMEOUT="0.2", **environ)
    ready = platform.client.get("/health/ready")
    assert ready.status_code == status
    assert ready.elapsed.total_seconds() < 2
    check = ready.json()["checks"][plugin]["hangs"]
    assert (check["ok"], check["cause"]) == (False, "no answer within 0.2 s")
    assert platform.client.get("/health/live").status_code == 200
