"""A backup of either side comes back: nothing newer is overwritten, and what got lost is sent again."""

from pathlib import Path

from odoo_addons.faults.conftest import connect
from odoo_addons.faults.odoo_server import OdooServer
from odoo_addons.faults.service import Service
from odoo_addons.faults.shop_work import DOMAIN, MODEL, events_of, last_state, new_account, wait_until_sent
from odoo_installation import Installation
from sprintia_testing.platforms import API_KEY, wait_until

from sprintia_platform.testing.databases import TestDatabases


def test_a_restored_odoo_overwrites_nothing_newer_and_asks(
    shop: OdooServer, service: Service, odoo: Installation, tmp_path: Path
) -> None:
    record = new_account(shop.writer(), "account_1")
    wait_until_sent(shop)
    odoo.dump(shop.database, tmp_path / "shop.dump")
    for number in range(3):
        shop.writer().write(MODEL, [record], {"name": f"after the backup {number}"})
    wait_until_sent(shop)
    _restore(shop, tmp_path / "shop.dump")

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


def test_a_backup_without_the_key_sends_no_secret_and_says_what_to_do(
    shop: OdooServer, service: Service, odoo: Installation, tmp_path: Path
) -> None:
    record = new_account(shop.writer(), "account_1")
    wait_until_sent(shop)
    odoo.dump(shop.database, tmp_path / "shop.dump")
    key = odoo.data_folder / "config_service_outbox" / "master.key"
    kept = key.rename(key.with_suffix(".kept"))
    try:
        _restore(shop, tmp_path / "shop.dump")
        person = shop.writer()
        shop.admin().write("res.users", [person.uid], {"lang": "en_US"})
        person.write(MODEL, [record], {"name": "without the key"})
        wait_until(lambda: _managers_told(shop), 90, "the managers are told")
        told = person.one(MODEL, "config_sync_state", "config_sync_message", id=record)
        connect(shop, service.url, API_KEY)
        wait_until(lambda: last_state(shop, "account_1") == "dead", 90, "the secret cannot be opened")
        asked = person.one(MODEL, "config_sync_state", "config_sync_message", id=record)
        standing = service.current("account_1", DOMAIN, "config")["name"]
        person.write(MODEL, [record], {"odoo_password": "entered again"})
        wait_until(lambda: last_state(shop, "account_1") == "sent", 90, "it is sent again")
    finally:
        kept.rename(key)

    assert told["config_sync_state"] == "paused"
    assert "Put the encryption key" in told["config_sync_message"]
    assert asked["config_sync_state"] == "error"
    assert "enter it again" in asked["config_sync_message"]
    assert standing == "account_1 new"
    assert service.current("account_1", DOMAIN, "config")["name"] == "without the key"


def test_a_backup_that_gets_its_key_back_sends_all_that_waited(
    shop: OdooServer, service: Service, odoo: Installation, tmp_path: Path
) -> None:
    record = new_account(shop.writer(), "account_1")
    wait_until_sent(shop)
    service.kill()
    shop.writer().write(MODEL, [record], {"odoo_password": "waits in the backup"})
    odoo.dump(shop.database, tmp_path / "shop.dump")
    key = odoo.data_folder / "config_service_outbox" / "master.key"
    kept = key.rename(key.with_suffix(".kept"))
    try:
        _restore(shop, tmp_path / "shop.dump")
        service.start()
        wait_until(lambda: _managers_told(shop), 90, "the managers are told")
        kept_back = events_of(shop, "account_1")[-1]["state"]
    finally:
        kept.replace(key)
    queue = shop.admin().one("config.service.queue", "state")
    shop.admin().action_resume("config.service.queue", [queue["id"]])
    wait_until_sent(shop, 90)

    assert kept_back == "pending"
    assert not _managers_told(shop)
    assert "waits in the backup" in str(service.current("account_1", DOMAIN, "credentials"))


def test_a_restored_service_is_healed_by_the_comparison(
    shop: OdooServer, service: Service, databases: TestDatabases, tmp_path: Path
) -> None:
    person = shop.writer()
    kept, lost = new_account(person, "account_1"), 0
    wait_until_sent(shop)
    service.dump(tmp_path / "service.dump")
    person.write(MODEL, [kept], {"name": "after the backup"})
    lost = new_account(person, "account_2", name="made after the backup")
    wait_until_sent(shop, 120)
    service.kill()
    newer, service.database_url = service.database_url, databases.create(migrated=False)
    service.restore(tmp_path / "service.dump")
    service.start()

    forgotten = service.current("account_1", DOMAIN, "config")["name"]
    queue = person.server.admin().one("config.service.queue", "state")
    person.server.admin().action_reconcile("config.service.queue", [queue["id"]])
    wait_until(lambda: len(events_of(shop, "account_1")) == 3, 30, "what got lost is queued again")
    wait_until_sent(shop)

    assert lost
    assert newer != service.database_url
    assert forgotten == "account_1 new"
    assert service.current("account_1", DOMAIN, "config")["name"] == "after the backup"
    assert service.current("account_2", DOMAIN, "config")["name"] == "made after the backup"


def _restore(shop: OdooServer, file: Path) -> None:
    shop.stop()
    shop.odoo.drop(shop.database)
    shop.odoo.restore(file, shop.database)
    shop.start()


def _managers_told(shop: OdooServer) -> bool:
    return bool(shop.query("SELECT 1 FROM mail_activity WHERE res_model = 'config.service.queue'"))
