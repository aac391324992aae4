"""A backup of either side comes back: nothing newer is overwritten, and what got lost is sent again."""

from collections.abc import Callable

from odoo_addons.faults.odoo_server import OdooServer
from odoo_addons.faults.service import Service
from odoo_addons.faults.shop_work import DOMAIN, MODEL, events_of, last_state, new_account, wait_until_sent
from odoo_installation import Installation, scratch_name
from sprintia_testing.platforms import wait_until

from sprintia_platform.testing.databases import TestDatabases

Measured = Callable[[str, object], None]


def test_a_restored_odoo_overwrites_nothing_newer_and_asks(
    shop: OdooServer, service: Service, odoo: Installation
) -> None:
    record = new_account(shop.writer(), "account_1")
    wait_until_sent(shop)
    shop.stop()
    backup = odoo.copy(shop.database, scratch_name("backup"))
    shop.start()
    for number in range(3):
        shop.writer().write(MODEL, [record], {"name": f"after the backup {number}"})
    wait_until_sent(shop)
    shop.stop()
    odoo.drop(shop.database)
    odoo.copy(backup, shop.database)
    odoo.drop(backup)
    shop.start()

    person = shop.writer()
    person.write(MODEL, [record], {"name": "from the restored one"})
    wait_until(lambda: last_state(shop, "account_1") == "conflict", 90, "the conflict is seen")
    shown = person.one(MODEL, "config_sync_state", "config_sync_message", id=record)
    standing = service.current("account_1", DOMAIN, "config")["name"]
    document = shop.admin().one("config.service.document", account_id="account_1", kind="credentials")
    shop.admin().action_send("config.service.document", [document["id"]])
    wait_until(lambda: last_state(shop, "account_1") == "sent", 90, "the decision is sent")

    assert standing == "after the backup 2"
    assert shown["config_sync_state"] == "conflict"
    assert shown["config_sync_message"]
    assert service.current("account_1", DOMAIN, "config")["name"] == "from the restored one"


def test_a_restored_service_is_healed_by_the_comparison(
    shop: OdooServer, service: Service, databases: TestDatabases
) -> None:
    person = shop.writer()
    kept, lost = new_account(person, "account_1"), 0
    wait_until_sent(shop)
    service.kill()
    backup = _copied(databases, service.database_url)
    service.start()
    person.write(MODEL, [kept], {"name": "after the backup"})
    lost = new_account(person, "account_2", name="made after the backup")
    wait_until_sent(shop, 120)
    service.kill()
    newer, service.database_url = service.database_url, backup
    service.start()

    forgotten = service.current("account_1", DOMAIN, "config")["name"]
    queue = person.server.admin().one("config.service.queue", "state")
    person.server.admin().action_reconcile("config.service.queue", [queue["id"]])
    wait_until(lambda: len(events_of(shop, "account_1")) == 3, 30, "what got lost is queued again")
    wait_until_sent(shop)

    assert lost
    assert newer != backup
    assert forgotten == "account_1 new"
    assert service.current("account_1", DOMAIN, "config")["name"] == "after the backup"
    assert service.current("account_2", DOMAIN, "config")["name"] == "made after the backup"


def _copied(databases: TestDatabases, url: str) -> str:
    source, copy = url.rpartition("/")[2].partition("?")[0], f"{url.rpartition('/')[2].partition('?')[0]}_backup"
    databases.run(databases.server.url, f'CREATE DATABASE "{copy}" TEMPLATE "{source}"')
    return databases.url(copy)
