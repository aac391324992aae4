"""Check the Odoo addons as far as that goes without Odoo: manifests, XML, access, translations, sources, pylint-odoo.

    python scripts/check_addons.py [FOLDER] [--without-pylint]

FOLDER holds the addons (default: odoo_addons/). Each fault is one line, `file: what is wrong and what to do`; with any,
the exit status is 1. What only a real Odoo can tell is left to scripts/odoo_tests.py.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from addon_checks import access, linting, manifests, ordering, sources, translations, views
from addon_checks.addons import Addon, find_addons

ROOT = Path(__file__).resolve().parent.parent
CHECKS = (manifests.check, ordering.check, views.check, access.check, sources.check, translations.check)


def faults_of(folder: Path, *, with_pylint: bool = True) -> Iterator[str]:
    """Yield each fault of the addons in a folder."""
    addons = find_addons(folder)
    if not addons:
        yield f"{folder}: no addon (a folder with a __manifest__.py) is here"
        return
    readable = [addon for addon in addons if not addon.unreadable]
    yield from (f"{addon.folder / '__manifest__.py'}: {addon.unreadable}" for addon in addons if addon.unreadable)
    by_name: dict[str, Addon] = {addon.name: addon for addon in readable}
    for addon in readable:
        for check in CHECKS:
            yield from check(addon, by_name)
    if with_pylint:
        yield from linting.check(folder)


def main() -> int:
    """Print the faults and tell by the exit status whether there is one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "odoo_addons")
    parser.add_argument("--without-pylint", action="store_true", help="leave out the slow part")
    asked = parser.parse_args()
    faults = list(faults_of(asked.folder, with_pylint=not asked.without_pylint))
    for fault in faults:
        print(fault)
    if faults:
        print(f"{len(faults)} faults in the Odoo addons", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
