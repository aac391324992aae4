"""Bundles: everything of a tenant in one body, plain or with its layers merged, made of what was read.

Nothing here asks the database: whoever holds the same versions gets the same bytes.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from sprintia_config import problems
from sprintia_config.contents.content import read_view
from sprintia_config.documents.representation import json_text, moment
from sprintia_config.documents.versions import Version
from sprintia_config.layers.layering import Layer, Layered, layered
from sprintia_config.layers.merging import merge, origins
from sprintia_config.mapping.store import MappingVersion
from sprintia_platform import Problem
from sprintia_platform.content.values import Json, json_view, to_json

MOST_MERGED = 16 * 1024 * 1024
"""How much may be merged into one bundle, in characters as `_weight` counts them; and origins in one, again.

A merged document is no larger than its layers together. But a base stands in every domain of a tenant: without a bound,
whoever may write small documents in many domains could multiply a base without end. This is worth some 1,000 documents
of the usual size, and at most a few seconds.
"""
# A layer and an origin cost this besides their texts, roughly: many small ones must count too.
_OVERHEAD = 250
# Reading and writing a value again takes as long as this many characters of text.
_WEIGHT_OF_A_VALUE = 32


class Holdings(NamedTuple):
    """What a tenant held at a revision: its standing documents, and its part of the mapping."""

    tenant_id: str
    revision: int
    documents: Sequence[Version]
    mapping: MappingVersion | None


class BundleDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document in a bundle. Secrets are masked for every caller: read them one by one where they are needed."""

    domain: str
    config_type: str
    version: int
    revision: int
    digest: str
    created_at: str
    json_data: msgspec.Raw


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of a tenant at one revision. `digest` is equal when, and only when, all of it is."""

    tenant_id: str
    revision: int
    digest: str
    documents: list[BundleDocument]
    mapping: msgspec.Raw | None


class ResolvedDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document whose layers are merged.

    Attributes:
        version, revision, created_at: of the highest layer, which is the last of `layers`.
        digest: of a single layer its own; of several one over all of theirs.
        layers: what it consists of, lowest first.
        origins: on request, for each leaf by its JSON pointer the layer that it came from.
    """

    domain: str
    config_type: str
    version: int
    revision: int
    digest: str
    created_at: str
    layers: list[Layer]
    json_data: msgspec.Raw
    origins: dict[str, Layer] | msgspec.UnsetType = msgspec.UNSET


