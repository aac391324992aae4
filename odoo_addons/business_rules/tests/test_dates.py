"""Rules that begin and end while nobody looks."""

from freezegun import freeze_time
from odoo import fields
from odoo.exceptions import ValidationError

from .common import RulesCase

START, END = fields.Datetime.to_datetime("2026-05-01 12:00:00"), fields.Datetime.to_datetime("2026-05-08 12:00:00")


class TestDates(RulesCase):
    def setUp(self):
        super().setUp()
        with freeze_time("2026-04-20 12:00:00"):
            self.profile = self.make_profile()
            self.rule = self.make_temporary(self.profile, date_start=START, date_end=END)
            self.commit()
        self.rules = self.env["business.temporary.rule"]

    def told(self):
        return [rule["name"] for rule in self.last("business_rules")["content"]["temporary_rules"]]

    def follow(self):
        self.rules._follow_dates()
        self.commit()

    def test_a_document_follows_the_dates(self):
        expected = (
            ("2026-04-30 12:00:00", [], 1),
            ("2026-05-01 11:59:59", [], 1),
            ("2026-05-01 12:00:00", ["Frete grátis"], 2),
            ("2026-05-05 12:00:00", ["Frete grátis"], 2),
            ("2026-05-08 12:00:00", [], 3),
            ("2026-06-08 12:00:00", [], 3),
        )
        for moment, told, revision in expected:
            with self.subTest(moment), freeze_time(moment):
                self.follow()
                self.assertEqual((self.told(), len(self.events("business_rules"))), (told, revision))

    def test_a_schedule_that_was_off_misses_nothing(self):
        with freeze_time("2026-05-02 12:00:00"):
            self.follow()
            self.assertEqual(self.told(), ["Frete grátis"])
        with freeze_time("2027-05-02 12:00:00"):
            self.follow()
            self.assertEqual(self.told(), [])

    def test_states_and_their_search_agree_at_every_moment(self):
        endless = self.make_temporary(self.profile, is_temporary=False, date_start=START, date_end=END)
        open_end = self.make_temporary(self.profile, is_temporary=False, date_start=False, date_end=False)
        cancelled = self.make_temporary(self.profile, date_start=START, date_end=END)
        cancelled.action_cancel()
        ours = self.rule | endless | open_end | cancelled
        for moment in ("2026-04-30 12:00:00", "2026-05-01 12:00:00", "2026-05-08 12:00:00", "2026-05-09 12:00:00"):
            with freeze_time(moment):
                self.env.invalidate_all()
                for state in ("draft", "active", "expired", "cancelled"):
                    found = self.rules.search([("state", "=", state), ("id", "in", ours.ids)])
                    self.assertEqual(found, ours.filtered(lambda rule, state=state: rule.state == state), moment)
                    rest = self.rules.search([("state", "!=", state), ("id", "in", ours.ids)])
                    self.assertEqual(set(rest.ids), set((ours - found).ids), moment)
        with freeze_time("2026-05-09 12:00:00"):
            found = self.rules.search([("state", "in", ["expired", "cancelled"]), ("id", "in", ours.ids)])
            self.assertEqual(set(found.ids), {self.rule.id, cancelled.id})
            found = self.rules.search([("state", "not in", ["expired", "cancelled"]), ("id", "in", ours.ids)])
            self.assertEqual(set(found.ids), {endless.id, open_end.id})

    def test_cancelled_rules_are_forgotten_and_can_run_again(self):
        with freeze_time("2026-05-02 12:00:00"):
            self.follow()
            self.rule.action_cancel()
            self.assertEqual(self.told(), [])
            self.assertEqual(self.rule.state, "cancelled")
            self.rule.action_activate()
            self.assertEqual(self.told(), ["Frete grátis"])

    def test_the_schedule_is_woken_at_the_dates(self):
        cron = self.env.ref("business_rules.cron_temporary_rules")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertLessEqual({START, END}, set(triggers.mapped("call_at")))

    def test_one_profile_that_stumbles_does_not_stop_the_others(self):
        other = self.make_profile(company_id=self.other_company.id)
        with freeze_time("2026-04-20 12:00:00"):
            self.make_temporary(other, date_start=START, date_end=END)
            self.commit()
        build = type(self.documents)._body_business_rules

        def stumble(documents, account_id, domain):
            if account_id == "account_1":
                raise ZeroDivisionError
            return build(documents, account_id, domain)

        self.patch(type(self.documents), "_body_business_rules", stumble)
        with freeze_time("2026-05-02 12:00:00"):
            self.follow()
        self.assertEqual(len(self.events("business_rules")), 1)
        theirs = self.last("business_rules", account_id="account_3")["content"]["temporary_rules"]
        self.assertEqual(len(theirs), 1)

    def test_the_profile_counts_what_runs_and_what_ends_soon(self):
        with freeze_time("2026-05-02 12:00:00"):
            self.make_temporary(self.profile, date_start=START, date_end="2026-05-30 00:00:00")
            self.env.invalidate_all()
            self.assertEqual((self.profile.temporary_rule_count, self.profile.expiring_count), (2, 1))

    def test_dates_that_cannot_be_are_refused(self):
        for values in (
            {"date_start": END, "date_end": START},
            {"date_end": False},
            {"date_start": START, "date_end": START},
        ):
            with self.assertRaises(ValidationError):
                self.make_temporary(self.profile, **values)

    def test_a_new_rule_runs_for_a_week(self):
        with freeze_time("2026-05-01 12:00:00"):
            rule = self.make_temporary(self.profile)
        self.assertEqual((rule.date_start, rule.date_end), (START, END))
