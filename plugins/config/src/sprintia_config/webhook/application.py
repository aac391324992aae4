"""What each event of the webhook does: the same work for a delivery that comes in and for one that is replayed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from sprintia_config.contents.keys import DocumentKey
from sprintia_config.documents import service as documents
from sprintia_config.documents.representation import moment
from sprintia_config.documents.versions import Version, standing
from sprintia_config.mapping import service as mappings
from sprintia_config.mapping import store as mapping_store
from sprintia_config.webhook.clearing import former_secrets
from sprintia_config.webhook.company_metadata import CompanyMetadataSync
from sprintia_config.webhook.credentials import CredentialsRemoval, CredentialsSync
from sprintia_config.webhook.documents import DocumentSync
from sprintia_config.webhook.events import Event, flattened, is_whole_mapping
from sprintia_config.webhook.fields import Body, flag
from sprintia_config.webhook.mapping import MappingSync
from sprintia_config.webhook.whole_mapping import WholeMappingSync
from sprintia_config.writing import Answer, Change
from sprintia_platform.content.values import Json

Work = Callable[[Change], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One event, read and ready to be applied.

    Attributes:
        tenant_id: whose it is.
        stream: within which its sender numbers what it sends.
        documents: what it changes; none: the tenant's part of the mapping.
        work: applies it.
        superseded: answers it without a change, when a later one came before.
    """

    tenant_id: str
    stream: str
    documents: tuple[DocumentKey, ...]
    work: Work
    superseded: Work


def application_of(event: Event, body: Body) -> Application:
    """Read an event's body.

    Raises:
        Problem: 400, something in it is missing or malformed.
    """
    match event:
        case "credentials_sync":
            removes = flag(flattened(body), "deleted")
            return _credentials(CredentialsRemoval(body)) if removes else _credentials(CredentialsSync(body))
        case "mapping_sync":
            return _mapping(WholeMappingSync(body) if is_whole_mapping(body) else MappingSync(body))
        case "company_metadata_sync":
            return _metadata(CompanyMetadataSync(body))
        case "document_sync":
            return _document(DocumentSync(body))


def _credentials(sync: CredentialsSync | CredentialsRemoval) -> Application:
    config_key = DocumentKey(sync.tenant_id, sync.domain, "config")
    credentials_key = DocumentKey(sync.tenant_id, sync.domain, "credentials")

    def answer(config: int, credentials: int, now: datetime, superseded_by: int | None = None) -> Answer:
        said = {
            "success": True, "message": "Credenciais sincronizadas com sucesso", "tenant_id": sync.tenant_id,
            "domain": sync.domain, "config_version": config, "credentials_version": credentials,
            "timestamp": moment(now),
        }  # fmt: skip
        return _answer(said, superseded_by)

    async def work(change: Change) -> Answer:
        former: set[str] = set()  # config says which secrets nothing refers to any more: it goes first

        def config_of(standing: Json) -> Json:
            config = sync.config_of(standing)
            if sync.complete:
                former.update(former_secrets(standing, config))
            return config

        def credentials_of(standing: Json) -> Json:
            return sync.credentials_of(standing, former)

        write = documents.reduce_unseen if isinstance(sync, CredentialsRemoval) else documents.merge_unseen
        config = await write(change, config_key, config_of)
        credentials = await write(change, credentials_key, credentials_of)
        return _told(change, answer(config, credentials, await change.now()))

    async def superseded(change: Change) -> Answer:
        versions = (await _standing_number(change, config_key), await _standing_number(change, credentials_key))
        return answer(*versions, await change.now(), change.opening.sequence)

    return Application(
        tenant_id=sync.tenant_id, stream=f"credentials_sync:{sync.domain}", documents=(config_key, credentials_key),
        work=work, superseded=superseded,
    )  # fmt: skip


def _metadata(sync: CompanyMetadataSync) -> Application:
    key = DocumentKey(sync.tenant_id, sync.domain, "metadata")

    def answer(version: int, now: datetime, superseded_by: int | None = None) -> Answer:
        said = {
            "success": True, "message": "Metadados da empresa sincronizados com sucesso", "tenant_id": sync.tenant_id,
            "domain": sync.domain, "metadata_version": version, "timestamp": moment(now),
        }  # fmt: skip
        return _answer(said, superseded_by)

    async def work(change: Change) -> Answer:
        metadata = await documents.merge_unseen(change, key, sync.merged)
        return _told(change, answer(metadata, await change.now()))

    async def superseded(change: Change) -> Answer:
        return answer(await _standing_number(change, key), await change.now(), change.opening.sequence)

    return Application(
        tenant_id=sync.tenant_id, stream=f"company_metadata_sync:{sync.domain}", documents=(key,), work=work,
        superseded=superseded,
    )  # fmt: skip


def _document(sync: DocumentSync) -> Application:
    key = sync.key

    def answer(head: Version | None, now: datetime, superseded_by: int | None = None) -> Answer:
        said = {
            "success": True, "message": "Documento sincronizado com sucesso", "tenant_id": key.tenant,
            "domain": key.domain, "config_type": key.config_type, "version": head.version if head else 0,
            "digest": head.digest if head and not head.deleted else None, "timestamp": moment(now),
        }  # fmt: skip
        return _answer(said, superseded_by)

    async def work(change: Change) -> Answer:
        made = await sync.apply(change)
        return _told(change, answer(made, await change.now()))

    async def superseded(change: Change) -> Answer:
        return answer(await standing(change, key), await change.now(), change.opening.sequence)

    return Application(
        tenant_id=key.tenant, stream=f"document_sync:{key.domain}:{key.config_type}", documents=(key,), work=work,
        superseded=superseded,
    )  # fmt: skip


def _mapping(sync: MappingSync | WholeMappingSync) -> Application:
    def answer(version: int, now: datetime, superseded_by: int | None = None) -> Answer:
        said = {
            "success": True, "message": "Mapeamento sincronizado com sucesso", "version": version,
            "timestamp": moment(now),
        }  # fmt: skip
        return _answer(said, superseded_by)

    async def work(change: Change) -> Answer:
        made = await mappings.write_slice_unseen(change, sync.applied)
        return _told(change, answer(made, await change.now()))

    async def superseded(change: Change) -> Answer:
        head = await mapping_store.standing(change)
        return answer(head.version if head else 0, await change.now(), change.opening.sequence)

    return Application(
        tenant_id=sync.tenant_id, stream=sync.stream, documents=(), work=work,
        superseded=superseded,
    )  # fmt: skip


async def _standing_number(change: Change, key: DocumentKey) -> int:
    head = await standing(change, key)
    return head.version if head else 0


def _answer(said: dict[str, object], superseded_by: int | None) -> Answer:
    if superseded_by is None:
        return Answer(status=200, body=msgspec.json.encode(said))
    more = {"superseded": True, "sequence": superseded_by}
    return Answer(status=200, body=msgspec.json.encode(said | more), outcome="superseded")


def _told(change: Change, answer: Answer) -> Answer:
    return answer if change.changed else replace(answer, outcome="identical")
