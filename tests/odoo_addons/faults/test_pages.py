"""The addons' pages in a real browser, in Portuguese and English: nothing breaks, and what waits is told.

SPRINTIA_SCREENSHOTS=1 keeps pictures of them in docs/images.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from odoo_addons.faults.odoo_server import ADMIN, OdooServer
from odoo_addons.faults.service import Service
from odoo_addons.faults.shop_work import MODEL, new_account, wait_until_sent
from playwright.sync_api import Browser, Page, expect
from sprintia_testing.browser import Watch, driven_browser, finding

PICTURES = Path(__file__).parents[3] / "docs" / "images"
ACTIONS = {
    "settings": "/odoo/action-config_service_outbox.action_settings",
    "queue": "/odoo/action-config_service_outbox.action_event",
    "documents": "/odoo/action-config_service_outbox.action_document",
    "state": "/odoo/action-config_service_outbox.action_queue",
    "credentials": "/odoo/action-ai_credentials_manager.action_credentials",
    "rules": "/odoo/action-business_rules.action_business_rules",
}
IN_DOCS = frozenset({"settings", "queue", "state", "record"})
LANGUAGES = {"en_US": "Not sent since", "pt_BR": "Não enviado desde"}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with driven_browser(finding().find()) as driven:
        yield driven


@pytest.fixture
def watch() -> Iterator[Watch]:
    watching = Watch()
    yield watching
    watching.assert_clean()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_opens_and_tells_what_waits(
    shop: OdooServer, service: Service, browser: Browser, watch: Watch, language: str
) -> None:
    admin = shop.admin()
    admin.write("res.users", [admin.uid], {"lang": language})
    settings = admin.create("res.config.settings", {"config_service_account_id": "account_1"})
    admin.execute("res.config.settings", [settings])
    profile = admin.create("business.rules", [{"name": "Loja Aurora", "business_area": "retail"}])[0]
    record = new_account(admin, "account_2", name="Loja Aurora")
    wait_until_sent(shop)
    service.kill()
    admin.write("business.rules", [profile], {"description": "Móveis e decoração"})
    admin.write(MODEL, [record], {"name": "Loja Aurora Centro"})
    page = _signed_in(shop, browser, watch)

    for name, path in ACTIONS.items():
        page.goto(path)
        expect(page.locator(".o_action_manager .o_view_controller").first).to_be_visible()
        expect(page.locator(".o_error_dialog")).to_have_count(0)
        _picture(page, name, language)
        if name == "settings":  # what the form shows is what counts, and not what an empty one would show
            expect(page.locator(".o_content .text-danger, .o_content .alert-danger")).to_have_count(0)
    for name, path in (("record", f"{ACTIONS['rules']}/{profile}"), ("account", f"{ACTIONS['credentials']}/{record}")):
        page.goto(path)
        expect(page.locator(".o_form_view .alert-warning").first).to_contain_text(LANGUAGES[language])
        expect(page.locator(".o_error_dialog")).to_have_count(0)
        _picture(page, name, language)


def _signed_in(shop: OdooServer, browser: Browser, watch: Watch) -> Page:
    context = browser.new_context(
        base_url=shop.url, locale="pt-BR", timezone_id="America/Sao_Paulo", viewport={"width": 1280, "height": 800},
        reduced_motion="reduce",
    )  # fmt: skip
    watch.origins.add(shop.url)
    watch.origins.add(shop.url.replace("http:", "ws:"))
    watch.follow(context)
    page = context.new_page()
    page.set_default_timeout(60_000)  # the first page builds Odoo's scripts
    page.goto("/web/login")
    page.fill("input[name=login]", ADMIN[0])
    page.fill("input[name=password]", ADMIN[1])
    page.click("button[type=submit]")
    page.wait_for_selector(".o_main_navbar")
    return page


def _picture(page: Page, name: str, language: str) -> None:
    if os.environ.get("SPRINTIA_SCREENSHOTS") == "1" and language == "pt_BR" and name in IN_DOCS:
        expect(page.locator(".o_loading_indicator")).to_have_count(0)
        page.screenshot(path=PICTURES / f"odoo-{name}.png", caret="hide", animations="disabled", scale="css")
