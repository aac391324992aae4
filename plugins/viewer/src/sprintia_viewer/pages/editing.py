"""`…/edit`: write a document, after seeing what would change."""

import asyncio
from contextlib import suppress
from typing import Annotated, Literal

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from sprintia_config_client import errors
from sprintia_config_client.contract import Diff, Validation
from sprintia_viewer.pages.standing import Standing, expected_of, read_standing
from sprintia_viewer.parts import ConfigService
from sprintia_viewer.shown.laid_out import laid_out
from sprintia_viewer.shown.line_ends import keep_line_ends
from sprintia_viewer.shown.marked_faults import MarkedFault, marked_faults
from sprintia_viewer.web import links
from sprintia_viewer.web.failures import problem_of
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.languages import marked
from sprintia_viewer.web.visits import Notice, Visit

LARGEST_FORM = 4 * 1024**2
"""A text of 1 MiB takes up to three times as much in a form; the service refuses larger texts itself."""

_PLACE = "/viewer/t/{tenant:str}/{domain:str}/{config_type:str}/edit"


class EditForm(msgspec.Struct, frozen=True):
    """What was written; `base` is the version that it was written on, 0 where nothing stood."""

    text: str
    base: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    action: Literal["preview", "save"]
    message: Annotated[str, msgspec.Meta(max_length=500)] = ""


class EditPage(msgspec.Struct, frozen=True, kw_only=True):
    """The form, and what saving would do.

    Attributes:
        base: the version that is written on; 0 where nothing stands.
        rewritten: whether the text is not as it was received, because it holds secrets.
        preview: what saving would do; None before it was asked for.
        conflict: the version that somebody saved meanwhile; 0 when it was deleted.
        was_base: the version that the person began with, when `conflict` is another one; None when it is not known.
        meanwhile: what changed between the two.
        set_aside: whether what was written, or would be, is kept and not in effect.
        on_one_line: where the same text is laid out, if it stands on one line.
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
    meanwhile: Diff | None = None
    set_aside: bool = False
    on_one_line: str | None = None
    refusal: str | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        return self.tenant_id, self.domain, self.config_type


@get(_PLACE, guards=[signed_in("config:write")])
async def show_editor(
    visit: NamedDependency[Visit], tenant: FromPath[str], domain: FromPath[str], config_type: FromPath[str],
    in_lines: FromQuery[bool] = False,
) -> Response[bytes]:  # fmt: skip
    """Show the text to be edited, secrets as masks; an empty one where nothing stands."""
    standing = await read_standing(visit.config, (tenant, domain, config_type))
    text = standing.version.text if standing.version else ""
    laid = laid_out(text)
    page = EditPage(
        tenant_id=tenant, domain=domain, config_type=config_type, base=standing.base,
        text=laid if laid and in_lines else text, rewritten=standing.rewritten,
        on_one_line=links.edit(tenant, domain, config_type, in_lines="true") if laid and not in_lines else None,
    )  # fmt: skip
    return await visit.page("edit.html", page, editor=True)


@post(_PLACE, guards=[signed_in("config:write")], request_max_body_size=LARGEST_FORM)
async def edit(
    visit: NamedDependency[Visit], tenant: FromPath[str], domain: FromPath[str], config_type: FromPath[str]
) -> Response[bytes]:
    """Preview what saving would do, or save: on the version that the person has seen, and on no other."""
    form = await visit.form(EditForm)
    page = EditPage(
        tenant_id=tenant, domain=domain, config_type=config_type, base=form.base, text=form.text, message=form.message
    )
    try:
        return await _edited(visit, page, form.action)
    except errors.NotFound:
        raise  # the tenant is out of reach: there is nothing to go on with
    except errors.ConfigError as error:
        return await _refused(visit, page, error)


HANDLERS = (show_editor, edit)


async def _edited(visit: Visit, page: EditPage, action: str) -> Response[bytes]:
    config = visit.config
    standing = await read_standing(config, page.key)
    base_text = await _base_text(config, page, standing)
    text = keep_line_ends(page.text, base_text or "")
    page = msgspec.structs.replace(page, rewritten=standing.rewritten)
    if standing.base == page.base and action == "save":
        try:
            made = await config.put(*page.key, text, message=page.message, expected=expected_of(standing.item))
        except errors.Conflict:
            standing = await read_standing(config, page.key)
            if standing.base == page.base:
                raise  # it is about something else
        else:
            return await _saved(visit, page, unchanged=made.version == page.base, number=made.version)
    if standing.base == page.base:
        return await _previewed(visit, page, text)
    found = await config.validate(*page.key, text)
    if action == "save" and found.result == "identical":
        return await _saved(visit, page, unchanged=True)  # the form was sent twice, or two people wrote the same
    was_base = page.base if base_text is not None else None
    meanwhile = None
    if was_base and standing.base:
        with suppress(errors.NotFound):
            meanwhile = await config.diff(*page.key, was_base, standing.base)
    page = msgspec.structs.replace(
        page, base=standing.base, conflict=standing.base, was_base=was_base, meanwhile=meanwhile
    )
    return await _shown(visit, page, text, found, 409)


async def _base_text(config: ConfigService, page: EditPage, standing: Standing) -> str | None:
    """What the person began with; None when it is not there, because it was removed since, or never was."""
    if page.base == 0:
        return ""
    if standing.version is not None and standing.base == page.base:
        return standing.version.text
    with suppress(errors.NotFound):
        return await config.text(*page.key, page.base)
    return None


async def _saved(visit: Visit, page: EditPage, *, unchanged: bool, number: int = 0) -> Response[bytes]:
    notice = (
        Notice("warning", marked("Nothing was changed: the same content stood already."))
        if unchanged
        else Notice("done", marked("Saved as version %(number)s. It is in effect now."), {"number": str(number)})
    )
    return await visit.redirect(links.document(*page.key), notice)


async def _previewed(visit: Visit, page: EditPage, text: str) -> Response[bytes]:
    return await _shown(visit, page, text, await visit.config.validate(*page.key, text), 200)


async def _shown(visit: Visit, page: EditPage, text: str, found: Validation, status: int) -> Response[bytes]:
    page = msgspec.structs.replace(
        page, preview=found, set_aside=found.result == "quarantined",
        faults=await asyncio.to_thread(marked_faults, (*found.errors, *found.warnings), text),
    )  # fmt: skip
    return await visit.page("edit.html", page, status=status if found.valid else 422, editor=True)


async def _refused(visit: Visit, page: EditPage, error: errors.ConfigError) -> Response[bytes]:
    """The form again: whatever went wrong, what was written stays in it."""
    problem, unanswered = problem_of(error), isinstance(error, errors.Unavailable)
    refusal = (
        visit.told(marked("The config service did not answer. Try again in a moment; nothing is saved twice."))
        if unanswered
        else error.detail
    )
    page = msgspec.structs.replace(
        page, faults=await asyncio.to_thread(marked_faults, error.faults, page.text), refusal=refusal,
        set_aside=error.code == "schema_quarantined",
    )  # fmt: skip
    return await visit.page("edit.html", page, status=problem.kind.status, headers=problem.headers, editor=True)
