"""What is queued has the layouts that agents read."""

from .common import RulesCase


class TestContents(RulesCase):
    def test_permanent_and_temporary_rules(self):
        profile = self.make_profile()
        rule = self.make_rule(
            profile, name="Formas de Pagamento", description="Aceitamos cartões e PIX", rule_type="payment"
        )
        promotion = self.make_temporary(profile, date_start="2025-05-01 00:00:00", date_end="2999-05-08 00:00:00")
        self.assertEqual(
            self.last("business_rules"),
            {
                "event_type": "document_sync",
                "account_id": "account_1",
                "domain": "retail",
                "config_type": "business_rules",
                "content": {
                    "account_id": "account_1",
                    "permanent_rules": [
                        {
                            "id": rule.id,
                            "name": "Formas de Pagamento",
                            "description": "Aceitamos cartões e PIX",
                            "type": "payment",
                        }
                    ],
                    "temporary_rules": [
                        {
                            "id": promotion.id,
                            "name": "Frete grátis",
                            "description": "Acima de R$ 200",
                            "type": "delivery",
                            "date_start": "2025-05-01 00:00:00",
                            "date_end": "2999-05-08 00:00:00",
                        }
                    ],
                },
            },
        )

    def test_rules_stand_in_the_order_of_their_making(self):
        profile = self.make_profile()
        rules = [self.make_rule(profile, name=name) for name in ("C", "A", "B")]
        told = [rule["id"] for rule in self.last("business_rules")["content"]["permanent_rules"]]
        self.assertEqual(told, [rule.id for rule in rules])

    def test_agents_know_what_is_active_and_visible(self):
        profile = self.make_profile()
        known = self.make_rule(profile)
        self.make_rule(profile, active=False)
        self.make_rule(profile, visible_in_ai=False)
        self.make_temporary(profile, visible_in_ai=False)
        content = self.last("business_rules")["content"]
        self.assertEqual([rule["id"] for rule in content["permanent_rules"]], [known.id])
        self.assertEqual(content["temporary_rules"], [])

    def test_a_rule_without_dates_has_none(self):
        profile = self.make_profile()
        self.make_temporary(profile, is_temporary=False)
        rule = self.last("business_rules")["content"]["temporary_rules"][0]
        self.assertEqual((rule["date_start"], rule["date_end"]), (None, None))

    def test_appointments(self):
        profile = self.make_profile()
        rule = self.env["business.scheduling.rule"].create({"name": "Consulta", "business_rule_id": profile.id})
        body = self.last("scheduling")
        self.assertEqual((body["config_type"], body["domain"]), ("scheduling", "retail"))
        nothing = {"morning_start": 0.0, "morning_end": 0.0, "afternoon_start": 0.0, "afternoon_end": 0.0}
        self.assertEqual(
            body["content"],
            {
                "scheduling_rules": [
                    {
                        "rule_id": rule.id,
                        "name": "Consulta",
                        "description": "",
                        "service_type": "consultation",
                        "service_type_other": "",
                        "duration": 1.0,
                        "min_interval": 0.0,
                        "min_advance_time": 24,
                        "max_advance_time": 30,
                        "days_available": {
                            "monday": True,
                            "tuesday": True,
                            "wednesday": True,
                            "thursday": True,
                            "friday": True,
                            "saturday": False,
                            "sunday": False,
                        },
                        "hours": {
                            "weekdays": {
                                "morning_start": 8.0,
                                "morning_end": 12.0,
                                "afternoon_start": 14.0,
                                "afternoon_end": 18.0,
                                "has_lunch_break": True,
                            },
                            "saturday": {**nothing, "morning_start": 8.0, "morning_end": 12.0},
                            "sunday": nothing,
                        },
                        "policies": {"cancellation": "", "rescheduling": ""},
                        "additional_info": {"required_information": "", "confirmation_instructions": ""},
                    }
                ]
            },
        )

    def test_the_last_appointment_rule_can_go(self):
        profile = self.make_profile()
        rule = self.env["business.scheduling.rule"].create({"name": "Consulta", "business_rule_id": profile.id})
        self.assertEqual(len(self.last("scheduling")["content"]["scheduling_rules"]), 1)
        rule.unlink()
        self.assertEqual(self.last("scheduling")["content"], {"scheduling_rules": []})

    def test_metadata(self):
        self.make_profile(
            name="Empresa Teste 123456",
            description="Descrição da empresa teste",
            company_values="Qualidade, Inovação, Atendimento",
            website="https://www.empresa-teste.com",
            facebook_url="https://www.facebook.com/empresa-teste",
            instagram_url="https://www.instagram.com/empresa-teste",
            mention_website_at_end=True,
            mention_instagram_at_end=True,
            greeting_message="Olá! Como posso ajudar?",
            street="Rua Teste, 123",
            street2="Sala 45",
            city="São Paulo",
            state="SP",
            zip="01234-567",
            country="Brasil",
            business_hours_start=9.0,
            saturday_hours_start=9.0,
            saturday_hours_end=13.0,
            use_scheduling_rules=True,
            use_support_documents=True,
        )
        body = self.last("metadata")
        self.assertEqual((body["config_type"], body["domain"]), ("metadata", "retail"))
        self.assertEqual(
            body["content"],
            {
                "account_id": "account_1",
                "name": "Empresa Teste 123456",
                "description": "Descrição da empresa teste",
                "business_area": "retail",
                "company_values": "Qualidade, Inovação, Atendimento",
                "online_presence": {
                    "website": "https://www.empresa-teste.com",
                    "facebook_url": "https://www.facebook.com/empresa-teste",
                    "instagram_url": "https://www.instagram.com/empresa-teste",
                    "mention_website_at_end": True,
                    "mention_facebook_at_end": False,
                    "mention_instagram_at_end": True,
                },
                "communication": {
                    "greeting_message": "Olá! Como posso ajudar?",
                    "communication_style": "friendly",
                    "emoji_usage": "moderate",
                },
                "address": {
                    "street": "Rua Teste, 123",
                    "street2": "Sala 45",
                    "city": "São Paulo",
                    "state": "SP",
                    "zip": "01234-567",
                    "country": "Brasil",
                    "share_address": True,
                },
                "business_hours": {
                    "monday": True,
                    "tuesday": True,
                    "wednesday": True,
                    "thursday": True,
                    "friday": True,
                    "saturday": False,
                    "sunday": False,
                    "business_hours_start": 9.0,
                    "business_hours_end": 18.0,
                    "has_lunch_break": True,
                    "lunch_break_start": 12.0,
                    "lunch_break_end": 13.0,
                    "saturday_hours_start": 9.0,
                    "saturday_hours_end": 13.0,
                    "sunday_hours_start": 0.0,
                    "sunday_hours_end": 0.0,
                },
                "enabled_collections": [
                    "business_rules",
                    "products_informations",
                    "scheduling_rules",
                    "support_documents",
                ],
            },
        )

    def test_an_address_that_is_not_shared_is_not_sent(self):
        profile = self.make_profile(street="Rua Secreta, 7", share_address=False)
        for body in (self.last("metadata"), self.last("profile")):
            self.assertNotIn("Rua Secreta", str(body))
        profile.share_address = True
        self.assertEqual(self.last("metadata")["content"]["address"]["street"], "Rua Secreta, 7")
        company = self.last("profile")["sections"]["company_metadata"]["company_info"]
        self.assertEqual(company["address"]["street"], "Rua Secreta, 7")
        self.assertTrue(company["address"]["share_with_customers"])

    def test_sections_of_the_config(self):
        self.make_profile(
            description="Moda e acessórios",
            emoji_usage="none",
            greeting_message="Olá! Como posso ajudar?",
            instagram_url="www.instagram/lojaaurora",
            mention_instagram_at_end=True,
            website="www.lojaaurora.com.br",
            mention_website_at_end=True,
            inform_promotions_at_start=True,
            share_address=False,
            saturday=True,
            business_hours_start=9.0,
            use_support_documents=True,
        )
        body = self.last("profile")
        self.assertEqual((body["event_type"], body["config_type"]), ("document_sync", "config"))
        self.assertNotIn("content", body)
        self.assertEqual(
            body["sections"],
            {
                "company_metadata": {
                    "business_hours": {
                        "days": [0, 1, 2, 3, 4, 5],
                        "start_time": "09:00",
                        "end_time": "18:00",
                        "has_lunch_break": True,
                        "lunch_break_start": "12:00",
                        "lunch_break_end": "13:00",
                        "saturday_start_time": "08:00",
                        "saturday_end_time": "12:00",
                    },
                    "company_info": {
                        "business_area": "retail",
                        "business_area_other": False,
                        "company_name": "Loja Aurora",
                        "company_values": "",
                        "description": "Moda e acessórios",
                    },
                    "customer_service": {
                        "communication_style": "friendly",
                        "emoji_usage": "none",
                        "greeting_message": "Olá! Como posso ajudar?",
                    },
                    "online_channels": {
                        "facebook": {"mention_at_end": False, "url": False},
                        "instagram": {"mention_at_end": True, "url": "www.instagram/lojaaurora"},
                        "website": {"mention_at_end": True, "url": "www.lojaaurora.com.br"},
                    },
                    "promotions": {"inform_at_start": True},
                },
                "enabled_collections": ["business_rules", "products_informations", "support_documents"],
            },
        )

    def test_hours_of_sunday_and_half_hours(self):
        self.make_profile(sunday=True, sunday_hours_start=9.5, sunday_hours_end=24.0, has_lunch_break=False)
        hours = self.last("profile")["sections"]["company_metadata"]["business_hours"]
        self.assertEqual((hours["sunday_start_time"], hours["sunday_end_time"]), ("09:30", "24:00"))
        self.assertNotIn("lunch_break_start", hours)
        self.assertNotIn("saturday_start_time", hours)

    def test_no_switch_no_collection(self):
        self.make_profile(use_business_rules=False)
        self.assertEqual(self.last("profile")["sections"]["enabled_collections"], [])
        self.assertEqual(self.last("metadata")["content"]["enabled_collections"], [])
