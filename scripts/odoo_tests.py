"""Run the addons in a real Odoo: install with their tests, upgrade, uninstall; any warning in the log fails.

    ODOO_BIN=… ODOO_DB_PORT=… python scripts/odoo_tests.py [--addons "a b"] [--write-translations] [--keep-log FILE]

Which Odoo, and with which PostgreSQL: see odoo_installation.py. Each run has a scratch database, dropped at its end.
With --write-translations the addons' i18n/*.pot are written anew as Odoo exports them, and pt_BR.po is brought in step.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import odoo_translations
from odoo_installation import OUR_ADDONS, Installation, NoOdooError, free_port, installation, scratch_name
from odoo_log import bad_records, counts_of_tests, untested

UNINSTALL = """
modules = env["ir.module.module"].search([("name", "in", {addons!r}), ("state", "=", "installed")])
modules.button_immediate_uninstall()
"""
LEFT_BEHIND = """
SELECT 'record ' || module || '.' || name FROM ir_model_data WHERE module = ANY(%s)
UNION ALL SELECT 'table ' || tablename FROM pg_tables
    WHERE schemaname = current_schema()
    AND tablename ~ '^(config_service|ai_system|ai_credentials|ai_channel|business_rule)'
UNION ALL SELECT 'parameter ' || key FROM ir_config_parameter
    WHERE key IN ('config_service.api_key', 'config_service.webhook_secret') AND coalesce(value, '') <> ''
UNION ALL SELECT 'installed ' || name FROM ir_module_module WHERE name = ANY(%s) AND state <> 'uninstalled'
"""


class Run:
    """One database from its installation to its end, and what was wrong on the way."""

    def __init__(self, odoo: Installation, addons: list[str]) -> None:
        self.odoo, self.addons = odoo, addons
        self.database = scratch_name("test")
        self.log = ""
        self.faults: list[str] = []
        self.ignored: dict[str, int] = {}

    def step(self, name: str, *arguments: str, script: str = "") -> str:
        """Run one command of Odoo on the database; its warnings and a bad end are faults."""
        print(f"{name} ...", flush=True)
        port = str(free_port())
        done = self.odoo.run(
            *arguments, "-c", str(self.odoo.configuration), "-d", self.database, "--log-level=info",
            f"--http-port={port}", script=script,
        )  # fmt: skip
        log = done.stderr + done.stdout
        self.log += f"--- {name}\n{log}"
        bad, ignored = bad_records(log)
        self.faults += [f"{name}: {record.text}" for record in bad]
        for reason, count in ignored.items():
            self.ignored[reason] = self.ignored.get(reason, 0) + count
        if done.returncode and not bad:
            self.faults.append(f"{name}: odoo-bin ended with {done.returncode}: {log[-2000:]}")
        return log

    def install_with_tests(self) -> dict[str, int]:
        tags = ",".join(f"/{name}" for name in self.addons)
        log = self.step(
            "install, with tests", "-i", ",".join(self.addons), "--stop-after-init", "--test-enable", "--test-tags",
            tags, *(["--with-demo"] if self.odoo.version() == "19.0" else []),
        )  # fmt: skip
        counts = counts_of_tests(log)
        self.faults += [f"{name}: no test ran" for name in untested(log, self.addons)]
        return {name: counts.get(name, 0) for name in self.addons}

    def install(self) -> None:
        self.step("install", "-i", ",".join(self.addons), "--stop-after-init", "--no-http")

    def upgrade(self) -> None:
        self.step("upgrade", "-u", ",".join(self.addons), "--stop-after-init", "--no-http")

    def uninstall(self) -> None:
        """Take the addons away, and see that they leave nothing behind."""
        self.step("uninstall", "shell", "--no-http", script=UNINSTALL.format(addons=self.addons))
        left = self.odoo.query(self.database, LEFT_BEHIND, self.addons, self.addons)
        self.faults += [f"uninstall leaves behind: {row[0]}" for row in left]

    def shell(self, name: str, script: str) -> str:
        return self.step(name, "shell", "--no-http", script=script)

    def is_installed(self) -> bool:
        rows = self.odoo.query(
            self.database, "SELECT name FROM ir_module_module WHERE name = ANY(%s) AND state = 'installed'", self.addons
        )
        return len(rows) == len(self.addons)

    def demo_loaded(self) -> bool:
        rows = self.odoo.query(
            self.database, "SELECT bool_and(demo) FROM ir_module_module WHERE name = ANY(%s)", self.addons
        )
        return bool(rows[0][0])


def test(run: Run) -> None:
    """Install, upgrade and uninstall, and print what ran."""
    counts = run.install_with_tests()
    if not run.is_installed():
        return
    demo = run.demo_loaded()
    run.upgrade()
    run.faults += odoo_translations.out_of_step(run.shell, run.addons, run.odoo.folder)
    run.uninstall()
    print(f"Odoo {run.odoo.version()}, {'with' if demo else 'without'} demo data:")
    for name, count in counts.items():
        print(f"  {name}: {count} tests")


def write_translations(run: Run) -> None:
    """Export the addons' texts, and bring the translations in step with them."""
    run.install()
    if not run.faults:
        odoo_translations.write(run.shell, run.addons, run.odoo.folder)


def main() -> int:
    """Run, say what was wrong, and tell by the exit status whether anything was."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--addons", default="", help="names, by spaces or commas (default: all of odoo_addons/)")
    parser.add_argument("--write-translations", action="store_true")
    parser.add_argument("--keep-log", type=Path)
    asked = parser.parse_args()
    every = sorted(path.parent.name for path in OUR_ADDONS.glob("*/__manifest__.py"))
    addons = asked.addons.replace(",", " ").split() or every
    if unknown := set(addons) - set(every):
        print(f"no such addon: {', '.join(sorted(unknown))}; there are {', '.join(every)}", file=sys.stderr)
        return 2
    try:
        with installation() as odoo:
            return _perform(Run(odoo, addons), write_translations if asked.write_translations else test, asked.keep_log)
    except NoOdooError as error:
        print(error, file=sys.stderr)
        return 2


def _perform(run: Run, work: Callable[[Run], None], keep_log: Path | None) -> int:
    try:
        work(run)
    finally:
        run.odoo.drop(run.database)
        if keep_log:
            keep_log.write_text(run.log, encoding="utf-8")
    for reason, count in run.ignored.items():
        print(f"  ignored {count} warnings: {reason}")
    for fault in run.faults:
        print(fault, file=sys.stderr)
    print(f"{len(run.faults)} faults" if run.faults else "all is well")
    return 1 if run.faults else 0


if __name__ == "__main__":
    sys.exit(main())
