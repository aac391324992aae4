"""What a sender is told about its document and the schema, and what of it is kept for people."""

from collections.abc import Sequence

import msgspec

from sprintia_config import problems
from sprintia_config.schemas.enforcement import QuarantineError
from sprintia_platform import Fault, Problem
from sprintia_platform.audit.log import current_request_id
from sprintia_platform.database.connections import Connection
from sprintia_platform.http.languages import Language

WARNINGS_HEADER = "X-Config-Warnings"


class KeptFault(msgspec.Struct, frozen=True):
    """A fault as it is kept with a delivery, in both languages."""

    code: str
    pointer: str
    pt: str
    en: str

    def show(self, language: Language) -> dict[str, str]:
        return {"code": self.code, "message": self.pt if language == "pt-BR" else self.en, "pointer": self.pointer}


def keep(faults: Sequence[Fault]) -> str | None:
    """The faults as text, to be kept; None when there are none."""
    kept = [KeptFault(fault.code, fault.pointer or "", fault.text.pt, fault.text.en) for fault in faults]
    return msgspec.json.encode(kept).decode() if kept else None


def read_kept(text: str | None) -> list[KeptFault]:
    """What `keep` wrote."""
    return msgspec.json.decode(text, type=list[KeptFault]) if text else []


def with_warnings(body: bytes, faults: Sequence[Fault], language: Language) -> bytes:
    """Add the member `warnings` to an answer that is a JSON object."""
    if not body.endswith(b"}") or len(body) <= 2:
        return body
    warnings = msgspec.json.encode([fault.show(language) for fault in faults])
    return body[:-1] + b',"warnings":' + warnings + b"}"


async def body_of_quarantined(
    connection: Connection, tenant_id: str, refusal: QuarantineError, language: Language
) -> bytes:
    """What the sender of a document that was set aside is answered: that it is not live, why, and what is.

    A problem report with status 202 (RFC 9457, section 3, allows any): who reads errors reads this one.
    """
    domain, config_type = refusal.extra["domain"], refusal.extra["config_type"]
    standing: int | None = await connection.fetchval(
        "SELECT d.version FROM config.document d WHERE d.tenant_id = $1 AND d.domain = $2 AND d.config_type = $3 "
        "AND NOT (SELECT v.deleted FROM config.document_version v WHERE v.tenant_id = d.tenant_id "
        "AND v.domain = d.domain AND v.config_type = d.config_type AND v.version = d.version)",
        tenant_id, domain, config_type,
    )  # fmt: skip
    told = {
        "success": False, "outcome": "quarantined", "tenant_id": tenant_id, **refusal.extra, "current_version": standing
    }  # fmt: skip
    problem = Problem(
        problems.SCHEMA_QUARANTINED, errors=refusal.errors, extra=told, config_type=config_type,
        count=refusal.values["count"], pointer=refusal.values["pointer"],
    )  # fmt: skip
    path = f"/configs/{tenant_id}/{domain}/{config_type}"
    return problem.body(language, instance=path, request_id=current_request_id())
