"""`sprintia viewer ...`, beside running servers, and the settings that accounts have."""

import getpass
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sprintia_testing.accounts import PASSWORD, Accounts
from sprintia_testing.commands import CommandLine, CommandLineHere

from sprintia_platform.errors import StartupError
from sprintia_platform.settings import load_plugin_settings
from sprintia_viewer.accounts.first_admin import first_steps
from sprintia_viewer.accounts.signing_in import SignedIn
from sprintia_viewer.settings import ViewerSettings

ME = f"cli:{getpass.getuser()}"


@pytest.fixture
def cli(fresh: Accounts) -> CommandLine:
    return CommandLineHere({"DATABASE_URL": fresh.url, "SPRINTIA_DATA_DIR": str(fresh.data_dir)})


def token_of(link: str) -> str:
    parts = urlsplit(link.strip())
    assert parts.path.startswith("/viewer/welcome/")
    return parts.path.rpartition("/")[2]


def test_from_the_first_admin_to_a_forgotten_phone(cli: CommandLine, fresh: Accounts) -> None:
    assert "sprintia viewer sign-in-link" in cli.output("viewer", "users", "list")
    link = cli.output("viewer", "sign-in-link", SPRINTIA_PORT="8123")
    assert link.startswith("http://127.0.0.1:8123/")
    fresh.do(fresh.links.redeem(token_of(link), name="ana", password=PASSWORD))
    assert "there is an admin already" in cli.refusal("viewer", "sign-in-link")

    invited = cli.json(
        "viewer", "sign-in-link", "--new", "Rui", "--role", "editor", "--tenant", "one", "--hours", "2",
        SPRINTIA_VIEWER_PUBLIC_URL="https://sprintia.example/",
    )  # fmt: skip
    assert invited["url"].startswith("https://sprintia.example/viewer/welcome/")
    assert invited["hours"] == 2
    fresh.do(fresh.links.redeem(token_of(invited["url"]), password=PASSWORD))
    assert isinstance(fresh.attempt("rui"), SignedIn)
    assert "Somebody has this name" in cli.refusal("viewer", "sign-in-link", "--new", "rui")
    listed = {user["name"]: user for user in cli.json("viewer", "users", "list")}
    assert (listed["rui"]["role"], listed["rui"]["tenants"]) == ("editor", ["one"])
    assert "argon2" not in json.dumps(listed)

    reset = cli.output("viewer", "sign-in-link", "--user", "RUI")
    fresh.do(fresh.links.redeem(token_of(reset), password="another harbour 44"))
    cli.output("viewer", "users", "disable", "rui")
    assert fresh.attempt("rui", "another harbour 44").kind == "wrong"
    cli.output("viewer", "users", "enable", "rui")
    assert isinstance(fresh.attempt("rui", "another harbour 44"), SignedIn)
    assert "last admin" in cli.refusal("viewer", "users", "disable", "ana")
    assert "no user eva" in cli.refusal("viewer", "users", "disable", "eva")
    assert (ME, "user.disable") in fresh.events("rui")

    user = fresh.do(fresh.users.named("rui"))
    fresh.do(fresh.totp.begin(user))
    cli.output("viewer", "users", "remove-second-factor", "rui")
    assert "no second factor" in cli.refusal("viewer", "users", "remove-second-factor", "rui")


@pytest.mark.parametrize(
    "arguments", [("--user", "a", "--new", "b"), ("--role", "admin"), ("--user", "a", "--tenant", "t")]
)
def test_options_that_do_not_go_together_are_refused(cli: CommandLine, arguments: tuple[str, ...]) -> None:
    assert cli.run("viewer", "sign-in-link", *arguments).status == 2


def test_the_first_start_prints_a_link_as_long_as_nobody_administers(fresh: Accounts) -> None:
    class OnlyADatabase:
        database = fresh.database

    steps = first_steps(OnlyADatabase())
    first = fresh.do(steps("http://127.0.0.1:8000"))
    second = fresh.do(steps("http://127.0.0.1:8000"))
    links = [line.strip() for line in (*first, *second) if "http" in line]
    assert links[0].startswith("http://127.0.0.1:8000/viewer/welcome/")
    assert fresh.do(fresh.links.look(token_of(links[0]))) is None  # a new start ends the older one
    fresh.do(fresh.links.redeem(token_of(links[1]), name="ana", password=PASSWORD))
    assert fresh.do(steps("http://127.0.0.1:8000")) == []


OIDC = {
    "SPRINTIA_VIEWER_OIDC_ISSUER": "https://idp.example", "SPRINTIA_VIEWER_OIDC_CLIENT_ID": "sprintia",
    "SPRINTIA_VIEWER_PUBLIC_URL": "https://sprintia.example", "SPRINTIA_VIEWER_OIDC_ADMINS": "staff ops",
}  # fmt: skip


def test_settings_are_read(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("of the client\n")
    settings = load_plugin_settings(
        "viewer",
        ViewerSettings,
        OIDC
        | {
            "SPRINTIA_VIEWER_OIDC_CLIENT_SECRET_FILE": str(file),
            "SPRINTIA_VIEWER_ALLOWED_NETWORKS": "10.0.0.0/8, ::1/128",
        },
    )
    assert settings.oidc_admins == ("staff", "ops")
    assert settings.oidc_client_secret.reveal() == "of the client"
    assert "of the client" not in repr(settings)
    assert [str(network) for network in settings.networks] == ["10.0.0.0/8", "::1/128"]
    assert (settings.session_idle_minutes, settings.session_hours, settings.insecure_http) == (30, 12, False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALLOWED_NETWORKS", "10.0.0.1/8"), ("ALLOWED_NETWORKS", "office"), ("PUBLIC_URL", "sprintia.example"),
        ("PUBLIC_URL", "https://sprintia.example/path"), ("PUBLIC_URL", ""), ("OIDC_ISSUER", "http://idp.example"),
        ("OIDC_CLIENT_ID", ""), ("OIDC_SCOPES", "profile"), ("OIDC_ADMINS", ""), ("SESSION_HOURS", "0"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_meant_stop_the_start(name: str, value: str) -> None:
    with pytest.raises(StartupError, match=name):
        load_plugin_settings("viewer", ViewerSettings, OIDC | {f"SPRINTIA_VIEWER_{name}": value})
