"""`sprintia new-plugin`: write a working plugin, tests included."""

import importlib.util
import re
from dataclasses import dataclass
from importlib.metadata import entry_points, version
from pathlib import Path

import click
from jinja2 import Environment, PackageLoader, StrictUndefined

from sprintia_platform import hooks
from sprintia_platform.cli.runtime import fail
from sprintia_platform.names import fault_of_name

_DISTRIBUTION = ("pyproject.toml", "README.md")
_PACKAGE = (
    "__init__.py", "py.typed", "plugin.py", "settings.py", "models.py", "schemas.py", "services.py", "controllers.py",
    "commands.py", "migrations/env.py", "migrations/script.py.mako", "migrations/versions/0001_entries.py",
)  # fmt: skip
_OUR_IMPORTS = re.compile(r"(?:^from sprintia_.+\n)+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class NewPlugin:
    """A plugin to be written: its name, in all the forms that the templates need.

    Attributes:
        name: the plugin's name, `opening_hours`.
        folder: where its distribution will lie.
        repository: the root of the platform's own repository when the plugin is made inside it: its tests then lie with
            all others, because a test below `plugins/` would not be found.
    """

    name: str
    folder: Path
    repository: Path | None

    @property
    def root(self) -> Path:
        return self.folder / self.name

    @property
    def package(self) -> str:
        return f"sprintia_{self.name}"

    @property
    def tests(self) -> Path:
        return self.repository / "tests" / "plugins" / self.name if self.repository else self.root / "tests"

    def values(self) -> dict[str, str]:
        """What the templates say."""
        words = self.name.split("_")
        return {
            "name": self.name,
            "package": self.package,
            "distribution": "-".join(("sprintia", *words)),
            "prefix": "/" + "-".join(words),
            "camel": "".join(word.capitalize() for word in words),
            "title": " ".join(words).capitalize(),
            "variable": f"SPRINTIA_{self.name.upper()}_",
            "platform_versions": _same_series(version("sprintia-platform")),
            "root": str(self.root) if self.repository else ".",
            "tests": str(self.tests) if self.repository else "",
        }

    def files(self) -> dict[Path, str]:
        """Render every file of the plugin."""
        package = self.root / "src" / self.package
        templates = {self.root / file: file for file in _DISTRIBUTION}
        templates |= {package / file: f"package/{file}" for file in _PACKAGE}
        templates[self.tests / f"test_{self.name}.py"] = "tests/test_plugin.py"
        if self.repository is None:
            templates[self.tests / "conftest.py"] = "tests/conftest.py"
        values = self.values()
        loader = PackageLoader("sprintia_platform", "scaffold")
        environment = Environment(loader=loader, undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701 - it is no HTML
        return {
            path: _sort_imports(environment.get_template(f"{file}.jinja").render(values))
            for path, file in templates.items()
        }


@click.command("new-plugin")
@click.argument("name")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("plugins"),
    show_default=True,
    help="Where the plugin's own folder is made.",
)
def new_plugin(name: str, folder: Path) -> None:
    """Write a working plugin: a route, a table with its migration, a setting, a health check, a command and tests.

    NAME is lower-case, words joined by _ (opening_hours). It becomes the plugin's PostgreSQL schema, OpenAPI tag,
    command and the infix of its settings.
    """
    _refuse_name(name)
    plugin = NewPlugin(name, folder, _repository(folder))
    existing = [str(path) for path in {plugin.root, plugin.tests} if path.exists()]
    if existing:
        fail(f"{' and '.join(sorted(existing))} exists already: choose another name or folder, or remove it first")
    files = plugin.files()
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"cannot write {error.filename} ({error.strerror}): choose another --folder")
    click.echo(_next_steps(plugin, len(files)))


def _refuse_name(name: str) -> None:
    fault = fault_of_name(name)
    if fault is not None:
        near = name.strip().lower().replace("-", "_").replace(" ", "_")
        hint = f"; did you mean {near}?" if near != name and fault_of_name(near) is None else ""
        fail(f"a plugin cannot be named {name!r}: {fault}{hint}")
    owners = [point.dist.name if point.dist else point.value for point in entry_points(group=hooks.PROJECT, name=name)]
    if owners:
        fail(f"a plugin named {name!r} is installed already (by {', '.join(owners)}): choose another name")
    if importlib.util.find_spec(f"sprintia_{name}") is not None:
        fail(f"the package sprintia_{name} is installed already: choose another name")


def _repository(folder: Path) -> Path | None:
    above = folder.resolve().parent
    inside = folder.name == "plugins" and (above / "tests" / "plugins").is_dir() and (above / "platform").is_dir()
    return folder.parent if inside else None


def _sort_imports(text: str) -> str:
    # Where the plugin's own imports stand beside the host's depends on its name.
    return _OUR_IMPORTS.sub(lambda found: "".join(sorted(found[0].splitlines(keepends=True), key=_module)), text)


def _module(line: str) -> str:
    return line.split()[1]


def _same_series(installed: str) -> str:
    major, minor = (int(part) for part in installed.split(".")[:2])
    return f">={major}.{minor},<{major}.{minor + 1}"


def _next_steps(plugin: NewPlugin, count: int) -> str:
    steps = [
        (f"pip install -e {plugin.root}", "install it where the platform is installed"),
        ("sprintia plugins", "see that it is loaded; where SPRINTIA_PLUGINS is set, add its name there"),
        (f"sprintia db upgrade --plugin {plugin.name}", "make its schema and table"),
        (f"pytest {plugin.tests}", "run its tests, on a PostgreSQL that they start themselves"),
        ("sprintia serve", f"serve it; README.md in {plugin.root} has a request that works"),
    ]
    width = max(len(command) for command, _ in steps)
    lines = [f"Wrote {plugin.root} ({count} files); its tests are in {plugin.tests}.", "", "Next:"]
    lines += [f"  {command.ljust(width)}  # {reason}" for command, reason in steps]
    if plugin.repository is not None:
        lines += ["", f"In this repository, add {plugin.root} to the members in pyproject.toml and the Makefile too."]
    return "\n".join(lines)
