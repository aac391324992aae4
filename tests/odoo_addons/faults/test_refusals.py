"""What the service refuses, and who has to mend it: a key, one document, or nobody but time."""

import time
from collections.abc import Callable

import pytest
from odoo_addons.faults.conftest import connect
from odoo_addons.faults.odoo_server import OdooServer
from odoo_addons.faults.service import Service
from odoo_addons.faults.shop_work import DOMAIN, MODEL, events_of, last_state, new_account, pending, wait_until_sent
from sprintia_testing.odd_servers import answer
from sprintia_testing.platforms import API_KEY, wait_until

SECONDS = 30
"""Long enough for a save within it to show that nothing is sent before it is over."""


def test_a_wrong_key_pauses_all_and_the_right_one_sends_all(shop: OdooServer, service: Service) -> None:
    person = shop.writer()
    record = new_account(person, "account_1")
    wait_until_sent(shop)

    connect(shop, service.url, "not-the-key-of-anybody")
    person.write(MODEL, [record], {"name": "with a wrong key"})
    wait_until(lambda: _queue(shop)["state"] == "paused", 30, "the queue pauses")
    person.write(MODEL, [record], {"name": "while it is paused"})
    shown = person.one(MODEL, "config_sync_state", "config_sync_message", "config_pending_since", id=record)
    kept, told = pending(shop), shop.query("SELECT count(*) FROM mail_activity")[0][0]
    connect(shop, service.url, API_KEY)
    wait_until_sent(shop)

    assert kept == 2
    assert told >= 1
    assert shown["config_sync_state"] == "paused"
    assert shown["config_sync_message"]
    assert shown["config_pending_since"]
    assert [state["name"] for state in service.states("account_1", DOMAIN, "config")][-2:] == [
        "with a wrong key",
        "while it is paused",
    ]


def test_a_refused_document_waits_for_its_person_and_holds_up_nobody(shop: OdooServer, service: Service) -> None:
    person = shop.writer()
    refused, other = new_account(person, "account_1"), new_account(person, "account_2")
    wait_until_sent(shop)
    schema = {"properties": {"name": {"not": {"const": "forbidden"}}}}
    service.put("/config/schemas/config", {"schema": schema, "mode": "reject"})

    person.write(MODEL, [refused], {"name": "forbidden"})
    person.write(MODEL, [other], {"name": "allowed"})
    wait_until(lambda: last_state(shop, "account_1") == "dead", 30, "the document is refused")
    wait_until(lambda: last_state(shop, "account_2") == "sent", 30, "the other one is sent")
    shown = person.one(MODEL, "config_sync_state", "config_sync_message", id=refused)
    event = events_of(shop, "account_1")[-1]
    person.write(MODEL, [refused], {"name": "mended"})
    wait_until(lambda: last_state(shop, "account_1") == "sent", 30, "the mended one is sent")

    assert event["status"] == 422
    assert shown["config_sync_state"] == "error"
    assert "name" in shown["config_sync_message"]
    assert service.current("account_2", DOMAIN, "config")["name"] == "allowed"
    assert service.current("account_1", DOMAIN, "config")["name"] == "mended"


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_retry_after_is_kept_to(
    shop: OdooServer, service: Service, odd_server: Callable[..., object], status: str
) -> None:
    came: list[float] = []
    busy = answer(status, Retry_After=str(SECONDS))

    def reply(server: object, connection: object) -> None:
        came.append(time.monotonic())
        connection.sendall(busy)

    server = odd_server(reply)
    connect(shop, server.url, API_KEY)
    person = shop.writer()
    new_account(person, "account_1")
    wait_until(lambda: _queue(shop)["state"] == "waiting", 30, "the queue waits")
    new_account(person, "account_2")  # wakes the scheduler before the time is over
    wait_until(lambda: len(came) >= 2, 150, "a second attempt")  # Odoo looks for what is due once a minute
    waiting = _queue(shop)["state"]
    connect(shop, service.url, API_KEY)
    wait_until_sent(shop)

    assert came[1] - came[0] >= SECONDS - 1
    assert waiting == "waiting"
    assert [last_state(shop, account) for account in ("account_1", "account_2")] == ["sent", "sent"]


def _queue(shop: OdooServer) -> dict[str, object]:
    rows = shop.query("SELECT state, reason FROM config_service_queue")
    return dict(zip(("state", "reason"), rows[0], strict=True))
