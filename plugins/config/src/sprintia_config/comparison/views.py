"""What is compared of a version: its masked view, and for those with the right also whether a secret is the same.

No secret is opened. Two equal secrets of one document have the same fingerprint in `secret_version`; a caller without
`secrets:read` sees that a secret stands somewhere, and not whether it changed.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sprintia_config.contents.keys import DocumentKey
from sprintia_config.documents.versions import Version
from sprintia_config.secrecy.masks import KEY, SET
from sprintia_platform.content.values import Json
from sprintia_platform.database.connections import Connection

Fingerprints = Mapping[str, bytes]
"""By the name of the secret; the generation of the key is part of it: under another key nothing is comparable."""


def is_mask(value: Json) -> bool:
    """Whether a value of a view stands for a secret. Nothing else may have this key: a write with it is refused."""
    return isinstance(value, dict) and KEY in value


def masks_in(value: Json) -> Iterator[dict[str, Json]]:
    """Every mask of a view."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict) and KEY in item:
            yield item
        elif isinstance(item, dict | list):
            pending.extend(item.values() if isinstance(item, dict) else item)


@dataclass(slots=True)
class Secrets:
    """Tells masks apart: by whether a value is set and, where fingerprints are given, by the value itself.

    A secret that stands in a list is called by its place there: when it moves, it counts as changed.
    """

    _known: dict[int, bytes] = field(default_factory=dict)

    def read(self, view: Json, fingerprints: Fingerprints) -> None:
        """Learn the fingerprints of one version's masks; the view must stay alive while it is compared."""
        for mask in masks_in(view) if fingerprints else ():
            name = mask[KEY]
            if isinstance(name, str) and name in fingerprints:
                self._known[id(mask)] = fingerprints[name]

    def forget(self) -> None:
        """Let go of the views that were read."""
        self._known = {}

    def atom(self, mapping: dict[str, Json]) -> Hashable | None:
        """For `path_diff`: what a mask is compared by; None for an ordinary mapping."""
        return (mapping.get(SET) is True, self._known.get(id(mapping))) if KEY in mapping else None


async def read_fingerprints(
    connection: Connection, key: DocumentKey, versions: Sequence[Version]
) -> dict[int, dict[str, bytes]]:
    """The fingerprints of some versions' secrets, by version."""
    found: dict[int, dict[str, bytes]] = {version.version: {} for version in versions}
    rows = await connection.fetch(
        "SELECT version, name, key_generation, fingerprint FROM config.secret_version "
        "WHERE tenant_id = $1 AND domain = $2 AND config_type = $3 AND version = ANY($4::bigint[])",
        *key, list(found),
    )  # fmt: skip
    for row in rows:
        found[row["version"]][row["name"]] = b"%d " % row["key_generation"] + row["fingerprint"]
    return found
