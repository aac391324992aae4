"""Every page: nothing for axe to find, nothing planted that runs, no link that leads nowhere, for each role."""

import re

import pytest
from playwright.sync_api import Page
from sprintia_testing.accessibility import check_accessible
from sprintia_testing.arrangements import TOGETHER, Arrangement
from sprintia_testing.browser import DESKTOP, PHONE, Pages
from sprintia_testing.crawling import crawl
from sprintia_testing.pictures import picture
from sprintia_testing.shop import HOSTILE, Shop, open_shop, plant

from sprintia_viewer.web import links

TENANT = "loja-aurora"
KEY = (TENANT, "retail", "config")
PAGES = {
    "tenants": links.home(),
    "search": links.search(q="aurora"),
    "search-nothing": links.search(q="nothing has this", tenant="nobody"),
    "tenant": links.tenant(TENANT),
    "no-tenant": links.tenant("nobody"),
    "document": links.document(*KEY),
    "document-json": links.document(*KEY, view="json"),
    "secrets": links.document(TENANT, "retail", "credentials"),
    "version": links.version(*KEY, 1),
    "history": links.history(*KEY),
    "blame": links.blame(*KEY),
    "compare": links.difference(*KEY, 1, 3),
    "compare-text": f"{links.difference(*KEY, 1, 3)}?view=text",
    "compare-tenants": links.compare(left=f"{TENANT}/retail", right="planted/retail", type_="config"),
    "edit": links.edit(*KEY),
    "rollback": links.rollback(*KEY, 1),
    "delete": links.delete(*KEY),
    "mapping": links.mapping(),
    "mapping-history": links.mapping("history"),
    "collections": links.collections(),
    "deliveries": links.deliveries(),
    "audit": links.audit(),
    "keys": links.keys(),
    "users": links.users(),
    "account": links.account(),
    "sessions": links.sessions(),
    "confirm": links.path("confirm"),
    "plugins": links.plugins(),
    "shortcuts": links.shortcuts(),
    "nothing": links.path("nothing"),
}
NOT_FOUND = {"no-tenant", "nothing"}
SHOWN_IN_DOCS = ("tenants", "search", "tenant", "document", "history", "compare", "edit", "mapping", "audit")


@pytest.fixture(scope="module")
def shop(arrangement: Arrangement) -> Shop:
    opened = open_shop(arrangement.config_client, TENANT)
    for config_type in ("config", "metadata"):
        plant(arrangement.config_client, "planted", config_type)
    return opened


@TOGETHER
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(arrangement: Arrangement, shop: Shop, pages: Pages, watch: object, name: str) -> None:
    if name in NOT_FOUND:
        watch.expect("404")  # type: ignore[attr-defined]
    for look in (
        {"theme": "light", "width": DESKTOP, "language": "pt-BR"},
        {"theme": "dark", "width": PHONE, "language": "en"},
    ):
        page = pages(**look, role="admin")  # type: ignore[arg-type]
        page.goto(PAGES[name])
        check_accessible(page)
        assert_fits(page)


def assert_fits(page: Page) -> None:
    """A page is never wider than its window: wide tables scroll within themselves."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("role", ["viewer", "editor", "admin"])
def test_every_link_leads_somewhere(arrangement: Arrangement, shop: Shop, role: str) -> None:
    person = arrangement.person(role)  # type: ignore[arg-type]
    met = crawl(person, links.home(), most=600, follow=lambda address: not address.startswith("/schema"))
    assert met.bad() == []
    assert len(met.statuses) > 40
    for page in met.pages.values():
        for sentinel in shop.sentinels:
            assert sentinel not in page


def test_what_is_planted_stays_text(arrangement: Arrangement, shop: Shop, pages: Pages) -> None:
    person = arrangement.person("admin")
    met = crawl(person, links.tenant("planted"), most=150, follow=lambda address: "planted" in address)
    shown = "\n".join(met.pages.values())
    assert "&lt;script" in shown
    for planted in HOSTILE:
        for tag in re.findall(r"<\w[^>]*>", planted):
            assert tag not in shown, tag
    page = pages(role="admin")
    for address in (
        links.tenant("planted"), links.document("planted", "retail", "config"), links.search(q="script"),
        links.blame("planted", "retail", "config"),
    ):  # fmt: skip
        page.goto(address)
        assert page.evaluate("window.planted === undefined")


@TOGETHER
def test_pictures_for_the_documentation(arrangement: Arrangement, shop: Shop, pages: Pages) -> None:
    page = pages(role="admin")
    for name in SHOWN_IN_DOCS:
        page.goto(PAGES[name])
        picture(page, name)
        assert page.locator("h1").count() == 1
