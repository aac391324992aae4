"""A database that the replaced addon left: ours adopts its data, and its secrets are sealed anew."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from odoo_installation import Installation, scratch_name
from odoo_log import bad_records

ADDON = "ai_credentials_manager"
# What the replaced addon had, as far as a database remembers it: models and fields, screens, rights, a schedule.
OLD = {
    "__manifest__.py": """
{
    "name": "AI Credentials Manager", "version": "1.0.0", "license": "LGPL-3", "depends": ["base", "mail"],
    "data": ["security/security.xml", "security/ir.model.access.csv", "views/views.xml"],
}
""",
    "__init__.py": "from . import models\n",
    "models.py": """
from odoo import fields, models

AREAS = [("retail", "Varejo"), ("healthcare", "Saude"), ("other", "Outro")]
STATES = [("not_synced", "Nao"), ("synced", "Sim"), ("error", "Erro")]


class Credentials(models.Model):
    _name = "ai.system.credentials"
    _description = "Credentials"
    _inherit = ["mail.thread"]
    name = fields.Char(required=True, tracking=True)
    account_id = fields.Char(required=True)
    token = fields.Char()
    client_name = fields.Char()
    business_area = fields.Selection(AREAS)
    business_area_other = fields.Char()
    odoo_url = fields.Char()
    odoo_db = fields.Char()
    odoo_username = fields.Char()
    odoo_password_encrypted = fields.Binary()
    odoo_password = fields.Char(compute="_compute_password")
    odoo_api_key_encrypted = fields.Binary(attachment=False)
    facebook_app_id = fields.Char()
    facebook_app_secret_encrypted = fields.Binary(attachment=False)
    facebook_access_token_encrypted = fields.Binary()
    instagram_access_token_encrypted = fields.Binary(attachment=False)
    timeout = fields.Integer(default=30)
    verify_ssl = fields.Boolean(default=True)
    active = fields.Boolean(default=True)
    last_accessed = fields.Datetime()
    notes = fields.Text()
    channel_mapping_ids = fields.One2many("ai.channel.mapping", "credential_id")
    sync_status = fields.Selection(STATES, default="not_synced")
    last_sync = fields.Datetime()
    error_message = fields.Text()
    ai_system_url = fields.Char()
    config_service_url = fields.Char()
    config_service_api_key = fields.Char()
    vectorization_service_url = fields.Char()
    vectorization_service_api_key = fields.Char()
    use_ngrok = fields.Boolean()
    ngrok_url = fields.Char()

    def _compute_password(self):
        self.odoo_password = False


class Mapping(models.Model):
    _name = "ai.channel.mapping"
    _description = "Mapping"
    name = fields.Char(store=True)
    chatwoot_account_id = fields.Integer(required=True)
    chatwoot_inbox_id = fields.Integer()
    business_area = fields.Selection(AREAS, required=True)
    business_area_other = fields.Char()
    credential_id = fields.Many2one("ai.system.credentials", required=True)
    internal_account_id = fields.Char(related="credential_id.account_id", store=True)
    is_fallback = fields.Boolean()
    sequence = fields.Integer(default=10)
    special_whatsapp_number1 = fields.Char()
    special_crew = fields.Selection([("analytics", "Analytics"), ("admin", "Admin")], default="analytics")
    active = fields.Boolean(default=True)
    sync_status = fields.Selection(STATES, default="not_synced")
    last_sync = fields.Datetime()
    error_message = fields.Text()


class Log(models.Model):
    _name = "ai.credentials.access.log"
    _description = "Log"
    credential_id = fields.Many2one("ai.system.credentials", ondelete="cascade")
    access_time = fields.Datetime(default=fields.Datetime.now)
    user_id = fields.Many2one("res.users", default=lambda log: log.env.uid)
    ip_address = fields.Char()
    operation = fields.Selection([("read", "Read"), ("get_token", "Token"), ("update", "Update")])
    success = fields.Boolean(default=True)
    error_message = fields.Text()


class Queue(models.Model):
    _name = "ai.sync.queue"
    _description = "Queue"
    credential_id = fields.Many2one("ai.system.credentials")
    data = fields.Text()


class Service(models.AbstractModel):
    _name = "ai.config.service"
    _description = "Service"


class Viewer(models.TransientModel):
    _name = "config.viewer"
    _description = "Viewer"
    credential_id = fields.Many2one("ai.system.credentials")


