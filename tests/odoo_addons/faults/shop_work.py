"""What people do in the shop: accounts with credentials, and eight of them saving at once."""

import threading
import time
import xmlrpc.client
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from odoo_addons.faults.odoo_server import OdooServer, Person
from odoo_addons.faults.service import Service
from sprintia_testing.platforms import wait_until

MODEL, DOMAIN = "ai.system.credentials", "retail"
PASSWORD = "sentinel-odoo-password"


def new_account(person: Person, account_id: str, **values: object) -> int:
    """Create an account with credentials and return its record's id."""
    record = {
        "name": f"{account_id} new", "account_id": account_id, "business_area": DOMAIN, "odoo_db": "shop",
        "odoo_url": "https://odoo.example.com", "odoo_username": "agent", "odoo_password": PASSWORD, **values,
    }  # fmt: skip
    made = person.create(MODEL, [record])
    return int(made[0])


def pending(server: OdooServer) -> int:
    return int(server.query("SELECT count(*) FROM config_service_event WHERE state = 'pending'")[0][0])


def wait_until_sent(server: OdooServer, seconds: float = 60) -> float:
    """Wait until nothing is pending and return how long that took."""
    since = time.monotonic()
    wait_until(lambda: pending(server) == 0, seconds, "nothing pending")
    return time.monotonic() - since


def events_of(server: OdooServer, account_id: str, kind: str = "credentials") -> list[dict[str, Any]]:
    """Return an account's events, oldest first."""
    rows = server.query(
        "SELECT event.revision, event.state, event.delivery_id, event.status, event.reason, event.attempts "
        "FROM config_service_event AS event JOIN config_service_document AS document ON document.id = document_id "
        "WHERE document.account_id = %s AND document.kind = %s ORDER BY event.revision",
        account_id, kind,
    )  # fmt: skip
    names = ("revision", "state", "delivery_id", "status", "reason", "attempts")
    return [dict(zip(names, row, strict=True)) for row in rows]


def last_state(server: OdooServer, account_id: str) -> str:
    return str(events_of(server, account_id)[-1]["state"])


@dataclass
class Saved:
    """One save that Odoo acknowledged: `tried` more than once when a connection broke, so it may stand twice."""

    record: int
    name: str
    tried: int
    seconds: float


@dataclass
class Writer(threading.Thread):
    """One person who saves again and again, and saves again what Odoo did not acknowledge."""

    server: OdooServer
    number: int
    record: int
    saves: int
    saved: list[Saved] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.person = self.server.writer()

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        for number in range(self.saves):
            name = f"writer {self.number} save {number}"
            try:
                self.saved.append(self._save(name))
            except xmlrpc.client.Fault as fault:
                self.refused.append(f"{name}: {fault.faultString}")

    def _save(self, name: str) -> Saved:
        tried = 0
        while True:
            tried += 1
            began = time.monotonic()
            try:
                self.person.write(MODEL, [self.record], {"name": name})
            except (OSError, xmlrpc.client.ProtocolError):
                # Killed under it: whether it was saved, nobody knows.
                wait_until(self._is_up, 90, "Odoo up again")
            else:
                return Saved(self.record, name, tried, time.monotonic() - began)

    def _is_up(self) -> bool:
        try:
            return bool(self.server._proxy("common").version())
        except (OSError, xmlrpc.client.Error):
            return False


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def check_arrived(shop: OdooServer, service: Service, account: str, writers: list[Writer]) -> None:
    """Assert that all that was committed was received, in order and once."""
    events = events_of(shop, account)
    received = [line for line in service.deliveries(account) if line["event"] == "credentials_sync"]
    names = [state["name"] for state in service.states(account, DOMAIN, "config")]

    # What Odoo committed is what the service took: the same numbers, without a gap, each once, in their order.
    assert [event["state"] for event in events] == ["sent"] * len(events)
    assert [event["revision"] for event in events] == list(range(1, len(events) + 1))
    assert [line["delivery_id"] for line in received] == [event["delivery_id"] for event in events]
    assert {line["outcome"] for line in received} == {"applied"}
    # The history has one version for each, and none that repeats the one before it.
    assert len(names) == len(events)
    assert all(name != following for name, following in pairwise(names))
    counted = Counter(names)
    for writer in writers:
        assert all(1 <= counted[save.name] <= save.tried for save in writer.saved)
        firsts = [names.index(save.name) for save in writer.saved]
        assert firsts == sorted(firsts)
