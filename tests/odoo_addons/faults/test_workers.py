"""Odoo as shops run it: several processes that serve, and two that send. A worker that is killed loses nothing."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

from odoo_addons.faults.conftest import Start, connect
from odoo_addons.faults.odoo_server import OdooServer
from odoo_addons.faults.service import Service
from odoo_addons.faults.shop_work import Writer, check_arrived, new_account, wait_until_sent
from sprintia_testing.platforms import API_KEY, free_port, wait_until

WRITERS, SAVES, ACCOUNTS = 4, 20, 2
Measured = Callable[[str, object], None]


def test_several_workers_send_each_event_once_though_some_are_killed(
    start_odoo: Start, database: str, service: Service, measured: Measured
) -> None:
    shop = start_odoo(database, "--workers=3", "--max-cron-threads=2", f"--gevent-port={free_port()}")
    connect(shop, service.url, API_KEY)
    person = shop.writer()
    accounts = {f"account_{number}": new_account(person, f"account_{number}") for number in range(ACCOUNTS)}
    wait_until_sent(shop, 120)
    records = list(accounts.values())
    writers = [Writer(shop, number, records[number % ACCOUNTS], SAVES) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    killed = 0
    for share in (1 / 4, 2 / 4, 3 / 4):
        wait_until(lambda: _saved(writers) >= share * WRITERS * SAVES, 180, "more saves")  # noqa: B023
        killed += _kill_the_workers(shop)
    for writer in writers:
        writer.join(300)
    wait_until_sent(shop, 240)

    assert killed >= 3 * 3
    assert not [refusal for writer in writers for refusal in writer.refused]
    assert _saved(writers) == WRITERS * SAVES
    for account, record in accounts.items():
        check_arrived(shop, service, account, [writer for writer in writers if writer.record == record])
    measured("workers killed while 80 saves arrived in order and once", killed)


def _saved(writers: list[Writer]) -> int:
    return sum(len(writer.saved) for writer in writers)


def _kill_the_workers(shop: OdooServer) -> int:
    """Kill each process but the one that starts them anew: those that serve, and those that send."""
    children = Path(f"/proc/{shop.process.pid}/task/{shop.process.pid}/children").read_text().split()
    for child in children:
        os.kill(int(child), signal.SIGKILL)
    return len(children)
