"""A day and a night without the service: it is tried for ever, people see since when, and all of it arrives."""

from collections.abc import Callable
from contextlib import suppress

from odoo_addons.faults.odoo_server import OdooServer
from odoo_addons.faults.service import Service
from odoo_addons.faults.shop_work import DOMAIN, MODEL, events_of, new_account, pending, wait_until_sent
from sprintia_testing.platforms import wait_until

Measured = Callable[[str, object], None]

QUARTER = 15 * 60
"""Seconds: the longest delay between two attempts."""
_SCHEDULE = 5 * 60  # how often the addon is called without an alarm
HOUR, DAY, WEEK = 3600, 24 * 3600, 7 * 24 * 3600
# What Odoo and the addon compare with the clock.
_MOMENTS = {
    "config_service_queue": ("blocked_until", "last_success"),
    "config_service_event": ("next_attempt_at", "create_date"),
    "ir_cron": ("nextcall", "lastcall"),
    "ir_cron_trigger": ("call_at",),
}


def test_a_day_without_the_service_loses_nothing_and_is_told(
    shop: OdooServer, service: Service, measured: Measured
) -> None:
    person = shop.writer()
    record = new_account(person, "account_1")
    wait_until_sent(shop)
    service.kill()
    person.write(MODEL, [record], {"name": "saved at once"})
    wait_until(lambda: _failures(shop) > 0, 90, "the first attempt")
    passed = 0
    while passed < DAY:
        passed += _an_hour_and_an_attempt(shop)
        if passed > DAY / 2 and pending(shop) == 1:
            person.write(MODEL, [record], {"name": "saved at night"})
    attempts = _failures(shop)
    shown = person.one(MODEL, "config_sync_state", "config_pending_since", "config_sync_message", id=record)
    age = shop.query("SELECT extract(epoch FROM now() AT TIME ZONE 'UTC' - min(create_date)) FROM config_service_event "
                     "WHERE state = 'pending'")[0][0]  # fmt: skip
    # Odoo switches off a scheduled action that fails for a week: this one does not fail.
    _move_clock(shop, WEEK)
    _an_hour_and_an_attempt(shop)
    cron = shop.query(
        "SELECT active, failure_count FROM ir_cron JOIN ir_act_server a ON a.id = ir_actions_server_id "
        "WHERE a.code = 'model._dispatch()'"
    )
    service.start()
    _move_clock(shop, QUARTER)
    wait_until_sent(shop, 120)

    assert attempts >= DAY / HOUR - 1
    assert shown["config_sync_state"] == "queued"
    assert shown["config_pending_since"]
    assert shown["config_sync_message"]
    assert float(age) >= DAY
    assert cron == [[True, 0]]
    assert [event["state"] for event in events_of(shop, "account_1")] == ["sent"] * 3
    assert [state["name"] for state in service.states("account_1", DOMAIN, "config")] == [
        "account_1 new", "saved at once", "saved at night",
    ]  # fmt: skip
    assert [line["outcome"] for line in service.deliveries("account_1")] == ["applied"] * 3
    measured("hours without the service, and attempts", f"{passed / HOUR:.0f}, {attempts}")


def _an_hour_and_an_attempt(shop: OdooServer) -> int:
    """Let an hour pass, and wait for the attempt that is due by then; returns the seconds that passed."""
    failures = _failures(shop)
    left = shop.query("SELECT extract(epoch FROM blocked_until - now() AT TIME ZONE 'UTC') FROM config_service_queue")
    assert float(left[0][0] or 0) <= QUARTER, "no delay is longer"
    passing, passed = HOUR, 0
    while _failures(shop) == failures:
        assert passed < 2 * HOUR, "nothing is tried any more"
        _move_clock(shop, passing)
        passed += passing
        # The clock may jump while Odoo ends the last attempt, and takes the next one's alarm for one that has rung.
        passing = _SCHEDULE
        with suppress(AssertionError):
            wait_until(lambda: _failures(shop) > failures, 10, "the next attempt")
    return passed


def _move_clock(shop: OdooServer, seconds: int) -> None:
    """Move the clock on, as Odoo sees it: all that it compares with the clock is that much longer ago.

    One transaction, then the word by which Odoo wakes its scheduler, which would else look once a minute.
    """
    moved = "; ".join(
        f"UPDATE {table} SET " + ", ".join(f"{name} = {name} - interval '{seconds} seconds'" for name in names)
        for table, names in _MOMENTS.items()
    )
    shop.query(f"{moved}; SELECT 1")
    shop.odoo.query("postgres", "SELECT pg_notify('cron_trigger', %s)", shop.database)


def _failures(shop: OdooServer) -> int:
    return int(shop.query("SELECT failures FROM config_service_queue")[0][0])
