"""What becomes of a tenant's lines within its transaction: all of its history, or what stands in the end."""

from dataclasses import dataclass
from typing import TypeAlias

from sprintia_config import problems
from sprintia_config.contents.content import digest_of
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.contents.places import digest_place
from sprintia_config.documents import versions
from sprintia_config.documents.versions import Version
from sprintia_config.mapping import store
from sprintia_config.mapping.slices import Slice
from sprintia_config.transfer.line_contents import RefusedError, readable_content, readable_slice
from sprintia_config.transfer.lines import DocumentLine, MappingLine, VersionLine
from sprintia_config.transfer.outcome import Code, Counts, ImportedVersion, Outcome, Trouble
from sprintia_config.writing import Change
from sprintia_platform import Problem, Text

Numbered: TypeAlias = tuple[int, VersionLine]
"""A version, and the number of its line."""


@dataclass(slots=True)
class Place:
    """What is known of a document, or of the mapping, while its lines come.

    Attributes:
        standing: the number of the version that stands; None where there never was one.
        continued: whether the next version may follow it: the place is new here, or the file holds what stands here.
    """

    standing: int | None
    continued: bool


class History:
    """The history of one tenant, as its lines come within one transaction."""

    def __init__(self, change: Change) -> None:
        self.outcome = Outcome()
        self.change = change
        self._places: dict[DocumentKey | None, Place] = {}
        self._written_revision: int | None = None
        self._slice: Slice | None = None

    async def take(self, number: int, line: VersionLine) -> None:
        """Take one version: write it, recognise it, or say why not."""
        if isinstance(line, DocumentLine):
            await self.take_document(number, line)
        else:
            await self.take_mapping(number, line)

    async def close(self) -> None:
        """Let the last slice's routes stand, and put the import on record."""
        if self._slice is not None:
            await store.replace_routes(self.change, self._slice)
        if self.change.changed:
            self.outcome.tenants = 1
            await self.change.audit(
                "config.import", "tenant", documents=self.outcome.documents.written,
                mappings=self.outcome.mappings.written, revision=self.change.revision,
            )  # fmt: skip

    async def take_document(self, number: int, line: DocumentLine) -> None:
        """Take one version of a document."""
        place = await self._document_place(line.key)
        if place.standing is not None and line.version <= place.standing:
            await self._recognise(number, line, place)
        elif not place.continued:
            self.refuse(number, "not_continued")
        elif await self.write(number, line):
            place.standing = line.version

    async def _recognise(self, number: int, line: DocumentLine, place: Place) -> None:
        stored = await versions.read_version(self.change.connection, line.key, line.version)
        if stored is None:
            self.outcome.documents.older += 1
        elif (difference := await self.difference(stored, line)) is not None:
            self.refuse(number, difference)
        else:
            self.outcome.documents.present += 1
            place.continued |= line.version == place.standing

    async def write(self, number: int, line: DocumentLine) -> bool:
        """Write a line as the version that it says; or say why it cannot be kept."""
        content = None
        if not line.deleted:
            try:
                content = readable_content(line)
            except RefusedError as refused:
                self.refuse(number, refused.code, refused.reason)
                return False
        self._count_revision(line.revision)
        await versions.write_past_version(self.change, line.key, line.version, line.media, content, line.past)
        self.outcome.documents.written += 1
        return True

    async def _document_place(self, key: DocumentKey) -> Place:
        if key not in self._places:
            head = await versions.standing(self.change, key)
            self._places[key] = Place(head.version if head else None, continued=head is None)
        return self._places[key]

    async def difference(self, stored: Version, line: DocumentLine) -> Code | None:
        """Why a line is not the version that is stored; None when it is."""
        if stored.deleted or line.deleted:
            return None if stored.deleted == line.deleted else "conflict"
        if line.masked:
            # The digest is keyed: equal ones come from one installation, and from one text.
            return None if stored.digest == line.digest else "masked"
        source = line.source or ""
        data_key = None
        if stored.has_secrets:
            data_key = (await self.change.keys()).keys.get(stored.key_generation or 0)
            if data_key is None:
                return "erased"
        return None if digest_of(source, data_key, digest_place(line.key)) == stored.digest else "conflict"

    async def take_mapping(self, number: int, line: MappingLine) -> None:
        """Take one version of the mapping."""
        place = await self._mapping_place()
        part = readable_slice(line)
        if part is None:
            self.refuse(number, "mapping")
        elif place.standing is not None and line.version <= place.standing:
            stored = await store.read_version(self.change.connection, line.tenant_id, line.version)
            if stored is None:
                self.outcome.mappings.older += 1
            elif stored.digest != store.digest_of(part):
                self.refuse(number, "conflict")
            else:
                self.outcome.mappings.present += 1
                place.continued |= line.version == place.standing
        elif not place.continued:
            self.refuse(number, "not_continued")
        else:
            await self.write_slice(line, part)
            place.standing = line.version

    async def write_slice(self, line: MappingLine, part: Slice) -> None:
        """Write a slice as the version that its line says."""
        self._count_revision(line.revision)
        await store.write_past_version(self.change, line.version, part, line.past)
        self._slice = part
        self.outcome.mappings.written += 1

    async def _mapping_place(self) -> Place:
        if None not in self._places:
            head = await store.standing(self.change)
            self._places[None] = Place(head.version if head else None, continued=head is None)
        return self._places[None]

    def _count_revision(self, revision: int) -> None:
        """Give what is written now the next revision here, when it belongs to another one in the file."""
        if self._written_revision is not None and revision != self._written_revision:
            self.change.revision += 1
        self._written_revision = revision

    def refuse(self, number: int, code: Code, reason: Text | None = None) -> None:
        """Report a line that is not taken."""
        self.outcome.refuse(Trouble(number, self.change.tenant_id, code, reason))


