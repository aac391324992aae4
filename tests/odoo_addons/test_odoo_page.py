"""The pages about the addons name what there is: settings, commands, pictures, texts of the screens."""

import re
from pathlib import Path

import polib
import pytest
from outbox_core.addresses import ENVIRONMENT
from outbox_core.sealing import VARIABLE

ROOT = Path(__file__).parents[2]
PAGES = {"en": ROOT / "docs" / "odoo.md", "pt": ROOT / "docs" / "pt_BR" / "odoo.md"}
BASE = ROOT / "odoo_addons" / "config_service_outbox"
STATES = ("Not synced", "Queued", "Synced", "Error", "Paused", "Conflict")
BUTTONS = (
    "Test connection", "Compare with the service now", "Try again now", "Send everything again", "Send Odoo's state",
    "Keep the service's state", "Open in the viewer",
)  # fmt: skip
every_page = pytest.mark.parametrize("language", PAGES)


def text_of(language: str) -> str:
    return PAGES[language].read_text(encoding="utf-8")


def shown(text: str, language: str) -> str:
    """Return what a screen shows for a text in the sources."""
    template = {entry.msgid: entry.msgstr for entry in polib.pofile(str(BASE / "i18n" / "pt_BR.po"))}
    return template[text] if language == "pt" else text


@every_page
def test_each_setting_is_told_with_its_variable(language: str) -> None:
    for name, variable in ENVIRONMENT.items():
        assert f"| `{name}` | `{variable}` |" in text_of(language)
    assert f"`{VARIABLE}`" in text_of(language)


@every_page
def test_each_state_and_button_is_named_as_the_screens_name_it(language: str) -> None:
    page = " ".join(text_of(language).split())
    for state in STATES:
        assert f"| {shown(state, language)} |" in page
    for button in BUTTONS:
        assert f"*{shown(button, language)}*" in page


@every_page
def test_each_picture_link_and_command_is_there(language: str) -> None:
    page = text_of(language)
    for link in re.findall(r"\]\(([^)#]+)\)", page):
        assert (PAGES[language].parent / link).exists(), link
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?:^|`)make ([a-z-]+)", page, re.MULTILINE):
        assert f"\n{target}:" in makefile, target
