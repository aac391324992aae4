"""`scripts/browser.py`: finds the browser, installs it where it can, and says plainly what is missing."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKS = "#!/bin/sh\necho Chromium 156.0\n"
NOTICE = "#!/bin/sh\necho 'install it as a snap' >&2\nexit 1\n"
OTHER = "#!/bin/sh\necho Mozilla Firefox 150\n"
SAY_WHERE = (
    "import pathlib, sys; sys.path.insert(0, 'scripts'); import browser; browser.STAMP = pathlib.Path(sys.argv[1]); "
    "browser._of_playwright = lambda: None; sys.exit(browser.main() or print(browser.find()))"
)

Program = Callable[[str, str], Path]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Put a program on PATH, which has nothing else."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sh").symlink_to(shutil.which("sh") or "/bin/sh")

    def make(name: str, text: str) -> Path:
        path = tmp_path / "bin" / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
        return path

    return make


def find(folder: Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run the script with PATH of this folder alone; what it found is the last line."""
    given = {
        "PATH": str(folder / "bin"),
        "HOME": str(folder),
        "PLAYWRIGHT_DOWNLOAD_HOST": "http://127.0.0.1:1",
        **environ,
    }
    return subprocess.run(
        [sys.executable, "-c", SAY_WHERE, str(folder / "stamp")], cwd=ROOT, env=given, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip


def test_the_first_that_starts_is_taken_and_noted(program: Program, tmp_path: Path) -> None:
    program("chromium", NOTICE)
    program("chromium-browser", OTHER)
    chrome = program("google-chrome", WORKS)
    assert find(tmp_path).stdout.splitlines() == [str(chrome)]
    chromium = program("chromium", WORKS)
    assert find(tmp_path).stdout.splitlines() == [str(chrome)], "what is noted is not looked for again"
    chrome.unlink()
    assert find(tmp_path).stdout.splitlines() == [str(chromium)]


def test_the_setting_decides(program: Program, tmp_path: Path) -> None:
    program("chromium", WORKS)
    mine = program("mine", WORKS)
    assert find(tmp_path, SPRINTIA_TEST_BROWSER=str(mine)).stdout.splitlines() == [str(mine)]
    for wrong in (tmp_path / "nowhere", program("other", OTHER)):
        refused = find(tmp_path, SPRINTIA_TEST_BROWSER=str(wrong))
        assert refused.returncode == 1
        assert f"SPRINTIA_TEST_BROWSER={wrong}: no Chromium starts there" in refused.stderr


def test_none_leaves_the_tests_out_and_says_so(program: Program, tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "scripts/browser.py"], cwd=ROOT, capture_output=True, text=True, check=False,
        env={"PATH": str(tmp_path / "bin"), "SPRINTIA_TEST_BROWSER": "none"},
    )  # fmt: skip
    assert (said.returncode, said.stdout) == (0, "SPRINTIA_TEST_BROWSER=none: the browser tests are left out.\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="apt is asked by root alone")
def test_apt_installs_it_where_there_is_none(program: Program, tmp_path: Path) -> None:
    target = tmp_path / "bin" / "chromium"
    program(
        "apt-get",
        f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n[ "$1" = install ] || exit 0\n'
        f"printf '#!/bin/sh\\necho Chromium 156.0\\n' > {target}\n{shutil.which('chmod')} +x {target}\n",
    )
    done = find(tmp_path)
    assert done.stdout.splitlines() == ["Installing Chromium for the browser tests (once) ...", str(target)]
    assert (tmp_path / "asked").read_text().splitlines() == [
        "update -qq", "install -qq -y --no-install-recommends chromium fonts-dejavu-core",
    ]  # fmt: skip


def test_where_nothing_helps_it_says_what_to_do(program: Program, tmp_path: Path) -> None:
    program("apt-get", "#!/bin/sh\necho 'no such package' >&2\nexit 100\n")
    refused = find(tmp_path)
    assert refused.returncode == 1
    for cure in ("apt-get install chromium fonts-dejavu-core", "-m playwright install", "SPRINTIA_TEST_BROWSER=none"):
        assert cure in refused.stderr
