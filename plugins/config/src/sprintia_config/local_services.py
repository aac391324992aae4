"""The config client's contract, answered in this process: what plugins that run beside this one get for it.

The same services and records as behind the routes, without HTTP. It acts with every right but `admin`: who may do what
is for the plugin that asks to decide, as it is with a remote service's key.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from sprintia_config import problems
from sprintia_config.contents.content import Content
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.controllers import administration, bundles, timeline
from sprintia_config.documents import representation, service
from sprintia_config.documents.versions import Version
from sprintia_config.layers.reading import Asked
from sprintia_config.mapping import service as mapping_service
from sprintia_config.mapping import store
from sprintia_config.mapping.slices import GivenMapping, MappingFaultsError, read_mapping, union
from sprintia_config.models import SCHEMA
from sprintia_config.parts import Parts
from sprintia_config.writing import Answer, Author, Change, Delivery
from sprintia_config_client import errors, requests, wire
from sprintia_config_client.contract import (
    Bundle,
    Changes,
    Diff,
    Document,
    Expected,
    Head,
    HistoryItem,
    Patch,
    Resolution,
    Secret,
)
from sprintia_config_client.exact import JsonValue
from sprintia_config_client.pinned import not_in
from sprintia_platform import Caller, Fault, Problem
from sprintia_platform.content.errors import ContentError
from sprintia_platform.content.json_reader import read_json
from sprintia_platform.content.values import Json, to_json
from sprintia_platform.http.answers import is_outage
from sprintia_platform.http.problems import BODY_INVALID, JSON_INVALID, PARAMETER_INVALID, ProblemType
from sprintia_platform.http.requests import content_problem

if TYPE_CHECKING:
    from sprintia_platform.host import Host

_CALLER = Caller(
    key_id="local", name="in this process",
    rights=frozenset({"config:read", "config:write", "secrets:read", "mapping:write"}),
)  # fmt: skip
_LARGEST = 2**63 - 1

Work = Callable[[Change], Awaitable[Version]]


class LocalConfig:
    """`ConfigReader` and `ConfigWriter` over this plugin's own services."""

    def __init__(self, host: "Host") -> None:
        self._database = host.database
        self._parts = Parts.of(host)

    async def get(self, tenant: str, domain: str, config_type: str) -> Document:
        requests.document_path(tenant, domain, config_type)
        bundle = await self.bundle(tenant)
        for document in bundle.documents:
            if (document.domain, document.config_type) == (domain, config_type):
                return document
        raise not_in(tenant, domain, config_type, bundle.revision)

    async def heads(self, tenant: str, domain: str | None = None) -> tuple[Head, ...]:
        requests.tenant_path(tenant)
        requests.check_domain(domain)
        async with _translated():
            found, _ = await self._parts.documents.heads(tenant, domain)
        return wire.read_heads(msgspec.json.encode([representation.head(version) for version in found]))

    async def text(self, tenant: str, domain: str, config_type: str, version: int | None = None) -> str:
        key = _key(tenant, domain, config_type)
        async with _translated():
            if version is None:
                shown = await self._parts.documents.head(_CALLER, key)
            elif 0 <= version <= _LARGEST:
                shown = await self._parts.documents.version(_CALLER, key, version)
            else:
                raise service.not_found(key, version)
            return representation.source_text(shown.version, shown.keys)

    async def bundle(
        self, tenant: str, revision: int | None = None, *, layers: bool = False, base_revision: int | None = None,
        origins: bool = False,
    ) -> Bundle:  # fmt: skip
        requests.tenant_path(tenant)
        requests.bundle_query(revision, layers=layers, base_revision=base_revision, origins=origins)
        asked = Asked(revision=revision, base_revision=base_revision)
        async with _translated():
            if any(number is not None and not 0 <= number <= _LARGEST for number in (revision, base_revision)):
                raise Problem(PARAMETER_INVALID, names="revision, base_revision")
            if not layers:
                return wire.read_bundle((await bundles.bundle_of(self._database, tenant, asked)).body())
            answer = await bundles.resolved_bundle_of(self._database, tenant, asked, with_origins=origins)
            return wire.read_bundle(await asyncio.to_thread(answer.body))

    async def secret(self, tenant: str, name: str, domain: str | None = None) -> Secret:
        requests.tenant_path(tenant)
        requests.check_domain(domain)
        async with _translated():
            found = await administration.reveal(
                self._database, self._parts.vault, _CALLER, tenant, requests.secret_name(name), domain
            )
        return wire.read_secret(msgspec.json.encode(found))

    async def mapping(self) -> dict[str, JsonValue]:
        async with _translated():
            async with self._database.transaction(SCHEMA, _CALLER.scope, read_only=True) as connection:
                heads = await store.read_heads(connection)
            if not any(head.value for head in heads.values()):
                raise Problem(problems.MAPPING_NOT_FOUND)
        return wire.read_mapping(_whole(heads))

    async def resolve(
        self, *, account: str | None = None, inbox: str | None = None, phone: str | None = None
    ) -> Resolution:
        async with _translated():
            given = [value for value in (account, inbox, phone) if value]
            if not given or any("\0" in value or len(value) > 128 for value in given):
                raise Problem(PARAMETER_INVALID, names="account, inbox, phone")
            async with self._database.transaction(SCHEMA, _CALLER.scope, read_only=True) as connection:
                found = await mapping_service.resolve(connection, account=account, inbox=inbox, phone=phone)
        return wire.read_resolution(msgspec.json.encode(found))

    async def history(
        self, tenant: str, domain: str, config_type: str, *, before: int | None = None, limit: int = 100
    ) -> tuple[HistoryItem, ...]:
        key = _key(tenant, domain, config_type)
        async with _translated():
            if not 1 <= limit <= 1000 or not 0 <= (before or 0) <= _LARGEST:
                raise Problem(PARAMETER_INVALID, names="limit, before")
            found, _ = await self._parts.documents.history(key, before=before, limit=limit)
        return wire.read_history(msgspec.json.encode([representation.history_item(version) for version in found]))

    async def diff(
        self, tenant: str, domain: str, config_type: str, from_version: int | None = None, to_version: int | None = None
    ) -> Diff:
        key = _key(tenant, domain, config_type)
        async with _translated():
            if any(number is not None and not 1 <= number <= _LARGEST for number in (from_version, to_version)):
                raise Problem(PARAMETER_INVALID, names="from, to")
            sides = await self._parts.comparisons.versions(_CALLER, key, from_version, to_version)
            found = await asyncio.to_thread(sides.compared, 1000)
        return wire.read_diff(msgspec.json.encode(found))

    async def changes(self, tenant: str, since: int = 0, *, wait: float = 0.0, limit: int = 500) -> Changes:
        requests.tenant_path(tenant)
        async with _translated():
            if not (0 <= since <= _LARGEST and 0 <= wait <= 60 and 1 <= limit <= 1000):
                raise Problem(PARAMETER_INVALID, names="since, wait, limit")
            page, _ = await timeline.next_page(self._parts.feed, tenant, since, wait, limit)
        return wire.read_changes(msgspec.json.encode(page))

    async def put(
        self, tenant: str, domain: str, config_type: str, content: str | Mapping[str, object], *,
        expected: Expected = None, idempotency_key: str | None = None,
    ) -> HistoryItem:  # fmt: skip
        key, headers = _key(tenant, domain, config_type), _condition(expected)
        body = content.encode() if isinstance(content, str) else requests.json_body(content)
        async with _translated():
            given = _yaml(content) if isinstance(content, str) else _json(body)
            return await self._write(
                "PUT", key, body, expected, idempotency_key, lambda change: service.replace(change, headers, key, given)
            )

    async def patch(
        self, tenant: str, domain: str, config_type: str, patch: Patch, *, expected: Expected = None,
        idempotency_key: str | None = None,
    ) -> HistoryItem:  # fmt: skip
        key, headers = _key(tenant, domain, config_type), _condition(expected)
        body = requests.json_body(patch)
        async with _translated():
            value = _json(body).value
            return await self._write(
                "PATCH", key, body, expected, idempotency_key, lambda change: service.patch(change, headers, key, value)
            )

    async def delete(
        self, tenant: str, domain: str, config_type: str, *, expected: Expected = None,
        idempotency_key: str | None = None,
    ) -> HistoryItem:  # fmt: skip
        key, headers = _key(tenant, domain, config_type), _condition(expected)
        async with _translated():
            return await self._write(
                "DELETE", key, b"", expected, idempotency_key, lambda change: service.delete(change, headers, key)
            )

    async def rollback(
        self, tenant: str, domain: str, config_type: str, version: int, *, message: str = "",
        expected: Expected = None, idempotency_key: str | None = None,
    ) -> HistoryItem:  # fmt: skip
        key, headers = _key(tenant, domain, config_type), _condition(expected)
        body = requests.json_body({"version": version, "message": message})
        async with _translated():
            if not 1 <= version <= _LARGEST or len(message) > 500:
                raise Problem(BODY_INVALID, count=1)
            return await self._write(
                "POST", key, body, expected, idempotency_key,
                lambda change: service.roll_back(change, headers, key, version),
                author=Author(_CALLER.actor, "rollback", message or f"rollback to version {version}"),
            )  # fmt: skip

    async def replace_mapping(
        self, mapping: Mapping[str, object], *, idempotency_key: str | None = None
    ) -> dict[str, JsonValue]:
        return await self._write_mapping(
            "POST", mapping, idempotency_key, lambda given: mapping_service.replacing(_CALLER, given)
        )

    async def merge_mapping(
        self, mapping: Mapping[str, object], *, idempotency_key: str | None = None
    ) -> dict[str, JsonValue]:
        return await self._write_mapping("PATCH", mapping, idempotency_key, mapping_service.merging, allow_null=True)

    async def _write(
        self, method: str, key: DocumentKey, body: bytes, expected: Expected, idempotency_key: str | None, work: Work,
        author: Author | None = None,
    ) -> HistoryItem:  # fmt: skip
        async def answered(change: Change) -> Answer:
            made = await work(change)
            outcome = "applied" if made.revision == change.revision else "identical"
            return Answer(status=200, body=msgspec.json.encode(representation.history_item(made)), outcome=outcome)

        condition = repr(requests.condition(expected)).encode()
        delivery = _delivery(f"{method} /configs/{key.domain}/{key.config_type}", idempotency_key, key, body, condition)
        by = author or Author(_CALLER.actor, "api")
        answer = await self._parts.writer.deliver(
            key.tenant, by, replace(delivery, body=body), answered, documents=(key,)
        )
        if answer.status != 200:
            raise _set_aside(answer)
        return wire.read_item(answer.body)

    async def _write_mapping(
        self, method: str, mapping: Mapping[str, object], idempotency_key: str | None,
        edit: Callable[[GivenMapping], mapping_service.Edit], *, allow_null: bool = False,
    ) -> dict[str, JsonValue]:  # fmt: skip
        body = requests.json_body({"mapping_data": mapping})
        delivery = _delivery(f"{method} /mapping/", idempotency_key, (), body)
        async with _translated():
            answer = await mapping_service.write(
                self._parts.writer, _CALLER, Author(_CALLER.actor, "api"), delivery, None,
                edit(_mapping(body, allow_null=allow_null)),
                lambda heads: Answer(status=200, body=_whole(heads)),
            )  # fmt: skip
        return wire.read_mapping(answer.body)


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    """Raise what the client raises for the same failure."""
    try:
        yield
    except Problem as problem:
        raise _error_of(problem) from problem
    except Exception as error:
        if not is_outage(error):
            raise
        detail = f"the database did not answer ({type(error).__name__})"
        raise errors.Unavailable(detail, unreachable=True, status=503, code="database_unavailable") from error


