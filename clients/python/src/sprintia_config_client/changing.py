"""`ConfigWriter` over HTTP: each write is sent once, with a name of its own."""

from collections.abc import Mapping

from sprintia_config_client import wire
from sprintia_config_client.asking import Asking, understood
from sprintia_config_client.contract import Expected, HistoryItem, ImportReport, Patch, Replay
from sprintia_config_client.exact import JsonValue
from sprintia_config_client.requests import (
    check_message,
    condition,
    delivery_name,
    delivery_path,
    document_path,
    json_body,
    put_message,
    tenant_named,
)

_JSON = "application/json"


class Changing(Asking):
    """The part of `ConfigClient` that writes."""

    def _wrote(self, tenant: str, revision: int) -> None:
        """Told when a write was answered: what reads of this client must show from now on."""

    async def put(
        self, tenant: str, domain: str, config_type: str, content: str | Mapping[str, object], *,
        message: str = "", expected: Expected = None, idempotency_key: str | None = None,
    ) -> HistoryItem:  # fmt: skip
        path = document_path(tenant, domain, config_type)
        if put_message(content, message):
            method, media_type = "POST", _JSON
            body = json_body({"yaml_content": content, "message": message})
        elif isinstance(content, str):
            method, body, media_type = "PUT", content.encode(), "application/yaml"
        else:
            method, body, media_type = "PUT", json_body(content), _JSON
        return await self._write(tenant, method, path, body, media_type, expected, idempotency_key)

    async def patch(
        self, tenant: str, domain: str, config_type: str, patch: Patch, *, expected: Expected = None,
        idempotency_key: str | None = None,
    ) -> HistoryItem:  # fmt: skip
        path, media_type = document_path(tenant, domain, config_type), "application/merge-patch+json"
        return await self._write(tenant, "PATCH", path, json_body(patch), media_type, expected, idempotency_key)

    async def delete(
        self, tenant: str, domain: str, config_type: str, *, expected: Expected = None,
        idempotency_key: str | None = None,
    ) -> HistoryItem:  # fmt: skip
        path = document_path(tenant, domain, config_type)
        return await self._write(tenant, "DELETE", path, None, None, expected, idempotency_key)

    async def rollback(
        self, tenant: str, domain: str, config_type: str, version: int, *, message: str = "",
        expected: Expected = None, idempotency_key: str | None = None,
    ) -> HistoryItem:  # fmt: skip
        path = f"{document_path(tenant, domain, config_type)}/rollback"
        body = json_body({"version": version, "message": check_message(message)})
        return await self._write(tenant, "POST", path, body, _JSON, expected, idempotency_key)

    async def replace_mapping(
        self, mapping: Mapping[str, object], *, idempotency_key: str | None = None
    ) -> dict[str, JsonValue]:
        return await self._write_mapping("POST", "/mapping", {"mapping_data": mapping}, idempotency_key)

    async def merge_mapping(
        self, mapping: Mapping[str, object], *, idempotency_key: str | None = None
    ) -> dict[str, JsonValue]:
        return await self._write_mapping("PATCH", "/mapping", {"mapping_data": mapping}, idempotency_key)

    async def rollback_mapping(
        self, tenant: str, version: int, *, message: str = "", idempotency_key: str | None = None
    ) -> dict[str, JsonValue]:
        body = {"tenant_id": tenant_named(tenant), "version": version, "message": check_message(message)}
        return await self._write_mapping("POST", "/mapping/rollback", body, idempotency_key)

    async def replay(
        self, tenant: str, delivery_id: int, *, dry_run: bool = False, idempotency_key: str | None = None
    ) -> Replay:
        path, name = f"{delivery_path(tenant, delivery_id)}/replay", delivery_name(idempotency_key)
        response = await self._transport.write("POST", path, None, {}, name, {"dry_run": dry_run or None})
        made = understood(response, wire.read_replay)
        if made.revision is not None and not dry_run:
            self._wrote(tenant, made.revision)
        return made

    async def import_heads(self, content: bytes, *, dry_run: bool = False) -> ImportReport:
        query = {"history": "heads", "dry_run": dry_run or None}
        response = await self._transport.send_file("/config/import", content, "application/x-ndjson", query)
        return understood(response, wire.read_import)

    async def _write(
        self, tenant: str, method: str, path: str, body: bytes | None, media_type: str | None, expected: Expected,
        idempotency_key: str | None,
    ) -> HistoryItem:  # fmt: skip
        headers = condition(expected) | ({"Content-Type": media_type} if media_type else {})
        response = await self._transport.write(method, path, body, headers, delivery_name(idempotency_key))
        item = understood(response, wire.read_item)
        self._wrote(tenant, item.revision)
        return item

    async def _write_mapping(
        self, method: str, path: str, body: Mapping[str, object], idempotency_key: str | None
    ) -> dict[str, JsonValue]:
        headers, name = {"Content-Type": _JSON}, delivery_name(idempotency_key)
        response = await self._transport.write(method, path, json_body(body), headers, name)
        return understood(response, wire.read_mapping)
