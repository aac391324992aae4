"""The replaced system's folders: `domains/<domain>/<tenant>/<type>.yaml`, `chatwoot_mapping.yaml` or `.json`.

Files have no history: each is what stands, as of the time when it was last changed.
"""

import hashlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from msgspec import structs

from sprintia_config.documents import versions
from sprintia_config.legacy import ORIGIN
from sprintia_config.legacy.documents import Conversion
from sprintia_config.legacy.findings import Findings
from sprintia_config.legacy.mapping import fits, mapping_line, slices_of
from sprintia_config.legacy.readings import read_as_before
from sprintia_config.mapping import store
from sprintia_config.mapping.slices import Slices
from sprintia_config.transfer.line_contents import readable_slice
from sprintia_config.transfer.lines import DocumentLine, MappingLine
from sprintia_config.transfer.taking import History, Numbered
from sprintia_platform.content.errors import ContentError
from sprintia_platform.content.json_reader import read_json
from sprintia_platform.content.values import Json
from sprintia_platform.content.yaml_reader import read_yaml

_SUFFIXES = frozenset({".yaml", ".yml"})
_MAPPINGS = ("chatwoot_mapping.json", "chatwoot_mapping.yaml", "chatwoot_mapping.yml")


class CurrentState(History):
    """Takes what stands in files: new where there is nothing, a new version of what came from there before.

    What somebody wrote here since then stays, and the file is reported.
    """

    async def take_document(self, number: int, line: DocumentLine) -> None:
        """Take a file."""
        head = await versions.standing(self.change, line.key)
        if head is not None:
            difference = await self.difference(head, line)
            if difference is None:
                self.outcome.documents.present += 1
                return
            if head.origin != ORIGIN or difference == "erased":
                self.refuse(number, difference)
                return
        await self.write(number, structs.replace(line, version=head.version + 1 if head else 1))

    async def take_mapping(self, number: int, line: MappingLine) -> None:
        """Take the tenant's part of the mapping's file."""
        head = await store.standing(self.change)
        part = readable_slice(line)
        if part is None:
            self.refuse(number, "mapping")
        elif head is not None and head.digest == line.digest:
            self.outcome.mappings.present += 1
        elif head is not None and head.origin != ORIGIN:
            self.refuse(number, "conflict")
        else:
            await self.write_slice(structs.replace(line, version=head.version + 1 if head else 1), part)


@dataclass(slots=True)
class _Files:
    documents: list[tuple[int, str, str, Path]] = field(default_factory=list)


