"""`/config/export` and `/config/import`: whole configurations as JSON lines, with their history."""

import errno
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Literal

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Stream

from sprintia_config import problems
from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.controllers.intake import author_of, language_of, refuse_delivery_id
from sprintia_config.settings import ConfigSettings
from sprintia_config.transfer.exporting import Export, chosen, export_lines, missing_tenants
from sprintia_config.transfer.importing import FileSource, Importer, Source
from sprintia_config.transfer.lines import MEDIA_TYPE
from sprintia_config.transfer.outcome import ImportReport, Outcome, Trouble
from sprintia_config.transfer.reading import ExportFile, read_export
from sprintia_config.transfer.spool import Spool
from sprintia_config.transfer.taking import Heads, History
from sprintia_config.vault import Vault
from sprintia_config.writing import Writer
from sprintia_platform import Caller, Problem, requires
from sprintia_platform.database.connections import Database
from sprintia_platform.host import Host
from sprintia_platform.http.documentation import documented_body
from sprintia_platform.http.problems import TENANT_NOT_FOUND, unavailable
from sprintia_platform.http.request_layer import STREAMED_BODY
from sprintia_platform.http.requests import StrictRequest

_TAGS = ["transfer"]
_AT_ONCE = 2
_RETRY_AFTER = 10
_HEADERS = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="configs.jsonl"'}


class Transfers:
    """How many transfers run in this process: each holds a connection for as long as its other side takes."""

    def __init__(self) -> None:
        self._running = 0

    @classmethod
    def of(cls, host: Host) -> "Transfers":
        """The ones of this application."""
        return host.shared(cls, cls)

    def begin(self) -> None:
        """Take a place.

        Raises:
            Problem: 503 when all are taken.
        """
        if self._running >= _AT_ONCE:
            raise unavailable(problems.TRANSFER_BUSY, _RETRY_AFTER)
        self._running += 1

    def end(self) -> None:
        self._running -= 1


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
    tenants = chosen(tenant)
    for name in tenants or ():
        check_identifiers(tenant=name)
        caller.require_tenant(name)
    if secrets == "clear":
        caller.require("secrets:read")
    export = Export(scope=caller.scope, tenants=tenants, clear=secrets == "clear", actor=caller.actor)
    missing = await missing_tenants(database, export)
    if missing:
        raise Problem(TENANT_NOT_FOUND, tenant=missing[0])
    lines = _counted(Transfers.of(host), export_lines(database, vault, export))
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
    if history == "full":
        caller.require("admin")
    importer = Importer(
        writer, author_of(caller, "import"), dry_run=dry_run, taker=Heads if history == "heads" else History
    )
    transfers = Transfers.of(host)
    transfers.begin()
    try:
        with Spool() as spool:
            with _room_on_disk():
                file = await read_export(_bounded(request, config_settings.import_max_bytes), spool)
            within, beyond = _parted(file, caller)
            total = await importer.take_all(within)
            total.add(beyond)
    finally:
        transfers.end()
    return total.report(language_of(request), dry_run=dry_run)


HANDLERS = (export_configuration, import_configuration)


async def _counted(transfers: Transfers, lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    # Begun within the generator: one that is dropped is closed, one that never ran would keep its place for ever.
    transfers.begin()
    try:
        async for line in lines:
            yield line
    finally:
        transfers.end()


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


@contextmanager
def _room_on_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise Problem(problems.IMPORT_NO_SPACE) from None


def _parted(file: ExportFile, caller: Caller) -> tuple[list[Source], Outcome]:
    """The tenants that the caller reaches, and a problem for each other one."""
    within: list[Source] = []
    beyond = Outcome()
    for section in file.sections:
        if not section.count:
            continue
        if caller.reaches(section.tenant_id):
            within.append(FileSource(file, section))
        else:
            beyond.refuse(Trouble(section.number, section.tenant_id, "tenant_out_of_reach"))
    return within, beyond
