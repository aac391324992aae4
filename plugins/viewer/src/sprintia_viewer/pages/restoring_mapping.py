"""`/viewer/mapping/history/{tenant}/{number}/rollback`: make an old version of a tenant's part stand again."""

import secrets
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from sprintia_config_client import errors
from sprintia_viewer.pages.mapping_history import PLACE, ListedVersion, content_of, find_version, listed
from sprintia_viewer.shown.mapping_changes import MappingChange, mapping_changes
from sprintia_viewer.web import links
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.languages import marked
from sprintia_viewer.web.visits import Notice, Visit

_LARGEST = 2**63 - 1

Number = Annotated[int, msgspec.Meta(ge=1, le=_LARGEST)]


class MappingRollbackPage(msgspec.Struct, frozen=True, kw_only=True):
    """What rolling back would do.

    Attributes:
        same: whether the content of `target` stands.
        changes: from what stands to it.
        conflict: whether somebody changed it meanwhile: the preview is of now.
        refusal: why the service did not do it.
    """

    target: ListedVersion
    standing: ListedVersion
    same: bool
    changes: tuple[MappingChange, ...]
    attempt: str
    reason: str = ""
    conflict: bool = False
    refusal: str | None = None


class RollbackForm(msgspec.Struct, frozen=True):
    """Why, what stood when the person decided, and the name of the attempt: sent twice, it happens once."""

    base: Number
    attempt: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$")]
    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""


@get(f"{PLACE}/rollback", guards=[signed_in("mapping:write")])
async def show_rollback(visit: NamedDependency[Visit], tenant: FromPath[str], number: FromPath[int]) -> Response[bytes]:
    """Show what would change."""
    return await visit.page("mapping_rollback.html", await _preview(visit, tenant, number))


@post(f"{PLACE}/rollback", guards=[signed_in("mapping:write")])
async def roll_back(visit: NamedDependency[Visit], tenant: FromPath[str], number: FromPath[int]) -> Response[bytes]:
    """Make an old version stand again, as a new one, on what the person has seen."""
    form = await visit.form(RollbackForm)
    preview = msgspec.structs.replace(await _preview(visit, tenant, number), reason=form.reason)
    if preview.same:  # the same form twice, or somebody did it meanwhile
        notice = Notice("warning", marked("Nothing was changed: the same content stood already."))
        return await visit.redirect(links.mapping("history", tenant, preview.standing.version), notice)
    if preview.standing.version != form.base:
        page = msgspec.structs.replace(preview, conflict=True)
        return await visit.page("mapping_rollback.html", page, status=409)
    config = visit.config
    try:
        await config.rollback_mapping(
            tenant, number, message=form.reason.strip(), idempotency_key=f"viewer-{form.attempt}"
        )
    except (errors.Conflict, errors.Invalid) as error:
        page = msgspec.structs.replace(preview, refusal=error.detail)
        return await visit.page("mapping_rollback.html", page, status=error.status or 409)
    made = await config.mapping_history(tenant=tenant, limit=1)
    notice = Notice(
        "done", marked("Version %(old)s stands again, as version %(new)s. It is in effect now."),
        {"old": str(number), "new": str(made[0].version)},
    )  # fmt: skip
    return await visit.redirect(links.mapping("history", tenant, made[0].version), notice)


HANDLERS = (show_rollback, roll_back)


async def _preview(visit: Visit, tenant: str, number: int) -> MappingRollbackPage:
    standing, target = await find_version(visit, visit.config, tenant, number)
    return MappingRollbackPage(
        target=listed(target), standing=listed(standing), same=target.digest == standing.digest,
        changes=mapping_changes(content_of(standing), content_of(target)), attempt=secrets.token_hex(16),
    )  # fmt: skip
