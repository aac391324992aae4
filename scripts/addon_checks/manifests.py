"""What a manifest promises: its keys, the files it names and those it forgot, what has to be installed beside it."""

import ast
import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from .addons import NOT_LOADED, Addon

REQUIRED = ("name", "summary", "version", "category", "author", "website", "license", "depends", "data")
FIXED = {"author": "Sprintia", "license": "LGPL-3"}
VERSION = re.compile(r"\d+\.\d+\.\d+")  # Odoo puts its own series before it: one tree serves several
HOOKS = ("pre_init_hook", "post_init_hook", "uninstall_hook")
WITH_ODOO = frozenset(
    {"babel", "dateutil", "freezegun", "lxml", "markupsafe", "psycopg2", "pytz", "urllib3", "werkzeug"}
)
"""Imports without which Odoo itself does not start, or its tests."""
DISTRIBUTIONS = {"docx": "python-docx", "fitz": "PyMuPDF", "PIL": "Pillow", "yaml": "PyYAML"}
"""Imports whose distribution has another name; Odoo 18 and later ask for distributions."""
ICON_SIZE = (128, 128)


def check(addon: Addon, _others: dict[str, Addon]) -> Iterator[str]:
    """Yield what a manifest lacks, or tells wrongly."""
    where = addon.where("__manifest__.py")
    for fault in (*_keys(addon), *_files(addon), *_hooks(addon), *_dependencies(addon)):
        yield f"{where}: {fault}"
    yield from _beside(addon)


def _keys(addon: Addon) -> Iterator[str]:
    manifest = addon.manifest
    for key in REQUIRED:
        if not manifest.get(key):
            yield f"{key} is missing or empty"
    for key, value in FIXED.items():
        if manifest.get(key) not in (None, value):
            yield f"{key} is {manifest[key]!r}, not {value!r}"
    if manifest.get("version") and not VERSION.fullmatch(str(manifest["version"])):
        yield f"version {manifest['version']!r} is not x.y.z: Odoo puts its series before it"
    if "\n" in manifest.get("summary", ""):
        yield "summary has more than one line"


def _files(addon: Addon) -> Iterator[str]:
    listed = addon.listed()
    for name in sorted({name for name in listed if listed.count(name) > 1}):
        yield f"{name} is named twice"
    assets = [name for names in addon.manifest.get("assets", {}).values() for name in names if isinstance(name, str)]
    pictures = addon.manifest.get("images", [])
    own = [name.removeprefix(f"{addon.name}/") for name in assets if name.startswith(f"{addon.name}/")]
    for name in (*listed, *pictures, *own):
        if not list(addon.folder.glob(name)):
            yield f"{name} is named and does not exist"
    for path in addon.files("*.xml", "*.csv"):
        if path.parts[0] not in NOT_LOADED and str(path) not in listed:
            yield f"{path} exists and is named neither in data nor in demo"


def _hooks(addon: Addon) -> Iterator[str]:
    package = addon.modules.get(Path("__init__.py"), ast.Module([], []))
    there = {
        name.asname or name.name
        for node in package.body if isinstance(node, ast.ImportFrom) for name in node.names
    } | {node.name for node in package.body if isinstance(node, ast.FunctionDef)}  # fmt: skip
    for hook in HOOKS:
        if addon.manifest.get(hook) and addon.manifest[hook] not in there:
            yield f"{hook} names {addon.manifest[hook]}, which __init__.py has not"


def _dependencies(addon: Addon) -> Iterator[str]:
    declared = set(addon.manifest.get("external_dependencies", {}).get("python", []))
    plain = {_plain(re.split(r"[<>=!~ \[;]", name)[0]) for name in declared}
    imported = {}
    for path, tree in addon.modules.items():
        if path.parts[0] != "tests":
            imported |= dict.fromkeys(_foreign_imports(tree), path)
    for name, path in sorted(imported.items()):
        if _plain(DISTRIBUTIONS.get(name, name)) not in plain and name not in WITH_ODOO:
            yield f"{path} imports {name}: name {DISTRIBUTIONS.get(name, name)} in external_dependencies"
    for name in sorted(plain - {_plain(DISTRIBUTIONS.get(name, name)) for name in imported}):
        yield f"external_dependencies names {name}, which nothing imports"


def _foreign_imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        else:
            continue
        yield from (top for name in names if (top := name.partition(".")[0]) not in {*sys.stdlib_module_names, "odoo"})


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _beside(addon: Addon) -> Iterator[str]:
    if not any((addon.folder / name).is_file() for name in ("README.md", "README.rst")):
        yield f"{addon.folder}: README.md is missing"
    icon = addon.folder / "static" / "description" / "icon.png"
    if not icon.is_file():
        yield f"{icon}: is missing: the list of apps shows it"
    elif struct.unpack(">II", icon.read_bytes()[16:24]) != ICON_SIZE:
        yield f"{icon}: is not {ICON_SIZE[0]} x {ICON_SIZE[1]} pixels"
