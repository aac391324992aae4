"""What the body of a kept delivery does: read as its route reads it, and ready to run through the same services.

`If-Match` and `If-None-Match` of the original do not count: a person decides, who has seen what would change.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from sprintia_config import company_services, problems
from sprintia_config.contents.content import Content
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.deliveries.kept import KeptDelivery
from sprintia_config.documents import service
from sprintia_config.documents.bodies import Rollback, YamlPost, decode
from sprintia_config.webhook.application import application_of
from sprintia_config.webhook.events import EVENTS, Event
from sprintia_config.writing import Change
from sprintia_platform import Problem
from sprintia_platform.content.errors import ContentError
from sprintia_platform.content.json_reader import read_json
from sprintia_platform.content.values import Json
from sprintia_platform.http.languages import Language
from sprintia_platform.http.problems import BODY_INVALID
from sprintia_platform.http.requests import content_problem, to_plain

WEBHOOK_ROUTE: Final = "POST /odoo-webhook/"
COMPANY_SERVICES_ROUTE: Final = "POST /company-services/metadata"
COMPANY_SERVICES_STREAM: Final = "company-services"
_DOCUMENT_ROUTE = re.compile(r"(POST|PUT|PATCH) /configs/([^/]+)/([^/]+)")
_NO_CONDITIONS: Mapping[str, str] = {}

Run = Callable[[Change], Awaitable[object]]
BodyT = TypeVar("BodyT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is to be done.

    Attributes:
        stream: within which the sender numbers what it sends.
        documents: what it changes, the main one first; none: the tenant's part of the mapping.
        run: does it, within a change of the tenant.
    """

    stream: str
    documents: tuple[DocumentKey, ...]
    run: Run


def work_of(kept: KeptDelivery, body: bytes, language: Language) -> Work:
    """Read the body of a delivery.

    Raises:
        Problem: as its route would answer; 409 when no route of today takes it.
    """
    if kept.route == WEBHOOK_ROUTE and kept.event in EVENTS:
        return _of_event(kept.event, _object(body, language))
    if kept.route == COMPANY_SERVICES_ROUTE:
        return _of_company_services(kept.tenant_id, body, language)
    named = _DOCUMENT_ROUTE.fullmatch(kept.route)
    if named is None:
        raise Problem(problems.DELIVERY_ROUTE_UNKNOWN, route=kept.route)
    method, domain, config_type = named.groups()
    key = DocumentKey(kept.tenant_id, domain, config_type)
    run = _of_document(method, key, body, kept.media_type, language)
    return Work(stream=f"{domain}/{config_type}", documents=(key,), run=run)


def _of_event(event: Event, body: dict[str, Json]) -> Work:
    found = application_of(event, body)
    return Work(stream=found.stream, documents=found.documents, run=found.work)


def _of_company_services(tenant_id: str, body: bytes, language: Language) -> Work:
    try:
        text = _struct(body, YamlPost, language).yaml_content
        document = company_services.read_company_document(text, tenant_id)
    except ContentError as error:
        raise content_problem(error, language, problems.YAML_INVALID) from None
    key = company_services.key_of(tenant_id)

    async def run(change: Change) -> None:
        if document.token is not None:
            await company_services.check_token(change, document.token, document.token)
        await service.replace(change, _NO_CONDITIONS, key, document.content)

    return Work(stream=COMPANY_SERVICES_STREAM, documents=(key,), run=run)


def _of_document(method: str, key: DocumentKey, body: bytes, media_type: str | None, language: Language) -> Run:
    if method == "PATCH":
        update = _json(body, language)
        return lambda change: service.patch(change, _NO_CONDITIONS, key, update)
    if method == "PUT":
        content = _whole(body, media_type, language)
        return lambda change: service.replace(change, _NO_CONDITIONS, key, content)
    given = _object(body, language)
    if "version" in given:
        number = _struct(body, Rollback, language).version
        return lambda change: service.roll_back(change, _NO_CONDITIONS, key, number)
    posted = _yaml(_struct(body, YamlPost, language).yaml_content, language)
    return lambda change: service.replace(change, _NO_CONDITIONS, key, posted)


def _whole(body: bytes, media_type: str | None, language: Language) -> Content:
    # Rows from before 0007, and writes within this process, do not say what they are: JSON is tried first.
    if media_type == "application/json" or not media_type:
        try:
            return Content.from_json(body)
        except ContentError as error:
            if media_type:
                raise content_problem(error, language) from None
    return _yaml(body, language)


def _yaml(source: str | bytes, language: Language) -> Content:
    try:
        return Content.from_yaml(source if isinstance(source, str) else decode(source))
    except ContentError as error:
        raise content_problem(error, language, problems.YAML_INVALID) from None


def _json(body: bytes, language: Language) -> Json:
    try:
        return read_json(body)
    except ContentError as error:
        raise content_problem(error, language) from None


def _object(body: bytes, language: Language) -> dict[str, Json]:
    value = _json(body, language)
    if not isinstance(value, dict):
        raise Problem(BODY_INVALID, count=1)
    return value


def _struct(body: bytes, kind: type[BodyT], language: Language) -> BodyT:
    try:
        return msgspec.convert(to_plain(_json(body, language)), kind)
    except msgspec.ValidationError:
        # It was kept because its content was refused, or set aside: its form was right when it came.
        raise Problem(BODY_INVALID, count=1) from None
