"""What every write reads of its request: identifiers, the delivery's name, and the answer's way back."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.di import NamedDependency
from litestar.params import FromPath

from sprintia_config import problems
from sprintia_config.documents.keys import DocumentKey
from sprintia_config.writing import Answer, Author, Delivery
from sprintia_platform import Caller, Problem
from sprintia_platform.content.errors import ContentError
from sprintia_platform.http.languages import Language, preferred_language
from sprintia_platform.http.requests import StrictRequest, content_problem

_IDENTIFIER = re.compile(r"[A-Za-z0-9_.@-]{1,128}")
_DELIVERY_ID = re.compile(r"[\x21-\x7e]{1,255}")
_LARGEST_SEQUENCE = 2**63 - 1

SEQUENCE_HEADER = "webhook-sequence"


def is_identifier(text: str) -> bool:
    return _IDENTIFIER.fullmatch(text) is not None and text not in {".", ".."}


def check_identifiers(**identifiers: str) -> None:
    """Check tenant, domain and config type.

    Raises:
        Problem: 422 naming the first that is none.
    """
    for name, value in identifiers.items():
        if not is_identifier(value):
            raise Problem(problems.IDENTIFIER_INVALID, name=name)


async def provide_document_key(
    tenant: FromPath[str], domain: FromPath[str], config_type: FromPath[str], caller: NamedDependency[Caller]
) -> DocumentKey:
    """Litestar dependency `key`: the document that the path names, within the caller's reach.

    Raises:
        Problem: 422 for a malformed identifier, 404 for a tenant out of reach.
    """
    check_identifiers(tenant=tenant, domain=domain, config_type=config_type)
    return DocumentKey(caller.require_tenant(tenant), domain, config_type)


def language_of(request: Request[Any, Any, Any]) -> Language:
    return preferred_language(request.headers.get("accept-language"))


def yaml_problem(request: Request[Any, Any, Any], error: ContentError) -> Problem:
    return content_problem(error, language_of(request), problems.YAML_INVALID)


def author_of(caller: Caller, origin: str = "api", message: str = "") -> Author:
    return Author(caller.actor, origin, message)


def delivery_of(
    request: StrictRequest, caller: Caller, body: bytes, *, route: str, event: str | None = None, stream: str = "",
    always_recorded: bool = False,
) -> Delivery:  # fmt: skip
    """Read how the request names itself: `webhook-id`, else `Idempotency-Key`; and its sequence number.

    The digest covers method, path, body and conditions, and whether the answer may hold secrets: a repetition must
    not show more than its sender may see today.
    """
    parts = (
        request.method.encode(), request.url.path.rstrip("/").encode(), request.url.query.encode(), body,
        request.headers.get("if-match", "").encode(), b"clear" if caller.has("secrets:read") else b"masked",
    )  # fmt: skip
    digest = hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()
    return Delivery(
        sender=caller.key_id, delivery_id=_delivery_id(request), digest=digest, route=route, event=event,
        sequence=_sequence(request), stream=stream, always_recorded=always_recorded,
    )  # fmt: skip


def _delivery_id(request: StrictRequest) -> str | None:
    for header in ("webhook-id", "idempotency-key"):
        values = request.headers.getall(header, [])
        if not values:
            continue
        if len(values) > 1 or not _DELIVERY_ID.fullmatch(values[0]):
            raise Problem(problems.DELIVERY_ID_INVALID, header=header)
        return str(values[0])
    return None


def _sequence(request: StrictRequest) -> int | None:
    text = request.headers.get(SEQUENCE_HEADER)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= _LARGEST_SEQUENCE):
        raise Problem(problems.SEQUENCE_INVALID, header=SEQUENCE_HEADER)
    return int(text)


def json_answer(value: object, headers: Mapping[str, str] | None = None, outcome: str = "applied") -> Answer:
    return Answer(status=200, body=msgspec.json.encode(value), headers=dict(headers or {}), outcome=outcome)


def to_response(answer: Answer) -> Response[bytes]:
    return Response(answer.body, status_code=answer.status, media_type="application/json", headers=dict(answer.headers))
