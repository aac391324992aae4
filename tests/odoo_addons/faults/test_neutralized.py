"""A neutralized copy of a database that is set up to send sends nothing."""

from odoo_addons.faults.conftest import Start
from odoo_addons.faults.odoo_server import OdooServer
from odoo_addons.faults.service import Service
from odoo_addons.faults.shop_work import MODEL, new_account, pending, wait_until_sent
from odoo_installation import Installation, scratch_name

DISPATCH = """
env["config.service.dispatcher"]._dispatch()
env["config.service.reconciler"]._nightly()
env.cr.commit()
print("TOLD:", env["config.service.queue"]._main()._why())
"""
SCHEDULED = """
SELECT cron.active FROM ir_cron AS cron JOIN ir_act_server AS action ON action.id = cron.ir_actions_server_id
WHERE action.code LIKE 'model._dispatch%%'
"""


def test_a_neutralized_copy_sends_nothing(
    shop: OdooServer, service: Service, odoo: Installation, start_odoo: Start
) -> None:
    record = new_account(shop.writer(), "account_1")
    wait_until_sent(shop)
    service.kill()
    shop.writer().write(MODEL, [record], {"name": "queued before the copy"})
    shop.stop()
    name = odoo.copy(shop.database, scratch_name("copy"))
    try:
        done = odoo.run("neutralize", "-c", str(odoo.configuration), "-d", name)
        assert not done.returncode, done.stderr[-2000:]
        service.start()
        before = len(service.deliveries("account_1"))
        copy = start_odoo(name)
        copy.writer().write(MODEL, [record], {"name": "of the copy"})
        why = copy.shell(DISPATCH)
        shown = copy.writer().one(MODEL, "config_sync_state", "config_sync_message", id=record)
        keys = copy.query("SELECT value FROM ir_config_parameter WHERE key = 'config_service.api_key'")
        scheduled = copy.query(SCHEDULED)

        assert len(service.deliveries("account_1")) == before
        assert pending(copy) == 2
        assert "neutral" in why
        assert shown["config_sync_state"] == "queued"
        assert [value for (value,) in keys if value] == []
        assert scheduled == [[False]]
        copy.stop()
    finally:
        odoo.drop(name)