def _error_of(problem: Problem) -> errors.ConfigError:
    retry_after = problem.headers.get("Retry-After")
    return errors.error_for(
        problem.kind.status, problem.kind.detail.show(problem.language("en"), **problem.values),
        code=problem.kind.code, faults=[_fault_of(fault) for fault in problem.errors],
        current_version=problem.extra.get("current_version"),
        retry_after=float(retry_after) if retry_after else None,
    )  # fmt: skip


def _set_aside(answer: Answer) -> errors.ConfigError:
    """The error of a document that is kept in quarantine and not live."""
    told = msgspec.json.decode(answer.body)
    return errors.error_for(
        answer.status, told["detail"], code=problems.SCHEMA_QUARANTINED.code,
        faults=msgspec.convert(told["errors"], list[errors.Fault]), current_version=told["current_version"],
    )  # fmt: skip


def _fault_of(fault: Fault) -> errors.Fault:
    return errors.Fault(
        code=fault.code, message=fault.text.plain("en"), pointer=fault.pointer, line=fault.line, column=fault.column
    )


def _key(tenant: str, domain: str, config_type: str) -> DocumentKey:
    requests.document_path(tenant, domain, config_type)
    return DocumentKey(tenant, domain, config_type)


def _condition(expected: Expected) -> dict[str, str]:
    return {name.lower(): value for name, value in requests.condition(expected).items()}


