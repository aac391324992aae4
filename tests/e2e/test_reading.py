"""Reading a document: every view in both languages, themes and widths, what is copied, and news while one reads."""

from itertools import product

import pytest
from playwright.sync_api import expect
from sprintia_testing.accessibility import check_accessible
from sprintia_testing.arrangements import Arrangement
from sprintia_testing.browser import DESKTOP, PHONE, Pages, Theme

from sprintia_viewer.web import links

SENTINEL = "sentinel-of-a-copied-secret"
TEXTS = (
    f"# opening hours\nname: Loja\nhours:\n  open: 08:00\n  close: 18:00\npassword: {SENTINEL}\n",
    f"# opening hours\nname: Loja Boa\nhours:\n  open: 09:00\n  close: 18:00\npassword: {SENTINEL}\n",
    f"# opening hours\nname: Loja Boa\nhours:\n  open: 08:00\n  close: 18:00\npassword: {SENTINEL}\n",
)
LOOKS = [("pt-BR", "light", DESKTOP), ("en", "dark", DESKTOP), ("en", "light", PHONE), ("pt-BR", "dark", PHONE)]


def written(arrangement: Arrangement, name: str, *texts: str) -> tuple[str, str, str]:
    key = (f"read-{name}", "retail", "config")
    for text in texts:
        answer = arrangement.config_client.put(
            f"/configs/{'/'.join(key)}", content=text.encode(), headers={"Content-Type": "application/yaml"}
        )
        assert answer.status_code == 200, answer.text
    return key


@pytest.mark.parametrize(("look", "role"), list(product(LOOKS, ["viewer", "admin"])))
def test_every_view_is_accessible_and_fits(
    arrangement: Arrangement, pages: Pages, look: tuple[str, Theme, int], role: str
) -> None:
    language, theme, width = look
    key = written(arrangement, "all", *(TEXTS if role == "viewer" else ()))
    page = pages(language=language, theme=theme, width=width, role=role)
    for place in (
        links.document(*key), links.document(*key, view="json"), links.version(*key, 2), links.history(*key),
        links.blame(*key),
    ):  # fmt: skip
        page.goto(place)
        check_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{place} is wider than the screen"


def test_what_is_copied_is_the_text_and_nothing_else(arrangement: Arrangement, pages: Pages) -> None:
    key = written(arrangement, "copied", TEXTS[0])
    page = pages(language="en", role="admin")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(links.document(*key))
    expect(page.get_by_role("link", name="reveal")).to_have_count(1)
    page.get_by_role("button", name="Copy the text").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    raw = page.request.get(links.document(*key, "raw")).text()
    assert page.evaluate("navigator.clipboard.readText()") == raw
    assert SENTINEL not in raw


def test_a_key_and_a_line_can_be_linked_to(arrangement: Arrangement, pages: Pages) -> None:
    page = pages(language="en", role="viewer")
    key = written(arrangement, "linked", "# opening hours\nname: Loja\nhours:\n  open: 08:00\n  close: 18:00\n")
    page.goto(links.key(*key, "/hours/close"))
    expect(page.locator(".l:has(:target)")).to_contain_text("close")
    page.goto(f"{links.document(*key)}#L2")
    expect(page.locator(".l:target")).to_contain_text("name")


def test_a_key_that_an_alias_stands_for_is_found_by_the_key_that_holds_it(
    arrangement: Arrangement, pages: Pages
) -> None:
    key = written(arrangement, "repeated", "base: &b\n  hours:\n    open: 8\nshop:\n  of: *b\n")
    page = pages(language="en", role="viewer")
    page.goto(links.key(*key, "/shop/of/hours/open"))
    expect(page.locator(":target")).to_have_attribute("id", "k:/shop/of")
    page.goto(links.key(*key, "/base/hours/open"))
    expect(page.locator(":target")).to_have_attribute("id", "k:/base/hours/open")


def test_news_are_told_and_never_swapped_under_who_reads(arrangement: Arrangement, pages: Pages) -> None:
    key = written(arrangement, "news", TEXTS[0])
    page = pages(language="en", role="viewer")
    page.clock.install()
    page.goto(links.document(*key))
    written(arrangement, "news", TEXTS[1])
    page.clock.run_for(16_000)
    expect(page.get_by_text("A newer version was saved while you read.")).to_be_visible()
    expect(page.locator("#code")).not_to_contain_text("Loja Boa")
    page.get_by_role("link", name="Show it").click()
    expect(page.locator("#code")).to_contain_text("Loja Boa")


def test_two_versions_of_the_history_are_compared_without_script(arrangement: Arrangement, pages: Pages) -> None:
    key = written(arrangement, "chosen", *TEXTS)
    page = pages(language="en", role="viewer", javascript=False)
    page.goto(links.history(*key))
    page.locator('input[name="from"][value="1"]').check()
    page.locator('input[name="to"][value="2"]').check()
    page.get_by_role("button", name="Compare the chosen versions").click()
    page.wait_for_url(f"**{links.difference(*key, 1, 2)}")
