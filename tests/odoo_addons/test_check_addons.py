"""`scripts/check_addons.py` finds each planted fault, and none in an addon without one."""

import subprocess
import sys
from pathlib import Path

import pytest
from odoo_addons.clean_addon import NAME, picture, write_clean_addon

SCRIPT = Path(__file__).parents[2] / "scripts" / "check_addons.py"
MANIFEST, MODEL, HOOKS, CORE = "__manifest__.py", "models/hours.py", "hooks.py", "outbox_core/clock.py"
GROUPS, ACCESS = "security/groups.xml", "security/ir.model.access.csv"
VIEWS, MENUS = "views/hours_views.xml", "views/menus.xml"
TEMPLATE, CATALOGUE = f"i18n/{NAME}.pot", "i18n/pt_BR.po"
LIST = '<field name="name"/>'
ACCESS_LINE = "access_hours,hours,model_shop_hours,group_user,1,1,1,1\n"

PLANTED = [  # file, what stands there, what is put in its place, words of the fault
    (MANIFEST, '"name": "Shop hours"', '"name": str("Shop hours")', "is no literal dictionary"),
    (MANIFEST, '"license": "LGPL-3",', "", "license is missing"),
    (MANIFEST, "LGPL-3", "AGPL-3", "license is 'AGPL-3'"),
    (MANIFEST, "2.0.0", "18.0.2.0.0", "is not x.y.z"),
    (MANIFEST, "'views/menus.xml',", '"views/menus.xml", "data/gone.xml",', "data/gone.xml is named and does not"),
    (MANIFEST, "'views/menus.xml',", "", "views/menus.xml exists and is named neither"),
    (MANIFEST, "'views/menus.xml',", '"views/menus.xml", "views/menus.xml",', "is named twice"),
    (MANIFEST, '["requests"]', "[]", "imports requests: name requests in external_dependencies"),
    (MANIFEST, '["requests"]', '["requests", "PyYAML"]', "names pyyaml, which nothing imports"),
    (MANIFEST, '"post_init_hook": "fill"', '"post_init_hook": "pour"', "which __init__.py has not"),
    (MANIFEST, f"{GROUPS!r}, {ACCESS!r}", f"{ACCESS!r}, {GROUPS!r}", "group_user is defined further down"),
    (MANIFEST, f"{VIEWS!r}, {MENUS!r}", f"{MENUS!r}, {VIEWS!r}", "action_hours is defined further down"),
    (MENUS, 'action="action_hours"', 'action="action_gone"', "action_gone is defined nowhere"),
    (MENUS, 'id="menu_hours"', 'id="menu_root"', "id menu_root is defined 2 times"),
    (VIEWS, "</odoo>", "", "is not well-formed XML"),
    (VIEWS, LIST, f"<tree>{LIST}</tree>", "<tree> is gone"),
    (VIEWS, LIST, f'{LIST}<field name="a" attrs="{{}}"/>', "attrs is gone"),
    (VIEWS, LIST, f'{LIST}<field name="a" states="draft"/>', "states is gone"),
    (VIEWS, LIST, f'{LIST}<div class="oe_chatter"/>', "class oe_chatter is gone"),
    (VIEWS, "list,form", "tree,form", "view_mode names tree"),
    (GROUPS, "</odoo>", '<record id="c" model="ir.cron"><field name="doall"/></record></odoo>', "field doall"),
    (GROUPS, "</record>", '<field name="category_id" ref="base.x"/></record>', "field category_id"),
    (ACCESS, ACCESS_LINE, "", "no line for the model shop.hours"),
    (ACCESS, "model_shop_hours", "model_shop_days", "model_shop_days is no model of this addon"),
    (ACCESS, "group_user,1", "base.group_user,1", "base.group_user may delete"),
    (ACCESS, "group_user,1", ",1", "it counts for everybody"),
    (ACCESS, "1,1,1,1", "1,1,1,", "perm_unlink"),
    (MODEL, "tracking=False", "tracking=True", "access_token is tracked"),
    (MODEL, "        requests.get", "        print(1)\n        requests.get", "print: write to the log"),
    (
        HOOKS,
        "    env[",
        "    try:\n        env.cr\n    except KeyError:\n        pass\n    env[",
        "passed over in silence",
    ),
    (CORE, "import time", "import time\nfrom odoo import fields", "imports odoo: outbox_core runs without"),
    ("models/__init__.py", "from . import hours", "", "models/__init__.py does not import it"),
    ("tests/__init__.py", "from . import test_hours", "", "tests/__init__.py does not import it"),
    (TEMPLATE, "%(name)s is open", "Something else", "'%(name)s is open' is not in"),
    (CATALOGUE, "Dia da semana", "", "'Day of the week' is not translated"),
    (CATALOGUE, 'msgid "Hours of the shop"', '#, fuzzy\nmsgid "Hours of the shop"', "is marked as fuzzy"),
    (CATALOGUE, "%(name)s está", "%(nome)s está", "has other placeholders"),
    (
        CATALOGUE,
        'msgid "Hours of the shop"',
        'msgid "Hours of old"',
        "'Hours of old' is translated and no text any more",
    ),
    (CATALOGUE, 'msgstr "Dia da semana"', "Dia da semana", "cannot be read"),
]
LINTED = [
    (MODEL, ", timeout=5", "", "external-request-timeout"),
    (MODEL, "        return", "        self.env.cr.commit()\n        return", "invalid-commit"),
    (MODEL, "        return", '        self.env.cr.execute("SELECT " + self.name)\n        return', "sql-injection"),
]


