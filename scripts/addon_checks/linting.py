"""pylint-odoo, for each series that the addons are for."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SERIES = ("18.0", "19.0")
OPTIONS = (
    "--load-plugins=pylint_odoo", "--disable=all", "--enable=odoolint", "--score=no", "--reports=no",
    "--msg-template={path}:{line}: {msg} ({symbol})",
    # One tree for several series: Odoo puts the series before the version itself.
    r"--manifest-version-format=\d+\.\d+\.\d+$",
    "--manifest-required-authors=Sprintia", "--manifest-required-keys=license,author,version",
)  # fmt: skip


def check(folder: Path) -> Iterator[str]:
    """Yield each finding of pylint-odoo, with the series that have it."""
    addons = [str(path.parent) for path in sorted(folder.glob("*/__manifest__.py"))]
    found: dict[str, list[str]] = {}
    for series in SERIES:
        for line in _findings(series, addons):
            found.setdefault(line, []).append(series)
    yield from (f"{line} [{', '.join(series)}]" for line, series in found.items())


def _findings(series: str, addons: list[str]) -> list[str]:
    command = [sys.executable, "-m", "pylint", *OPTIONS, f"--valid-odoo-versions={series}", *addons]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line and not line.startswith("*****")]
    if done.returncode and not lines:
        return [f"pylint-odoo could not run: {done.stderr.strip()[-500:]}"]
    return lines
