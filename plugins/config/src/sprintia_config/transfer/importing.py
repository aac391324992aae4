"""Put the history of tenants into this installation: version numbers, times and authors stay as they were.

One transaction per tenant. An agent that reads meanwhile sees the tenant as it was, then as it is: never a state of
years ago on the way. What cannot be taken is left out line by line and reported; what fails (a route that belongs to
another tenant, an outage) leaves nothing of its tenant. Whatever was done before stays, and running the import again
goes on, because what stands already is recognised.

Revisions are this installation's own: each revision of the file gets the next number here, in the same order, under the
lock of the tenant's row.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from sprintia_config import problems
from sprintia_config.contents.content import Content, digest_of
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.contents.places import digest_place
from sprintia_config.documents import versions
from sprintia_config.documents.versions import Version
from sprintia_config.mapping import store
from sprintia_config.mapping.slices import MappingFaultsError, Slice, read_mapping
from sprintia_config.transfer.lines import DocumentLine, MappingLine, VersionLine
from sprintia_config.transfer.outcome import Code, Counts, Outcome, Trouble
from sprintia_config.transfer.reading import ExportFile, Section
from sprintia_config.writing import Author, Change, Writer, finish
from sprintia_platform import Problem, Text
from sprintia_platform.content.errors import ContentError
from sprintia_platform.content.json_reader import read_json

Numbered: TypeAlias = tuple[int, VersionLine]


class Source(Protocol):
    """The history of one tenant, that can be read more than once."""

    @property
    def tenant_id(self) -> str: ...

    @property
    def number(self) -> int:
        """The line that stands for the tenant as a whole."""
        ...

    @property
    def has_mapping(self) -> bool: ...

    def lines(self) -> AsyncIterator[Numbered]:
        """The versions in order of revision, each with the number of its line."""
        ...


@dataclass(frozen=True, slots=True)
class FileSource:
    """A tenant's lines in an export."""

    file: ExportFile
    section: Section

    @property
    def tenant_id(self) -> str:
        return self.section.tenant_id

    @property
    def number(self) -> int:
        return self.section.number

    @property
    def has_mapping(self) -> bool:
        return self.section.has_mapping

    async def lines(self) -> AsyncIterator[Numbered]:
        for numbered in self.file.lines_of(self.section):
            yield numbered


class _DryRun(Exception):
    """Everything was tried: roll the transaction back, with what it would have done."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


class Importer:
    """Imports tenants one by one, on behalf of somebody.

    Args:
        writer: opens the transactions.
        author: who imports, for the audit log; the history keeps its own authors.
        dry_run: whether to try everything and keep nothing.
        taker: what becomes of the lines: `History` keeps them all, `Heads` writes the last ones as new versions.
    """

    def __init__(
        self, writer: Writer, author: Author, *, dry_run: bool = False, taker: "type[History | Heads] | None" = None
    ) -> None:
        self._writer = writer
        self._author = author
        self._dry_run = dry_run
        self._taker = taker or History

    async def take_all(self, sources: Iterable[Source]) -> Outcome:
        """Import every tenant.

        One whose route belongs to another tenant is tried again after all others: perhaps they let go of it.
        """
        total = Outcome()
        again: list[Source] = []
        for source in sources:
            outcome = await self.take(source)
            if outcome is None:
                again.append(source)
            else:
                total.add(outcome)
        for source in again:
            outcome = await self.take(source)
            if outcome is None:
                total.refuse(Trouble(source.number, source.tenant_id, "mapping_taken"))
            else:
                total.add(outcome)
        return total

    async def take(self, source: Source) -> Outcome | None:
        """Import one tenant, or nothing of it; None when a route belongs to another tenant."""
        try:
            async with self._change(source) as change:
                taken = self._taker(change)
                async for number, line in source.lines():
                    await taken.take(number, line)
                await taken.close()
                self._let_go_of_a_dry_run(taken.outcome)
                return taken.outcome
        except _DryRun as dry_run:
            return dry_run.outcome
        except Problem as problem:
            if problem.kind is problems.MAPPING_TAKEN:
                return None
            raise

    def _let_go_of_a_dry_run(self, outcome: Outcome) -> None:
        if self._dry_run:
            raise _DryRun(outcome)

    def _change(self, source: Source) -> AbstractAsyncContextManager[Change]:
        if source.has_mapping:
            return self._mapping_change(source.tenant_id)
        return self._writer.change(source.tenant_id, self._author)

    @asynccontextmanager
    async def _mapping_change(self, tenant_id: str) -> AsyncIterator[Change]:
        async with self._writer.mapping_transaction([tenant_id]) as connection:
            change = await self._writer.begin(connection, tenant_id, self._author)
            yield change
            await finish(change)


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
            head = await versions.read_head(self.change.connection, key)
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
            head = await store.read_head(self.change.connection, self.change.tenant_id)
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
        head = await versions.read_head(self.change.connection, line.key)
        try:
            written = await versions.write_version(self.change, line.key, head, content)
        except Problem as problem:
            if problem.kind is not problems.SCHEMA_NOT_MET:
                raise
            self.refuse(number, "schema")
            return
        _count(self.outcome.documents, is_new=head is None or written.version > head.version)

    async def _write_mapping(self, number: int, line: MappingLine) -> None:
        part = readable_slice(line)
        if part is None:
            self.refuse(number, "mapping")
            return
        tenant = line.tenant_id
        head = await store.read_head(self.change.connection, tenant)
        standing = await store.write_slices({tenant: self.change}, {tenant: part})
        if tenant in standing:
            _count(self.outcome.mappings, is_new=head is None or standing[tenant].version > head.version)

    def refuse(self, number: int, code: Code, reason: Text | None = None) -> None:
        self.outcome.refuse(Trouble(number, self.change.tenant_id, code, reason))


def _count(counts: Counts, *, is_new: bool) -> None:
    if is_new:
        counts.written += 1
    else:
        counts.present += 1


class RefusedError(Exception):
    """A line that cannot be kept."""

    def __init__(self, code: Code, reason: Text | None = None) -> None:
        super().__init__(code)
        self.code: Code = code
        self.reason = reason


def readable_content(line: DocumentLine) -> Content:
    """Read what a line holds.

    Raises:
        RefusedError: it cannot be kept.
    """
    if line.masked:
        raise RefusedError("masked")
    source = line.source or ""
    try:
        content = Content.from_json(source.encode()) if line.media == "json" else Content.from_yaml(source)
    except ContentError as error:
        raise RefusedError("content", Text(error.message("pt-BR"), error.message("en"))) from None
    if content.has_masks:
        raise RefusedError("mask")
    # With secrets the digest is keyed by the installation that wrote it; the file's own SHA-256 covers it.
    if not content.secrets(line.config_type) and digest_of(source, None, digest_place(line.key)) != line.digest:
        raise RefusedError("digest")
    return content


def readable_slice(line: MappingLine) -> Slice | None:
    """Read a slice, and check that it is this tenant's alone, in the form that is kept."""
    try:
        given = read_mapping(read_json(line.slice.encode())).slices
    except (ContentError, MappingFaultsError):
        return None
    part = given.pop(line.tenant_id, Slice())
    if given or part.to_text() != line.slice or store.digest_of(part) != line.digest:
        return None
    return part