def check(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(SCRIPT), str(folder), *options], capture_output=True, text=True, check=False
    )


def plant(addon: Path, name: str, there: str, instead: str) -> None:
    text = (addon / name).read_text(encoding="utf-8")
    assert there in text, f"{name} does not hold what should be replaced"
    (addon / name).write_text(text.replace(there, instead, 1), encoding="utf-8")


@pytest.fixture
def addon(tmp_path: Path) -> Path:
    return write_clean_addon(tmp_path)


def test_an_addon_without_a_fault_passes_pylint_included(addon: Path) -> None:
    done = check(addon.parent)

    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(("name", "there", "instead", "fault"), PLANTED)
def test_a_planted_fault_is_found(addon: Path, name: str, there: str, instead: str, fault: str) -> None:
    plant(addon, name, there, instead)

    done = check(addon.parent, "--without-pylint")

    assert done.returncode == 1
    assert fault in done.stdout


def test_pylint_odoo_finds_what_it_is_for(addon: Path) -> None:
    for name, there, instead, _ in LINTED:
        plant(addon, name, there, instead)

    done = check(addon.parent)

    assert done.returncode == 1
    for *_, symbol in LINTED:
        assert f"({symbol}) [18.0, 19.0]" in done.stdout


def test_what_belongs_to_an_addon_is_asked_for(addon: Path) -> None:
    (addon / "README.md").unlink()
    (addon / "static" / "description" / "icon.png").write_bytes(picture(64, 64))
    (addon / "i18n" / "pt_BR.po").unlink()

    done = check(addon.parent, "--without-pylint")

    assert "README.md is missing" in done.stdout
    assert "is not 128 x 128 pixels" in done.stdout
    assert "pt_BR.po: is missing" in done.stdout


def test_another_addon_is_only_used_by_who_depends_on_it(addon: Path) -> None:
    plant(addon, MENUS, 'action="action_hours"', 'action="other_shop.action_other"')
    other = addon.parent / "other_shop"
    other.mkdir()
    (other / "__manifest__.py").write_text('{"data": ["views.xml"]}', encoding="utf-8")
    (other / "views.xml").write_text('<odoo><record id="action_other" model="x"/></odoo>', encoding="utf-8")

    independent = check(addon.parent, "--without-pylint").stdout
    plant(addon, MANIFEST, '["mail"]', '["mail", "other_shop"]')
    dependent = check(addon.parent, "--without-pylint").stdout

    assert "which the manifest does not depend on" in independent
    assert "action_other" not in dependent


def test_a_folder_without_addons_is_a_fault(tmp_path: Path) -> None:
    assert check(tmp_path, "--without-pylint").returncode == 1
