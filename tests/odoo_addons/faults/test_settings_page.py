"""The settings page tells whether the way to the service works, and what is wrong with it."""

from odoo_addons.faults.conftest import connect
from odoo_addons.faults.odoo_server import OdooServer
from odoo_addons.faults.service import Service


def test_the_connection_is_tried_and_told(shop: OdooServer, service: Service) -> None:
    good = _tried(shop)
    connect(shop, service.url, "not-the-key-of-anybody")
    wrong = _tried(shop)
    service.kill()
    away = _tried(shop)

    assert (good["type"], wrong["type"], away["type"]) == ("success", "danger", "danger")
    assert len({told["message"] for told in (good, wrong, away)}) == 3


def test_the_key_is_never_told_to_a_browser(shop: OdooServer, service: Service) -> None:
    admin = shop.admin()
    page = admin.create("res.config.settings", {})
    shown = admin.read("res.config.settings", [page])[0]
    parameters = admin.search_read("ir.config_parameter", [], ["key", "value"])

    assert shown["config_service_url"] == service.url
    assert not shown["config_service_api_key"]
    assert service.platform.environ["API_KEY"] not in str(parameters)


def _tried(shop: OdooServer) -> dict[str, str]:
    admin = shop.admin()
    page = admin.create("res.config.settings", {})
    return admin.action_config_test_connection("res.config.settings", [page])["params"]
