"""Data files refer only to what was loaded before: groups, access, rules, data, views, menus."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from .addons import Addon

REFERENCES = ("ref", "action", "parent", "inherit_id")
"""Attributes whose whole value is an id."""
IN_EXPRESSIONS = re.compile(r"\bref\(\s*['\"]([\w.]+)['\"]")
IN_NAMES = re.compile(r"%\(([\w.]+)\)d")
MADE_BY_ODOO = ("model_", "field_", "selection__", "module_", "constraint_")


def check(addon: Addon, others: dict[str, Addon]) -> Iterator[str]:
    """Yield each reference to an id that is not there yet, or never."""
    known: set[str] = set()
    reachable = addon.depends_on(others)
    for path in addon.listed():
        for name, element in _elements(addon, path):
            for wanted in sorted(_wanted(element) if element is not None else _of_row(addon, path, name)):
                if fault := _fault(addon, others, reachable, known, wanted):
                    yield f"{addon.where(path)}: {name or 'a record'}: {fault}"
            if name:
                known.add(name.removeprefix(f"{addon.name}."))


def _fault(addon: Addon, others: dict[str, Addon], reachable: set[str], known: set[str], wanted: str) -> str:
    module, _, name = wanted.rpartition(".")
    module = module or addon.name
    if name.startswith(MADE_BY_ODOO):
        return ""
    if module == addon.name:
        if name in known:
            return ""
        later = name in ids_of(addon)
        return f"{wanted} is defined further down: load it earlier" if later else f"{wanted} is defined nowhere"
    if module not in others:
        return ""
    if module not in reachable:
        return f"{wanted} belongs to {module}, which the manifest does not depend on"
    return "" if name in ids_of(others[module]) else f"{wanted} is not in {module}"


def ids_of(addon: Addon) -> set[str]:
    """Return every id that an addon's data files define."""
    found = (name for path in addon.listed() for name, _ in _elements(addon, path))
    return {name.removeprefix(f"{addon.name}.") for name in found}


def _elements(addon: Addon, path: str) -> Iterator[tuple[str, ET.Element | None]]:
    """Yield the records of a file: id and element; rows of CSV have none."""
    if path.endswith(".csv"):
        yield from ((row.get("id") or "", None) for row in addon.rows(path))
        return
    root = addon.documents.get(path)
    if root is None:
        return
    for element in root.iter():
        if element.tag in {"record", "menuitem", "template", "asset"}:
            yield element.get("id", ""), element
        elif element.tag in {"function", "delete"}:
            yield "", element


def _of_row(addon: Addon, path: str, name: str) -> set[str]:
    row = next(row for row in addon.rows(path) if (row.get("id") or "") == name)
    columns = (value for column, value in row.items() if column and column.endswith((":id", "/id")) and value)
    return {wanted.strip() for value in columns for wanted in value.split(",")}


def _wanted(record: ET.Element) -> set[str]:
    """Collect what one record refers to; nested menus speak for themselves."""
    found: set[str] = set()
    waiting = [record]
    while waiting:
        element = waiting.pop()
        waiting += [child for child in element if child.tag != "menuitem"]
        found |= {element.get(name, "") for name in REFERENCES if element.get(name)}
        found |= {part.strip(" !") for part in element.get("groups", "").split(",")}
        for value in element.attrib.values():
            found |= {*IN_EXPRESSIONS.findall(value), *IN_NAMES.findall(value)}
    return {name for name in found if re.fullmatch(r"[\w.]+", name) and name != "base"}
