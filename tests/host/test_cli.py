"""`sprintia`: the host's own commands, and how every command is refused and explained."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from sprintia_testing.commands import CommandLine, CommandLineHere
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform, free_port

from sprintia_platform.cli import main
from sprintia_platform.database.urls import parse_database_url


@pytest.fixture
def cli(database_url: str, tmp_path: Path) -> CommandLine:
    return CommandLineHere({"DATABASE_URL": database_url, "SPRINTIA_DATA_DIR": str(tmp_path)})


@pytest.mark.parametrize(
    ("arguments", "faults"),
    [
        (("",), ["NAME: expected: text, length at least 1"]),
        (
            ("x", "--tenant", "a/b", "--network", "10.0.0.0/8", "--network", "10.0.0.0/99"),
            [
                "--tenant a/b: is no tenant: write 1 to 128 letters, digits and _ - . @",
                "--network 10.0.0.0/99: is no network (example: 10.0.0.0/8)",
            ],
        ),
    ],
)
def test_a_key_that_cannot_be_made_is_told_by_its_arguments(
    cli: CommandLine, arguments: tuple[str, ...], faults: list[str]
) -> None:
    finished = cli.run("keys", "create", *arguments, "--right", "config:read")
    assert (finished.status, finished.out) == (1, b"")
    assert finished.err.splitlines() == [f"sprintia: {fault}" for fault in faults]


def test_keys_are_made_listed_rotated_and_revoked(cli: CommandLine, platform: RunningPlatform) -> None:
    made = cli.json("keys", "create", "agents", "--right", "config:read", "--tenant", "account_1", "--tenant", "b")
    assert platform.as_key(made["key"]).get("/configs/account_1").status_code == 200
    assert platform.as_key(made["key"]).get("/configs/account_2").status_code == 404

    rotated = cli.json("keys", "rotate", made["id"], "--overlap-hours", "1")
    assert rotated["id"] == made["id"]
    assert [platform.as_key(key["key"]).get("/configs/account_1").status_code for key in (made, rotated)] == [200, 200]
    assert cli.output("keys", "revoke", made["id"]) == f"revoked {made['id']}\n"
    assert [platform.as_key(key["key"]).get("/configs/account_1").status_code for key in (made, rotated)] == [401, 401]

    (listed,) = cli.json("keys", "list")
    assert (listed["name"], listed["rights"], listed["tenants"]) == ("agents", ["config:read"], ["account_1", "b"])
    assert listed["revoked_at"] is not None
    table = cli.output("keys", "list")
    assert table.startswith("ID")
    assert made["key"] not in table + json.dumps(listed)


def test_the_schemas_are_upgraded_and_checked(
    empty_database_url: str, tmp_path: Path, databases: TestDatabases
) -> None:
    cli = CommandLineHere({"DATABASE_URL": empty_database_url, "SPRINTIA_DATA_DIR": str(tmp_path)})
    assert "run `sprintia db upgrade`" in cli.refusal("keys", "list")
    assert "run `sprintia db upgrade`" in cli.refusal("audit", "verify")
    before = cli.json("db", "current")
    assert {state["schema"]: state["current"] for state in before}["platform"] is None
    assert cli.run("db", "check").status == 1
    assert [state["up_to_date"] for state in cli.json("db", "upgrade", "--plugin", "platform")] == [True]
    assert all(state["up_to_date"] for state in cli.json("db", "upgrade"))
    assert all(state["differences"] == [] for state in cli.json("db", "check"))

    databases.run(empty_database_url, "ALTER TABLE platform.api_key DROP COLUMN name")
    checked = cli.run("db", "check", "--json")
    assert checked.status == 1
    assert "name" in json.loads(checked.out)[0]["differences"][0]


def test_the_audit_log_is_verified(cli: CommandLine, databases: TestDatabases, database_url: str) -> None:
    cli.json("keys", "create", "one", "--right", "admin")
    cli.json("keys", "create", "two", "--right", "admin")
    assert cli.json("audit", "verify") == {"holds": True, "events": 2, "faults": []}
    databases.run(database_url, "DELETE FROM platform.audit_event WHERE seq = 2")
    assert cli.refusal("audit", "verify") == "the audit chain of * is cut at event 2"


def test_plugins_are_listed(cli: CommandLine) -> None:
    listed = {plugin["name"]: plugin for plugin in cli.json("plugins")}
    assert listed["config"]["status"] == "in service"
    assert "/configs" in listed["config"]["prefixes"]
    assert "config" in cli.output("plugins")
    only = {plugin["name"] for plugin in cli.json("plugins", SPRINTIA_PLUGINS="config")}
    assert only == {"platform", "config"}


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


@pytest.fixture
def installed(database_url: str, tmp_path: Path) -> CommandLine:
    """The installed command, in processes of its own."""
    return CommandLine({"DATABASE_URL": database_url, "SPRINTIA_DATA_DIR": str(tmp_path)})


def test_the_installed_command_refuses_in_one_line(installed: CommandLine, taken_port: int) -> None:
    assert installed.refusal("keys", "revoke", "no") == "there is no active key 'no': see `sprintia keys list`"
    busy = installed.refusal("serve", SPRINTIA_PORT=str(taken_port))
    assert busy == (
        f"127.0.0.1:{taken_port} is in use: stop what listens there, or choose another port with SPRINTIA_PORT"
    )


@pytest.mark.parametrize(
    ("arguments", "environ", "expected"),
    [
        (("keys", "list"), {"DATABASE_URL": "not a url"}, "DATABASE_URL is no database URL"),
        (("keys", "list"), {"DATABASE_URL": "mysql://a@b/c"}, "only PostgreSQL is supported"),
        (("keys", "list"), {"DATABASE_URL": "postgresql://a:hidden-word@127.0.0.1"}, "names no database"),
        (("db", "upgrade"), {"DATABASE_URL": "postgresql://a:hidden-word@127.0.0.1:{closed}/c"}, "cannot connect to"),
        (("keys", "list"), {"DATABASE_URL": "postgresql://a:hidden-word@127.0.0.1:{closed}/c"}, "does not answer"),
        (("config", "list", "a"), {"DATABASE_URL": "postgresql://a:b@127.0.0.1:{closed}/c"}, "does not answer"),
        (("serve",), {"DATABASE_URL": "postgresql://a:b@127.0.0.1:{closed}/c"}, "cannot connect to"),
        (("keys", "list"), {"DATABASE_URL": "{elsewhere}"}, "no such database: create it (createdb)"),
        (("db", "current"), {"DATABASE_URL": "{elsewhere}"}, "no such database: create it (createdb)"),
        (("keys", "list"), {"DATABASE_URL": "{stranger}"}, "refuses this user or password: correct DATABASE_URL"),
        (("db", "upgrade"), {"DATABASE_URL": "{stranger}"}, "refuses this user or password: correct DATABASE_URL"),
        (("plugins",), {"SPRINTIA_PLUGINS": "config,ghost"}, "SPRINTIA_PLUGINS names 'ghost', which is not installed"),
        (("plugins",), {"SPRINTIA_PORTT": "1"}, "SPRINTIA_PORTT is not a setting: did you mean SPRINTIA_PORT?"),
        (("serve",), {"SPRINTIA_WORKERS": "99"}, "SPRINTIA_WORKERS: 99 is out of range; choose from 1 to 64"),
        (("serve",), {"SPRINTIA_HOST": "no.such.host.invalid", "SPRINTIA_PORT": "{closed}"}, "correct SPRINTIA_HOST"),
        (("db", "upgrade", "--plugin", "ghost"), {}, "no plugin 'ghost' with tables is installed"),
        (("keys", "rotate", "nobody"), {}, "there is no active key 'nobody': see `sprintia keys list`"),
        (("serve",), {"API_KEY": "changeme"}, "API_KEY is a known default value"),
    ],
)  # fmt: skip
def test_what_an_operator_can_mend_is_said_in_one_line(
    cli: CommandLine,
    installed: CommandLine,
    database_url: str,
    arguments: tuple[str, ...],
    environ: dict[str, str],
    expected: str,
) -> None:
    url = parse_database_url(database_url)
    known = {
        "closed": str(free_port()),
        "elsewhere": url.set(database="nowhere").render_as_string(hide_password=False),
        "stranger": url.set(username="stranger").render_as_string(hide_password=False),
    }
    command = installed if arguments == ("serve",) else cli  # it would set this process's logs up
    said = command.refusal(*arguments, **{name: value.format(**known) for name, value in environ.items()})
    assert expected in said
    assert "hidden-word" not in said


def test_a_misspelt_command_is_status_2(cli: CommandLine) -> None:
    for arguments in (("kyes",), ("keys", "create", "x"), ("keys", "rotate"), ("serve", "--workers", "0")):
        finished = cli.run(*arguments)
        assert (finished.status, finished.out) == (2, b""), finished
        assert "Usage: " in finished.err


def _commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))


def test_every_command_explains_itself_and_its_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    found = dict(_commands(main))
    assert {("serve",), ("db", "check"), ("keys", "rotate"), ("config", "rollback"), ("config", "audit", "verify")} <= {
        *found
    }
    for path, command in found.items():
        shown = CliRunner().invoke(main, [*path, "--help"]).output
        described = shown.partition("\n\n")[2].partition("Options:")[0]
        assert described.strip(), path
        for parameter in command.params:
            name = parameter.make_metavar(click.Context(command)) if isinstance(parameter, click.Argument) else None
            if name is not None:
                assert name.strip("[].") in described, (path, name)
            elif isinstance(parameter, click.Option):
                assert parameter.help, (path, parameter.name)
