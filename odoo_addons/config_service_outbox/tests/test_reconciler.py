"""The comparison with the service: restored backups of either side."""

from .common import OutboxCase


class TestReconciler(OutboxCase):
    def setUp(self):
        super().setUp()
        self.change({"a": 1})
        self.dispatch()
        self.version = self.document().event_ids.places[0]["version"]

    def told(self, sequence, version=None, **more):
        standing = {"domain": "retail", "config_type": "probe", "version": version, "digest": "d"}
        self.service.reconciliation = {
            "tenant_id": "account_1", "revision": 9, "equal": 0, "missing": [],
            "stale": [standing] if version not in (None, self.version) else [],
            "unknown": [] if version is not None else [standing],
            "mapping_version": 0,
            "streams": [] if sequence is None else [{"stream": "document_sync:retail:probe", "sequence": sequence}],
            **more,
        }  # fmt: skip
        self.env["config.service.reconciler"]._reconcile()
        self.env.cr.flush()
        self.env.invalidate_all()

    def test_equal(self):
        self.told(1, self.version)
        self.assertEqual((self.document().revision, self.document().state), (1, "synced"))
        self.assertTrue(self.queue.last_reconcile)

    def test_a_service_that_lost_it_gets_it_again(self):
        for sequence, version in ((0, self.version), (None, None)):
            with self.subTest(sequence=sequence, version=version):
                before = self.document().revision
                self.told(sequence, version)
                self.assertEqual(self.document().revision, before + 1)
                self.dispatch()
                self.assertEqual(self.sent()[-1], (before + 1, {"a": 1}))

    def test_a_new_key_is_no_loss(self):
        self.told(None, self.version)
        self.assertEqual(self.document().revision, 1)

    def test_what_was_changed_at_the_service_is_told_and_left(self):
        self.told(1, self.version + 1)
        self.assertEqual((self.document().revision, self.document().state), (1, "synced"))
        self.assertIn("Changed at the service", self.document().message)
        self.told(1, self.version)
        self.assertFalse(self.document().message)

    def test_a_service_that_is_ahead_is_a_conflict(self):
        self.told(5, self.version + 4)
        self.assertEqual(self.document().state, "conflict")
        self.dispatch()
        self.assertEqual(len(self.service.received), 1)

    def test_nothing_is_judged_while_something_is_pending(self):
        self.change({"a": 2})
        self.told(0, None)
        self.assertEqual(self.document().revision, 2)

    def test_a_service_that_is_away_is_told(self):
        self.settings.store("config_service.url", "http://127.0.0.1:9")
        self.assertIn("could not be compared", self.env["config.service.reconciler"]._reconcile())

    def test_what_was_changed_behind_odoos_back_is_queued(self):
        self.contents["account_1", "retail"] = {"a": "by SQL"}
        self.told(1, self.version)
        self.env["config.service.reconciler"]._nightly()
        self.env.cr.flush()
        self.assertEqual(self.document().event_ids.sorted("revision")[-1].body["content"], {"a": "by SQL"})