class ResolvedBundle(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of a tenant at one revision, over the layers at one revision of theirs.

    Attributes:
        base_revision: of the layers; 0 when there were none yet, null for the tenant that holds them.
        digest: equal when, and only when, all is, in every layer.
    """

    tenant_id: str
    revision: int
    base_revision: int | None
    digest: str
    documents: list[ResolvedDocument]
    mapping: msgspec.Raw | None


class BundleAnswer(NamedTuple):
    """An answer: its headers now, its body when it is wanted, because a 304 needs none.

    Attributes:
        headers: ETag, and the tenant's revision.
        body: writes the body; the same bytes each time.
    """

    headers: Mapping[str, str]
    body: Callable[[], bytes]


def plain_answer(held: Holdings) -> BundleAnswer:
    """Answer what a tenant holds, in order of domain and type, whatever the order of a database's letters is."""
    documents = sorted(held.documents, key=lambda version: (version.domain, version.config_type))
    digest = _digest(held.mapping, map(_identity, documents))

    def body() -> bytes:
        bundle = Bundle(
            tenant_id=held.tenant_id, revision=held.revision, digest=digest,
            documents=[_plain(version) for version in documents], mapping=_mapping(held),
        )  # fmt: skip
        return msgspec.json.encode(bundle)

    return BundleAnswer(_headers("b", held, digest), body)


def resolved_answer(held: Holdings, base: Holdings | None, *, with_origins: bool = False) -> BundleAnswer:
    """Answer what a tenant holds over the layers in `base`; None for the tenant that holds the layers itself.

    Both must have been read at one moment, so that what is answered stood together at some time. Merging large layers
    takes long: the body is best written outside of the event loop.

    Raises:
        Problem: 422, the layers are too large; from `body`, the origins are.
    """
    documents = _bounded(layered(held.documents, base.documents if base else ()), with_origins=with_origins)
    base_revision = base.revision if base else None
    digest = _digest(held.mapping, map(_identity_of_layers, documents))

    def body() -> bytes:
        merging = _Merging(with_origins=with_origins)
        bundle = ResolvedBundle(
            tenant_id=held.tenant_id, revision=held.revision, base_revision=base_revision, digest=digest,
            documents=[merging.resolved(document) for document in documents], mapping=_mapping(held),
        )  # fmt: skip
        return msgspec.json.encode(bundle)

    kind = "o" if with_origins else "r"
    headers = _headers(kind if base is None else f"{kind}{base_revision}", held, digest)
    if base is not None:
        headers["X-Config-Base-Revision"] = str(base_revision)
    return BundleAnswer(headers, body)


class _Merging:
    """Merges the documents of one bundle: a layer that stands in many of them is read once."""

    def __init__(self, *, with_origins: bool) -> None:
        self._with_origins = with_origins
        self._values: dict[int, Json] = {}
        self._characters = 0

    def resolved(self, document: Layered) -> ResolvedDocument:
        highest = document.highest
        return ResolvedDocument(
            domain=document.domain, config_type=document.config_type, version=highest.version,
            revision=highest.revision, digest=_digest_of_layers(document), created_at=moment(highest.created_at),
            layers=[layer for layer, _ in document.layers], json_data=msgspec.Raw(self._json(document).encode()),
            origins=self._origins(document) if self._with_origins else msgspec.UNSET,
        )  # fmt: skip

    def _json(self, document: Layered) -> str:
        if len(document.layers) == 1:
            return json_text(document.highest, None)
        return to_json(json_view(merge(self._layers(document))))

    def _origins(self, document: Layered) -> dict[str, Layer]:
        found: dict[str, Layer] = {}
        for pointer, layer in origins(self._layers(document)):
            self._characters += len(pointer) + _OVERHEAD
            if self._characters > MOST_MERGED:
                raise Problem(problems.ORIGINS_TOO_LARGE)
            found[pointer] = layer
        return found

    def _layers(self, document: Layered) -> list[tuple[Layer, Json]]:
        return [(layer, self._value(version)) for layer, version in document.layers]

    def _value(self, version: Version) -> Json:
        if version.id not in self._values:
            self._values[version.id] = read_view(version.view)
        return self._values[version.id]


def _bounded(documents: Iterable[Layered], *, with_origins: bool) -> list[Layered]:
    """Take the documents, as long as what is merged, and what lower layers add, is within bounds."""
    found, weight = [], 0
    for document in documents:
        weight += _weight(document, is_read=with_origins or len(document.layers) > 1)
        if weight > MOST_MERGED:
            raise Problem(problems.LAYERS_TOO_LARGE)
        found.append(document)
    return found


def _weight(document: Layered, *, is_read: bool) -> int:
    """What a document costs more than in a plain bundle: its values where it is read, its text where it is added."""
    if not is_read and document.layers[0][0].layer == "tenant":
        return 0
    views = [version.view or "" for _, version in document.layers]
    values = sum(view.count(",") for view in views) if is_read else 0  # and commas in texts: close enough
    return sum(map(len, views)) + _OVERHEAD * len(views) + _WEIGHT_OF_A_VALUE * values


def _plain(version: Version) -> BundleDocument:
    return BundleDocument(
        domain=version.domain, config_type=version.config_type, version=version.version, revision=version.revision,
        digest=version.digest, created_at=moment(version.created_at),
        json_data=msgspec.Raw(json_text(version, None).encode()),
    )  # fmt: skip


def _mapping(held: Holdings) -> msgspec.Raw | None:
    return msgspec.Raw(held.mapping.slice.encode()) if held.mapping else None


def _headers(kind: str, held: Holdings, digest: str) -> dict[str, str]:
    return {"ETag": f'"{kind}-{held.revision}-{digest[:16]}"', "X-Config-Revision": str(held.revision)}


def _digest(mapping: MappingVersion | None, documents: Iterable[str]) -> str:
    parts = [*documents, f"mapping:{mapping.version}:{mapping.digest}" if mapping else "mapping:-"]
    return _sha256(parts)


def _identity(version: Version) -> str:
    return f"{version.domain}/{version.config_type}:{version.version}:{version.digest}"


def _identity_of_layers(document: Layered) -> str:
    # The place within the tenant, and each layer with its own: a layer that is gone is a difference.
    layers = (f"{layer.layer}={_identity(version)}" for layer, version in document.layers)
    return f"{document.domain}/{document.config_type}:{','.join(layers)}"


def _digest_of_layers(document: Layered) -> str:
    if len(document.layers) == 1:
        return document.highest.digest
    return _sha256(f"{layer.layer}:{version.digest}" for layer, version in document.layers)


def _sha256(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
