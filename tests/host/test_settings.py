"""Settings: every fault at once, with the variable's name and the cure, and never with a secret."""

import copy
import json
import pickle
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest

from sprintia_platform import Secret
from sprintia_platform.errors import StartupError
from sprintia_platform.host import Host
from sprintia_platform.settings import HostSettings, load_host_settings, load_plugin_settings

MARK = "mark-9d41c2-of-a-secret"


class NotesSettings(msgspec.Struct, frozen=True, kw_only=True):
    token: Secret
    mode: Literal["fast", "safe"] = "safe"
    most: Annotated[int, msgspec.Meta(ge=1, le=10)] = 5
    folder: Path | None = None
    open_to_all: bool = False
    hosts: tuple[str, ...] = ()
    spare: Secret | None = None


def notes(**environ: str) -> NotesSettings:
    return load_plugin_settings("notes", NotesSettings, {f"SPRINTIA_NOTES_{name}": v for name, v in environ.items()})


def faults_of(call: object, /, **environ: str) -> tuple[str, ...]:
    with pytest.raises(StartupError) as raised:
        call(**environ) if call is notes else load_host_settings(environ)  # type: ignore[operator]
    return raised.value.faults


def test_defaults_hold_without_any_variable() -> None:
    settings = load_host_settings({})
    assert settings == HostSettings()
    assert (settings.host, settings.port, settings.trusted_proxies) == ("127.0.0.1", None, ())


def test_values_are_read_in_their_types(tmp_path: Path) -> None:
    settings = load_host_settings({
        "DATABASE_URL": "postgresql://a@b/c", "SPRINTIA_PORT": " 8080 ", "SPRINTIA_DRAIN_SECONDS": "0.5",
        "SPRINTIA_PLUGINS": "config, viewer", "SPRINTIA_DATA_DIR": "~/data",
        "SPRINTIA_TRUSTED_PROXIES": "10.0.0.1 ::1 172.16.0.0/12",
    })  # fmt: skip
    assert settings.database_url == Secret("postgresql://a@b/c")
    assert (settings.port, settings.drain_seconds) == (8080, 0.5)
    assert settings.plugins == ("config", "viewer")
    assert settings.trusted_proxies == ("10.0.0.1", "::1", "172.16.0.0/12")
    assert settings.data_dir == Path.home() / "data"
    given = notes(TOKEN="t", MODE="fast", MOST="7", FOLDER=str(tmp_path), OPEN_TO_ALL="Yes", HOSTS="a b,c")
    assert given == NotesSettings(
        token=Secret("t"), mode="fast", most=7, folder=tmp_path, open_to_all=True, hosts=("a", "b", "c")
    )


@pytest.mark.parametrize(("text", "value"), [("1", True), ("TRUE", True), ("on", True), ("0", False), ("no", False)])
def test_a_yes_or_no_is_understood(text: str, value: bool) -> None:
    assert notes(TOKEN="t", OPEN_TO_ALL=text).open_to_all is value


def test_an_empty_variable_counts_as_not_set() -> None:
    assert notes(TOKEN="t", MODE="", SPARE="").mode == "safe"
    assert faults_of(notes, TOKEN="") == ("SPRINTIA_NOTES_TOKEN is not set: it is required",)


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{MARK}\n")
    assert notes(TOKEN_FILE=str(file)).token.reveal() == MARK
    both = faults_of(notes, TOKEN=MARK, TOKEN_FILE=str(file))
    assert both == ("SPRINTIA_NOTES_TOKEN and SPRINTIA_NOTES_TOKEN_FILE are both set: keep one",)
    (missing,) = faults_of(notes, TOKEN_FILE=str(tmp_path / "nowhere"))
    assert "SPRINTIA_NOTES_TOKEN_FILE" in missing
    assert "No such file" in missing
    file.write_bytes(b"\xff\xfe")
    (binary,) = faults_of(notes, TOKEN_FILE=str(file))
    assert "not UTF-8" in binary


