"""A small addon without a fault: tests of the checks copy it and plant one."""

import struct
import zlib
from pathlib import Path

NAME = "shop_hours"
FILES = {
    "__manifest__.py": """{
    "name": "Shop hours",
    "summary": "Says when a shop is open",
    "version": "2.0.0",
    "category": "Productivity",
    "author": "Sprintia",
    "website": "https://www.example.com",
    "license": "LGPL-3",
    "depends": ["mail"],
    "external_dependencies": {"python": ["requests"]},
    "data": [
        'security/groups.xml', 'security/ir.model.access.csv', 'views/hours_views.xml', 'views/menus.xml',
    ],
    "post_init_hook": "fill",
}
""",
    "__init__.py": "from . import models\nfrom .hooks import fill\n",
    "hooks.py": "def fill(env):\n    env['shop.hours'].create({'name': 'Monday'})\n",
    "README.md": "# Shop hours\n",
    "models/__init__.py": "from . import hours\n",
    "models/hours.py": """import requests

from odoo import fields, models


class ShopHours(models.Model):
    _name = "shop.hours"
    _description = "Hours of a shop"
    _inherit = ["mail.thread"]

    name = fields.Char(string="Day of the week", tracking=True)
    access_token = fields.Char(tracking=False)

    def ask(self):
        requests.get("https://shop.example.com", timeout=5)
        return self.env._("%(name)s is open", name=self.name)
""",
    "outbox_core/__init__.py": "",
    "outbox_core/clock.py": "import time\n\n\ndef now():\n    return time.time()\n",
    "security/groups.xml": """<?xml version="1.0" encoding="utf-8"?>
<odoo>
    <record id="group_user" model="res.groups"><field name="name">Hours</field></record>
</odoo>
""",
    "security/ir.model.access.csv": (
        "id,name,model_id:id,group_id:id,perm_read,perm_write,perm_create,perm_unlink\n"
        "access_hours,hours,model_shop_hours,group_user,1,1,1,1\n"
    ),
    "views/hours_views.xml": """<?xml version="1.0" encoding="utf-8"?>
<odoo>
    <record id="view_hours_list" model="ir.ui.view">
        <field name="name">shop.hours.list</field>
        <field name="model">shop.hours</field>
        <field name="arch" type="xml">
            <list string="Hours of the shop"><field name="name"/></list>
        </field>
    </record>
    <record id="action_hours" model="ir.actions.act_window">
        <field name="name">Hours</field>
        <field name="res_model">shop.hours</field>
        <field name="view_mode">list,form</field>
        <field name="view_id" ref="view_hours_list"/>
    </record>
</odoo>
""",
    "views/menus.xml": """<?xml version="1.0" encoding="utf-8"?>
<odoo>
    <menuitem id="menu_root" name="Hours">
        <menuitem id="menu_hours" action="action_hours" groups="group_user"/>
    </menuitem>
</odoo>
""",
    "tests/__init__.py": "from . import test_hours\n",
    "tests/test_hours.py": "",
}
TEXTS = {
    "Hours of a shop": "Horários de uma loja",
    "Day of the week": "Dia da semana",
    "%(name)s is open": "%(name)s está aberta",
    "Hours of the shop": "Horários da loja",
    "Hours": "Horários",
}
HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'


def write_clean_addon(folder: Path) -> Path:
    """Write the addon into a folder of addons, and return its own."""
    addon = folder / NAME
    for name, text in FILES.items():
        _write(addon / name, text)
    _write(addon / "i18n" / f"{NAME}.pot", HEADER + "".join(_entry(text, "") for text in TEXTS))
    _write(addon / "i18n" / "pt_BR.po", HEADER + "".join(_entry(text, other) for text, other in TEXTS.items()))
    icon = addon / "static" / "description" / "icon.png"
    icon.parent.mkdir(parents=True)
    icon.write_bytes(picture(128, 128))
    return addon


def picture(width: int, height: int) -> bytes:
    """Return a white PNG."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    lines = zlib.compress((b"\0" + b"\xff" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, (b"IHDR", b"IDAT", b"IEND"), (header, lines, b"")))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _entry(text: str, translation: str) -> str:
    return f'#. module: {NAME}\nmsgid "{text}"\nmsgstr "{translation}"\n\n'


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
