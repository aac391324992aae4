"""The replaced system's one mapping for all tenants, parted into what each tenant owns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sprintia_config.contents.identifiers import is_identifier
from sprintia_config.legacy import ORIGIN
from sprintia_config.legacy.findings import Findings
from sprintia_config.mapping.slices import EMPTY_KEYS, SECTIONS, MappingFaultsError, Slice, Slices, read_mapping
from sprintia_config.mapping.store import digest_of
from sprintia_config.transfer.lines import MappingLine
from sprintia_platform.content.pointers import parse_pointer
from sprintia_platform.content.values import Json


def slices_of(value: Json, findings: Findings) -> Slices:
    """Part a mapping by tenant; what no tenant can own is noted and left out."""
    if not isinstance(value, dict):
        findings.note("mapping_left_out", "the mapping", "it is no mapping at all")
        return {}
    for name in value.keys() - set(SECTIONS):
        findings.note("mapping_left_out", f"/{name}", "a section that is not known here")
    sections: dict[str, Json] = {name: value[name] for name in SECTIONS if value.get(name) is not None}
    inboxes = sections.get("inboxes")
    if isinstance(inboxes, dict):
        for key in EMPTY_KEYS & inboxes.keys():
            findings.note("mapping_left_out", f"/inboxes/{key}", "an inbox without an id, which matches no message")
    while True:
        try:
            return read_mapping(sections, "").slices
        except MappingFaultsError as error:
            for fault in error.faults:
                findings.note("mapping_left_out", fault.pointer or "", fault.text.en)
            sections = _without(sections, {parse_pointer(fault.pointer or "")[:2] for fault in error.faults})


def _without(sections: Mapping[str, Json], places: set[tuple[str, ...]]) -> dict[str, Json]:
    """Leave out whole entries; a section that is at fault itself goes as a whole."""
    kept: dict[str, Json] = {}
    for name, section in sections.items():
        if (name,) in places:
            continue
        if isinstance(section, dict):
            kept[name] = {key: entry for key, entry in section.items() if (name, key) not in places}
        elif isinstance(section, list):
            kept[name] = [entry for index, entry in enumerate(section) if (name, str(index)) not in places]
    return kept


@dataclass(slots=True)
class MappingHistory:
    """What each tenant owned of the mapping over time, gathered from the versions of the whole.

    Attributes:
        lines: the versions of each tenant's slice, each with the number of its row; a slice that did not change makes
            none.
    """

    findings: Findings
    lines: dict[str, list[tuple[int, MappingLine]]] = field(default_factory=dict)
    _standing: dict[str, Slice] = field(default_factory=dict)
    _lost: dict[str, str] = field(default_factory=dict)

    def take(self, number: int, value: Json, created_at: datetime, message: str) -> None:
        """Take the next version of the whole mapping."""
        slices = slices_of(value, self.findings)
        for tenant in sorted({*slices, *self._standing}):
            part, before = slices.get(tenant, Slice()), self._standing.get(tenant)
            if before is not None and before.to_text() == part.to_text():
                continue
            if before is None and not part:
                continue
            self._standing[tenant] = part
            self._note_loss(tenant, part, message)
            known = self.lines.setdefault(tenant, [])
            known.append((number, mapping_line(tenant, number, len(known) + 1, part, created_at, message)))

    def _note_loss(self, tenant: str, part: Slice, message: str) -> None:
        if part:
            self._lost.pop(tenant, None)
        else:
            self._lost[tenant] = message

    def close(self) -> None:
        """Note the tenants that own nothing in the end."""
        for tenant, message in self._lost.items():
            last = len(self.lines[tenant]) - 1
            self.findings.note(
                "routes_lost", tenant,
                f"{message} took all routes away; if that was not meant, roll the mapping back to version {last}",
            )  # fmt: skip


def mapping_line(
    tenant: str, number: int, version: int, part: Slice, created_at: datetime, message: str
) -> MappingLine:
    """A version of a tenant's slice; what came in one row or file is one revision."""
    return MappingLine(
        tenant_id=tenant, version=version, revision=number, slice=part.to_text(), digest=digest_of(part),
        actor=ORIGIN, origin=ORIGIN, message=message, created_at=created_at,
    )  # fmt: skip


def fits(findings: Findings, place: str, **identifiers: str) -> bool:
    """Tell whether identifiers can be kept; notes the one that cannot."""
    for name, value in identifiers.items():
        if not is_identifier(value):
            findings.note(
                "left_out", place, f"{name} {value[:80]!r} is not made of 1 to 128 letters, digits and _ - . @"
            )
            return False
    return True
