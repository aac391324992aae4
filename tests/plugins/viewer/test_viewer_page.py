"""docs/viewer.md and its Portuguese twin say what is: every page, commands with their options, settings."""

import re
from pathlib import Path

import click
import msgspec
import pytest

from sprintia_platform.cli import main
from sprintia_viewer import pages
from sprintia_viewer.settings import ViewerSettings
from sprintia_viewer.web import links

DOCS = Path(__file__).parents[3] / "docs"
BOTH = pytest.mark.parametrize("name", ["viewer.md", "pt_BR/visualizador.md"])
OUTSIDE = {"sign-in", "welcome", "oidc", "confirm", "preferences", "t"}
"""The ways in, answers to forms, and what has a table row of its own for each page below it."""
BELOW_A_DOCUMENT = {"v", "history", "diff", "blame", "edit", "delete", "rollback", "secrets"}


def text_of(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def first_steps() -> set[str]:
    """The first part of each page's address below `/viewer`."""
    paths = {path for handler in pages.HANDLERS if "GET" in handler.http_methods for path in handler.paths}
    steps = {path.removeprefix(links.ROOT).strip("/").partition("/")[0] for path in paths}
    return {step for step in steps if step} - OUTSIDE


@BOTH
def test_every_page_stands_in_the_table(name: str) -> None:
    listed = set(re.findall(r"^\| [^|]+ \| `/([a-z-]*)", text_of(name), re.MULTILINE))
    assert first_steps() - {"shortcuts"} <= listed
    assert f"{links.shortcuts()}`" in text_of(name)
    below = set(re.findall(r"`\.\.\./([a-z]+)", text_of(name)))
    assert below == BELOW_A_DOCUMENT


@BOTH
def test_settings_that_the_text_names_exist(name: str) -> None:
    named = set(re.findall(r"\bSPRINTIA_VIEWER_([A-Z_]*[A-Z])\b", text_of(name)))
    fields = {field.name.upper() for field in msgspec.structs.fields(ViewerSettings)}
    assert len(named) > 5
    assert {setting.removesuffix("_FILE") for setting in named} <= fields


@BOTH
def test_commands_of_the_text_exist_with_their_options(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {"PATH": "/usr/bin"})
    calls = re.findall(r"^sprintia ([^#\n]+)", text_of(name), re.MULTILINE)
    assert len(calls) > 5
    for call in calls:
        words = call.split()
        command: click.Command = main
        while isinstance(command, click.Group) and words:
            found = command.get_command(click.Context(main), words.pop(0))
            assert found is not None, call
            command = found
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, call


def test_both_languages_say_the_same() -> None:
    english, portuguese = text_of("viewer.md"), text_of("pt_BR/visualizador.md")
    for pattern in (r"images/viewer-\w+\.png", r"^## ", r"\bSPRINTIA_\w+", r"`--?[a-z-]+`", r"^\| ", r"`/[^`]*`"):
        assert len(re.findall(pattern, english, re.MULTILINE)) == len(re.findall(pattern, portuguese, re.MULTILINE))