class Heads:
    """What stands of one tenant in a file, written as ordinary new versions over whatever stands here."""

    def __init__(self, change: Change) -> None:
        self.outcome = Outcome()
        self.change = change
        self._last: dict[DocumentKey | None, Numbered] = {}

    async def take(self, number: int, line: VersionLine) -> None:
        """Remember the last version of each document, and of the mapping."""
        self._last[line.key if isinstance(line, DocumentLine) else None] = number, line

    async def close(self) -> None:
        """Write them."""
        for number, line in self._last.values():
            if isinstance(line, DocumentLine):
                await self._write_document(number, line)
            else:
                await self._write_mapping(number, line)
        self.outcome.tenants = int(self.change.changed)

    async def _write_document(self, number: int, line: DocumentLine) -> None:
        if line.deleted:
            return
        try:
            content = readable_content(line)
        except RefusedError as refused:
            self.refuse(number, refused.code, refused.reason)
            return
        head = await versions.standing(self.change, line.key)
        try:
            written = await versions.write_version(self.change, line.key, head, content)
        except Problem as problem:
            if problem.kind is not problems.SCHEMA_NOT_MET:
                raise
            self.refuse(number, "schema")
            return
        self._count(self.outcome.documents, line.key, head.version if head else 0, written.version)

    async def _write_mapping(self, number: int, line: MappingLine) -> None:
        part = readable_slice(line)
        if part is None:
            self.refuse(number, "mapping")
            return
        tenant = line.tenant_id
        head = await store.standing(self.change)
        standing = await store.write_slices({tenant: self.change}, {tenant: part})
        if tenant in standing:
            self._count(self.outcome.mappings, None, head.version if head else 0, standing[tenant].version)

    def refuse(self, number: int, code: Code, reason: Text | None = None) -> None:
        self.outcome.refuse(Trouble(number, self.change.tenant_id, code, reason))

    def _count(self, counts: Counts, key: DocumentKey | None, before: int, after: int) -> None:
        if after <= before:
            counts.present += 1
            return
        counts.written += 1
        _, domain, config_type = key or (None, None, None)
        self.outcome.changes.append(
            ImportedVersion(tenant_id=self.change.tenant_id, domain=domain, config_type=config_type, version=after)
        )
