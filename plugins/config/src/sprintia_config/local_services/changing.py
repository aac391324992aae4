"""Writes: each happens once for its idempotency key, as through the routes."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import msgspec

from sprintia_config.contents.keys import DocumentKey
from sprintia_config.controllers.mapping import roll_back_part
from sprintia_config.deliveries.replaying import replay
from sprintia_config.documents import representation, service
from sprintia_config.documents.versions import Version
from sprintia_config.local_services.asking import LARGEST, Asking, key_of, lowered, require_numbers
from sprintia_config.local_services.failures import set_aside
from sprintia_config.local_services.given import delivery_here, given_mapping, json_content, whole, yaml_content
from sprintia_config.mapping import service as mapping_service
from sprintia_config.mapping.slices import GivenMapping
from sprintia_config.transfer.service import imported
from sprintia_config.writing import Answer, Author, Change, Delivery
from sprintia_config_client import requests, wire
from sprintia_config_client.contract import Expected, HistoryItem, ImportReport, Patch, Replay
from sprintia_config_client.exact import JsonValue

_WRITE = "config:write"
_WRITE_MAPPING = "mapping:write"

Work = Callable[[Change], Awaitable[Version]]


class Changing(Asking):
    """`ConfigWriter`."""

    async def put(
        self, tenant: str, domain: str, config_type: str, content: str | Mapping[str, object], *,
        message: str = "", expected: Expected = None, idempotency_key: str | None = None,
    ) -> HistoryItem:  # fmt: skip
        key, headers = key_of(tenant, domain, config_type), lowered(requests.condition(expected))
        method, body, media_type = _put_body(content, message)
        async with self._asked(_WRITE, tenant=tenant):
            if isinstance(content, str):
                given = yaml_content(content, self._language)
            else:
                given = json_content(body, self._language)
            return await self._write(
                method, key, body, expected, idempotency_key,
                lambda change: service.replace(change, headers, key, given),
                author=Author(self._caller.actor, "api", message), media_type=media_type,
            )  # fmt: skip

    async def patch(
        self, tenant: str, domain: str, config_type: str, patch: Patch, *, expected: Expected = None,
        idempotency_key: str | None = None,
    ) -> HistoryItem:  # fmt: skip
        key, headers = key_of(tenant, domain, config_type), lowered(requests.condition(expected))
        body = requests.json_body(patch)
        async with self._asked(_WRITE, tenant=tenant):
            value = json_content(body, self._language).value
            return await self._write(
                "PATCH", key, body, expected, idempotency_key, lambda change: service.patch(change, headers, key, value)
            )

    async def delete(
        self, tenant: str, domain: str, config_type: str, *, expected: Expected = None,
        idempotency_key: str | None = None,
    ) -> HistoryItem:  # fmt: skip
        key, headers = key_of(tenant, domain, config_type), lowered(requests.condition(expected))
        async with self._asked(_WRITE, tenant=tenant):
            return await self._write(
                "DELETE", key, b"", expected, idempotency_key, lambda change: service.delete(change, headers, key)
            )

    async def rollback(
        self, tenant: str, domain: str, config_type: str, version: int, *, message: str = "",
        expected: Expected = None, idempotency_key: str | None = None,
    ) -> HistoryItem:  # fmt: skip
        key, headers = key_of(tenant, domain, config_type), lowered(requests.condition(expected))
        body = requests.json_body({"version": version, "message": requests.check_message(message)})
        async with self._asked(_WRITE, tenant=tenant):
            require_numbers(1, LARGEST, version=version)
            return await self._write(
                "POST", key, body, expected, idempotency_key,
                lambda change: service.roll_back(change, headers, key, version),
                author=Author(self._caller.actor, "rollback", message or f"rollback to version {version}"),
            )  # fmt: skip

    async def replace_mapping(
        self, mapping: Mapping[str, object], *, idempotency_key: str | None = None
    ) -> dict[str, JsonValue]:
        return await self._write_mapping(
            "POST", mapping, idempotency_key, lambda given: mapping_service.replacing(self._caller, given)
        )

    async def merge_mapping(
        self, mapping: Mapping[str, object], *, idempotency_key: str | None = None
    ) -> dict[str, JsonValue]:
        return await self._write_mapping("PATCH", mapping, idempotency_key, mapping_service.merging, allow_null=True)

    async def rollback_mapping(
        self, tenant: str, version: int, *, message: str = "", idempotency_key: str | None = None
    ) -> dict[str, JsonValue]:
        requests.tenant_path(tenant)
        requests.check_message(message)
        named = self._delivery("POST /mapping/rollback", idempotency_key, tenant, version, message)
        async with self._asked(_WRITE_MAPPING, tenant=tenant):
            require_numbers(1, LARGEST, version=version)
            answer = await roll_back_part(
                self._parts.writer, self._caller, tenant, version, named, message=message
            )  # fmt: skip
        return wire.read_mapping(answer.body)

    async def replay(
        self, tenant: str, delivery_id: int, *, dry_run: bool = False, idempotency_key: str | None = None
    ) -> Replay:
        requests.tenant_path(tenant)
        named = self._delivery("POST /config/deliveries/replay", idempotency_key, tenant, delivery_id, dry_run)
        async with self._asked(tenant=tenant):
            if not self._caller.has(_WRITE_MAPPING):
                self._caller.require(_WRITE)  # who may write nothing is not told which deliveries there are
            answer = await replay(
                self._database, self._parts.writer, self._caller, tenant, delivery_id, named, dry_run=dry_run
            )
        return wire.read_replay(answer.body)

    async def import_heads(self, content: bytes, *, dry_run: bool = False) -> ImportReport:
        async with self._asked(_WRITE, _WRITE_MAPPING):
            done = await imported(
                self._transfers, self._parts.writer, self._caller, _once(content), history="heads", dry_run=dry_run
            )  # fmt: skip
        return wire.read_import(msgspec.json.encode(done.report(self._language, dry_run=dry_run)))

    async def _write(
        self, method: str, key: DocumentKey, body: bytes, expected: Expected, idempotency_key: str | None, work: Work,
        author: Author | None = None, media_type: str = "application/json",
    ) -> HistoryItem:  # fmt: skip
        async def answered(change: Change) -> Answer:
            made = await work(change)
            outcome = "applied" if made.revision == change.revision else "identical"
            return Answer(status=200, body=msgspec.json.encode(representation.history_item(made)), outcome=outcome)

        condition = repr(requests.condition(expected)).encode()
        delivery = self._delivery(
            f"{method} /configs/{key.domain}/{key.config_type}", idempotency_key, key, body, condition, body=body,
            media_type=media_type,
        )  # fmt: skip
        by = author or Author(self._caller.actor, "api")
        answer = await self._parts.writer.deliver(key.tenant, by, delivery, answered, documents=(key,))
        if answer.status != 200:
            raise set_aside(answer)
        return wire.read_item(answer.body)

    async def _write_mapping(
        self, method: str, mapping: Mapping[str, object], idempotency_key: str | None,
        edit: Callable[[GivenMapping], mapping_service.Edit], *, allow_null: bool = False,
    ) -> dict[str, JsonValue]:  # fmt: skip
        body = requests.json_body({"mapping_data": mapping})
        named = self._delivery(f"{method} /mapping/", idempotency_key, (), body)
        async with self._asked(_WRITE_MAPPING):
            answer = await mapping_service.write(
                self._parts.writer, self._caller, Author(self._caller.actor, "api"), named, None,
                edit(given_mapping(body, self._language, allow_null=allow_null)),
                lambda heads: Answer(status=200, body=whole(heads)),
            )  # fmt: skip
        return wire.read_mapping(answer.body)

    def _delivery(
        self, route: str, idempotency_key: str | None, *parts: object, body: bytes = b"", media_type: str = ""
    ) -> Delivery:
        return delivery_here(
            self._caller, self._language, route, idempotency_key, *parts, body=body, media_type=media_type
        )


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _put_body(content: str | Mapping[str, object], message: str) -> tuple[str, bytes, str]:
    """Method, body and its type, as over HTTP: a replay reads the body again."""
    if requests.put_message(content, message):
        return "POST", requests.json_body({"yaml_content": content, "message": message}), "application/json"
    if isinstance(content, str):
        return "PUT", content.encode(), "application/yaml"
    return "PUT", requests.json_body(content), "application/json"
