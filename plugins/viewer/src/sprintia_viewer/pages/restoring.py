"""`…/rollback/{n}` and `…/delete`: make an old version stand again, or nothing."""

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from sprintia_config_client import errors
from sprintia_config_client.contract import Diff, HistoryItem
from sprintia_config_client.errors import Fault
from sprintia_platform import Problem
from sprintia_platform.http.problems import NOT_FOUND
from sprintia_viewer.pages.standing import expected_of
from sprintia_viewer.parts import ConfigService
from sprintia_viewer.web import links
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.languages import marked
from sprintia_viewer.web.visits import Notice, Visit

_PLACE = "/viewer/t/{tenant:str}/{domain:str}/{config_type:str}"
_LARGEST = 2**63 - 1

Base = Annotated[int, msgspec.Meta(ge=1, le=_LARGEST)]


class RollbackForm(msgspec.Struct, frozen=True):
    """Why, and what stood when the person decided."""

    base: Base
    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""


class DeleteForm(msgspec.Struct, frozen=True):
    """The type, typed once more, and what stood when the person decided."""

    base: Base
    typed: str = ""


class RollbackPage(msgspec.Struct, frozen=True, kw_only=True):
    """What rolling back would do.

    Attributes:
        target: the version that would stand again.
        standing: the newest version, a deletion perhaps.
        identical: whether that is its content already.
        diff: from what stands to the target.
        conflict: whether somebody saved meanwhile: the preview is of now.
        refusal: why the service did not take it, and `faults` the single reasons.
    """

    tenant_id: str
    domain: str
    config_type: str
    target: HistoryItem
    standing: HistoryItem
    identical: bool
    diff: Diff | None
    reason: str = ""
    conflict: bool = False
    refusal: str | None = None
    faults: list[Fault] = []


class DeletePage(msgspec.Struct, frozen=True, kw_only=True):
    """What is about to be deleted; `refusal` when it was not."""

    tenant_id: str
    domain: str
    config_type: str
    standing: HistoryItem
    refusal: str | None = None


@get(f"{_PLACE}/rollback/{{number:int}}", guards=[signed_in("config:write")])
async def show_rollback(
    visit: NamedDependency[Visit], tenant: FromPath[str], domain: FromPath[str], config_type: FromPath[str],
    number: FromPath[int],
) -> Response[bytes]:  # fmt: skip
    """Show what would change."""
    return await visit.page("rollback.html", await _rollback(visit, (tenant, domain, config_type), number))


@post(f"{_PLACE}/rollback/{{number:int}}", guards=[signed_in("config:write")])
async def roll_back(
    visit: NamedDependency[Visit], tenant: FromPath[str], domain: FromPath[str], config_type: FromPath[str],
    number: FromPath[int],
) -> Response[bytes]:  # fmt: skip
    """Make an old version's content stand again, as a new version, on what the person has seen and on nothing else."""
    form = await visit.form(RollbackForm)
    config, key = visit.config, (tenant, domain, config_type)
    standing = await _newest(visit, config, key)
    made: HistoryItem | None = None
    refused: errors.Invalid | None = None
    if standing.version == form.base:  # the condition alone does not tell one deletion from another
        try:
            made = await config.rollback(*key, number, message=form.reason, expected=expected_of(standing))
        except errors.Conflict:
            pass
        except errors.Invalid as error:
            refused = error
    if made is None:
        page = msgspec.structs.replace(await _rollback(visit, key, number), reason=form.reason)
        if refused is not None:
            page = msgspec.structs.replace(page, refusal=refused.detail, faults=list(refused.faults))
            return await visit.page("rollback.html", page, status=422)
        if not page.identical:
            return await visit.page("rollback.html", msgspec.structs.replace(page, conflict=True), status=409)
    if made is None or made.version == form.base:  # sent twice, or made to stand by somebody else
        unchanged = Notice("warning", marked("Nothing was changed: the same content stood already."))
        return await visit.redirect(links.document(*key), unchanged)
    notice = Notice(
        "done", marked("Version %(old)s stands again, as version %(new)s. It is in effect now."),
        {"old": str(number), "new": str(made.version)},
    )  # fmt: skip
    return await visit.redirect(links.document(*key), notice)


@get(f"{_PLACE}/delete", guards=[signed_in("config:write")])
async def show_delete(
    visit: NamedDependency[Visit], tenant: FromPath[str], domain: FromPath[str], config_type: FromPath[str]
) -> Response[bytes]:
    """Say what deleting means."""
    standing = await _newest(visit, visit.config, (tenant, domain, config_type))
    page = DeletePage(tenant_id=tenant, domain=domain, config_type=config_type, standing=standing)
    return await visit.page("delete.html", page)


@post(f"{_PLACE}/delete", guards=[signed_in("config:write")])
async def delete(
    visit: NamedDependency[Visit], tenant: FromPath[str], domain: FromPath[str], config_type: FromPath[str]
) -> Response[bytes]:
    """Delete a document; its history stays."""
    form = await visit.form(DeleteForm)
    config, key = visit.config, (tenant, domain, config_type)
    standing = await _newest(visit, config, key)
    refusal = None
    if form.typed.strip() != config_type:
        refusal = visit.told(marked("Nothing was deleted: type the name of the type as it stands here."))
    elif standing.version != form.base:
        refusal = visit.told(marked("Nothing was deleted: somebody saved meanwhile. Look at what stands now."))
    if refusal is None:
        try:
            await config.delete(*key, expected=expected_of(standing))
        except errors.Conflict:
            standing = await _newest(visit, config, key)
            refusal = visit.told(marked("Nothing was deleted: somebody saved meanwhile. Look at what stands now."))
    if refusal is not None:
        page = DeletePage(tenant_id=tenant, domain=domain, config_type=config_type, standing=standing, refusal=refusal)
        return await visit.page("delete.html", page, status=409)
    notice = Notice("done", marked("The document is deleted; its history is kept."))
    return await visit.redirect(links.document(*key), notice)


HANDLERS = (show_rollback, roll_back, show_delete, delete)


async def _newest(visit: Visit, config: ConfigService, key: tuple[str, str, str]) -> HistoryItem:
    newest = await config.history(*key, limit=1)
    if not newest:
        raise Problem(NOT_FOUND, path=visit.path)
    return newest[0]


async def _rollback(visit: Visit, key: tuple[str, str, str], number: int) -> RollbackPage:
    config = visit.config
    standing = await _newest(visit, config, key)
    found = await config.history(*key, before=number + 1, limit=1) if 0 < number < _LARGEST else ()
    if not found or found[0].version != number:
        await config.version(*key, number)  # says whether it never was, or was removed
        raise Problem(NOT_FOUND, path=visit.path)
    if found[0].deleted:
        raise Problem(NOT_FOUND, path=visit.path)
    identical = number == standing.version or (not standing.deleted and found[0].digest == standing.digest)
    diff = None if number == standing.version else await config.diff(*key, standing.version, number)
    return RollbackPage(
        tenant_id=key[0], domain=key[1], config_type=key[2], target=found[0], standing=standing, identical=identical,
        diff=diff,
    )  # fmt: skip
