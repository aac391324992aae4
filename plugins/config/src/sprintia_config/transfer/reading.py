"""Read an export, line by line, and know that it is whole before anything of it is used."""

import asyncio
import hashlib
from collections.abc import AsyncIterable, Iterator
from dataclasses import dataclass, field

import msgspec

from sprintia_config import problems
from sprintia_config.transfer.lines import (
    FORMAT,
    FORMAT_VERSION,
    LONGEST_LINE,
    DocumentLine,
    EndLine,
    Header,
    Line,
    MappingLine,
    TenantLine,
    VersionLine,
)
from sprintia_config.transfer.spool import Spool
from sprintia_platform import Fault, Problem, Text

FAULTS_SHOWN = 1_000
_TURN_SECONDS = 0.01

_DECODER: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


@dataclass(slots=True)
class Section:
    """The lines of one tenant, as they wait in the spool.

    Attributes:
        tenant_id: whose they are.
        number: the number of its `tenant` line.
        has_mapping: whether there is a line of the mapping among them.
    """

    tenant_id: str
    number: int
    offset: int
    count: int = 0
    has_mapping: bool = False


@dataclass(slots=True)
class ExportFile:
    """A sound export: each tenant's lines can be read again, as often as wanted."""

    spool: Spool
    sections: list[Section] = field(default_factory=list)

    def lines_of(self, section: Section) -> Iterator[tuple[int, VersionLine]]:
        """The numbered lines of a tenant."""
        lines = self.spool.read_from(section.offset, section.number)
        next(lines)  # the `tenant` line itself
        for _ in range(section.count):
            number, data = next(lines)
            line = _DECODER.decode(data)
            if isinstance(line, DocumentLine | MappingLine):
                yield number, line


async def read_export(chunks: AsyncIterable[bytes], spool: Spool) -> ExportFile:
    """Read a whole export into the spool.

    Raises:
        Problem: 422 with every fault and its line: cut or altered, malformed lines, lines out of order. Nothing of such
            a file may be used.
    """
    reader = _Reader(spool)
    clock = asyncio.get_running_loop().time
    turn_ends = clock() + _TURN_SECONDS
    async for line in _split(chunks):
        reader.take(line)
        # A file may be millions of lines, and be there all at once: other requests have their turn in between.
        if clock() >= turn_ends:
            await asyncio.sleep(0)
            turn_ends = clock() + _TURN_SECONDS
    return reader.finish()


async def _split(chunks: AsyncIterable[bytes]) -> AsyncIterable[bytes]:
    """Give lines with their line feed; the last one may lack it."""
    rest = bytearray()
    async for chunk in chunks:
        searched = len(rest)
        rest += chunk
        start = 0
        while (end := rest.find(b"\n", max(start, searched))) >= 0:
            yield bytes(rest[start : end + 1])
            start = end + 1
        del rest[:start]
        if len(rest) > LONGEST_LINE:
            yield bytes(rest)  # refused as malformed
            rest.clear()
    if rest:
        yield bytes(rest)


