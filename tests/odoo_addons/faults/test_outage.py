"""The service away, both sides killed, eight people saving: all of it arrives, in order, once."""

from collections.abc import Callable

import pytest
from odoo_addons.faults.odoo_server import OdooServer
from odoo_addons.faults.service import Service
from odoo_addons.faults.shop_work import Writer, check_arrived, events_of, new_account, pending, wait_until_sent
from sprintia_testing.platforms import wait_until

WRITERS, SAVES, ACCOUNTS = 8, 25, 4
Measured = Callable[[str, object], None]


@pytest.fixture
def accounts(shop: OdooServer) -> dict[str, int]:
    """Accounts that the service knows."""
    person = shop.writer()
    made = {f"account_{number}": new_account(person, f"account_{number}") for number in range(ACCOUNTS)}
    wait_until_sent(shop)
    return made


def test_200_saves_of_8_people_while_both_sides_are_killed_arrive_in_order_and_once(
    shop: OdooServer, service: Service, accounts: dict[str, int], measured: Measured
) -> None:
    records = list(accounts.values())
    writers = [Writer(shop, number, records[number % ACCOUNTS], SAVES) for number in range(WRITERS)]
    before = sum(len(events_of(shop, account)) for account in accounts)

    service.kill()
    for writer in writers:
        writer.start()
    wait_until(lambda: sum(len(writer.saved) for writer in writers) > 60, 120, "a third of the saves")
    shop.kill()
    shop.start()
    for writer in writers:
        writer.join(300)
    service.start()
    wait_until(lambda: _sent(shop) > before + 20, 150, "some of them sent")
    service.kill()  # while it is receiving
    shop.kill()
    service.start()
    shop.start()
    drained = wait_until_sent(shop, 240)

    saved = [save for writer in writers for save in writer.saved]
    assert not [refusal for writer in writers for refusal in writer.refused]
    assert len(saved) == WRITERS * SAVES
    assert pending(shop) == 0
    for account, record in accounts.items():
        check_arrived(shop, service, account, [writer for writer in writers if writer.record == record])
    measured("saves acknowledged, and received in order and once", len(saved))
    measured("drained after both were killed and started again (s)", f"{drained:.1f}")


def _sent(shop: OdooServer) -> int:
    return int(shop.query("SELECT count(*) FROM config_service_event WHERE state = 'sent'")[0][0])