class MappingViewer(models.TransientModel):
    _name = "mapping.viewer"
    _description = "Viewer of the mapping"
    content = fields.Text()


class Settings(models.TransientModel):
    _inherit = "res.config.settings"
    config_service_enabled = fields.Boolean(config_parameter="config_service_enabled")
""",
    "security/security.xml": """<odoo>
    <record id="module_category_ai_credentials" model="ir.module.category"><field name="name">IA</field></record>
    <record id="group_ai_credentials_manager" model="res.groups">
        <field name="name">Gerente</field>
        <field name="implied_ids" eval="[(4, ref('base.group_system'))]"/>
    </record>
</odoo>
""",
    "security/ir.model.access.csv": """id,name,model_id:id,group_id:id,perm_read,perm_write,perm_create,perm_unlink
access_a,a,model_ai_system_credentials,group_ai_credentials_manager,1,1,1,1
access_b,b,model_ai_channel_mapping,group_ai_credentials_manager,1,1,1,1
access_c,c,model_ai_credentials_access_log,group_ai_credentials_manager,1,1,1,1
access_d,d,model_ai_sync_queue,group_ai_credentials_manager,1,1,1,1
access_e,e,model_config_viewer,group_ai_credentials_manager,1,1,1,1
access_f,f,model_mapping_viewer,group_ai_credentials_manager,1,1,1,1
""",
    "views/views.xml": """<odoo>
    <record id="view_ai_system_credentials_form" model="ir.ui.view">
        <field name="name">old</field>
        <field name="model">ai.system.credentials</field>
        <field name="arch" type="xml">
            <form><field name="name"/><field name="sync_status"/><field name="ngrok_url"/></form>
        </field>
    </record>
    <record id="view_config_viewer_form" model="ir.ui.view">
        <field name="name">old viewer</field>
        <field name="model">config.viewer</field>
        <field name="arch" type="xml"><form><field name="credential_id"/></form></field>
    </record>
    <record id="res_config_settings_view_form" model="ir.ui.view">
        <field name="name">old settings</field>
        <field name="model">res.config.settings</field>
        <field name="inherit_id" ref="base.res_config_settings_view_form"/>
        <field name="arch" type="xml">
            <xpath expr="//form" position="inside"><field name="config_service_enabled"/></xpath>
        </field>
    </record>
    <record id="action_config_viewer" model="ir.actions.act_window">
        <field name="name">Viewer</field>
        <field name="res_model">config.viewer</field>
        <field name="view_mode">form</field>
        <field name="target">new</field>
    </record>
    <record id="action_queue" model="ir.actions.act_window">
        <field name="name">Queue</field>
        <field name="res_model">ai.sync.queue</field>
        <field name="view_mode">list</field>
    </record>
    <menuitem id="menu_root" name="Credenciais"/>
    <menuitem id="menu_queue" name="Fila" parent="menu_root" action="action_queue"/>
    <record id="ir_cron_process_ai_sync_queue" model="ir.cron">
        <field name="name">Process</field>
        <field name="model_id" ref="model_ai_sync_queue"/>
        <field name="state">code</field>
        <field name="code">model.process_queue()</field>
        <field name="interval_number">5</field>
        <field name="interval_type">minutes</field>
    </record>
    <record id="webhook_secret" model="ir.config_parameter">
        <field name="key">webhook_secret_key</field>
        <field name="value">published-secret</field>
    </record>
</odoo>
""",
}
WORK_OF_YEARS = """
import base64
from cryptography.fernet import Fernet

key = Fernet.generate_key().decode()


def old(secret, key=key):
    return base64.b64encode(base64.b64encode(Fernet(key.encode()).encrypt(secret.encode())))


values = {
    "ai_credentials.encryption_key": key, "config_service_url": "https://config.example.com",
    "config_service_api_key": "key-of-the-shop", "ai_system.url": "http://localhost:8000",
}
for name, value in values.items():
    env["ir.config_parameter"].set_param(name, value)
