"""Each model has access lines, each line a model and a group, and no employee may delete by being one."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from .addons import Addon, string_of

FILE = "security/ir.model.access.csv"
STORED = frozenset({"Model", "TransientModel"})
PERMISSIONS = ("perm_read", "perm_write", "perm_create", "perm_unlink")
EVERYBODY = frozenset({"base.group_user", "base.group_portal", "base.group_public"})


@dataclass
class Models:
    """What an addon's classes define, and what they only extend."""

    defined: set[str] = field(default_factory=set)
    extended: set[str] = field(default_factory=set)


def check(addon: Addon, _others: dict[str, Addon]) -> Iterator[str]:
    """Yield models without access lines, and lines that give the wrong thing or to the wrong one."""
    rows = addon.rows(FILE)
    models = models_of(addon)
    where = addon.where(FILE)
    ruled = {row.get("model_id:id", "").rpartition(".")[2] for row in rows}
    for name in sorted(models.defined):
        if _external_id(name) not in ruled:
            yield f"{where}: no line for the model {name}"
    own = {_external_id(name) for name in models.defined | models.extended}
    for row in rows:
        yield from (f"{where}: {row.get('id')}: {fault}" for fault in _faults_of(row, own))


def models_of(addon: Addon) -> Models:
    """Read the classes of models from an addon's sources."""
    found = Models()
    for path, tree in addon.modules.items():
        if path.parts[0] in {"tests", "migrations"}:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and (base := _base_of(node)):
                _add(found, node, stored=base in STORED)
    return found


def _add(found: Models, node: ast.ClassDef, *, stored: bool) -> None:
    values = {
        target.id: statement.value
        for statement in node.body if isinstance(statement, ast.Assign)
        for target in statement.targets if isinstance(target, ast.Name)
    }  # fmt: skip
    name, inherited = string_of(values.get("_name")), values.get("_inherit")
    parents = [inherited] if not isinstance(inherited, ast.List | ast.Tuple) else inherited.elts
    extends = {text for parent in parents if (text := string_of(parent))}
    if name and name not in extends:
        found.defined |= {name} if stored else set()
    else:
        found.extended |= {name} if name else extends


def _base_of(node: ast.ClassDef) -> str:
    for base in node.bases:
        if isinstance(base, ast.Attribute) and isinstance(base.value, ast.Name) and base.value.id == "models":
            return base.attr
    return ""


def _external_id(model: str) -> str:
    return "model_" + model.replace(".", "_")


def _faults_of(row: dict[str, str], own: set[str]) -> Iterator[str]:
    model, group = row.get("model_id:id") or "", row.get("group_id:id") or ""
    if "." not in model and model not in own:
        yield f"{model} is no model of this addon"
    if not group:
        yield "no group: it counts for everybody, visitors included"
    if group in EVERYBODY and row.get("perm_unlink") == "1":
        yield f"{group} may delete"
    for permission in PERMISSIONS:
        if row.get(permission) not in ("0", "1"):
            yield f"{permission} is {row.get(permission)!r}, not 0 or 1"
