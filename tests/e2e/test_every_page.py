"""Every page: nothing for axe to find, nothing planted that runs, no link that leads nowhere, for each role."""

import re

import pytest
from playwright.sync_api import Page
from sprintia_testing.accessibility import check_accessible
from sprintia_testing.arrangements import TOGETHER, Arrangement
from sprintia_testing.browser import DESKTOP, PHONE, Pages
from sprintia_testing.crawling import crawl
from sprintia_testing.pages import KEY, NOT_FOUND, PAGES, TENANT
from sprintia_testing.pictures import picture
from sprintia_testing.shop import HOSTILE, Shop, open_shop, plant

from sprintia_viewer.web import links

SHOWN_IN_DOCS = ("tenants", "search", "tenant", "document", "history", "compare", "edit", "mapping", "audit")
LOOKS = (
    {"theme": "light", "width": DESKTOP, "language": "pt-BR"},
    {"theme": "dark", "width": PHONE, "language": "en"},
)


@pytest.fixture(scope="module")
def shop(arrangement: Arrangement) -> Shop:
    opened = open_shop(arrangement.config_client, TENANT)
    for config_type in ("config", "metadata"):
        plant(arrangement.config_client, "planted", config_type)
    answers = (
        arrangement.config_client.put(opened.path("gone"), json={"a": 1}),
        arrangement.config_client.delete(opened.path("gone")),
    )
    assert [answer.status_code for answer in answers] == [200, 200]
    return opened


@TOGETHER
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(
    arrangement: Arrangement, shop: Shop, pages: Pages, watch: object, name: str, request: pytest.FixtureRequest
) -> None:
    if name in NOT_FOUND:
        watch.expect("404")  # type: ignore[attr-defined]
    # Without --all each page has one of the looks, every other page the same one: a fault of a look shows in many.
    looks = LOOKS if request.config.getoption("--all") else (LOOKS[sorted(PAGES).index(name) % 2],)
    for look in looks:
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
    gone = links.document(TENANT, "retail", "gone")
    assert [fault for fault in met.bad() if not (fault.startswith("410 ") and gone in fault.partition(",")[0])] == []
    assert any(gone in address for address, status in met.statuses.items() if status == 200), "its history leads back"
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


def test_who_has_many_tenants_reads_them_in_either_arrangement(arrangement: Arrangement, shop: Shop) -> None:
    tenants = [TENANT, *(f"a-rather-long-tenant-{number:05d}" for number in range(190))]
    person = arrangement.person(arrangement.user("viewer", tenants=tenants))
    assert person.get(links.document(*KEY)).status_code == 200
    assert TENANT in person.get(links.home()).text


@TOGETHER
def test_pictures_for_the_documentation(arrangement: Arrangement, shop: Shop, pages: Pages) -> None:
    page = pages(role="admin")
    for name in SHOWN_IN_DOCS:
        page.goto(PAGES[name])
        picture(page, name)
        assert page.locator("h1").count() == 1
