"""Texts that name the command `sprintia` name it as it can be typed where the process was started."""

from pathlib import Path

import pytest

from sprintia_platform.cli.own_name import command_here, command_told


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an environment, whose Python runs this process and is not on PATH."""
    binaries = tmp_path / "a place" / ".venv" / "bin"
    binaries.mkdir(parents=True)
    command = binaries / "sprintia"
    command.touch(mode=0o755)
    monkeypatch.setattr("sys.executable", str(binaries / "python"))
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.chdir(tmp_path / "a place")
    return command


def test_from_the_environment_s_folder_it_is_a_short_path(installed: Path) -> None:
    assert installed.is_file()
    assert command_here() == command_told() == ".venv/bin/sprintia"


def test_where_the_shell_finds_it_its_name_is_enough(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"/usr/bin:{installed.parent}")
    assert command_here() == command_told() == "sprintia"


def test_another_one_that_the_shell_finds_is_not_taken_for_it(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sprintia").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert installed.is_file()
    assert command_here() == ".venv/bin/sprintia"


def test_from_elsewhere_a_terminal_gets_the_whole_path_and_a_page_does_not(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert command_here() == f"'{installed}'"
    assert command_told() == "sprintia"


def test_without_a_command_beside_the_interpreter_it_is_called_by_its_name(installed: Path) -> None:
    installed.unlink()
    assert command_here() == command_told() == "sprintia"
