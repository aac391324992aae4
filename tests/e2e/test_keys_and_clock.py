"""What script adds: single keys that never act while somebody types, and a secret that leaves the page by itself."""

from playwright.sync_api import Page, expect
from sprintia_testing.arrangements import PASSWORD, TOGETHER, Arrangement
from sprintia_testing.browser import Pages
from sprintia_testing.mending import Key, put, written
from sprintia_testing.shop import open_shop

from sprintia_viewer.parts import Parts
from sprintia_viewer.web import links

LINES = [f"key_{number}: {number}" for number in range(60)]


def document(arrangement: Arrangement) -> Key:
    """A document of three versions; the last two are apart in two places, far from each other."""
    key = written(arrangement, "a: 1\n")
    put(arrangement, key, "\n".join(LINES))
    put(arrangement, key, "\n".join(["key_0: 1000", *LINES[1:-1], "key_59: 2000"]))
    return key


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.innerText || document.activeElement.name"))


@TOGETHER
def test_keys_lead_through_rows_changes_and_the_search(arrangement: Arrangement, pages: Pages) -> None:
    key = document(arrangement)
    page = pages(language="en", role="viewer")
    page.goto(links.history(*key))
    for pressed, version in (("j", "v3"), ("j", "v2"), ("k", "v3"), ("k", "v3")):
        page.keyboard.press(pressed)
        assert focused(page) == version
    page.goto(f"{links.difference(*key, 2, 3)}?view=text")
    for pressed, change in (("n", "key_0: 1000"), ("n", "key_59: 2000"), ("p", "key_0: 1000")):
        page.keyboard.press(pressed)
        assert change in focused(page)
    page.keyboard.press("?")
    expect(page.locator("dialog#shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog#shortcuts")).to_be_hidden()
    page.keyboard.press("/")
    assert focused(page) == "q"
    page.keyboard.type("jk?/")
    expect(page.locator("input[name=q]").first).to_have_value("jk?/")
    expect(page.locator("dialog#shortcuts")).to_be_hidden()
    page.keyboard.press("Escape")
    assert focused(page) != "q"


@TOGETHER
def test_keys_can_be_switched_off(arrangement: Arrangement, pages: Pages) -> None:
    key = document(arrangement)
    who = arrangement.user("viewer")
    users = Parts.of(arrangement.viewer.host).users
    arrangement.viewer.run(
        lambda: users.set_preferences(who.id, language="en", zone="America/New_York", theme="auto", shortcuts=False)
    )
    page = pages(role=who)
    page.goto(links.history(*key))
    before = focused(page)
    for pressed in "j/?n":
        page.keyboard.press(pressed)
        assert focused(page) == before
    expect(page.locator("dialog#shortcuts")).to_be_hidden()


def test_a_secret_is_hidden_after_half_a_minute(arrangement: Arrangement, pages: Pages) -> None:
    shop = open_shop(arrangement.config_client, f"hidden-{arrangement.name}")
    name, value = next(iter(shop.secrets.items()))
    page = pages(language="en", role=arrangement.user("admin"))
    page.clock.install()
    page.goto(links.secret(shop.tenant, "retail", "credentials", name))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Show the secret").click()
    expect(page.locator("output.secret")).to_have_text(value)
    page.clock.run_for(29_000)
    assert value in page.content()
    page.clock.run_for(2_000)
    expect(page.get_by_text("The secret is hidden again.").first).to_be_visible()
    assert value not in page.content()
