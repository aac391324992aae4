"""The repository's layout, where a slip would break everything at once and far from its cause."""

import platform
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

from sprintia_platform.app import build
from sprintia_platform.host import Host

ROOT = Path(__file__).parents[2]
WORKSPACE = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]
MEMBERS = [ROOT / member for member in WORKSPACE["members"]]
PLUGINS = [member for member in MEMBERS if member.parent.name == "plugins"]


@pytest.fixture
def platform_host() -> Host:
    return Host(environ={"DATABASE_URL": "postgresql:///nowhere"})


def test_platform_stays_the_standard_library_s_module() -> None:
    assert Path(platform.__file__).parent == Path(sysconfig.get_path("stdlib"))
    found = subprocess.run(
        [sys.executable, "-c", "import platform, uuid; print(platform.python_version(), uuid.uuid4())"],
        cwd=ROOT, text=True, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert found.stdout.startswith("3."), found.stderr


@pytest.mark.parametrize("folder", ["platform", "plugins", "clients", "tests"])
def test_folders_of_members_are_no_packages(folder: str) -> None:
    shadows = [ROOT / folder / "__init__.py", *(ROOT / folder).glob("*/__init__.py")]
    allowed = {ROOT / "tests" / "sprintia_testing" / "__init__.py"}
    assert [path for path in shadows if path.exists() and path not in allowed] == []


def test_all_tests_lie_in_the_folder_of_tests() -> None:
    stray = [
        path.relative_to(ROOT)
        for member in MEMBERS
        for pattern in ("conftest.py", "test_*.py", "*_test.py")
        for path in member.rglob(pattern)
    ]
    assert stray == []


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_a_member_is_one_typed_package_in_a_src_folder(member: Path) -> None:
    project = tomllib.loads((member / "pyproject.toml").read_text())["project"]
    package = project["name"].replace("-", "_")
    assert [path.name for path in (member / "src").iterdir() if not path.name.startswith((".", "__"))] == [package]
    assert (member / "src" / package / "py.typed").is_file()


@pytest.mark.parametrize("member", PLUGINS, ids=lambda member: member.name)
def test_a_plugin_s_name_is_stated_once(member: Path) -> None:
    project = tomllib.loads((member / "pyproject.toml").read_text())["project"]
    ((name, module),) = project["entry-points"]["sprintia"].items()
    assert (member.name, project["name"]) == (name, f"sprintia-{name.replace('_', '-')}")
    assert module == f"sprintia_{name}.plugin"


def test_a_plugin_s_name_is_its_schema_and_the_tag_of_its_routes(platform_host: Host) -> None:
    for name, spec in platform_host.databases.items():
        assert {table.schema for table in spec.metadata.tables.values()} == {name}
        assert spec.migrations == f"sprintia_{name}:migrations"
    for path, operations in build(platform_host).openapi_schema.to_schema()["paths"].items():
        owners = [
            name
            for name, given in platform_host.contributions.items()
            if given.routes and any(path == prefix or path.startswith(f"{prefix}/") for prefix in given.routes.prefixes)
        ]
        for operation in operations.values():
            assert set(owners) <= set(operation["tags"]), path
