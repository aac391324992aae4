"""`POST /odoo-webhook/`: what Odoo's addons send."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime

import asyncpg
from litestar import Response, post
from litestar.di import NamedDependency

from sprintia_config import problems
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.controllers.intake import author_of, delivery_of, json_answer, to_response
from sprintia_config.documents import service as documents
from sprintia_config.documents.representation import moment
from sprintia_config.documents.versions import standing
from sprintia_config.mapping import service as mappings
from sprintia_config.mapping import store as mapping_store
from sprintia_config.settings import ConfigSettings
from sprintia_config.webhook.company_metadata import CompanyMetadataSync
from sprintia_config.webhook.credentials import CredentialsSync
from sprintia_config.webhook.events import Event, event_of, tenant_of
from sprintia_config.webhook.mapping import MappingSync
from sprintia_config.webhook.secrets import policy_of
from sprintia_config.webhook.signatures import SignatureHeaders, verify, verify_legacy
from sprintia_config.writing import Answer, Author, Change, Delivery, Writer, record_refusal
from sprintia_platform import Caller, Problem, requires
from sprintia_platform.content.values import Json
from sprintia_platform.database.connections import Database
from sprintia_platform.http.documentation import documented_body
from sprintia_platform.http.requests import StrictRequest, read_body_json

_ROUTE = "POST /odoo-webhook/"
_BODY = documented_body(
    "An event of Odoo's addons: credentials_sync (flat or nested), mapping_sync or company_metadata_sync.",
    "application/json",
)
_RIGHTS: dict[Event, str] = {
    "credentials_sync": "config:write", "mapping_sync": "mapping:write", "company_metadata_sync": "config:write",
}  # fmt: skip
Admission = Callable[[Change], Awaitable[None]]


@post("/odoo-webhook", guards=[requires()], tags=["webhook"], status_code=200, operation_class=_BODY)
async def receive(
    request: StrictRequest, writer: NamedDependency[Writer], database: NamedDependency[Database],
    caller: NamedDependency[Caller], config_settings: NamedDependency[ConfigSettings],
) -> Response[bytes]:  # fmt: skip
    """Take one event: `credentials_sync`, `mapping_sync` or `company_metadata_sync`.

    The same `webhook-id` with the same body gets the first answer again. What is refused is listed under
    `/config/deliveries` with its reason, and may be sent again under the same id.
    """
    body = await request.body()
    intake = _Intake(request, caller, body)
    try:
        intake.read()
        return to_response(await _apply(writer, caller, intake, config_settings))
    except Problem as problem:
        if problem.kind.status < 500:
            await _list_refusal(database, caller, intake, problem)
        raise


class _Intake:
    """One delivery, as far as it could be read."""

    def __init__(self, request: StrictRequest, caller: Caller, body: bytes) -> None:
        self.request, self.caller, self.body = request, caller, body
        self.value: dict[str, Json] = {}
        self.event: Event | None = None
        self.tenant_id = ""
        self.delivery: Delivery | None = None

    def read(self) -> None:
        self.delivery = delivery_of(self.request, self.caller, self.body, route=_ROUTE, always_recorded=True)
        self.request.expect_content_type("application/json")
        value = read_body_json(self.request, self.body)
        if not isinstance(value, dict):
            raise Problem(problems.EVENT_UNKNOWN)
        self.value = value
        self.event = event_of(value)
        self.caller.require(_RIGHTS[self.event])
        tenant_id = tenant_of(self.event, value)
        self.tenant_id = self.caller.require_tenant(tenant_id)

    def delivery_in(self, stream: str) -> Delivery:
        return delivery_of(
            self.request, self.caller, self.body, route=_ROUTE, event=self.event, stream=stream, always_recorded=True
        )

    @property
    def author(self) -> Author:
        return author_of(self.caller, "webhook", self.event or "")


def _signature_check(intake: _Intake, settings: ConfigSettings) -> Admission:
    """Make the check of a delivery's signature, for the transaction that applies it.

    There the tenant's secrets cannot change between the check and the write, and cost no transaction of their own.
    """

    async def check(change: Change) -> None:
        policy = await policy_of(change)
        shared = settings.webhook_secrets.reveal().split() if settings.webhook_secrets else ()
        known = (*policy.secrets, *shared)
        headers = SignatureHeaders.of(intake.request.headers)
        mode = settings.webhook_signature if policy.mode == "inherit" else policy.mode
        if headers.signature is not None:
            verify(headers, intake.body, known)
        elif mode == "legacy":
            verify_legacy(intake.request.headers.get("x-webhook-signature"), intake.body, known)
        elif mode == "required":
            verify(headers, intake.body, known)

    return check


async def _apply(writer: Writer, caller: Caller, intake: _Intake, settings: ConfigSettings) -> Answer:
    admit = _signature_check(intake, settings)
    if intake.event == "mapping_sync":
        return await _apply_mapping(writer, caller, intake, admit)
    if intake.event == "credentials_sync":
        return await _apply_credentials(writer, intake, admit)
    return await _apply_metadata(writer, intake, admit)


async def _apply_credentials(writer: Writer, intake: _Intake, admit: Admission) -> Answer:
    sync = CredentialsSync(intake.value)
    config_key = DocumentKey(sync.tenant_id, sync.domain, "config")
    credentials_key = DocumentKey(sync.tenant_id, sync.domain, "credentials")

    def answer(config: int, credentials: int, now: datetime, **more: object) -> Answer:
        said = {
            "success": True, "message": "Credenciais sincronizadas com sucesso", "tenant_id": sync.tenant_id,
            "domain": sync.domain, "config_version": config, "credentials_version": credentials,
            "timestamp": moment(now),
        }  # fmt: skip
        return json_answer(said | more, outcome="superseded" if more else "applied")

    async def work(change: Change) -> Answer:
        config = await documents.merge_unseen(change, config_key, sync.merged_config)
        credentials = await documents.merge_unseen(change, credentials_key, sync.merged_credentials)
        made = answer(config, credentials, await change.now())
        return made if change.changed else _identical(made)

    async def superseded(change: Change) -> Answer:
        config = await standing(change, config_key)
        credentials = await standing(change, credentials_key)
        versions = (config.version if config else 0, credentials.version if credentials else 0)
        return answer(*versions, await change.now(), superseded=True)

    delivery = intake.delivery_in(f"{intake.event}:{sync.domain}")
    touched = (config_key, credentials_key)
    return await writer.deliver(
        sync.tenant_id, intake.author, delivery, work, superseded, documents=touched, admit=admit
    )


async def _apply_metadata(writer: Writer, intake: _Intake, admit: Admission) -> Answer:
    sync = CompanyMetadataSync(intake.value)
    key = DocumentKey(sync.tenant_id, sync.domain, "metadata")

    def answer(version: int, now: datetime, **more: object) -> Answer:
        said = {
            "success": True, "message": "Metadados da empresa sincronizados com sucesso", "tenant_id": sync.tenant_id,
            "domain": sync.domain, "metadata_version": version, "timestamp": moment(now),
        }  # fmt: skip
        return json_answer(said | more, outcome="superseded" if more else "applied")

    async def work(change: Change) -> Answer:
        metadata = await documents.merge_unseen(change, key, sync.merged)
        made = answer(metadata, await change.now())
        return made if change.changed else _identical(made)

    async def superseded(change: Change) -> Answer:
        head = await standing(change, key)
        return answer(head.version if head else 0, await change.now(), superseded=True)

    delivery = intake.delivery_in(f"{intake.event}:{sync.domain}")
    return await writer.deliver(
        sync.tenant_id, intake.author, delivery, work, superseded, documents=(key,), admit=admit
    )


async def _apply_mapping(writer: Writer, caller: Caller, intake: _Intake, admit: Admission) -> Answer:
    sync = MappingSync(intake.value)

    def answer(version: int, now: datetime, **more: object) -> Answer:
        said = {
            "success": True, "message": "Mapeamento sincronizado com sucesso", "version": version,
            "timestamp": moment(now),
        }  # fmt: skip
        return json_answer(said | more, outcome="superseded" if more else "applied")

    async def work(change: Change) -> Answer:
        made = await mappings.write_slice_unseen(change, sync.applied)
        said = answer(made, await change.now())
        return said if change.changed else _identical(said)

    async def superseded(change: Change) -> Answer:
        head = await mapping_store.standing(change)
        return answer(head.version if head else 0, await change.now(), superseded=True)

    stream = f"{intake.event}:{sync.account}:{sync.inbox or ''}"
    delivery = intake.delivery_in(stream)
    return await mappings.deliver_slice(
        writer, caller, sync.tenant_id, intake.author, delivery, work, superseded, admit
    )


def _identical(answer: Answer) -> Answer:
    return Answer(status=answer.status, body=answer.body, headers=answer.headers, outcome="identical")


async def _list_refusal(database: Database, caller: Caller, intake: _Intake, problem: Problem) -> None:
    delivery = intake.delivery or delivery_of_refused(intake)
    reason = problem.kind.detail.show("pt-BR", **problem.values)[:1000]
    listed = Delivery(
        sender=caller.key_id, delivery_id=delivery.delivery_id, digest=delivery.digest, route=_ROUTE,
        event=intake.event,
    )  # fmt: skip
    # The refusal itself is what the sender must hear; a list that cannot be written now changes nothing about it.
    with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        await record_refusal(database, intake.tenant_id, listed, problem.kind.status, reason)


def delivery_of_refused(intake: _Intake) -> Delivery:
    """Name a delivery whose own headers were refused."""
    return Delivery(sender=intake.caller.key_id, delivery_id=None, digest=b"", route=_ROUTE)
