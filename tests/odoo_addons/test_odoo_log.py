"""What `make test-odoo` takes from Odoo's log, and what it says where there is no Odoo."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

from odoo_log import bad_records, counts_of_tests, untested

SCRIPTS = Path(__file__).parents[2] / "scripts"
LINE = "2026-11-23 02:18:02,552 2680 {level} shop {logger}: {text}\n"
GOOD = LINE.format(level="INFO", logger="odoo.modules.loading", text="Modules loaded.")
STATS = LINE.format(level="INFO", logger="odoo.tests.stats", text="business_rules: 12 tests 1.50s 300 queries")


def record(level: str, logger: str, text: str) -> str:
    return LINE.format(level=level, logger=logger, text=text)


@pytest.mark.parametrize("level", ["WARNING", "ERROR", "CRITICAL"])
def test_a_warning_is_a_fault_with_all_of_its_lines(level: str) -> None:
    log = GOOD + record(level, "odoo.addons.business_rules.models.rule", "odd\nTraceback:\n  line 7") + GOOD

    bad, ignored = bad_records(log)

    assert [(found.level, found.text.splitlines()[-1]) for found in bad] == [(level, "  line 7")]
    assert ignored == {}


def test_what_is_not_ours_is_ignored_and_counted() -> None:
    text = "/x/site-packages/babel/extract.py:315: UserWarning: old"
    ours = "/x/odoo_addons/business_rules/models/rule.py:3: UserWarning: old"

    bad, ignored = bad_records(record("WARNING", "py.warnings", text) + record("WARNING", "py.warnings", ours))

    assert [ours in found.text for found in bad] == [True]
    assert list(ignored.values()) == [1]


def test_an_addon_without_a_test_that_ran_is_told() -> None:
    log = GOOD + STATS + STATS

    assert counts_of_tests(log) == {"business_rules": 24}
    assert untested(log, ["business_rules", "ai_credentials_manager"]) == ["ai_credentials_manager"]


@pytest.mark.parametrize("named", [{}, {"ODOO_BIN": "/nowhere/odoo-bin"}, {"ODOO_BIN": "OTHER"}])
def test_without_an_odoo_it_says_how_to_name_one(named: dict[str, str], tmp_path: Path) -> None:
    other = tmp_path / "odoo-bin"
    other.write_text("print('something else 1.0')\n", encoding="utf-8")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ODOO_")}
    given = {name: str(other) if value == "OTHER" else value for name, value in named.items()}

    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "odoo_tests.py")],
        env=clean | given | {"ODOO_PYTHON": sys.executable}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert "ODOO_BIN=/path/to" in done.stderr


def test_an_unknown_addon_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "odoo_tests.py"), "--addons", "gone"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert "no such addon: gone" in done.stderr
