"""XML that Odoo 18 and 19 both take: what either of them dropped is told with what takes its place."""

from collections import Counter
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from .addons import Addon

GONE_TAGS = {"tree": "write <list>"}
GONE_ATTRIBUTES = {
    "attrs": "write invisible=, readonly= or required= with an expression",
    "states": "write invisible= with an expression",
}
GONE_FIELDS = {
    ("ir.cron", "numbercall"): "it is gone since 18",
    ("ir.cron", "doall"): "it is gone since 18",
    ("res.groups", "category_id"): "19 has privilege_id: leave both out",
    ("res.groups", "users"): "19 has user_ids: give the group by implied_ids",
}
GONE_CLASSES = {"oe_chatter": "write <chatter/>", "app_settings_block": "write <app>"}


def check(addon: Addon, _others: dict[str, Addon]) -> Iterator[str]:
    """Yield each file that is no XML, each id that stands twice, and what one of the versions refuses."""
    names: Counter[str] = Counter()
    for path, root in addon.documents.items():
        where = addon.where(path)
        if root is None:
            yield f"{where}: is not well-formed XML"
            continue
        if root.tag != "odoo":
            yield f"{where}: the outermost element is <{root.tag}>, not <odoo>"
        for record in root.iter():
            names[record.get("id", "")] += record.tag in {"record", "menuitem", "template"}
        yield from (f"{where}: {fault}" for fault in _gone(root))
    yield from (f"{addon.folder}: id {name} is defined {count} times" for name, count in names.items() if count > 1)


def _gone(root: ET.Element) -> Iterator[str]:
    for element in root.iter():
        if element.tag in GONE_TAGS:
            yield f"<{element.tag}> is gone: {GONE_TAGS[element.tag]}"
        for attribute, instead in GONE_ATTRIBUTES.items():
            if attribute in element.attrib:
                yield f"<{element.tag} {attribute}=…>: {attribute} is gone: {instead}"
        for name, instead in GONE_CLASSES.items():
            if name in element.get("class", "").split():
                yield f"class {name} is gone: {instead}"
        if element.tag == "field" and element.get("name") == "view_mode" and "tree" in (element.text or ""):
            yield "view_mode names tree: write list"
        if element.tag == "record":
            yield from _gone_fields(element)


def _gone_fields(record: ET.Element) -> Iterator[str]:
    for field in record.iterfind("field"):
        instead = GONE_FIELDS.get((record.get("model", ""), field.get("name", "")))
        if instead:
            yield f"record {record.get('id')}: field {field.get('name')}: {instead}"