class _Reader:
    """Checks what one line after the other says of the file as a whole."""

    def __init__(self, spool: Spool) -> None:
        self._file = ExportFile(spool)
        self._faults: list[Fault] = []
        self._fault_count = 0
        self._number = 0
        self._digest = hashlib.sha256()
        self._header: Header | None = None
        self._end: EndLine | None = None
        self._seen: set[str] = set()
        self._counts = {TenantLine: 0, DocumentLine: 0, MappingLine: 0}
        self._revision = 0
        self._versions: dict[tuple[str, ...], int] = {}

    def take(self, data: bytes) -> None:
        self._number += 1
        # Nothing of a file with faults is read again: its rest needs no room on the disk.
        offset = 0 if self._fault_count else self._file.spool.add(data)
        if self._end is not None:
            self._refuse("after_end", "há algo depois da linha final", "there is something after the end line")
            return
        line = self._decoded(data)
        if not isinstance(line, EndLine):
            self._digest.update(data)
        match line:
            case Header():
                self._take_header(line)
            case TenantLine():
                self._take_tenant(line, offset)
            case DocumentLine() | MappingLine():
                self._take_version(line)
            case EndLine():
                self._take_end(line)
            case None:
                pass
        if self._number == 1 and self._header is None:
            raise self._refusal("header", "a primeira linha não é o cabeçalho de uma exportação",
                                "the first line is no header of an export")  # fmt: skip

    def finish(self) -> ExportFile:
        if self._end is None:
            self._refuse("truncated", "o arquivo está cortado: falta a linha final",
                         "the file is cut short: the end line is missing")  # fmt: skip
        if self._faults:
            raise Problem(problems.IMPORT_REFUSED, errors=self._faults, count=self._fault_count)
        return self._file

    def _decoded(self, data: bytes) -> Line | None:
        if len(data) > LONGEST_LINE or not data.endswith(b"\n"):
            self._refuse("line", "a linha está cortada ou é longa demais", "the line is cut short or too long")
            return None
        try:
            return _DECODER.decode(data)
        except msgspec.ValidationError as error:
            # It names the field and what is expected, never the value.
            self._refuse("line", f"a linha não tem a forma esperada ({error})", f"the line is malformed ({error})")
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._refuse("line", "a linha não é JSON", "the line is no JSON")
        return None

    def _take_header(self, line: Header) -> None:
        if self._number > 1:
            self._refuse("header", "há um segundo cabeçalho", "there is a second header")
        elif (line.format, line.format_version) != (FORMAT, FORMAT_VERSION):
            raise self._refusal(
                "format", f"formato desconhecido; esperado: {FORMAT}, versão {FORMAT_VERSION}",
                f"the format is not known; expected: {FORMAT}, version {FORMAT_VERSION}",
            )  # fmt: skip
        self._header = line

    def _take_tenant(self, line: TenantLine, offset: int) -> None:
        if line.tenant_id in self._seen:
            self._refuse("tenant", "o tenant aparece duas vezes", "the tenant comes twice")
        self._seen.add(line.tenant_id)
        self._counts[TenantLine] += 1
        self._revision, self._versions = 0, {}
        self._file.sections.append(Section(line.tenant_id, self._number, offset))

    def _take_version(self, line: VersionLine) -> None:
        self._counts[type(line)] += 1
        section = self._file.sections[-1] if self._file.sections else None
        if section is None or section.tenant_id != line.tenant_id:
            self._refuse("order", "a linha não está sob o seu tenant", "the line does not stand below its tenant")
            return
        section.count += 1
        section.has_mapping |= isinstance(line, MappingLine)
        place = tuple(line.key) if isinstance(line, DocumentLine) else ()
        if line.revision < self._revision or line.version <= self._versions.get(place, 0):
            self._refuse("order", "revisão ou versão fora de ordem", "revision or version out of order")
        self._revision, self._versions[place] = line.revision, line.version
        if isinstance(line, DocumentLine) and (line.source is None) != line.deleted:
            self._refuse("line", "source e deleted não combinam", "source and deleted contradict each other")

    def _take_end(self, line: EndLine) -> None:
        self._end = line
        counts = (line.tenants, line.documents, line.mappings)
        if line.sha256 != self._digest.hexdigest() or counts != tuple(self._counts.values()):
            self._refuse("altered", "o arquivo foi alterado: contagens ou SHA-256 não conferem",
                         "the file was altered: its counts or its SHA-256 do not match")  # fmt: skip

    def _refuse(self, code: str, portuguese: str, english: str) -> None:
        self._fault_count += 1
        if len(self._faults) < FAULTS_SHOWN:
            self._faults.append(Fault(code=code, text=Text(portuguese, english), line=self._number))

    def _refusal(self, code: str, portuguese: str, english: str) -> Problem:
        """The faults so far, when reading on makes no sense."""
        self._refuse(code, portuguese, english)
        return Problem(problems.IMPORT_REFUSED, errors=self._faults, count=self._fault_count)
