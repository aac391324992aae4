"""Passwords stand nowhere in clear: not in the log at DEBUG with every statement, in no table, in no chatter."""

from pathlib import Path

from odoo_addons.faults.conftest import Start, connect
from odoo_addons.faults.odoo_server import OdooServer
from odoo_addons.faults.service import Service
from odoo_addons.faults.shop_work import DOMAIN, MODEL, PASSWORD, new_account, wait_until_sent
from sprintia_testing.platforms import API_KEY

OTHER = "sentinel-second-password"
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"


def test_no_password_is_in_the_log_in_a_table_or_in_the_chatter(
    start_odoo: Start, database: str, service: Service, tmp_path: Path
) -> None:
    shop = start_odoo(database, "--log-level=debug", "--log-handler=odoo.sql_db:DEBUG")
    connect(shop, service.url, API_KEY)
    person = shop.writer()
    record = new_account(person, "account_1")
    wait_until_sent(shop)
    service.kill()
    person.write(MODEL, [record], {"odoo_password": OTHER})  # pending: its body is in a table
    waiting = shop.query("SELECT count(*) FROM config_service_event WHERE state = 'pending'")[0][0]

    found = [
        table for (table,) in shop.query(TABLES) for text in (PASSWORD, OTHER, API_KEY) if _holds(shop, table, text)
    ]
    read = person.read(MODEL, [record])[0]
    log = "".join(path.read_text(errors="replace") for path in tmp_path.glob("odoo-*.log"))

    assert waiting == 1
    assert _holds(shop, "ai_system_credentials", "account_1")  # the search finds what is there
    assert found == []
    assert " DEBUG " in log
    assert [text for text in (PASSWORD, OTHER, API_KEY) if text in log] == []
    assert [name for name, value in read.items() if value in (PASSWORD, OTHER)] == []
    service.start()
    wait_until_sent(shop, 150)
    assert OTHER in str(service.current("account_1", DOMAIN, "credentials"))  # to whom may see it, it arrived


def _holds(shop: OdooServer, table: str, text: str) -> bool:
    rows = shop.query(f'SELECT count(*) FROM "{table}" AS row WHERE row::text LIKE %s', f"%{text}%")
    return bool(rows[0][0])
