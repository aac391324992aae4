"""What is sent, and what each answer leads to."""

from datetime import timedelta

from odoo import fields

from .common import KEY, OutboxCase


class TestDispatcher(OutboxCase):
    def test_in_order_and_each_once(self):
        for number in range(5):
            self.change({"n": number})
        self.dispatch()
        self.dispatch()
        self.assertEqual(self.sent(), [(number + 1, {"n": number}) for number in range(5)])
        self.assertEqual(self.document().state, "synced")
        self.assertFalse(any(self.document().event_ids.mapped("body")), "what was sent is not kept")

    def test_as_a_signed_webhook_with_id_and_key(self):
        self.settings.store("config_service.webhook_secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        event = self.change({"a": "ç"}).event_ids
        self.dispatch()
        got = self.service.received[0]
        self.assertEqual(got.path, "/odoo-webhook/")
        self.assertEqual(got.headers["X-API-Key"], KEY)
        self.assertEqual(got.headers["webhook-id"], event.delivery_id)
        self.assertTrue(got.headers["webhook-signature"].startswith("v1,"))
        self.assertEqual(got.headers["Accept-Language"][:2], "en")

    def test_an_outage_stops_the_queue_and_nothing_is_given_up(self):
        self.service.refuse(503, "away", {"Retry-After": "120"}, times=3)
        self.change({"a": 1})
        self.change({"b": 1}, domain="default")
        self.dispatch()
        self.assertEqual((self.queue.state, self.queue.failures), ("waiting", 1))
        self.assertGreater(self.queue.blocked_until, fields.Datetime.now() + timedelta(seconds=100))
        self.dispatch()
        self.assertEqual(len(self.service.received), 1, "nothing is sent before the time that the service named")
        self.queue.blocked_until = False
        self.dispatch()
        self.assertEqual((len(self.service.received), self.queue.failures), (2, 2))
        ids = {got.headers["webhook-id"] for got in self.service.received}
        self.assertEqual(len(ids), 1, "the same event is tried again under the same id")
        self.assertEqual(self.document().state, "queued")
        self.assertIn("away", self.document().message)
        self.service.answers.clear()
        self.queue.blocked_until = False
        self.dispatch()
        self.assertEqual(self.queue.state, "running")
        self.assertFalse(self.events.search([("state", "=", "pending")]))

    def test_a_service_that_is_not_there(self):
        self.settings.store("config_service.url", "http://127.0.0.1:9")
        self.change({"a": 1})
        self.dispatch()
        self.assertEqual((self.queue.state, self.queue.failures), ("waiting", 1))
        self.assertEqual(self.document().event_ids.state, "pending")

    def test_an_event_that_the_service_stumbles_over_does_not_hold_others_up(self):
        self.service.refuse(500, "oops")
        self.change({"a": 1})
        self.change({"b": 1}, domain="default")
        self.dispatch()
        self.assertEqual(self.document().event_ids.state, "pending")
        self.assertTrue(self.document().event_ids.next_attempt_at)
        self.assertEqual(self.document(domain="default").state, "synced")

    def test_a_later_state_never_overtakes_an_earlier_one(self):
        self.service.refuse(500, "oops")
        self.change({"a": 1})
        self.change({"a": 2})
        self.dispatch()
        self.assertEqual(self.sent(), [(1, {"a": 1})])

    def test_a_wrong_key_pauses_everything_and_tells_the_managers(self):
        for status in (401, 403):
            self.service.refuse(status, "who?")
            self.change({"status": status})
            self.dispatch()
            self.assertEqual((self.queue.state, self.document().state), ("paused", "paused"))
            self.assertTrue(self.queue.activity_ids)
            before = len(self.service.received)
            self.dispatch()
            self.assertEqual(len(self.service.received), before)
            self.queue.action_resume()
            self.assertFalse(self.queue.activity_ids)
            self.dispatch()
            self.assertEqual(self.document().state, "synced")

    def test_what_can_never_succeed_is_shown_with_the_reason_and_a_later_state_passes(self):
        self.service.refuse(422, "o horário é inválido")
        self.change({"a": 1})
        self.change({"b": 1}, domain="default")
        self.dispatch()
        self.assertEqual((self.document().state, self.document().message), ("error", "o horário é inválido"))
        self.assertTrue(self.document().activity_ids)
        self.assertEqual(self.document(domain="default").state, "synced")
        self.change({"a": 2})
        self.dispatch()
        self.assertEqual(self.document().state, "synced")

    def test_a_refused_one_is_tried_again_under_its_id(self):
        self.service.refuse(422)
        event = self.change({"a": 1}).event_ids
        self.dispatch()
        event.action_retry()
        self.dispatch()
        self.assertEqual([got.headers["webhook-id"] for got in self.service.received], [event.delivery_id] * 2)
        self.assertEqual(self.document().state, "synced")

    def test_a_service_that_knows_a_later_number_is_not_overwritten(self):
        self.service.answers.append((200, {}, {"success": True, "version": 9, "superseded": True, "sequence": 7}))
        self.change({"a": 1})
        self.dispatch()
        self.assertEqual(self.document().state, "conflict")
        self.document().action_send()
        self.env.cr.flush()
        self.dispatch()
        self.assertEqual(self.sent()[-1], (8, {"a": 1}))
        self.assertEqual(self.document().state, "synced")

    def test_numbers_of_a_sender_that_counted_by_the_clock(self):
        theirs = 1_790_000_000_000
        answer = {"success": True, "version": 9, "superseded": True, "sequence": theirs}
        self.service.answers.append((200, {}, answer))
        self.change({"a": 1})
        self.dispatch()
        self.document().action_send()
        self.env.cr.flush()
        self.dispatch()
        self.assertEqual(self.sent()[-1], (theirs + 1, {"a": 1}))

    def test_what_the_service_has_can_be_kept(self):
        self.service.answers.append((200, {}, {"success": True, "version": 9, "superseded": True, "sequence": 7}))
        self.change({"a": 1})
        self.dispatch()
        self.document().action_keep_remote()
        self.change({"a": 2})
        self.dispatch()
        self.assertEqual(self.sent()[-1], (8, {"a": 2}))

    def test_an_older_one_that_arrives_late_is_no_conflict(self):
        self.service.answers.append((200, {}, {"success": True, "version": 9, "superseded": True, "sequence": 2}))
        self.change({"a": 1})
        self.change({"a": 2})
        self.dispatch()
        self.assertEqual(self.document().event_ids.sorted("revision").mapped("state"), ["superseded", "sent"])

    def test_a_neutralized_copy_sends_nothing(self):
        self.env["ir.config_parameter"].set_param("database.is_neutralized", "true")
        self.change({"a": 1})
        self.dispatch()
        self.assertFalse(self.service.received)
        self.assertIn("neutralized", self.document().message)

    def test_a_copied_database_sends_nothing_until_somebody_says_so(self):
        self.change({"a": 1})
        self.dispatch()
        self.env["ir.config_parameter"].set_param("database.uuid", "another-one")
        self.change({"a": 2})
        self.dispatch()
        self.assertEqual((len(self.service.received), self.queue.state), (1, "paused"))
        self.queue.action_resume()
        self.dispatch()
        self.assertEqual(len(self.service.received), 2)

    def test_without_settings_it_waits_and_says_why(self):
        self.settings.store("config_service.api_key", "")
        self.change({"a": 1})
        self.dispatch()
        self.assertFalse(self.service.received)
        self.assertIn("not set", self.document().message)

    def test_a_secret_that_cannot_be_opened_holds_nothing_up(self):
        self.change({"password": {"$sealed": "junk"}})
        self.change({"b": 1}, domain="default")
        self.dispatch()
        self.assertEqual((self.document().state, self.document(domain="default").state), ("error", "synced"))

    def test_a_fault_of_our_own_stops_neither_others_nor_the_schedule(self):
        event = self.change({"a": "parola-7731"}).event_ids
        self.env.cr.execute("UPDATE config_service_event SET body = '17' WHERE id = %s", [event.id])
        event.invalidate_recordset()
        self.change({"b": 1}, domain="default")
        with self.assertLogs("odoo.addons.config_service_outbox", "ERROR") as logged:
            self.dispatch()
        self.assertEqual((event.state, self.document(domain="default").state), ("pending", "synced"))
        self.assertTrue(event.next_attempt_at)
        self.assertNotIn("parola", str(logged.output))

    def test_old_events_go_and_the_last_one_stays(self):
        self.change({"a": 1})
        self.change({"a": 2})
        self.dispatch()
        self.env.cr.execute("UPDATE config_service_event SET create_date = create_date - interval '91 days'")
        self.events.invalidate_model()
        self.events._gc_old()
        self.assertEqual((self.document().event_ids.revision, self.document().state), (2, "synced"))
