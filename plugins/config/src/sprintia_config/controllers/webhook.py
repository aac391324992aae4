"""`POST /odoo-webhook/`: what Odoo's addons send."""

from contextlib import suppress
from dataclasses import replace

import asyncpg
from litestar import Response, post
from litestar.di import NamedDependency

from sprintia_config import problems
from sprintia_config.controllers.intake import author_of, delivery_of, to_response
from sprintia_config.deliveries.refusals import Admission, record_refusal
from sprintia_config.deliveries.works import WEBHOOK_ROUTE
from sprintia_config.mapping import service as mappings
from sprintia_config.settings import ConfigSettings
from sprintia_config.webhook.application import application_of
from sprintia_config.webhook.events import Event, event_of, tenant_of
from sprintia_config.webhook.secrets import policy_of
from sprintia_config.webhook.signatures import SignatureHeaders, verify, verify_legacy
from sprintia_config.writing import Answer, Change, Delivery, Writer
from sprintia_platform import Caller, Problem, requires
from sprintia_platform.content.values import Json
from sprintia_platform.database.connections import Database
from sprintia_platform.http.documentation import documented_body
from sprintia_platform.http.requests import StrictRequest, read_body_json

_BODY = documented_body(
    "An event of Odoo's addons: credentials_sync (flat or nested), mapping_sync, company_metadata_sync, document_sync.",
    "application/json",
)
_RIGHTS: dict[Event, str] = {
    "credentials_sync": "config:write", "mapping_sync": "mapping:write", "company_metadata_sync": "config:write",
    "document_sync": "config:write",
}  # fmt: skip


@post("/odoo-webhook", guards=[requires()], tags=["webhook"], status_code=200, operation_class=_BODY)
async def receive(
    request: StrictRequest, writer: NamedDependency[Writer], database: NamedDependency[Database],
    caller: NamedDependency[Caller], config_settings: NamedDependency[ConfigSettings],
) -> Response[bytes]:  # fmt: skip
    """Take one event: `credentials_sync`, `mapping_sync`, `company_metadata_sync` or `document_sync`.

    The same `webhook-id` with the same body gets the first answer again. What is refused is listed under
    `/config/deliveries` with its reason, and may be sent again under the same id.
    """
    body = await request.body()
    intake = _Intake(request, caller, body)
    admit = _signature_check(intake, config_settings)
    try:
        intake.read()
        return to_response(await _apply(writer, caller, intake, admit))
    except Problem as problem:
        if problem.kind.status < 500:
            await _list_refusal(database, writer, intake, admit, problem)
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
        self.delivery = delivery_of(self.request, self.caller, self.body, route=WEBHOOK_ROUTE, always_recorded=True)
        self.request.expect_content_type("application/json")
        value = read_body_json(self.request, self.body)
        if not isinstance(value, dict):
            raise Problem(problems.EVENT_UNKNOWN)
        self.value = value
        self.event = event_of(value)
        self.delivery = replace(self.delivery, event=self.event)
        self.caller.require(_RIGHTS[self.event])
        tenant_id = tenant_of(self.event, value)
        self.tenant_id = self.caller.require_tenant(tenant_id)

    @property
    def identified(self) -> Event:
        """The event, once it was read."""
        if self.event is None:
            raise Problem(problems.EVENT_UNKNOWN)
        return self.event


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


async def _apply(writer: Writer, caller: Caller, intake: _Intake, admit: Admission) -> Answer:
    event = intake.identified
    found = application_of(event, intake.value)
    delivery = delivery_of(
        intake.request, caller, intake.body, route=WEBHOOK_ROUTE, event=event, stream=found.stream,
        always_recorded=True,
    )  # fmt: skip
    author = author_of(caller, "webhook", event)
    if not found.documents:
        return await mappings.deliver_slice(
            writer, caller, found.tenant_id, author, delivery, found.work, found.superseded, admit
        )
    return await writer.deliver(
        found.tenant_id, author, delivery, found.work, found.superseded, documents=found.documents, admit=admit
    )


async def _list_refusal(
    database: Database, writer: Writer, intake: _Intake, admit: Admission, problem: Problem
) -> None:
    delivery = intake.delivery or Delivery(
        sender=intake.caller.key_id, delivery_id=None, digest=b"", route=WEBHOOK_ROUTE
    )
    # The refusal itself is what the sender must hear; a list that cannot be written now changes nothing about it.
    with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        await record_refusal(database, writer, intake.tenant_id, delivery, problem, admit)
