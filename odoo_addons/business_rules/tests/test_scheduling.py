"""Hours and times of appointments."""

from odoo.exceptions import ValidationError

from .common import RulesCase


class TestScheduling(RulesCase):
    def setUp(self):
        super().setUp()
        self.profile = self.make_profile()

    def make(self, **values):
        return self.env["business.scheduling.rule"].create(
            {"name": "Consulta", "business_rule_id": self.profile.id, **values}
        )

    def test_refused(self):
        refused = (
            {"morning_start": -0.5},
            {"afternoon_end": 24.25},
            {"morning_start": 12.0, "morning_end": 8.0},
            {"morning_end": 15.0},
            {"sunday_available": True},
            {"saturday_available": True, "saturday_morning_end": 7.0},
            {"duration": 0.0},
            {"duration": 25.0},
            {"min_interval": -0.25},
            {"min_advance_time": -1},
            {"min_advance_time": 48, "max_advance_time": 1},
        )
        for values in refused:
            with self.subTest(values), self.assertRaises(ValidationError):
                self.make(**values)

    def test_taken(self):
        taken = (
            {"morning_start": 0.0, "morning_end": 0.0},
            {"afternoon_start": 0.0, "afternoon_end": 0.0},
            {"has_lunch_break": False, "afternoon_start": 12.0},
            {"saturday_available": True},
            {"saturday_morning_start": 9.0, "saturday_morning_end": 8.0},
            {"sunday_available": True, "sunday_afternoon_start": 14.0, "sunday_afternoon_end": 24.0},
            {"max_advance_time": 0},
        )
        for values in taken:
            with self.subTest(values):
                self.assertTrue(self.make(**values))
