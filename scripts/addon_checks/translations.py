"""Portuguese for every text: the catalogues parse, are complete, keep placeholders, and hold what the sources say."""

import ast
import re
from collections.abc import Iterator

import polib
from babel.messages.pofile import PoFileError, read_po

from .addons import Addon, called_name, string_of

LANGUAGE = "pt_BR"
PLACEHOLDER = re.compile(r"%\(\w+\)[sdif]|%[sd]|\{\w*\}|</?[a-z][^>]*>")
IN_VIEWS = ("string", "placeholder", "confirm", "title", "help", "sum")
IN_FIELDS = ("string", "help")


def check(addon: Addon, _others: dict[str, Addon]) -> Iterator[str]:
    """Yield what is missing or wrong in an addon's catalogues."""
    template_path, path = f"i18n/{addon.name}.pot", f"i18n/{LANGUAGE}.po"
    template, catalogue = _read(addon, template_path), _read(addon, path)
    for name, read in ((template_path, template), (path, catalogue)):
        if isinstance(read, str):
            yield f"{addon.where(name)}: {read}"
    if isinstance(template, str) or isinstance(catalogue, str):
        return
    yield from (f"{addon.where(path)}: {fault}" for fault in _incomplete(template, catalogue))
    known = {entry.msgid for entry in template}
    for text, where in sorted(_texts(addon).items()):
        if text not in known:
            yield f"{where}: {text!r} is not in {template_path}: export it anew (make translations-odoo)"


def _read(addon: Addon, path: str) -> polib.POFile | str:
    file = addon.folder / path
    if not file.is_file():
        return "is missing"
    try:
        with file.open("rb") as source:
            read_po(source, abort_invalid=True)  # polib takes a text without its quotes for one
        return polib.pofile(str(file), check_for_duplicates=True)
    except (OSError, ValueError, PoFileError) as error:
        return f"cannot be read: {error}"


def _incomplete(template: polib.POFile, catalogue: polib.POFile) -> Iterator[str]:
    translated = {entry.msgid: entry for entry in catalogue if not entry.obsolete}
    for entry in template:
        found = translated.pop(entry.msgid, None)
        if found is None:
            yield f"{entry.msgid!r} is missing"
        elif not found.msgstr:
            yield f"{entry.msgid!r} is not translated"
        elif found.fuzzy:
            yield f"{entry.msgid!r} is marked as fuzzy: Odoo leaves it out"
        elif sorted(PLACEHOLDER.findall(entry.msgid)) != sorted(PLACEHOLDER.findall(found.msgstr)):
            yield f"{entry.msgid!r} has other placeholders than its translation {found.msgstr!r}"
    yield from (f"{text!r} is translated and no text any more" for text in translated)


def _texts(addon: Addon) -> dict[str, str]:
    """Return the texts for people that the sources plainly hold, with where each stands."""
    found: dict[str, str] = {}
    for path, tree in addon.modules.items():
        if path.parts[0] not in {"tests", "migrations"}:
            for node in ast.walk(tree):
                found |= dict.fromkeys(_of_node(node), addon.where(path))
    for path, root in addon.documents.items():
        if path in addon.manifest.get("data", []) and root is not None:
            for element in root.iter():
                texts = (element.get(name, "").strip() for name in IN_VIEWS)
                found |= dict.fromkeys((text for text in texts if re.search(r"[^\W\d_]", text)), addon.where(path))
    return found


def _of_node(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "_description" for target in node.targets
    ):
        yield from filter(None, [string_of(node.value)])
    if not isinstance(node, ast.Call):
        return
    if called_name(node) in {"_", "_lt"} and node.args:
        yield from filter(None, [string_of(node.args[0])])
    if (
        isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "fields"
    ):
        yield from filter(None, (string_of(word.value) for word in node.keywords if word.arg in IN_FIELDS))
