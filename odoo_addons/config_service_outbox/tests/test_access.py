"""Who may see and do what."""

from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from .common import OutboxCase


class TestAccess(OutboxCase):
    def setUp(self):
        super().setUp()
        self.plain = new_test_user(self.env, "outbox_plain", groups="base.group_user")
        ours = "base.group_user,config_service_outbox.group_"
        self.reader = new_test_user(self.env, "outbox_reader", groups=f"{ours}user")
        self.manager = new_test_user(self.env, "outbox_manager", groups=f"{ours}manager")
        self.event = self.change({"a": 1}).event_ids

    def test_who_reads(self):
        for record in (self.event, self.document(), self.queue):
            with self.assertRaises(AccessError):
                record.with_user(self.plain).read(["display_name"])
            self.assertTrue(record.with_user(self.reader).read(["display_name"]))

    def test_nobody_writes_by_hand(self):
        for user in (self.plain, self.reader, self.manager):
            for record in (self.event, self.document(), self.queue):
                with self.assertRaises(AccessError):
                    record.with_user(user).write({"write_date": "2026-01-01"})
                with self.assertRaises(AccessError):
                    record.with_user(user).unlink()

    def test_buttons_are_the_managers(self):
        acts = (
            lambda user: self.event.with_user(user).action_retry(),
            lambda user: self.document().with_user(user).action_send(),
            lambda user: self.document().with_user(user).action_keep_remote(),
            lambda user: self.queue.with_user(user).action_resume(),
            lambda user: self.queue.with_user(user).action_reconcile(),
        )
        self.settings.store("config_service.api_key", "")
        for number, act in enumerate(acts):
            with self.subTest(number), self.assertRaises(AccessError):
                act(self.reader)
            act(self.manager)

    def test_discarding_needs_a_manager_and_a_reason(self):
        with self.assertRaises(AccessError):
            self.env["config.service.discard"].with_user(self.reader).create(
                {"event_ids": self.event.ids, "reason": "no"}
            )
        wizard = (
            self.env["config.service.discard"]
            .with_user(self.manager)
            .create({"event_ids": self.event.ids, "reason": "sent by hand"})
        )
        wizard.action_discard()
        self.assertEqual(self.event.state, "discarded")
        self.assertIn("sent by hand", self.event.reason)
        self.dispatch()
        self.assertFalse(self.service.received)
        self.assertEqual(self.change({"a": 1}).event_ids.sorted("revision")[-1].state, "pending")

    def test_no_group_of_ours_makes_an_administrator(self):
        for name in ("group_user", "group_manager"):
            implied = self.env.ref(f"config_service_outbox.{name}")
            seen = self.env["res.groups"]
            while implied - seen:
                seen |= implied
                implied = implied.implied_ids
            self.assertNotIn(self.env.ref("base.group_system"), seen)
