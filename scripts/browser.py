"""Find a Chromium that the tests can drive, and install one when there is none.

    python scripts/browser.py          find or install; exit status 1, and what to do, when that cannot be

The browser is the first of: what SPRINTIA_TEST_BROWSER names, a Chromium or Chrome on PATH, the one that Playwright
keeps. What was found to work is noted in the Python environment, so that the next run does not start it to see.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SETTING = "SPRINTIA_TEST_BROWSER"
LEFT_OUT = "none"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
APT_PACKAGES = ("chromium", "fonts-dejavu-core")  # without any font, pages are blank rectangles
STAMP = Path(sys.prefix) / ".test-browser"
ANSWERS_WITHIN = 60.0
INSTALLS_WITHIN = 900.0
HOW_TO_GET_ONE = f"""\
No Chromium was found, which the browser tests drive. Do one of these:
  apt-get install chromium fonts-dejavu-core        on Debian, as root
  {sys.executable} -m playwright install --with-deps chromium
  {SETTING}=/path/to/chromium             where one is already
  {SETTING}={LEFT_OUT}                         leave the browser tests out, knowingly"""


class NoBrowserError(Exception):
    """There is none; the message says how to get one."""


def find() -> str:
    """Return the path of a Chromium that starts.

    Raises:
        NoBrowserError: there is none, or the one that the setting names does not start.
    """
    named = os.environ.get(SETTING)
    if named:
        path = shutil.which(named)
        if path is None or not _starts(path):
            raise NoBrowserError(f"{SETTING}={named}: no Chromium starts there. {HOW_TO_GET_ONE}")
        return path
    noted = _noted()
    if noted is not None:
        return noted
    for path in _candidates():
        if _starts(path):
            _note(path)
            return path
    raise NoBrowserError(HOW_TO_GET_ONE)


def install() -> None:
    """Install a Chromium by what this machine has: apt as root, else Playwright's own download. Failures are told."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        if _run("apt-get", "update", "-qq") and _run(
            "apt-get", "install", "-qq", "-y", "--no-install-recommends", *APT_PACKAGES
        ):
            return
        print("apt-get could not install Chromium; trying Playwright's own.", flush=True)
    _run(sys.executable, "-m", "playwright", "install", "chromium")


def _candidates() -> Iterator[str]:
    yield from filter(None, map(shutil.which, NAMES))
    own = _of_playwright()
    if own is not None:
        yield own


def _of_playwright() -> str | None:
    """Where Playwright keeps its own, if it does; it alone knows, by platform and version."""
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - costly, and rarely needed
    except ImportError:
        return None
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _starts(path: str) -> bool:
    """Whether it runs and is a Chromium: some systems have a mere notice under its name, or lack a library."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=ANSWERS_WITHIN, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and b"Chrom" in done.stdout


def _noted() -> str | None:
    try:
        path, changed = STAMP.read_text(encoding="utf-8").splitlines()
        return path if changed == str(Path(path).stat().st_mtime_ns) else None
    except (OSError, ValueError):
        return None


def _note(path: str) -> None:
    try:
        STAMP.write_text(f"{path}\n{Path(path).stat().st_mtime_ns}\n", encoding="utf-8")
    except OSError:
        return  # an environment that may not be written to: the next run looks again


def _run(*command: str) -> bool:
    """Run an installer quietly; when it fails, show the end of what it said."""
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=INSTALLS_WITHIN,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"{' '.join(command)}: {error}", file=sys.stderr)
        return False
    if done.returncode:
        print(f"{' '.join(command)} failed:\n{done.stdout.decode(errors='replace')[-2000:]}", file=sys.stderr)
    return done.returncode == 0


def main() -> int:
    """Make sure that there is a browser; say nothing when there is."""
    if os.environ.get(SETTING) == LEFT_OUT:
        print(f"{SETTING}={LEFT_OUT}: the browser tests are left out.")
        return 0
    try:
        find()
    except NoBrowserError as error:
        if os.environ.get(SETTING):
            print(error, file=sys.stderr)
            return 1
    else:
        return 0
    print("Installing Chromium for the browser tests (once) ...", flush=True)
    install()
    try:
        find()
    except NoBrowserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