first, second, third = env["ai.system.credentials"].create([
    {
        "name": "Aurora", "account_id": "account_1", "token": "account_1-0a1b2c3d", "business_area": "retail",
        "odoo_url": "https://odoo.example.com", "odoo_db": "loja", "odoo_username": "agente",
        "odoo_password_encrypted": old("senha-da-aurora"), "odoo_api_key_encrypted": old("chave-da-aurora"),
        "facebook_app_secret_encrypted": old("fb-da-aurora"), "sync_status": "synced",
        "config_service_url": "http://localhost:8000", "config_service_api_key": "development-api-key",
    },
    {
        "name": "Sol", "account_id": "account_2", "token": "account_2-0a1b2c3d",
        "odoo_password_encrypted": old("senha-do-sol", Fernet.generate_key().decode()),
        "instagram_access_token_encrypted": old("ig-do-sol", Fernet.generate_key().decode()),
        "facebook_access_token_encrypted": old("fb-do-sol"),
    },
    {"name": "Lua", "account_id": "account_3", "active": False, "business_area": "other",
     "business_area_other": "Moveis"},
])
env["ai.channel.mapping"].create([
    {"chatwoot_account_id": 5, "chatwoot_inbox_id": 9, "business_area": "retail", "credential_id": first.id,
     "special_whatsapp_number1": "+5511999999999"},
    {"chatwoot_account_id": 6, "business_area": "retail", "credential_id": first.id},
    {"chatwoot_account_id": 6, "business_area": "retail", "credential_id": second.id},
])
env["ai.credentials.access.log"].create([
    {"credential_id": first.id, "operation": "get_token"}, {"credential_id": first.id, "operation": "update"},
])
env["ai.sync.queue"].create({"credential_id": first.id, "data": "{}"})
env["config.viewer"].create({"credential_id": first.id})
member = env["res.users"].create({"name": "Membro", "login": "membro"})
group = env.ref("ai_credentials_manager.group_ai_credentials_manager")
group.write({"user_ids" if "user_ids" in group._fields else "users": [(4, member.id)]})
for table, name, columns in (
    ("ai_system_credentials", "account_id_uniq", "account_id"), ("ai_system_credentials", "token_uniq", "token"),
    ("ai_channel_mapping", "uniq", "chatwoot_account_id, chatwoot_inbox_id"),
):
    env.cr.execute(f"ALTER TABLE {table} ADD CONSTRAINT {table}_{name} UNIQUE ({columns})")
env.cr.execute("UPDATE ir_module_module SET latest_version = '16.0.1.0.0' WHERE name = 'ai_credentials_manager'")
env.cr.commit()
"""
WHAT_STANDS = """
import json
vault = env["config.service.vault"]
def opened(record):
    names = ["odoo_password", "odoo_api_key", "facebook_app_secret", "facebook_access_token", "instagram_access_token"]
    return {name: vault.open(record[f"{name}_sealed"]) for name in names if record[f"{name}_sealed"]}
member = env["res.users"].search([("login", "=", "membro")])
group = env.ref("ai_credentials_manager.group_ai_credentials_manager")
records = env["ai.system.credentials"].with_context(active_test=False).search([], order="account_id")
channels = env["ai.channel.mapping"].with_context(active_test=False).search([], order="id")
print("TOLD:", json.dumps({
    "secrets": {record.account_id: opened(record) for record in records},
    "to_enter": {record.account_id: record.secrets_to_enter for record in records if record.secrets_to_enter},
    "domains": {record.account_id: record._service_domain() for record in records},
    "tokens": {record.account_id: record.token for record in records},
    "channels": [[channel.name, channel.active] for channel in channels],
    "log": sorted(env["ai.credentials.access.log"].search([("operation", "!=", "secret_set")]).mapped(
        lambda line: f"{line.operation} {line.credential_name}")),
    "may": member.has_group("ai_credentials_manager.group_ai_credentials_manager"),
    "implied": list(group.implied_ids.get_external_id().values()),
    "queued": sorted(event.document_id.address for event in env["config.service.event"].search([])),
    "key": env["config.service.settings"].value("config_service.api_key"),
    "url": env["config.service.settings"].value("config_service.url"),
}))
"""
# What no key opens may be opened by one that is found later, of a column as of an attachment.
KEPT = """
SELECT account_id, length(odoo_password_unopened) > 100, length(instagram_access_token_unopened) > 100
FROM ai_system_credentials ORDER BY account_id
"""
LEFT = """
SELECT 'column ' || column_name FROM information_schema.columns WHERE table_name = 'ai_system_credentials'
    AND (column_name LIKE '%%_encrypted' OR column_name IN ('ngrok_url', 'sync_status', 'config_service_api_key'))
UNION ALL SELECT 'attachment ' || res_field FROM ir_attachment WHERE res_model = 'ai.system.credentials'
UNION ALL SELECT 'model ' || model FROM ir_model
    WHERE model IN ('ai.sync.queue', 'ai.config.service', 'config.viewer', 'mapping.viewer')
