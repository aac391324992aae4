"""Export and import on behalf of a caller: within its reach, few at once."""

from collections.abc import AsyncGenerator, AsyncIterable
from typing import TYPE_CHECKING, Literal

from sprintia_config import problems
from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.transfer.exporting import Export, export_lines, missing_tenants
from sprintia_config.transfer.importing import FileSource, Importer, Source
from sprintia_config.transfer.outcome import Outcome, Trouble
from sprintia_config.transfer.reading import ExportFile, read_export
from sprintia_config.transfer.spool import Spool, room_on_disk
from sprintia_config.transfer.taking import Heads, History
from sprintia_config.vault import Vault
from sprintia_config.writing import Author, Writer
from sprintia_platform import Caller, Problem
from sprintia_platform.database.connections import Database
from sprintia_platform.http.problems import TENANT_NOT_FOUND, unavailable

if TYPE_CHECKING:
    from sprintia_platform.host import Host

_AT_ONCE = 2
_RETRY_AFTER = 10


class Transfers:
    """How many transfers run in this process: each holds a connection for as long as its other side takes."""

    def __init__(self) -> None:
        self._running = 0

    @classmethod
    def of(cls, host: "Host") -> "Transfers":
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


async def exported(
    transfers: Transfers, database: Database, vault: Vault, caller: Caller, tenants: tuple[str, ...] | None, *,
    clear: bool,
) -> AsyncGenerator[bytes, None]:  # fmt: skip
    """Give the lines of an export: of these tenants, or of all that the caller reaches.

    Raises:
        Problem: before the first line: 404 for a tenant that does not exist or is out of reach, 403 without the right
            to see secrets in clear, 503 while too many transfers run.
    """
    for name in tenants or ():
        check_identifiers(tenant=name)
        caller.require_tenant(name)
    if clear:
        caller.require("secrets:read")
    export = Export(scope=caller.scope, tenants=tenants, clear=clear, actor=caller.actor)
    missing = await missing_tenants(database, export)
    if missing:
        raise Problem(TENANT_NOT_FOUND, tenant=missing[0])
    # Begun within the generator: one that is dropped is closed, one that never ran would keep its place for ever.
    transfers.begin()
    try:
        async for line in export_lines(database, vault, export):
            yield line
    finally:
        transfers.end()


async def imported(
    transfers: Transfers, writer: Writer, caller: Caller, chunks: AsyncIterable[bytes], *,
    history: Literal["full", "heads"], dry_run: bool,
) -> Outcome:  # fmt: skip
    """Take an export: whole and sound, or nothing of it; tenants out of the caller's reach are reported.

    Raises:
        Problem: 403 without `admin` for `full`, whose lines keep the authors that they name; 422 with every malformed
            line; 503 while too many transfers run.
    """
    if history == "full":
        caller.require("admin")
    author = Author(caller.actor, "import")
    importer = Importer(writer, author, dry_run=dry_run, taker=Heads if history == "heads" else History)
    transfers.begin()
    try:
        with Spool() as spool:
            with room_on_disk():
                file = await read_export(chunks, spool)
            within, beyond = _parted(file, caller)
            total = await importer.take_all(within)
            total.add(beyond)
    finally:
        transfers.end()
    return total


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
