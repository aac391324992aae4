"""`sprintia new-plugin`: what it writes can be linted, installed, tested and served as it stands."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import SPRINTIA, SpawnedPlatform

from sprintia_platform.cli import main
from sprintia_platform.names import fault_of_name

ROOT = Path(__file__).parents[2]
NAME = "opening_hours"
# Where a plugin's own imports stand beside the host's, and how long its lines are, depends on its name.
NAMES = (NAME, "z", "abcdefghij_abcdefghij_abcdefghi")


def run(*command: str, folder: Path, status: int = 0, environ: Mapping[str, str] | None = None) -> str:
    """Run a program and return what it printed."""
    given = {name: value for name, value in os.environ.items() if not name.startswith(("SPRINTIA_", "DATABASE_URL"))}
    done = subprocess.run(
        command, cwd=folder, env=given | dict(environ or {}), text=True, capture_output=True, check=False, timeout=300
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def tool(name: str) -> str:
    return str(Path(sys.executable).parent / name)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository like this one, with three new plugins in it."""
    folder = tmp_path_factory.mktemp("repository")
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "platform").symlink_to(ROOT / "platform")
    (folder / "tests" / "plugins").mkdir(parents=True)
    for name in NAMES:
        run(SPRINTIA, "new-plugin", name, folder=folder)
    return folder


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is no repository, with a new plugin in it."""
    folder = tmp_path_factory.mktemp("elsewhere")
    run(SPRINTIA, "new-plugin", NAME, "--folder", ".", folder=folder)
    return folder


@pytest.fixture(scope="module")
def installed(elsewhere: Path) -> dict[str, str]:
    """The environment in which the new plugin is installed, really, by pip, without a network."""
    run(
        sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation",
        "--disable-pip-version-check", "--target", "site", f"./{NAME}", folder=elsewhere,
    )  # fmt: skip
    return {"PYTHONPATH": str(elsewhere / "site")}


def test_in_the_repository_the_tests_lie_with_all_others(repository: Path) -> None:
    assert (repository / "tests/plugins" / NAME / f"test_{NAME}.py").is_file()
    assert not list((repository / "plugins").rglob("test*"))
    assert not list((repository / "plugins").rglob("*.jinja"))


def test_what_is_written_passes_the_repository_s_own_checks(repository: Path) -> None:
    run(tool("ruff"), "check", "plugins", "tests", folder=repository)
    run(tool("ruff"), "format", "--check", "plugins", "tests", folder=repository)
    run(tool("mypy"), *(f"plugins/{name}/src" for name in NAMES), folder=repository)


def test_its_own_tests_pass_with_nothing_but_pytest_and_the_platform(
    elsewhere: Path, installed: dict[str, str]
) -> None:
    printed = run(
        sys.executable, "-m", "pytest", "-q", "-W", "error", "-W", "ignore:The declarative_mixin",
        folder=elsewhere / NAME, environ=installed,
    )  # fmt: skip
    assert "7 passed" in printed


def test_it_is_served_by_the_real_command(
    databases: TestDatabases, installed: dict[str, str], spawn: Callable[..., SpawnedPlatform], tmp_path: Path
) -> None:
    url = databases.create(migrated=False)
    environ = {**installed, "DATABASE_URL": url, "SPRINTIA_PLUGINS": NAME, "SPRINTIA_DRAIN_SECONDS": "0"}
    served = spawn("--first-run", **environ).wait_ready()
    added = served.request("POST", "/opening-hours/shop", json={"text": "Mo-Fr 9-18"})
    assert added.status_code == 201, added.text
    assert served.request("GET", "/opening-hours/shop").json() == [added.json()]
    assert served.end() == 0
    assert run(SPRINTIA, NAME, "count", "shop", folder=tmp_path, environ=environ).strip() == "1"
    assert "is no tenant" in run(SPRINTIA, NAME, "count", "a b", folder=tmp_path, environ=environ, status=2)
    assert "opening_hours" in run(SPRINTIA, "db", "check", "--plugin", NAME, folder=tmp_path, environ=environ)
    databases.drop(url)


def test_the_next_steps_are_printed(tmp_path: Path) -> None:
    printed = run(SPRINTIA, "new-plugin", NAME, folder=tmp_path)
    steps = (f"pip install -e plugins/{NAME}", "SPRINTIA_PLUGINS", f"sprintia db upgrade --plugin {NAME}", "pytest")
    assert [step for step in steps if step not in printed] == []


def test_it_writes_over_nothing(elsewhere: Path) -> None:
    readme = elsewhere / NAME / "README.md"
    before = readme.read_text()
    readme.write_text(before + "mine\n")
    printed = run(SPRINTIA, "new-plugin", NAME, "--folder", ".", folder=elsewhere, status=1)
    assert "exists already: choose another name or folder" in printed
    assert readme.read_text() == before + "mine\n"


@pytest.mark.parametrize("command", sorted(main.commands))
def test_the_name_of_a_command_is_no_plugin_s(command: str) -> None:
    assert fault_of_name(command) is not None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Opening-Hours", "did you mean opening_hours?"),
        ("", "write lower-case letters"),
        ("a" * 32, "at most 31"),
        ("double__underscore", "write lower-case letters"),
        ("1st", "write lower-case letters"),
        ("../../escape", "write lower-case letters"),
        ("olá", "write lower-case letters"),
        ("notes\n", "write lower-case letters"),
        ("platform", "the host itself uses it"),
        ("plugin", "the host itself uses it"),
        ("keys", "the host itself uses it"),
        ("database", "SPRINTIA_DATABASE_"),
        ("log", "SPRINTIA_LOG_LEVEL"),
        ("health", "the host itself uses it"),
        ("worker", "SPRINTIA_WORKER_SOCKET"),
        ("public", "PostgreSQL"),
        ("pg_notes", "PostgreSQL"),
        ("order", "reserved word of SQL"),
        ("config", "is installed already (by sprintia-config)"),
        ("testing", "the package sprintia_testing is installed already"),
        ("notes", None),
    ],
)
def test_a_name_that_would_clash_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, reason: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["new-plugin", "--", name])
    assert result.exit_code == (1 if reason else 0), result.output
    assert reason is None or reason in result.output
    assert bool(list(tmp_path.iterdir())) is (reason is None)


def test_the_words_that_postgresql_reserves_are_refused(databases: TestDatabases) -> None:
    rows = databases.run(databases.server.url, "SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T')")
    words = [row["word"] for row in rows]
    assert len(words) > 90
    assert [word for word in words if fault_of_name(word) is None] == []


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    printed = run(SPRINTIA, "new-plugin", NAME, "--folder", "file/below", folder=tmp_path, status=1)
    assert "choose another --folder" in printed
    assert "Traceback" not in printed