def _delivery(route: str, idempotency_key: str | None, *parts: object) -> Delivery:
    digest = hashlib.sha256(repr((route, *parts)).encode()).digest()
    return Delivery(
        sender=_CALLER.key_id, delivery_id=requests.delivery_name(idempotency_key), digest=digest, route=route,
        language="en",
    )  # fmt: skip


def _yaml(text: str) -> Content:
    return _content(lambda: Content.from_yaml(text), problems.YAML_INVALID)


def _json(body: bytes) -> Content:
    return _content(lambda: Content.from_json(body), JSON_INVALID)


def _content(read: Callable[[], Content], kind: ProblemType) -> Content:
    try:
        return read()
    except ContentError as error:
        raise content_problem(error, "en", kind) from None


def _mapping(body: bytes, *, allow_null: bool) -> GivenMapping:
    try:
        value: Json = read_json(body)
        members = value["mapping_data"] if isinstance(value, dict) else None
        return read_mapping(members, allow_null=allow_null)
    except ContentError as error:
        raise content_problem(error, "en") from None
    except MappingFaultsError as error:
        raise Problem(BODY_INVALID, errors=error.faults[:50], count=len(error.faults)) from None


def _whole(heads: mapping_service.Heads) -> bytes:
    return to_json(union({tenant: head.value for tenant, head in heads.items()})).encode()
