"""`/viewer/export/{tenant}` and `/viewer/import`: a whole tenant as a file, and back."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from io import BytesIO
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from sprintia_config_client import errors
from sprintia_config_client.contract import ImportReport, TenantDetail
from sprintia_platform.http.request_layer import STREAMED_BODY
from sprintia_viewer.pages.confirming import confirmed_or_lead
from sprintia_viewer.web import links
from sprintia_viewer.web.forms import file_of
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.languages import marked
from sprintia_viewer.web.uploads import LARGEST_FILE, LARGEST_UPLOAD, TAKES_FILES
from sprintia_viewer.web.visits import REVEAL, Visit

_EXPORT = "/viewer/export/{tenant:str}"
_IMPORTING = ("config:write", "mapping:write")
_PROBLEMS_SHOWN = 100
_CHANGES_SHOWN = 200


class ExportForm(msgspec.Struct, frozen=True):
    """Whether secrets are wanted in clear."""

    secrets: bool = False


class ExportPage(msgspec.Struct, frozen=True, kw_only=True):
    """What would be exported."""

    tenant: TenantDetail


class ImportForm(msgspec.Struct, frozen=True):
    """What to do with the file: see what it would change, or take it."""

    action: Literal["check", "take"]


class ImportPage(msgspec.Struct, frozen=True, kw_only=True):
    """The form, and what became of the file.

    Attributes:
        largest: bytes that a file may have here.
        report: what the file did, or would do; None before one was sent.
        documents: of the report's problems, by line: the domain and type that stand there.
        more_problems, more_changes: how many there are beyond those of the report.
        refusal: why nothing was taken.
        faults: of the file, by line; the first hundred.
        chosen: whether the form of the page, which script left in its place, has the file still.
    """

    largest: int = LARGEST_FILE
    report: ImportReport | None = None
    documents: dict[int, tuple[str, str]] = {}
    more_problems: int = 0
    more_changes: int = 0
    refusal: str | None = None
    faults: list[errors.Fault] = []
    chosen: bool = False


@get(_EXPORT, guards=[signed_in()])
async def show_export(visit: NamedDependency[Visit], tenant: FromPath[str]) -> Response[bytes]:
    """Say what the file holds, and ask whether secrets are wanted."""
    return await visit.page("export.html", ExportPage(tenant=await visit.config.tenant(tenant)))


@post(_EXPORT, guards=[signed_in()], status_code=200)
async def export(visit: NamedDependency[Visit], tenant: FromPath[str]) -> Response[bytes] | Stream:
    """Give the file; with secrets in clear to who may see them and proves to be there. The audit log says who did."""
    form = await visit.form(ExportForm)
    if form.secrets:
        visit.require(REVEAL)
        if lead := await confirmed_or_lead(visit, links.export(tenant)):
            return lead
    config = visit.revealing_config if form.secrets else visit.config
    lines = config.export(tenant, clear=form.secrets)
    # The first line before the answer begins: what can fail then fails with a page.
    first = await anext(lines)
    name = f"{tenant}-{datetime.now(ZoneInfo(visit.zone)):%Y-%m-%d}.jsonl"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store", "Vary": "Cookie"}
    return Stream(_followed(first, lines), media_type="application/x-ndjson", headers=headers)


@get("/viewer/import", guards=[signed_in(*_IMPORTING)])
async def show_import(visit: NamedDependency[Visit]) -> Response[bytes]:
    """Ask for a file."""
    return await visit.page("import.html", ImportPage())


@post(
    "/viewer/import", guards=[signed_in(*_IMPORTING)], request_max_body_size=LARGEST_UPLOAD,
    opt={TAKES_FILES: True, STREAMED_BODY: True},
)  # fmt: skip
async def import_file(visit: NamedDependency[Visit]) -> Response[bytes]:
    """Say what the file would change, or let what stands in it stand here, in the person's own name."""
    form = await visit.form(ImportForm)
    content = await file_of(visit.request, "file")
    if not content:
        return await visit.page(
            "import.html", ImportPage(refusal=visit.told(marked("Choose a file that is not empty."))), status=422
        )
    try:
        # Secrets of the file are never shown, but to write them takes no right to see any.
        report = await visit.config.import_heads(content, dry_run=form.action == "check")
    except errors.Invalid as error:
        page = ImportPage(refusal=error.detail, faults=list(error.faults[:_PROBLEMS_SHOWN]))
        return await visit.page("import.html", page, status=422)
    shown = report.problems[:_PROBLEMS_SHOWN]
    documents = await asyncio.to_thread(_documents_at, content, {problem.line for problem in shown})
    page = ImportPage(
        report=msgspec.structs.replace(report, problems=shown, changes=report.changes[:_CHANGES_SHOWN]),
        documents=documents, more_problems=report.problem_count - len(shown),
        more_changes=max(0, report.documents.written + report.mappings.written - _CHANGES_SHOWN),
        chosen="hx-request" in visit.request.headers,
    )  # fmt: skip
    return await visit.page("import.html", page)


HANDLERS = (show_export, export, show_import, import_file)


class _DocumentLine(msgspec.Struct, frozen=True):
    domain: str = ""
    config_type: str = ""


def _documents_at(content: bytes, lines: set[int]) -> dict[int, tuple[str, str]]:
    """Which documents stand on these lines of a file that was found sound; other lines are left out."""
    found = {}
    for number, line in enumerate(BytesIO(content), 1):
        if number in lines:
            named = msgspec.json.decode(line, type=_DocumentLine)
            if named.config_type:
                found[number] = (named.domain, named.config_type)
    return found


async def _followed(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk
