"""`/config/export` and `/config/import`: whole configurations as JSON lines, with their history."""

from collections.abc import AsyncIterator
from typing import Literal

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Stream

from sprintia_config import problems
from sprintia_config.controllers.intake import language_of, refuse_delivery_id
from sprintia_config.settings import ConfigSettings
from sprintia_config.transfer.exporting import chosen
from sprintia_config.transfer.lines import MEDIA_TYPE
from sprintia_config.transfer.outcome import ImportReport
from sprintia_config.transfer.service import Transfers, exported, imported
from sprintia_config.vault import Vault
from sprintia_config.writing import Writer
from sprintia_platform import Caller, Problem, requires
from sprintia_platform.database.connections import Database
from sprintia_platform.host import Host
from sprintia_platform.http.documentation import documented_body
from sprintia_platform.http.request_layer import STREAMED_BODY
from sprintia_platform.http.requests import StrictRequest

_TAGS = ["transfer"]
_HEADERS = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="configs.jsonl"'}


@get("/config/export", guards=[requires("config:read")], tags=_TAGS)
async def export_configuration(
    host: NamedDependency[Host], database: NamedDependency[Database], vault: NamedDependency[Vault],
    caller: NamedDependency[Caller], tenant: FromQuery[list[str] | None] = None,
    secrets: FromQuery[Literal["masked", "clear"]] = "masked",
) -> Stream:  # fmt: skip
    """Stream the whole history of the named tenants (`tenant` may be repeated), or of all that the key reaches.

    JSON lines, from one snapshot. `secrets=clear` needs the right `secrets:read` and is audited for each tenant; with
    masks, versions with secrets cannot be imported elsewhere. Only a file whose last line is an `end` line is whole.
    """
    lines = exported(
        Transfers.of(host), database, vault, caller, chosen(tenant), clear=secrets == "clear"
    )  # fmt: skip
    # The first line before the answer begins: what can fail then fails with a status.
    first = await anext(lines)
    return Stream(_followed(first, lines), media_type=MEDIA_TYPE, headers=_HEADERS)


@post(
    "/config/import", guards=[requires("config:write", "mapping:write")], tags=_TAGS, status_code=200,
    request_max_body_size=None, opt={STREAMED_BODY: True},
    operation_class=documented_body("An export, one JSON object a line.", MEDIA_TYPE),
)  # fmt: skip
async def import_configuration(
    request: StrictRequest, host: NamedDependency[Host], config_settings: NamedDependency[ConfigSettings],
    writer: NamedDependency[Writer], caller: NamedDependency[Caller], dry_run: FromQuery[bool] = False,
    history: FromQuery[Literal["full", "heads"]] = "full",
) -> ImportReport:  # fmt: skip
    """Import an export, sent as the body; a repetition does nothing, and an interrupted one goes on when repeated.

    The whole file is checked before anything is written (422 lists every malformed line). Then each tenant is one
    transaction. Version numbers, times and authors stay as they were, which needs the right `admin`;
    `history=heads` writes only what stands in the file, as new versions of the caller. Every line that was not taken
    is reported with its number.
    """
    refuse_delivery_id(request)
    request.expect_content_type(MEDIA_TYPE, "application/jsonl")
    chunks = _bounded(request, config_settings.import_max_bytes)
    total = await imported(Transfers.of(host), writer, caller, chunks, history=history, dry_run=dry_run)
    return total.report(language_of(request), dry_run=dry_run)


HANDLERS = (export_configuration, import_configuration)


async def _followed(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for line in rest:
        yield line


async def _bounded(request: StrictRequest, limit: int) -> AsyncIterator[bytes]:
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > limit:
            raise Problem(problems.IMPORT_TOO_LARGE, headers={"Connection": "close"}, limit=limit)
        yield chunk
