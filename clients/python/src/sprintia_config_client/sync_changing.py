"""Writes of `SyncConfigClient`."""

from collections.abc import Mapping

from sprintia_config_client.contract import Expected, HistoryItem, ImportReport, Patch, Replay
from sprintia_config_client.exact import JsonValue
from sprintia_config_client.thread import Blocking


class SyncChanging(Blocking):
    """`Changing` for plain threads."""

    def put(
        self, tenant: str, domain: str, config_type: str, content: str | Mapping[str, object], *,
        message: str = "", expected: Expected = None, idempotency_key: str | None = None,
    ) -> HistoryItem:  # fmt: skip
        return self._run(
            lambda client: client.put(
                tenant, domain, config_type, content, message=message, expected=expected,
                idempotency_key=idempotency_key,
            )
        )  # fmt: skip

    def patch(
        self, tenant: str, domain: str, config_type: str, patch: Patch, *, expected: Expected = None,
        idempotency_key: str | None = None,
    ) -> HistoryItem:  # fmt: skip
        return self._run(
            lambda client: client.patch(
                tenant, domain, config_type, patch, expected=expected, idempotency_key=idempotency_key
            )
        )

    def delete(
        self, tenant: str, domain: str, config_type: str, *, expected: Expected = None,
        idempotency_key: str | None = None,
    ) -> HistoryItem:  # fmt: skip
        return self._run(
            lambda client: client.delete(
                tenant, domain, config_type, expected=expected, idempotency_key=idempotency_key
            )
        )

    def rollback(
        self, tenant: str, domain: str, config_type: str, version: int, *, message: str = "",
        expected: Expected = None, idempotency_key: str | None = None,
    ) -> HistoryItem:  # fmt: skip
        return self._run(
            lambda client: client.rollback(
                tenant, domain, config_type, version, message=message, expected=expected,
                idempotency_key=idempotency_key,
            )
        )  # fmt: skip

    def replace_mapping(
        self, mapping: Mapping[str, object], *, idempotency_key: str | None = None
    ) -> dict[str, JsonValue]:
        return self._run(lambda client: client.replace_mapping(mapping, idempotency_key=idempotency_key))

    def merge_mapping(
        self, mapping: Mapping[str, object], *, idempotency_key: str | None = None
    ) -> dict[str, JsonValue]:
        return self._run(lambda client: client.merge_mapping(mapping, idempotency_key=idempotency_key))

    def rollback_mapping(
        self, tenant: str, version: int, *, message: str = "", idempotency_key: str | None = None
    ) -> dict[str, JsonValue]:
        return self._run(
            lambda client: client.rollback_mapping(tenant, version, message=message, idempotency_key=idempotency_key)
        )

    def replay(
        self, tenant: str, delivery_id: int, *, dry_run: bool = False, idempotency_key: str | None = None
    ) -> Replay:
        return self._run(
            lambda client: client.replay(tenant, delivery_id, dry_run=dry_run, idempotency_key=idempotency_key)
        )

    def import_heads(self, content: bytes, *, dry_run: bool = False) -> ImportReport:
        return self._run(lambda client: client.import_heads(content, dry_run=dry_run))