class LegacyFolder:
    """A folder with `domains` and the mapping's file in it."""

    def __init__(self, root: Path, conversion: Conversion, findings: Findings) -> None:
        self._root = root
        self._conversion = conversion
        self._findings = findings
        self._paths: list[Path] = []
        self._files: dict[str, _Files] = {}
        self._slices: Slices = {}
        self._mapping_number = 0

    def open(self) -> bool:
        """Look at what there is; False when there is nothing of the replaced system."""
        domains = self._root / "domains"
        found = domains.is_dir()
        if found:
            for domain in sorted(domains.iterdir()):
                self._open_domain(domain)
        mapping = self._mapping_file()
        if mapping is not None:
            self._mapping_number = self._numbered(mapping)
            self._slices = slices_of(self._read_mapping(mapping), self._findings)
        self._note_split_tenants()
        return found or mapping is not None

    def tenants(self) -> "list[LegacyFolderTenant]":
        """Every tenant whose id can be kept."""
        return [LegacyFolderTenant(self, name) for name in sorted({*self._files, *self._slices})]

    def has_mapping(self, tenant_id: str) -> bool:
        return tenant_id in self._slices

    def place_of(self, number: int) -> str:
        """Which file a line came from."""
        return self._shown(self._paths[number - 1])

    async def lines_of(self, tenant_id: str) -> AsyncIterator[Numbered]:
        """What stands of a tenant, in order of time."""
        files = self._files.get(tenant_id, _Files()).documents
        for number, domain, config_type, path in sorted(files, key=lambda file: (_time_of(file[3]), file[0])):
            text = self._text_of(path)
            document = f"{tenant_id}/{domain}/{config_type}"
            if text is None:
                continue
            source = self._conversion.convert(text, config_type, None, self._shown(path), document)
            if source is not None:
                yield number, self._document_line(tenant_id, number, domain, config_type, path, source)
        if tenant_id in self._slices:
            path = self._paths[self._mapping_number - 1]
            part = self._slices[tenant_id]
            yield (
                self._mapping_number,
                mapping_line(tenant_id, self._mapping_number, 1, part, _time_of(path), self._shown(path)),
            )

    def _document_line(
        self, tenant_id: str, number: int, domain: str, config_type: str, path: Path, source: str
    ) -> DocumentLine:
        return DocumentLine(
            tenant_id=tenant_id, domain=domain, config_type=config_type, version=1, revision=number, media="yaml",
            source=source, digest=hashlib.sha256(source.encode()).hexdigest(), actor=ORIGIN, origin=ORIGIN,
            message=self._shown(path), created_at=_time_of(path),
        )  # fmt: skip

    def _open_domain(self, domain: Path) -> None:
        if not domain.is_dir():
            self._findings.note("left_out", self._shown(domain), "it is no folder of a domain")
            return
        for entry in sorted(domain.iterdir()):
            if entry.is_dir():
                self._open_tenant(domain.name, entry)
            else:
                self._findings.note("template", self._shown(entry), f"domain {domain.name}")

    def _open_tenant(self, domain: str, folder: Path) -> None:
        for path in sorted(folder.iterdir()):
            place = self._shown(path)
            if not path.is_file() or path.suffix not in _SUFFIXES:
                self._findings.note("left_out", place, "it is no YAML file")
            elif fits(self._findings, place, tenant_id=folder.name, domain=domain, config_type=path.stem):
                files = self._files.setdefault(folder.name, _Files())
                files.documents.append((self._numbered(path), domain, path.stem, path))

    def _mapping_file(self) -> Path | None:
        """The newest one, where both forms are there."""
        found = [path for name in _MAPPINGS if (path := self._root / name).is_file()]
        if not found:
            return None
        newest = max(found, key=_time_of)
        for path in found:
            if path != newest:
                self._findings.note("left_out", self._shown(path), f"{newest.name} is newer")
        return newest

    def _read_mapping(self, path: Path) -> Json:
        text = self._text_of(path)
        if text is None:
            return {}
        try:
            return read_json(text.encode()) if path.suffix == ".json" else read_yaml(text)
        except ContentError as error:
            try:
                before = read_as_before(text)
            except ValueError:
                self._findings.note("mapping_left_out", self._shown(path), error.message("en"))
                return {}
            self._findings.note("rewritten", self._shown(path), error.message("en"))
            return before

    def _text_of(self, path: Path) -> str | None:
        try:
            return path.read_bytes().decode()
        except UnicodeDecodeError:
            self._findings.note("left_out", self._shown(path), "it is not UTF-8 text")
        except OSError as error:
            self._findings.note("left_out", self._shown(path), f"it cannot be read ({error.strerror})")
        return None

    def _note_split_tenants(self) -> None:
        for tenant_id, files in self._files.items():
            by_type: dict[str, list[str]] = {}
            for _, domain, config_type, _ in files.documents:
                by_type.setdefault(config_type, []).append(domain)
            for config_type, domains in by_type.items():
                if len(domains) > 1:
                    self._findings.note("split", tenant_id, f"{config_type} in {', '.join(_sorted(domains))}")

    def _numbered(self, path: Path) -> int:
        self._paths.append(path)
        return len(self._paths)

    def _shown(self, path: Path) -> str:
        return str(path.relative_to(self._root))


class LegacyFolderTenant:
    """One tenant of the folders, as a source of an import."""

    number = 0

    def __init__(self, folder: LegacyFolder, tenant_id: str) -> None:
        self._folder = folder
        self.tenant_id = tenant_id

    @property
    def has_mapping(self) -> bool:
        return self._folder.has_mapping(self.tenant_id)

    def lines(self) -> AsyncIterator[Numbered]:
        return self._folder.lines_of(self.tenant_id)


def _time_of(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _sorted(domains: Iterable[str]) -> list[str]:
    return sorted(set(domains))
