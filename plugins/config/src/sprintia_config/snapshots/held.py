"""A tenant as it is held in memory, and the answers made of it."""

import sys
from collections.abc import Mapping, Sequence
from functools import cached_property

import msgspec

from sprintia_config.documents import representation
from sprintia_config.documents.representation import not_modified, version_headers
from sprintia_config.documents.versions import Version
from sprintia_config.layers.bundles import BundleAnswer, Holdings, plain_answer, resolved_answer
from sprintia_config.mapping.store import MappingVersion
from sprintia_config.snapshots.reading import Changed
from sprintia_platform import Problem
from sprintia_platform.http.ready import ReadyAnswer, completed

Place = tuple[str, str]
"""Domain and config type."""

BUNDLE = ["bundle"]
_DOCUMENT = "/configs/{tenant}/{domain}/{config_type}"

# Larger layers are merged outside of the event loop, which the handler does.
_MERGED_AT_ONCE = 512 * 1024
# What an object costs besides its texts, roughly: many small documents must count too.
_OVERHEAD = 1_500
MADE_OF_TEXTS = 2
"""How much memory the answers take, in times the texts that they are made of."""


class Representation:
    """One answer, ready: for callers who see no secrets, or where there are none to see.

    Attributes:
        masked: whether callers with `secrets:read` get another one.
        whole: the answer to who holds nothing.
        unchanged: the answer to who holds it.
    """

    __slots__ = ("_etag", "_etag_bytes", "masked", "unchanged", "whole")

    def __init__(
        self, tenant_id: str, route: str, body: bytes, headers: Mapping[str, str],
        media_type: str = "application/json", *, masked: bool = False,
    ) -> None:  # fmt: skip
        self.masked = masked
        self._etag, self._etag_bytes = headers["ETag"], headers["ETag"].encode()
        own = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        form = [(b"content-type", media_type.encode()), (b"content-length", str(len(body)).encode())]
        self.whole = ReadyAnswer(200, completed([*form, *own]), body, route, tenant_id)
        self.unchanged = ReadyAnswer(304, completed(own), b"", route, tenant_id)

    def answer(self, if_none_match: bytes | None) -> ReadyAnswer:
        """The answer to a request with this `If-None-Match`."""
        if if_none_match is None:
            return self.whole
        held = if_none_match == self._etag_bytes or not_modified(if_none_match.decode("latin-1"), self._etag)
        return self.unchanged if held else self.whole


class HeldDocument:
    """A document that stands; what it looks like is made when it is first asked for."""

    def __init__(self, version: Version) -> None:
        self.version = version

    @cached_property
    def full(self) -> bytes:
        return msgspec.json.encode(representation.full(self.version, None))

    @cached_property
    def text(self) -> bytes:
        return representation.source_text(self.version, None).encode()

    @property
    def size(self) -> int:
        """Bytes, estimated: the texts as they are, and what is made of them for documents and bundles."""
        texts = [self.version.source or "", self.version.view or ""]
        return sum(sys.getsizeof(text) + MADE_OF_TEXTS * len(text) for text in texts) + _OVERHEAD


class HeldTenant:
    """What stands of a tenant at one revision.

    Attributes:
        asked_at: when the database was asked for it, by `time.monotonic`.
        size: bytes of memory, estimated from the texts and what is made of them.
    """

    def __init__(self, tenant_id: str, revision: int, documents: dict[Place, HeldDocument],
                 mapping: MappingVersion | None, asked_at: float) -> None:  # fmt: skip
        self.tenant_id = tenant_id
        self.revision = revision
        self.documents = documents
        self.mapping = mapping
        self.asked_at = asked_at
        self.size = sum(document.size for document in documents.values()) + _OVERHEAD

    @classmethod
    def of(cls, tenant_id: str, changed: Changed, asked_at: float, before: "HeldTenant | None" = None) -> "HeldTenant":
        """Hold a tenant as it was read: from the beginning, or as what came after `before`, with which it shares."""
        documents = dict(before.documents) if before else {}
        for version in changed.heads:
            place = version.domain, version.config_type
            if version.deleted:
                documents.pop(place, None)
            else:
                documents[place] = HeldDocument(version)
        return cls(tenant_id, changed.revision, documents, changed.mapping, asked_at)

    @cached_property
    def holdings(self) -> Holdings:
        """The same, as bundles are made of it."""
        documents = [document.version for document in self.documents.values()]
        return Holdings(self.tenant_id, self.revision, documents, self.mapping)

    def represent(self, place: Sequence[str]) -> Representation | None:
        """Make the answer to what follows `/configs/{tenant}/`; None for what does not stand, or is not held ready."""
        if place == BUNDLE:
            return self._bundle(plain_answer(self.holdings))
        document = self.documents.get((place[0], place[1])) if is_kind_held(place) else None
        if document is None:
            return None
        yaml = len(place) == 3
        headers = version_headers(document.version, self.revision, masked=True, yaml=yaml)
        body, route, media_type = (
            (document.text, f"{_DOCUMENT}/yaml", "application/x-yaml")
            if yaml
            else (document.full, _DOCUMENT, "application/json")
        )
        masked = document.version.has_secrets
        return Representation(self.tenant_id, route, body, headers, media_type, masked=masked)

    def represent_over(self, base: "HeldTenant") -> Representation | None:
        """Make the tenant's bundle over its layers; None for what would take long, and for the layers' own tenant."""
        if self.tenant_id == base.tenant_id or self.size + base.size > _MERGED_AT_ONCE:
            return None
        try:
            return self._bundle(resolved_answer(self.holdings, base.holdings))
        except Problem:  # too large: the handler says so
            return None

    def _bundle(self, answer: BundleAnswer) -> Representation:
        return Representation(self.tenant_id, "/configs/{tenant}/bundle", answer.body(), answer.headers)


def is_kind_held(place: Sequence[str]) -> bool:
    """Whether what follows `/configs/{tenant}/` is of a kind that is answered from memory."""
    return place == BUNDLE or len(place) == 2 or (len(place) == 3 and place[2] == "yaml")
