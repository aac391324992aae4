"""What a profile may say."""

from odoo.exceptions import ValidationError
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from .common import RulesCase


class TestProfile(RulesCase):
    def test_a_company_has_one_active_profile(self):
        first = self.make_profile()
        with self.assertRaises(ValidationError) as refused:
            self.make_profile(business_area="services")
        self.assertIn("Loja Aurora", str(refused.exception))
        second = self.make_profile(business_area="services", active=False)
        with self.assertRaises(ValidationError):
            second.active = True
        first.active = False
        second.active = True
        self.assertTrue(second.active)

    def test_two_at_once_are_refused(self):
        values = {"name": "X", "company_id": self.company.id, "business_area": "retail"}
        with self.assertRaises(ValidationError):
            self.env["business.rules"].create([values, values])

    def test_the_database_refuses_what_two_users_do_at_one_moment(self):
        self.make_profile()
        second = self.make_profile(business_area="services", active=False)
        self.env.flush_all()
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self.env.cr.execute("UPDATE business_rules SET active = true WHERE id = %s", [second.id])

    def test_a_copy_waits(self):
        copy = self.make_profile().copy()
        self.assertFalse(copy.active)
        self.assertIn("copy", copy.name)

    def test_companies_need_places_of_their_own(self):
        self.make_profile()
        self.other_company.config_account_id = "account_1"
        with self.assertRaises(ValidationError) as refused:
            self.make_profile(company_id=self.other_company.id)
        self.assertIn("account_1", str(refused.exception))
        self.make_profile(company_id=self.other_company.id, business_area="healthcare")

    def test_another_area_needs_its_name(self):
        for name in (False, "  "):
            with self.assertRaises(ValidationError):
                self.make_profile(business_area="other", business_area_other=name)

    def test_hours(self):
        refused = (
            {"business_hours_start": -1.0},
            {"business_hours_end": 24.5},
            {"business_hours_start": 18.0, "business_hours_end": 8.0},
            {"saturday": True, "saturday_hours_start": 12.0, "saturday_hours_end": 12.0},
            {"sunday": True},
            {"lunch_break_start": 7.0},
            {"lunch_break_end": 19.0},
            {"lunch_break_start": 13.0, "lunch_break_end": 12.0},
        )
        for values in refused:
            with self.subTest(values), self.assertRaises(ValidationError):
                self.make_profile(**values)

    def test_hours_of_days_that_are_closed_do_not_matter(self):
        closed = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), False)
        self.make_profile(
            **closed, business_hours_start=0.0, business_hours_end=0.0, saturday=True, saturday_hours_end=24.0
        )

    def test_lunch_does_not_matter_where_there_is_none(self):
        self.make_profile(has_lunch_break=False, lunch_break_start=0.0, lunch_break_end=0.0)