UNION ALL SELECT 'schedule ' || id FROM ir_act_server WHERE code = 'model.process_queue()'
UNION ALL SELECT 'parameter ' || key FROM ir_config_parameter
    WHERE key ~ '^(config_service_|ai_system|vectorization|webhook_secret)'
UNION ALL SELECT 'name ' || name FROM ir_model_data WHERE module = 'ai_credentials_manager'
    AND name ~ '(sync_queue|viewer|webhook_secret|module_category|action_queue|menu_queue|access_[a-f]$|encrypted)'
UNION ALL SELECT 'constraint ' || conname FROM pg_constraint WHERE conname LIKE 'ai_%%_uniq'
"""


@dataclass
class Upgraded:
    """A database after the upgrade, what Odoo's log said of it, and what stands in it."""

    database: str
    log: str
    stands: dict[str, Any]


@pytest.fixture
def old_database(odoo: Installation, tmp_path: Path) -> Iterator[str]:
    """A database that the replaced addon was installed in, with what people entered."""
    home = odoo.folder / "replaced"
    for name, text in OLD.items():
        path = home / ADDON / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    paths = next(line for line in odoo.configuration.read_text().splitlines() if line.startswith("addons_path"))
    beside = ",".join(path.strip() for path in paths.partition("=")[2].split(",") if not path.endswith("odoo_addons"))
    database = scratch_name("replaced")
    base = ("-c", str(odoo.configuration), "-d", database, f"--addons-path={beside},{home}", "--no-http")
    try:
        done = odoo.run("-i", ADDON, "--stop-after-init", "--log-level=error", *base)
        assert not done.returncode, done.stderr[-3000:]
        done = odoo.run("shell", *base, script=WORK_OF_YEARS)
        assert not done.returncode, done.stderr[-3000:]
        yield database
    finally:
        odoo.drop(database)


@pytest.fixture
def upgraded(odoo: Installation, old_database: str) -> Upgraded:
    """The same database with our addon in the place of the other."""
    base = ("-c", str(odoo.configuration), "-d", old_database, "--no-http")
    done = odoo.run("-u", ADDON, "--stop-after-init", "--log-level=info", *base)
    assert not done.returncode, done.stderr[-3000:]
    told = odoo.run("shell", *base, script=WHAT_STANDS)
    assert "TOLD: " in told.stdout, told.stderr[-3000:]
    return Upgraded(old_database, done.stderr, json.loads(told.stdout.partition("TOLD: ")[2].splitlines()[0]))


def test_a_database_of_the_replaced_addon_is_upgraded(odoo: Installation, upgraded: Upgraded) -> None:
    stands = upgraded.stands

    assert [record.text for record in bad_records(upgraded.log)[0]] == []
    assert not any(secret in upgraded.log for secret in ("da-aurora", "do-sol", "key-of-the-shop", "published-secret"))
    assert stands["secrets"] == {
        "account_1": {
            "odoo_password": "senha-da-aurora", "odoo_api_key": "chave-da-aurora",
            "facebook_app_secret": "fb-da-aurora",
        },
        "account_2": {"facebook_access_token": "fb-do-sol"},
        "account_3": {},
    }  # fmt: skip
    assert stands["to_enter"] == {"account_2": "odoo_password, instagram_access_token"}
    assert odoo.query(upgraded.database, KEPT) == [
        ["account_1", None, None], ["account_2", True, True], ["account_3", None, None]
    ]  # fmt: skip
    assert stands["domains"] == {"account_1": "retail", "account_2": "default", "account_3": "moveis"}
    assert stands["tokens"].pop("account_3").startswith("account_3-")
    assert stands["tokens"] == {"account_1": "account_1-0a1b2c3d", "account_2": "account_2-0a1b2c3d"}
    assert stands["channels"] == [["Aurora (5 / 9)", True], ["Aurora (6)", False], ["Sol (6)", True]]
    assert [line for line in stands["log"] if "Aurora" in line] == ["other Aurora", "update Aurora"]
    assert stands["may"]
    assert stands["implied"] == ["ai_credentials_manager.group_user"]
    assert stands["queued"] == [
        "account_1 / default / mapping", "account_1 / retail / credentials", "account_2 / default / credentials",
        "account_2 / default / mapping",
    ]  # fmt: skip
    assert (stands["url"], stands["key"]) == ("https://config.example.com", "key-of-the-shop")
    assert odoo.query(upgraded.database, LEFT) == []
