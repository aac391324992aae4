"""`…/edit`: write a document, after seeing what would change."""

import re
from typing import Annotated, Literal

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from sprintia_config_client import errors
from sprintia_config_client.contract import ABSENT, Expected, HistoryItem, StoredVersion, Validation
from sprintia_config_client.errors import Fault
from sprintia_viewer.parts import ConfigService
from sprintia_viewer.shown.source import places
from sprintia_viewer.web import links
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.languages import marked
from sprintia_viewer.web.visits import Notice, Visit

LARGEST_FORM = 4 * 1024**2
"""A text of 1 MiB takes up to three times as much in a form; the service refuses larger texts itself."""

_PLACE = "/viewer/t/{tenant:str}/{domain:str}/{config_type:str}/edit"
_LINE_END = re.compile(r"\r\n?")


class EditForm(msgspec.Struct, frozen=True):
    """What was written; `base` is the version that it was written on, 0 where nothing stood."""

    text: str
    base: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    action: Literal["preview", "save"]
    message: Annotated[str, msgspec.Meta(max_length=500)] = ""


class MarkedFault(msgspec.Struct, frozen=True, kw_only=True):
    """A fault as the editor marks it; `line` is 0 where it is about the whole."""

    line: int
    column: int
    message: str
    pointer: str | None = None


class EditPage(msgspec.Struct, frozen=True, kw_only=True):
    """The form, and what saving would do.

    Attributes:
        base: the version that is written on; 0 where nothing stands.
        rewritten: whether the text is not as it was received, because it holds secrets.
        preview: what saving would do; None before it was asked for.
        conflict: the version that somebody saved meanwhile.
        was_base: the version that the person began with, when `conflict` is another one.
    """

    tenant_id: str
    domain: str
    config_type: str
    base: int
    text: str
    message: str = ""
    rewritten: bool = False
    faults: list[MarkedFault] = []
    preview: Validation | None = None
    conflict: int | None = None
    was_base: int | None = None
    refusal: str | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What stands, if anything: its last history line, and its content."""

    item: HistoryItem | None
    version: StoredVersion | None

    @property
    def base(self) -> int:
        return self.version.version if self.version else 0


@get(_PLACE, guards=[signed_in("config:write")])
async def show_editor(
    visit: NamedDependency[Visit], tenant: FromPath[str], domain: FromPath[str], config_type: FromPath[str]
) -> Response[bytes]:
    """Show the text to be edited, secrets as masks; an empty one where nothing stands."""
    standing = await read_standing(visit.config, (tenant, domain, config_type))
    version = standing.version
    page = EditPage(
        tenant_id=tenant, domain=domain, config_type=config_type, base=standing.base,
        text=version.text if version else "", rewritten=version is not None and '"$secret"' in version.json_text,
    )  # fmt: skip
    return await visit.page("edit.html", page, editor=True)


@post(_PLACE, guards=[signed_in("config:write")], request_max_body_size=LARGEST_FORM)
async def edit(
    visit: NamedDependency[Visit], tenant: FromPath[str], domain: FromPath[str], config_type: FromPath[str]
) -> Response[bytes]:
    """Preview what saving would do, or save: on the version that the person has seen, and on no other."""
    form = await visit.form(EditForm)
    config, key = visit.config, (tenant, domain, config_type)
    standing = await read_standing(config, key)
    text = _as_stored(form.text, await _base_text(config, key, form.base, standing))
    page = EditPage(
        tenant_id=tenant, domain=domain, config_type=config_type, base=form.base, text=form.text, message=form.message,
        rewritten=standing.version is not None and '"$secret"' in standing.version.json_text,
    )  # fmt: skip
    if standing.base != form.base:
        page = msgspec.structs.replace(page, base=standing.base, conflict=standing.base, was_base=form.base)
        return await _previewed(visit, page, text, status=409)
    if form.action == "preview":
        return await _previewed(visit, page, text)
    try:
        made = await config.put(*key, text, message=form.message, expected=expected_of(standing.item))
    except errors.Conflict as error:
        current = error.current_version or 0
        page = msgspec.structs.replace(page, base=current, conflict=current, was_base=form.base)
        return await _previewed(visit, page, text, status=409)
    except (errors.Invalid, errors.Forbidden) as error:
        return await _refused(visit, page, error)
    unchanged = made.version == form.base
    notice = (
        Notice("warning", marked("Nothing was changed: the same content stood already."))
        if unchanged
        else Notice("done", marked("Saved as version %(number)s. It is in effect now."), {"number": str(made.version)})
    )
    return await visit.redirect(links.document(*key), notice)


HANDLERS = (show_editor, edit)


async def read_standing(config: ConfigService, key: tuple[str, str, str]) -> Standing:
    """Read what stands."""
    newest = await config.history(*key, limit=1)
    if not newest or newest[0].deleted:
        return Standing(item=newest[0] if newest else None, version=None)
    return Standing(item=newest[0], version=await config.version(*key, newest[0].version))


def expected_of(item: HistoryItem | None) -> Expected:
    """The condition that this, or nothing, still stands."""
    return ABSENT if item is None or item.deleted else item


async def _base_text(config: ConfigService, key: tuple[str, str, str], base: int, standing: Standing) -> str:
    if standing.version is not None and standing.base == base:
        return standing.version.text
    return await config.text(*key, base) if base else ""


def _as_stored(given: str, base: str) -> str:
    """The text with the line ends that its base has: forms know one kind alone."""
    plain = _LINE_END.sub("\n", base)
    if given == plain:
        return base  # nothing was edited: to the byte
    only_crlf = "\r\n" in base and base.count("\r\n") == base.count("\n") == base.count("\r")
    return given.replace("\n", "\r\n") if only_crlf else given


async def _previewed(visit: Visit, page: EditPage, text: str, status: int = 200) -> Response[bytes]:
    try:
        found = await visit.config.validate(page.tenant_id, page.domain, page.config_type, text)
    except errors.Invalid as error:
        return await _refused(visit, page, error)
    faults = [_marked(fault, text) for fault in (*found.errors, *found.warnings)]
    page = msgspec.structs.replace(page, preview=found, faults=faults)
    return await visit.page("edit.html", page, status=status if found.valid else 422, editor=True)


async def _refused(visit: Visit, page: EditPage, error: errors.ConfigError) -> Response[bytes]:
    faults = [_marked(fault, page.text) for fault in error.faults]
    page = msgspec.structs.replace(page, faults=faults, refusal=error.detail)
    return await visit.page("edit.html", page, status=403 if isinstance(error, errors.Forbidden) else 422, editor=True)


def _marked(fault: Fault, text: str) -> MarkedFault:
    line = fault.line or _line_of(fault.pointer, text)
    return MarkedFault(line=line, column=fault.column or 1, message=fault.message, pointer=fault.pointer)


def _line_of(pointer: str | None, text: str) -> int:
    """Where the key of a pointer stands, or the nearest one above it; 0 where none does."""
    lines = {found: number for number, pointers in places(text).items() for found in pointers}
    while pointer:
        if pointer in lines:
            return lines[pointer]
        pointer = pointer.rpartition("/")[0]
    return 0
