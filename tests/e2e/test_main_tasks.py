"""What admins come for, in a real browser: find by a deep value, see who and when, compare, roll back, mend."""

import itertools
import re
from typing import Any, Protocol

import pytest
from playwright.sync_api import Page, expect
from sprintia_testing import keyboard
from sprintia_testing.arrangements import Arrangement
from sprintia_testing.browser import DESKTOP, PHONE, Pages
from sprintia_testing.shop import Shop, open_shop

from sprintia_viewer.web import links
from sprintia_viewer.web.languages import catalogue

NUMBERS = itertools.count(1)


class Person(Protocol):
    """Somebody who fills in fields, pushes buttons and follows links."""

    page: Page

    def type(self, field: str, text: str) -> None: ...

    def push(self, button: str) -> None: ...

    def follow(self, link: str) -> None: ...


class Mouse:
    """A person who points and types."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def type(self, field: str, text: str) -> None:
        self.page.get_by_label(field, exact=True).first.fill(text)

    def push(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).click()

    def follow(self, link: str) -> None:
        self.page.get_by_role("link", name=link, exact=True).first.click()


class Keyboard:
    """A person who has no mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def type(self, field: str, text: str) -> None:
        keyboard.type_into(self.page, field, text)

    def push(self, button: str) -> None:
        keyboard.press(self.page, button)

    def follow(self, link: str) -> None:
        keyboard.press(self.page, link)


WAYS: list[Any] = [
    pytest.param(Mouse, {"language": "pt-BR", "theme": "light", "width": DESKTOP}, id="mouse-pt-light-wide"),
    pytest.param(Mouse, {"language": "en", "theme": "dark", "width": PHONE}, id="mouse-en-dark-narrow"),
    pytest.param(
        Mouse, {"language": "pt-BR", "theme": "dark", "width": PHONE, "javascript": False}, id="mouse-no-script"
    ),
    pytest.param(Keyboard, {"language": "pt-BR", "theme": "light", "width": DESKTOP}, id="keyboard-pt"),
    pytest.param(
        Keyboard, {"language": "en", "theme": "dark", "width": DESKTOP, "javascript": False}, id="keyboard-no-script"
    ),
]


@pytest.fixture
def shop(arrangement: Arrangement) -> Shop:
    return open_shop(arrangement.config_client, f"loja-{next(NUMBERS)}-{arrangement.name}")


@pytest.mark.parametrize(("person", "look"), WAYS)
def test_from_a_deep_value_to_a_rollback_and_the_next_delivery(
    arrangement: Arrangement, pages: Pages, shop: Shop, person: type[Person], look: dict[str, Any]
) -> None:
    said = catalogue(look["language"]).gettext
    page = pages(**look, role=arrangement.user("admin"))
    ana = person(page)
    key = (shop.tenant, "retail", "config")

    # Finds the tenant by a value deep in its configuration.
    page.goto(links.home())
    ana.type(said("Search configuration"), shop.deep)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=*")
    expect(page.locator("ol.hits")).to_contain_text(shop.deep_pointer.rpartition("/")[2])
    ana.follow(f"{shop.tenant} / retail / config")
    page.wait_for_url(f"**{links.document(*key)}")
    expect(page.locator("#code")).to_contain_text(shop.deep)

    # Sees who changed it, and when.
    ana.follow(said("History"))
    page.wait_for_url("**/history")
    rows = page.locator("table#versions tbody tr")
    expect(rows).to_have_count(shop.versions)
    expect(rows.first.locator("time").first).to_have_attribute("datetime", re.compile(r"Z$"))
    expect(rows.first).to_contain_text("v" + str(shop.versions))

    # Compares, old left and new right.
    ana.push(said("Compare the chosen versions"))
    page.wait_for_url(f"**{links.difference(*key, shop.versions - 1, shop.versions)}")
    expect(page.locator("table#changes tbody").first).to_be_visible()

    # Rolls back to the first version, with a preview and a reason.
    page.goto(links.history(*key))
    ana.follow(said("Roll back to v%(number)s") % {"number": 1})
    page.wait_for_url(f"**{links.rollback(*key, 1)}")
    expect(page.locator("table#changes tbody").first).to_be_visible()
    ana.type(said("Why? (for the history)"), "volta ao que funcionava")
    ana.push(said("Roll back"))
    page.wait_for_url(f"**{links.document(*key)}")
    notice = said("Version %(old)s stands again, as version %(new)s. It is in effect now.")
    expect(page.locator("#notices")).to_contain_text(notice % {"old": 1, "new": shop.versions + 1})

    # Sees Odoo's next delivery arrive.
    shop.deliver(shop.credentials(odoo_url="https://novo.example.com"))
    page.goto(links.tenant(shop.tenant))
    expect(page.locator("#sources-table")).to_contain_text(said("applied"))
    page.goto(links.document(*key))
    expect(page.locator("#code")).to_contain_text("https://novo.example.com")


@pytest.mark.parametrize(("person", "look"), WAYS)
def test_a_document_is_mended(
    arrangement: Arrangement, pages: Pages, shop: Shop, person: type[Person], look: dict[str, Any]
) -> None:
    said = catalogue(look["language"]).gettext
    key = (shop.tenant, "retail", "hours")
    page = pages(**look, role=arrangement.user("editor"))
    ana = person(page)
    page.goto(links.edit(*key))
    area = page.locator("textarea[name=text]")
    write = area if not look.get("javascript", True) else page.locator(".cm-content")
    write.click()
    page.keyboard.type("open: '08:00'")
    ana.push(said("Preview"))
    expect(page.locator("#preview")).to_contain_text("open")
    ana.push(said("Save"))
    page.wait_for_url(f"**{links.document(*key)}")
    expect(page.locator("#code")).to_contain_text("08:00")
