"""`/configs/.../diff`, `/blame` and `/validate`: what differs, since when, and what a write would do."""

import asyncio
from typing import Annotated, Any, Literal

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from sprintia_config.comparison.service import Comparisons, Sides
from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.controllers.intake import list_answer, made_answer
from sprintia_platform import Caller, Problem, requires
from sprintia_platform.http.paging import Limit
from sprintia_platform.http.problems import PARAMETER_INVALID
from sprintia_platform.http.requests import StrictRequest

_READ = [requires("config:read")]
_TAGS = ["comparison"]
_LARGEST = 2**63 - 1

Number = Annotated[int | None, QueryParameter(ge=1, le=_LARGEST)]
From = Annotated[int | None, QueryParameter(name="from", ge=1, le=_LARGEST)]
To = Annotated[int | None, QueryParameter(name="to", ge=1, le=_LARGEST)]


@get("/diff", guards=_READ, tags=_TAGS)
async def read_diff(
    request: StrictRequest, key: NamedDependency[DocumentKey], comparisons: NamedDependency[Comparisons],
    caller: NamedDependency[Caller], source: From = None, target: To = None,
    format: FromQuery[Literal["paths", "text"]] = "paths",  # noqa: A002 - the name on the wire
    against_tenant: FromQuery[str | None] = None, against_domain: FromQuery[str | None] = None, limit: Limit = 1000,
) -> Response[Any]:  # fmt: skip
    """Compare two versions: by default the one that stands with the one before it.

    With `against_tenant` or `against_domain`, the same type of document that stands there takes the place of `from`.
    `format=text` answers a unified diff. Secrets are never shown; that one changed is told to callers with
    `secrets:read` alone.
    """
    sides = await sides_of(comparisons, caller, key, source, target, against_tenant, against_domain)
    if format == "text":
        found = await asyncio.to_thread(sides.text)
        headers = {"X-Config-Diff-Complete": "true" if found.complete else "false"}
        return made_answer(request, found.text.encode(), sides.revision, headers, "text/x-diff")
    return list_answer(request, await asyncio.to_thread(sides.compared, limit), sides.revision)


@get("/blame", guards=_READ, tags=_TAGS)
async def read_blame(
    request: StrictRequest, key: NamedDependency[DocumentKey], comparisons: NamedDependency[Comparisons],
    caller: NamedDependency[Caller], version: Number = None, versions: Limit = 200,
) -> Response[Any]:  # fmt: skip
    """Tell for each value which version last set it; looks back over at most `versions` versions, and says so."""
    found, revision = await comparisons.blame(caller, key, version, versions)
    return list_answer(request, found, revision, found.version)


OF_ONE_DOCUMENT = (read_diff, read_blame)


async def sides_of(
    comparisons: Comparisons, caller: Caller, key: DocumentKey, source: int | None, target: int | None,
    against_tenant: str | None, against_domain: str | None,
) -> Sides:  # fmt: skip
    """Read what is to be compared.

    Raises:
        Problem: 404 and 410 for what is not there, 422 for what does not go together.
    """
    if against_tenant is None and against_domain is None:
        return await comparisons.versions(caller, key, source, target)
    if source is not None:
        raise Problem(PARAMETER_INVALID, names="from, against_tenant, against_domain")
    other = DocumentKey(against_tenant or key.tenant, against_domain or key.domain, key.config_type)
    check_identifiers(against_tenant=other.tenant, against_domain=other.domain)
    caller.require_tenant(other.tenant)
    return await comparisons.heads(key, other, target)
