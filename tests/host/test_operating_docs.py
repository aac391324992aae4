"""docs/operating.md says what is: every setting with its default, every log field, every metric, every command."""

import re
from pathlib import Path

import click
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from sprintia_config.settings import ConfigSettings
from sprintia_platform.cli import main
from sprintia_platform.host import Host
from sprintia_platform.observability.logs import FIELDS
from sprintia_platform.observability.metrics import Metrics
from sprintia_platform.settings import HostSettings, host_variable_names
from sprintia_viewer.settings import ViewerSettings

SETTINGS: tuple[tuple[type[msgspec.Struct], str], ...] = (
    (HostSettings, "SPRINTIA_"),
    (ConfigSettings, "SPRINTIA_CONFIG_"),
    (ViewerSettings, "SPRINTIA_VIEWER_"),
)
DOCS = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")


def _documented() -> dict[str, str]:
    section = DOCS.partition("## Settings")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([A-Z_]+)` \| (.+?) \| .+ \|$", section, re.MULTILINE))


def _declared() -> dict[str, str]:
    unprefixed = {"database_url": "DATABASE_URL", "api_key": "API_KEY"}
    found = {}
    for settings, prefix in SETTINGS:
        for field in msgspec.structs.fields(settings):
            name = unprefixed.get(field.name, prefix + field.name.upper())
            found[name] = "(none)" if field.default in (None, ()) else f"`{_written(field.default)}`"
    return found


def _written(default: object) -> str:
    """A default as it would stand in the environment."""
    if isinstance(default, bool):
        return str(default).lower()
    return " ".join(default) if isinstance(default, tuple) else str(default)


def test_every_setting_stands_in_the_table_with_its_default() -> None:
    assert _documented() == _declared()
    assert {name for name in _declared() if not name.startswith(("SPRINTIA_CONFIG_", "SPRINTIA_VIEWER_"))} == {
        name for name in host_variable_names() if not name.endswith("_FILE")
    }


def test_every_variable_that_the_text_names_exists() -> None:
    named = set(re.findall(r"\bSPRINTIA_[A-Z_]*[A-Z]\b", DOCS))
    assert named - set(_declared()) == {"SPRINTIA_CONFIG_URL", "SPRINTIA_CONFIG_API_KEY"}


def test_every_log_field_is_listed_in_order() -> None:
    listed = DOCS.partition("Logs hold these fields")[2].partition("One `request` line")[0]
    assert tuple(re.findall(r"`(\w+)`", listed)) == FIELDS


def test_every_metric_of_the_host_is_named() -> None:
    families = text_string_to_metric_families(Metrics().render().decode())
    names = {family.name for family in families if family.name.startswith("sprintia_")}
    assert names
    assert {name for name in names if name not in DOCS} == set()


def _calls() -> list[str]:
    return sorted(set(re.findall(r"(?:^|`|=\S+ )sprintia ([a-z][^`#\n]*)", DOCS, re.MULTILINE)))


@pytest.mark.parametrize("call", _calls())
def test_every_command_of_the_text_exists_with_its_options(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {"PATH": "/usr/bin"})
    command: click.Command = main
    words = call.split()
    context = click.Context(main)
    while isinstance(command, click.Group) and words:
        found = command.get_command(context, words.pop(0))
        assert found is not None, call
        command = found
    options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    assert {word for word in words if word.startswith("--")} <= options, call


def test_the_calls_of_the_text_were_found() -> None:
    assert len(_calls()) > 20
    assert Host(environ={}).contributions.keys() >= {"config"}
