"""The addons of a folder, and what each of their files holds: read once, for all checks."""

import ast
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

NOT_LOADED = frozenset({"static", "tests", "i18n", "migrations", "readme"})
"""Folders whose XML and CSV Odoo does not load by the manifest."""


@dataclass
class Addon:
    """One addon; paths within it are relative to its folder."""

    folder: Path
    manifest: dict[str, Any] = field(default_factory=dict)
    unreadable: str = ""

    @property
    def name(self) -> str:
        return self.folder.name

    def listed(self) -> list[str]:
        """Data files in the order of their loading, demo data last."""
        return [*self.manifest.get("data", []), *self.manifest.get("demo", [])]

    def where(self, path: str | Path) -> str:
        """Name a file of the addon as faults name it."""
        return str(self.folder / path)

    def files(self, *patterns: str) -> Iterator[Path]:
        """Yield the addon's files by pattern, relative to its folder, in one order."""
        found = {path.relative_to(self.folder) for pattern in patterns for path in self.folder.rglob(pattern)}
        yield from sorted(path for path in found if "__pycache__" not in path.parts)

    @cached_property
    def modules(self) -> dict[Path, ast.Module]:
        """The syntax tree of each Python file; those with a syntax error are left to ruff."""
        trees = {}
        for path in self.files("*.py"):
            try:
                trees[path] = ast.parse((self.folder / path).read_text(encoding="utf-8"))
            except SyntaxError:
                continue
        return trees

    @cached_property
    def documents(self) -> dict[str, ET.Element | None]:
        """The root of each XML file that Odoo loads; None: it is no XML."""
        roots: dict[str, ET.Element | None] = {}
        for path in self.files("*.xml"):
            if path.parts[0] in NOT_LOADED:
                continue
            try:
                roots[str(path)] = ET.parse(self.folder / path).getroot()  # noqa: S314 - our own files
            except ET.ParseError:
                roots[str(path)] = None
        return roots

    def rows(self, path: str) -> list[dict[str, str]]:
        """Read a CSV file; none when it is not there."""
        file = self.folder / path
        if not file.is_file():
            return []
        return list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))

    def depends_on(self, others: dict[str, "Addon"]) -> set[str]:
        """Name the addons that this one builds upon, itself included, as far as they are ours."""
        found, waiting = {self.name}, [self]
        while waiting:
            for name in waiting.pop().manifest.get("depends", []):
                if name not in found:
                    found.add(name)
                    waiting += [others[name]] if name in others else []
        return found


def find_addons(folder: Path) -> list[Addon]:
    """Return each folder with a manifest."""
    return [_read(path.parent) for path in sorted(folder.glob("*/__manifest__.py"))]


def _read(folder: Path) -> Addon:
    try:
        manifest = ast.literal_eval((folder / "__manifest__.py").read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as error:
        return Addon(folder, unreadable=f"is no literal dictionary, which Odoo reads without running it: {error}")
    if not isinstance(manifest, dict):
        return Addon(folder, unreadable="is no dictionary")
    return Addon(folder, manifest)


def string_of(node: ast.expr | None) -> str | None:
    """Return the text of a literal string."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def called_name(node: ast.Call) -> str:
    """Return the last name of what is called: `Char` of `fields.Char(...)`."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""