def test_every_fault_of_a_plugin_is_told_at_once() -> None:
    found = faults_of(notes, MODE="wild", MOST="11", OPEN_TO_ALL="perhaps", MOOST="3", ELSE="x")
    text = "\n".join(found)
    for name in ("TOKEN is not set", "MODE: 'wild'", "MOST: '11'", "OPEN_TO_ALL: 'perhaps'", "ELSE is not a setting"):
        assert f"SPRINTIA_NOTES_{name}" in text
    assert "SPRINTIA_NOTES_MOOST is not a setting: did you mean SPRINTIA_NOTES_MOST?" in found
    assert len(found) == 6


def test_every_fault_of_the_host_is_told_at_once() -> None:
    found = faults_of(load_host_settings, SPRINTIA_PORT="http", SPRINTIA_WORKERS="many", SPRINTIA_DATABASE_TIMEOUT="x")
    assert [fault.split(":")[0] for fault in found] == [
        "SPRINTIA_PORT", "SPRINTIA_WORKERS", "SPRINTIA_DATABASE_TIMEOUT",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SPRINTIA_PORT", "0"),
        ("SPRINTIA_PORT", "65536"),
        ("SPRINTIA_TRUSTED_PROXIES", "*"),
        ("SPRINTIA_TRUSTED_PROXIES", "10.0.0.1 traefik"),
        ("SPRINTIA_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("SPRINTIA_WORKERS", "0"),
        ("SPRINTIA_MAX_BODY_BYTES", "10"),
        ("SPRINTIA_KEY_CACHE_SECONDS", "3600"),
        ("SPRINTIA_REQUEST_TIMEOUT", "nan"),
        ("SPRINTIA_DRAIN_SECONDS", "-1"),
        ("SPRINTIA_HEALTH_TIMEOUT", "inf"),
        ("SPRINTIA_LOG_LEVEL", "loud"),
    ],
)
def test_a_value_out_of_range_is_refused_with_the_range(name: str, text: str) -> None:
    (fault,) = faults_of(load_host_settings, **{name: text})
    assert fault.startswith(name)
    assert "choose" in fault


def test_a_misspelt_variable_of_the_host_stops_the_start() -> None:
    environ = {"DATABASE_URL": "postgresql://a@b/c", "SPRINTIA_DATABASE_TIMEOT": "3", "SPRINTIA_NOWHERE": "x"}
    with pytest.raises(StartupError) as raised:
        Host(environ=environ)
    assert "SPRINTIA_DATABASE_TIMEOT is not a setting: did you mean SPRINTIA_DATABASE_TIMEOUT?" in raised.value.faults
    assert any("SPRINTIA_NOWHERE" in fault for fault in raised.value.faults)


@pytest.mark.parametrize(
    "environ",
    [
        {"DATABASE_URL": f"mysql://u:{MARK}@h/d"},
        {"DATABASE_URL": f"postgresql://u:{MARK}@h"},
        {"DATABASE_URL": MARK},
        {"DATABASE_URL": f"postgresql://u:{MARK}@h:port/d"},
        {"API_KEY": MARK, "API_KEY_FILE": "/nowhere"},
        {"DATABASE_URL": "postgresql://a@b/c", "SPRINTIA_CONFIG_MASTER_KEYS": MARK, "SPRINTIA_PLUGINS": "config",
         "SPRINTIA_CONFIG_WRITES_AT_ONCE": "none"},
    ],
)  # fmt: skip
def test_no_fault_shows_a_secret(environ: dict[str, str]) -> None:
    with pytest.raises(StartupError) as raised:
        _ = Host(environ=environ).database.url
    assert MARK not in str(raised.value)
    assert MARK not in repr(raised.value)


def test_a_secret_does_not_print_travel_or_land_in_a_file() -> None:
    secret = Secret(MARK)
    settings = HostSettings(api_key=secret)
    for shown in (
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>10}",
        "{}".format(secret),  # noqa: UP032 - each way of writing is a test
        repr(settings),
        repr([secret]),
    ):
        assert MARK not in shown
        assert "***" in shown
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(settings, protocol)
    for write in (json.dumps, msgspec.json.encode, msgspec.to_builtins):
        with pytest.raises(TypeError):
            write(secret)  # type: ignore[operator]
    with pytest.raises(TypeError):
        vars(secret)
    assert copy.copy(secret) is secret
    assert copy.deepcopy(settings).api_key is secret
    assert secret.reveal() == MARK


def test_secrets_compare_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert not Secret("")
