"""What a reader without the right to secrets sees in their place, and how it comes back unharmed.

A mask is the mapping `{"$secret": "<name>", "set": true}`; `set` is false where null or "" stands. In a written
document it means "keep what stands". It is a typed value, not a row of asterisks, because asterisks sent back were
saved as the password (apolloconfig/apollo#1260). No mapping with the key `$secret` is ever left in a restored document.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeGuard

from sprintia_config.secrecy.errors import (
    MalformedMaskError,
    MaskFault,
    MisplacedMaskError,
    UnknownMaskError,
    shown,
)
from sprintia_config.secrecy.leaves import JsonScalar, Path, ScalarKind, SecretLeaf, secret_leaves
from sprintia_platform.content.pointers import format_pointer
from sprintia_platform.content.values import Json

KEY = "$secret"
SET = "set"

# A mask that went through an editor as text: quoted, it would be saved as the secret.
_QUOTED_MASK = re.compile(r"""\s*\{\s*\\?["']?\$secret\\?["']?\s*:""")


def mask(config_type: str, value: Json) -> Json:
    """Replace each secret leaf by its mask.

    Returns:
        A new document that shares what is unchanged with the given one; the given one itself when nothing is secret.
    """
    return mask_leaves(value, secret_leaves(config_type, value))


def mask_leaves(value: Json, leaves: Iterable[SecretLeaf]) -> Json:
    """What `mask` does, for those who know the secret leaves already."""
    masks: dict[Path, Json] = {leaf.path: {KEY: leaf.name, SET: leaf.is_set} for leaf in leaves}
    return _with_replaced(value, masks) if masks else value


def is_mask(value: Json) -> TypeGuard[dict[str, Json]]:
    """Tell whether a value is a mask, well formed or not: what is inside one belongs to it."""
    return isinstance(value, dict) and KEY in value


def contains_mask(value: Json) -> bool:
    """Tell whether there is a mask, well formed or not, anywhere in a document."""
    return next(_masks(value), None) is not None


def mask_names(value: Json) -> list[str]:
    """Name the secrets that the well-formed masks of a document stand for."""
    return [name for _, node in _masks(value) if (name := _name_in(node)) is not None]


def restore(config_type: str, value: Json, standing: Mapping[str, JsonScalar]) -> Json:
    """Put the standing values where a written document has masks.

    Call it on the whole document that is to be saved: after a merge patch is applied, not on the patch, because only
    the whole document tells whether a place is secret.

    A mask may move to another place that is secret too (a list that got shorter, a credential that got another name).
    `set` is for the reader: what stands is kept whether it says true or false, so that a mask read before somebody set
    the secret does not empty it. To empty a secret, write "" or null.

    Args:
        config_type: type of the document.
        value: the document as written.
        standing: values of the secrets of the standing document, by name (`SecretLeaf.name` to `SecretLeaf.scalar`).

    Returns:
        A document without masks; the given one itself when it has none.

    Raises:
        MalformedMaskError: `$secret` in a mapping that is no mask, or a mask sent as a text.
        UnknownMaskError: a mask names no standing secret.
        MisplacedMaskError: the value would stand where it is not a secret leaf, for all to read.
    """
    found = list(_masks(value))
    names = {path: name for path, node in found if (name := _name_in(node)) is not None}
    if len(names) < len(found):
        raise MalformedMaskError(_malformed(path) for path, _ in found if path not in names)
    unknown = [(path, name) for path, name in names.items() if name not in standing]
    if unknown:
        raise UnknownMaskError(
            MaskFault(format_pointer(path), name, f"no secret {shown(name)!r} stands here to be kept; give its value")
            for path, name in unknown
        )
    restored = _with_replaced(value, {path: standing[name] for path, name in names.items()}) if names else value
    _check_places(config_type, restored, names)
    return restored


def _check_places(config_type: str, restored: Json, names: Mapping[Path, str]) -> None:
    leaves = secret_leaves(config_type, restored)
    secret_paths = {leaf.path for leaf in leaves}
    misplaced = [(path, name) for path, name in names.items() if path not in secret_paths]
    if misplaced:
        raise MisplacedMaskError(
            MaskFault(
                format_pointer(path),
                name,
                f"the secret {shown(name)!r} would be readable here by everybody; leave its mask under a secret key",
            )
            for path, name in misplaced
        )
    quoted = [
        leaf.path
        for leaf in leaves
        if leaf.kind is ScalarKind.STRING and leaf.path not in names and _QUOTED_MASK.match(leaf.value)
    ]
    if quoted:
        raise MalformedMaskError(_malformed(path) for path in quoted)


def _masks(value: Json) -> Iterator[tuple[Path, dict[str, Json]]]:
    """Every mapping with the key `$secret`, in document order; what is inside one belongs to it."""
    stack: list[tuple[Path, Json]] = [((), value)]
    while stack:
        path, node = stack.pop()
        if is_mask(node):
            yield path, node
        elif isinstance(node, dict):
            stack.extend(((*path, key), node[key]) for key in reversed(node))
        elif isinstance(node, list):
            stack.extend(((*path, index), node[index]) for index in reversed(range(len(node))))


def _name_in(node: Mapping[str, Json]) -> str | None:
    name = node[KEY]
    return name if len(node) == 2 and isinstance(name, str) and isinstance(node.get(SET), bool) else None


def _malformed(path: Path) -> MaskFault:
    # The content is not repeated: somebody may have written a password where a name belongs.
    return MaskFault(
        format_pointer(path),
        None,
        'not a mask: it is {"$secret": "<name>", "set": true} exactly as it was read; send it unchanged, or the value',
    )


def _with_replaced(value: Json, replacements: Mapping[Path, Json]) -> Json:
    """Change a document at some paths, and copy only what leads to them.

    Each place gets a copy of its own: a part that stands in two places (a YAML alias) may change in one of them only.
    """
    if () in replacements:
        return replacements[()]
    root = _copy(value)
    copies: dict[Path, Json] = {(): root}
    for path, new in replacements.items():
        node = root
        for end in range(1, len(path)):
            prefix = path[:end]
            if prefix not in copies:
                copies[prefix] = _copy(_child(node, path[end - 1]))
                _put(node, path[end - 1], copies[prefix])
            node = copies[prefix]
        _put(node, path[-1], new)
    return root


def _copy(node: Json) -> Json:
    if isinstance(node, dict):
        return dict(node)
    return list(node) if isinstance(node, list) else node


def _child(node: Json, token: str | int) -> Json:
    if isinstance(node, dict) and isinstance(token, str):
        return node[token]
    if isinstance(node, list) and isinstance(token, int):
        return node[token]
    raise TypeError("a path leads through a scalar")


def _put(node: Json, token: str | int, new: Json) -> None:
    if isinstance(node, dict) and isinstance(token, str):
        node[token] = new
    if isinstance(node, list) and isinstance(token, int):
        node[token] = new
