"""What a caller gives, read as the routes read it, and what the mapping comes to."""

import hashlib
from collections.abc import Callable

from sprintia_config import problems
from sprintia_config.contents.content import Content
from sprintia_config.mapping import service as mapping_service
from sprintia_config.mapping.slices import GivenMapping, MappingFaultsError, read_mapping, union_text
from sprintia_config.writing import Delivery
from sprintia_config_client import requests
from sprintia_platform import Caller, Problem
from sprintia_platform.content.errors import ContentError
from sprintia_platform.content.json_reader import read_json
from sprintia_platform.content.values import Json
from sprintia_platform.http.languages import Language
from sprintia_platform.http.problems import BODY_INVALID, JSON_INVALID, ProblemType
from sprintia_platform.http.requests import content_problem


def yaml_content(text: str, language: Language) -> Content:
    return _content(lambda: Content.from_yaml(text), problems.YAML_INVALID, language)


def json_content(body: bytes, language: Language) -> Content:
    return _content(lambda: Content.from_json(body), JSON_INVALID, language)


def _content(read: Callable[[], Content], kind: ProblemType, language: Language) -> Content:
    try:
        return read()
    except ContentError as error:
        raise content_problem(error, language, kind) from None


def given_mapping(body: bytes, language: Language, *, allow_null: bool) -> GivenMapping:
    try:
        value: Json = read_json(body)
        members = value["mapping_data"] if isinstance(value, dict) else None
        return read_mapping(members, allow_null=allow_null)
    except ContentError as error:
        raise content_problem(error, language) from None
    except MappingFaultsError as error:
        raise Problem(BODY_INVALID, errors=error.faults[:50], count=len(error.faults)) from None


def whole(heads: mapping_service.Heads) -> bytes:
    """The mapping that these parts make, as JSON."""
    return union_text({tenant: head.slice for tenant, head in heads.items()})


def delivery_here(
    caller: Caller, language: Language, route: str, idempotency_key: str | None, *parts: object, body: bytes = b"",
    media_type: str = "",
) -> Delivery:  # fmt: skip
    """Name a write of this process: the digest covers what was asked, and for a person also by whom.

    What was answered to one person is not answered to another one, nor to one who reaches less since.
    """
    asked: tuple[object, ...] = (route, *parts)
    if caller.acting_for is not None:
        reach = "*" if caller.tenants is None else sorted(caller.tenants)
        asked = (*asked, caller.acting_for, reach, caller.has("secrets:read"))
    return Delivery(
        sender=caller.key_id, delivery_id=requests.delivery_name(idempotency_key),
        digest=hashlib.sha256(repr(asked).encode()).digest(), route=route, body=body, media_type=media_type,
        person=caller.acting_for, language=language,
    )  # fmt: skip
