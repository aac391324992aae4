"""What is queued, in the transaction of the change."""

from .common import OutboxCase


class TestOutbox(OutboxCase):
    def test_many_changes_of_a_transaction_are_one_event(self):
        for number in range(20):
            self.contents["account_1", "retail"] = {"n": number}
            self.documents._mark({("account_1", "retail", "probe")})
        self.env.cr.flush()
        document = self.document()
        self.assertEqual([event.body["content"] for event in document.event_ids], [{"n": 19}])
        self.assertEqual((document.revision, document.state), (1, "queued"))
        self.assertEqual(document.pending_since, document.event_ids.create_date)

    def test_revisions_are_without_gaps_and_what_is_the_same_is_not_queued(self):
        for content in ({"a": 1}, {"a": 1}, {"a": 2}, {"a": 2}, {"a": 1}):
            document = self.change(content)
        self.assertEqual(document.event_ids.sorted("revision").mapped("revision"), [1, 2, 3])

    def test_what_is_the_same_is_queued_when_it_is_asked_for(self):
        self.change({"a": 1})
        document = self.change({"a": 1}, force=True)
        self.assertEqual(document.revision, 2)

    def test_a_deletion_is_an_event_but_not_of_what_never_was(self):
        self.assertFalse(self.change(None).event_ids)
        self.change({"a": 1})
        document = self.change(None)
        last = document.event_ids.sorted("revision")[-1]
        self.assertTrue(last.was_deletion)
        self.assertTrue(last.body["deleted"])

    def test_a_rollback_gives_number_and_event_back(self):
        self.change({"a": 1})
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            self.change({"a": 2})
            raise ZeroDivisionError
        self.assertEqual(self.document().revision, 1)
        document = self.change({"a": 3})
        self.assertEqual(document.event_ids.sorted("revision").mapped("revision"), [1, 2])

    def test_what_is_marked_before_a_savepoint_is_not_lost_by_its_rollback(self):
        self.contents["account_1", "retail"] = {"a": 1}
        self.documents._mark({("account_1", "retail", "probe")})
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            raise ZeroDivisionError
        self.env.cr.flush()
        self.assertEqual(self.document().revision, 1)

    def test_keys_without_an_account_are_nobodys(self):
        self.documents._mark({(False, "retail", "probe"), ("", "retail", "probe"), ("account_1", False, "probe")})
        self.env.cr.flush()
        self.assertFalse(self.documents.search([("kind", "=", "probe")]))

    def test_the_dispatcher_is_woken_in_the_same_transaction(self):
        triggers = self.env["ir.cron.trigger"]
        cron = self.env.ref("config_service_outbox.cron_dispatch")
        before = triggers.search_count([("cron_id", "=", cron.id)])
        self.change({"a": 1})
        self.assertGreater(triggers.search_count([("cron_id", "=", cron.id)]), before)

    def test_secrets_are_sealed_in_the_event_and_hidden_on_screens(self):
        sealed = self.env["config.service.vault"].seal("parola-7731")
        self.change({"password": {"$sealed": sealed}})
        event = self.document().event_ids
        self.env.cr.execute("SELECT event::text FROM config_service_event AS event WHERE id = %s", [event.id])
        stored = self.env.cr.fetchone()[0]
        self.assertIn(sealed, stored)
        self.assertNotIn("parola-7731", stored)
        self.assertNotIn(sealed, event.shown_body)
        self.dispatch()
        self.assertEqual(self.sent(), [(1, {"password": "parola-7731"})])
