"""Python that Odoo would load and should not, or should load and does not."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from .addons import Addon, called_name

SECRET = re.compile(r"password|secret|token|api_key|sealed|encrypted")
LOADED_FOLDERS = frozenset({"models", "wizards", "controllers", "tests"})
CORE = "outbox_core"


def check(addon: Addon, _others: dict[str, Addon]) -> Iterator[str]:
    """Yield each fault of an addon's Python files."""
    for path, tree in addon.modules.items():
        for node in ast.walk(tree):
            line = getattr(node, "lineno", 0)
            yield from (f"{addon.where(path)}:{line}: {fault}" for fault in _faults_of(node))
        if CORE in path.parts:
            yield from (f"{addon.where(path)}: {fault}" for fault in _ties(tree))
    yield from _never_imported(addon)


def _faults_of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.ExceptHandler) and all(isinstance(inner, ast.Pass) for inner in node.body):
        yield "an error is passed over in silence: say why, and what takes its place"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
        yield "print: write to the log"
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
        yield from _tracked_secrets(node, node.value)


def _tracked_secrets(node: ast.Assign, call: ast.Call) -> Iterator[str]:
    names = [target.id for target in node.targets if isinstance(target, ast.Name) and SECRET.search(target.id)]
    tracked = any(
        keyword.arg == "tracking" and not (isinstance(keyword.value, ast.Constant) and not keyword.value.value)
        for keyword in call.keywords
    )
    if names and tracked and called_name(call)[:1].isupper():
        yield f"{names[0]} is tracked: its old and new value go into the chatter"


def _ties(tree: ast.Module) -> Iterator[str]:
    """Yield what ties the core to Odoo: it runs without it."""
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""] if not node.level else []
            if node.level > 1:
                yield f"line {node.lineno}: imports from above {CORE}"
        if any(name.partition(".")[0] == "odoo" for name in names):
            yield f"line {node.lineno}: imports odoo: {CORE} runs without it"


def _never_imported(addon: Addon) -> Iterator[str]:
    """Yield modules that no `__init__.py` imports: Odoo never sees them, nor the tests in them."""
    for path in addon.modules:
        folder = path.parent
        if path.name == "__init__.py" or folder.name not in LOADED_FOLDERS or len(folder.parts) != 1:
            continue
        if folder.name == "tests" and not path.name.startswith("test_"):
            continue
        # Tests run where `__init__.py` itself names them; all else is loaded by whoever imports it.
        others = [folder / "__init__.py"] if folder.name == "tests" else _beside(addon, path)
        if not any(path.stem in _imported_by(addon.modules.get(other)) for other in others):
            yield f"{addon.where(path)}: {folder}/__init__.py does not import it"
    roots = _imported_by(addon.modules.get(Path("__init__.py")))
    for name in sorted({path.parts[0] for path in addon.modules if len(path.parts) > 1} & LOADED_FOLDERS - {"tests"}):
        if name not in roots:
            yield f"{addon.where(name)}: __init__.py does not import it"


def _beside(addon: Addon, path: Path) -> list[Path]:
    return [other for other in addon.modules if other.parent == path.parent and other != path]


def _imported_by(tree: ast.Module | None) -> set[str]:
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)] if tree else []
    whole = {alias.name for node in imports if not node.module for alias in node.names}
    return whole | {node.module.partition(".")[0] for node in imports if node.module}
