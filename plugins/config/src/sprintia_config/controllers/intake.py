"""What every write reads of its request: identifiers, the delivery's name, and the answer's way back."""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.di import NamedDependency
from litestar.params import FromPath

from sprintia_config import problems
from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.documents.representation import not_modified
from sprintia_config.writing import Answer, Author, Change, Delivery
from sprintia_platform import Caller, Problem
from sprintia_platform.content.errors import ContentError
from sprintia_platform.http.languages import Language, preferred_language
from sprintia_platform.http.requests import StrictRequest, content_problem

_DELIVERY_ID = re.compile(r"[\x21-\x7e]{1,255}")
_LARGEST_SEQUENCE = 2**63 - 1

SEQUENCE_HEADER = "webhook-sequence"


async def provide_document_key(
    request: Request[Any, Any, Any], tenant: FromPath[str], config_type: FromPath[str], caller: NamedDependency[Caller]
) -> DocumentKey:
    """Litestar dependency `key`: the document that the path names, within the caller's reach.

    The domain is no parameter where it bears the name of one of the tenant's own routes; see document_routes.py.

    Raises:
        Problem: 422 for a malformed identifier, 404 for a tenant out of reach.
    """
    domain = request.path_params.get("domain") or request.route_handler.opt["domain"]
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

    The digest covers method, path, body, its type and conditions, whether the answer may hold secrets, and for whom
    a key asks, with that person's reach: a repetition must not show more than its sender may see today, and what was
    answered to one person is not shown to another one behind the same key.
    """
    parts = (
        request.method.encode(), request.url.path.rstrip("/").encode(), request.url.query.encode(), body,
        request.media_type.encode(), request.headers.get("if-match", "").encode(),
        request.headers.get("if-none-match", "").encode(), request.headers.get("x-security-token", "").encode(),
        b"clear" if caller.has("secrets:read") else b"masked", *_person(caller),
    )  # fmt: skip
    digest = hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()
    return Delivery(
        sender=caller.key_id, delivery_id=_delivery_id(request), digest=digest, route=route, event=event,
        sequence=_sequence(request), stream=stream, always_recorded=always_recorded,
        body=body, media_type=request.media_type, person=caller.acting_for,
        language=language_of(request),
    )  # fmt: skip


def _person(caller: Caller) -> tuple[bytes, ...]:
    if caller.acting_for is None:
        return ()  # as it always was: what a key sent before an update is still known for its repetition after it
    tenants = "*" if caller.tenants is None else " ".join(sorted(caller.tenants))
    return caller.acting_for.encode(), tenants.encode()


def _delivery_id(request: StrictRequest) -> str | None:
    for header in ("webhook-id", "idempotency-key"):
        values = request.headers.getall(header, [])
        if not values:
            continue
        if len(values) > 1 or not _DELIVERY_ID.fullmatch(values[0]):
            raise Problem(problems.DELIVERY_ID_INVALID, header=header)
        return str(values[0])
    return None


def refuse_delivery_id(request: StrictRequest) -> None:
    """For routes that do not remember what they answered.

    Raises:
        Problem: 422 for an id: whoever sends one relies on it.
    """
    if _delivery_id(request) is not None:
        raise Problem(problems.DELIVERY_ID_NOT_TAKEN)


def _sequence(request: StrictRequest) -> int | None:
    text = request.headers.get(SEQUENCE_HEADER)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= _LARGEST_SEQUENCE):
        raise Problem(problems.SEQUENCE_INVALID, header=SEQUENCE_HEADER)
    return int(text)


def reflected_revision(change: Change) -> int:
    """The tenant's revision that the answer of a write reflects: its own, when it changed something."""
    return change.revision if change.changed else change.revision - 1


def superseded_headers(change: Change) -> dict[str, str]:
    """What tells the sender of a number that came too late, and which number was taken last."""
    return {"X-Config-Superseded": "true", "X-Config-Sequence": str(change.opening.sequence)}


def json_answer(
    value: object, headers: Mapping[str, str] | None = None, outcome: str = "applied", status: int = 200
) -> Answer:
    return Answer(status=status, body=msgspec.json.encode(value), headers=dict(headers or {}), outcome=outcome)


def list_answer(
    request: Request[Any, Any, Any], items: object, revision: int | None = None, version: int | None = None
) -> Response[Any]:
    """Answer a list, or 304 when the caller holds the same one.

    `revision` is the tenant's when it was read; `version` the one that all of it is about, if there is one.
    """
    headers = {} if version is None else {"X-Config-Version": str(version)}
    return made_answer(request, msgspec.json.encode(items), revision, headers)


def made_answer(
    request: Request[Any, Any, Any], body: bytes, revision: int | None, headers: Mapping[str, str],
    media_type: str = "application/json",
) -> Response[Any]:  # fmt: skip
    """Answer what was made for this request alone: its ETag is made of its bytes."""
    of_tenant = {} if revision is None else {"X-Config-Revision": str(revision)}
    etag = f'"l-{hashlib.sha256(body).hexdigest()[:24]}"'
    return unless_held(request, lambda: body, {"ETag": etag, **of_tenant, **headers}, media_type)


def unless_held(
    request: Request[Any, Any, Any], body: Callable[[], bytes], headers: Mapping[str, str],
    media_type: str = "application/json",
) -> Response[Any]:  # fmt: skip
    """Answer a representation, or 304 when `If-None-Match` names its ETag (RFC 9110, section 13.1.2)."""
    if not_modified(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(None, status_code=304, headers=dict(headers))
    return Response(body(), media_type=media_type, headers=dict(headers))


def to_response(answer: Answer) -> Response[Any]:
    headers = {"Content-Type": "application/json", **answer.headers}
    return Response(answer.body, status_code=answer.status, media_type=headers.pop("Content-Type"), headers=headers)
