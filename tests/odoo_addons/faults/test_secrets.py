"""Passwords stand nowhere in clear: not in the log at DEBUG with every statement, in no table, in no chatter.

Nor where Odoo tells of statements that failed, with their values: PostgreSQL is made to refuse them.
"""

import threading
import xmlrpc.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from odoo_addons.faults.conftest import Start, connect
from odoo_addons.faults.odoo_server import OdooServer
from odoo_addons.faults.service import Service
from odoo_addons.faults.shop_work import DOMAIN, MODEL, PASSWORD, new_account, wait_until_sent
from sprintia_testing.platforms import API_KEY

OTHER, KEY = "sentinel-second-password", "sentinel-second-key"
REFUSAL, SHOWN = "refused by a test", "a name that is no secret"
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

    found = _tables_with(shop, PASSWORD, OTHER, API_KEY)
    read = person.read(MODEL, [record])[0]
    log = _log(tmp_path)

    assert waiting == 1
    assert "ai_system_credentials" in _tables_with(shop, "account_1")  # the search finds what is there
    assert found == []
    assert " DEBUG " in log
    assert [text for text in (PASSWORD, OTHER, API_KEY) if text in log] == []
    assert [name for name, value in read.items() if value in (PASSWORD, OTHER)] == []
    service.start()
    queue = shop.admin().one("config.service.queue", "state")
    shop.admin().action_resume("config.service.queue", [queue["id"]])  # however long the search took
    wait_until_sent(shop, 90)
    assert OTHER in str(service.current("account_1", DOMAIN, "credentials"))  # to whom may see it, it arrived


def test_no_password_is_in_what_odoo_tells_of_statements_that_fail(
    start_odoo: Start, database: str, service: Service, tmp_path: Path
) -> None:
    shop = start_odoo(database, "--log-level=debug", "--log-handler=odoo.sql_db:DEBUG")
    connect(shop, service.url, API_KEY)
    person = shop.writer()
    record = new_account(person, "account_1")
    wait_until_sent(shop)
    password = {"odoo_password": OTHER}
    told = [
        _refused(shop, "ai_system_credentials", lambda: person.write(MODEL, [record], {"name": SHOWN, **password})),
        _refused(shop, "config_service_document", lambda: person.write(MODEL, [record], password)),
        _refused(shop, "config_service_event", lambda: person.write(MODEL, [record], password)),
        _refused(shop, "ir_config_parameter", lambda: connect(shop, service.url, KEY)),
        _refused(shop, "res_config_settings", lambda: connect(shop, service.url, KEY)),
    ]
    log = _log(tmp_path)

    assert all(REFUSAL in text for text in told)
    assert log.count(REFUSAL) >= len(told)
    assert [line for line in log.splitlines() if "bad query" in line and SHOWN in line]  # the values are in the log
    assert [text for text in (PASSWORD, OTHER, API_KEY, KEY) if text in log + "".join(told)] == []


def test_no_password_is_in_what_odoo_tells_of_people_who_save_at_the_same_time(
    start_odoo: Start, database: str, service: Service, tmp_path: Path
) -> None:
    shop = start_odoo(database)
    connect(shop, service.url, API_KEY)
    record = new_account(shop.writer(), "account_1")
    people = [threading.Thread(target=_change_the_password, args=(shop, record, number)) for number in range(6)]
    for person in people:
        person.start()
    for person in people:
        person.join(120)
    wait_until_sent(shop, 120)
    log = _log(tmp_path)

    assert "could not serialize access" in log  # else this shows nothing
    assert [text for text in (PASSWORD, OTHER, API_KEY) if text in log] == []


def _change_the_password(shop: OdooServer, record: int, number: int) -> None:
    person = shop.writer()
    for save in range(10):
        # Odoo gives up after its fifth try, and says so.
        with suppress(xmlrpc.client.Fault):
            person.write(MODEL, [record], {"odoo_password": f"{OTHER} {number} {save}"})


def _refused(shop: OdooServer, table: str, act: Callable[[], object]) -> str:
    """Return what a person is told whose act PostgreSQL refuses in one table."""
    with _refusing(shop, table), pytest.raises(xmlrpc.client.Fault) as caught:
        act()
    return str(caught.value.faultString)


@contextmanager
def _refusing(shop: OdooServer, table: str) -> Iterator[None]:
    shop.query(
        f"CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$; "
        f'CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON "{table}" FOR EACH ROW EXECUTE FUNCTION refuse()'
    )
    try:
        yield
    finally:
        shop.query(f'DROP TRIGGER refuse ON "{table}"')


def _log(folder: Path) -> str:
    return "".join(path.read_text(errors="replace") for path in folder.glob("odoo-*.log"))


def _tables_with(shop: OdooServer, *texts: str) -> list[str]:
    tables = [table for (table,) in shop.query(TABLES)]
    each = (f"SELECT '{table}' FROM \"{table}\" AS row WHERE row::text LIKE ANY (%s)" for table in tables)
    patterns = [f"%{text}%" for text in texts]
    return sorted({table for (table,) in shop.query(" UNION ALL ".join(each), *[patterns] * len(tables))})
