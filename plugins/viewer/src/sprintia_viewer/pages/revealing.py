"""`…/secrets/{name}`: show one secret, to who may see it and proves to be there."""

from decimal import Decimal

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from sprintia_config_client import errors
from sprintia_viewer.accounts.signing_in import Refused
from sprintia_viewer.pages.confirming import confirmed_or_lead, refusal_of
from sprintia_viewer.parts import Parts
from sprintia_viewer.web import links, origins
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.visits import REVEAL, Visit

_PLACE = "/viewer/t/{tenant:str}/{domain:str}/{config_type:str}/secrets/{name:str}"


class RevealForm(msgspec.Struct, frozen=True):
    """The proof that the person still sits there; empty for who gave it a moment ago."""

    password: str = ""
    code: str = ""


class RevealPage(msgspec.Struct, frozen=True, kw_only=True):
    """A secret, or what is needed to see it.

    Attributes:
        proof: what is asked for: nothing more, the password, or password and code.
        value: in clear, once it may be shown.
    """

    tenant_id: str
    domain: str
    config_type: str
    name: str
    proof: str
    refusal: str | None = None
    value: str | None = None

    def __repr__(self) -> str:
        return "RevealPage(***)"


@get(_PLACE, guards=[signed_in(REVEAL)])
async def ask(
    visit: NamedDependency[Visit], tenant: FromPath[str], domain: FromPath[str], config_type: FromPath[str],
    name: FromPath[str],
) -> Response[bytes]:  # fmt: skip
    """Ask for the proof. Nothing is read here."""
    if lead := await _elsewhere(visit, links.secret(tenant, domain, config_type, name)):
        return lead
    page = RevealPage(tenant_id=tenant, domain=domain, config_type=config_type, name=name, proof=_proof(visit))
    return await visit.page("reveal.html", page, twin=False)


@post(_PLACE, guards=[signed_in(REVEAL)])
async def reveal(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], tenant: FromPath[str], domain: FromPath[str],
    config_type: FromPath[str], name: FromPath[str],
) -> Response[bytes]:  # fmt: skip
    """Show the secret; the service's audit log says who saw it."""
    if lead := await _elsewhere(visit, links.secret(tenant, domain, config_type, name)):
        return lead
    form = await visit.form(RevealForm)
    page = RevealPage(tenant_id=tenant, domain=domain, config_type=config_type, name=name, proof=_proof(visit))
    renewed: str | None = None
    if visit.session is not None and not visit.session.confirmed:
        outcome = await parts.sign_in.confirm(
            visit.session, visit.token, form.password, form.code, address=origins.address_of(visit.request)
        )
        if isinstance(outcome, Refused):
            refusal = refusal_of(visit, outcome)
            status = 429 if outcome.kind == "throttled" else 403
            return await visit.page(
                "reveal.html", msgspec.structs.replace(page, refusal=refusal), status=status, twin=False
            )
        renewed = outcome.token
        visit.renew(renewed)
    status = 200
    try:
        secret = await visit.revealing_config.secret(tenant, name, domain)
        page = msgspec.structs.replace(page, value=_shown(secret.value))
    except errors.ConfigError as error:
        page, status = msgspec.structs.replace(page, refusal=error.detail), error.status or 503
    answer = await visit.page("reveal.html", page, status=status, twin=False)
    if renewed is not None:
        answer.set_cookie(parts.cookie.made(visit.request, renewed))
    return answer


HANDLERS = (ask, reveal)


async def _elsewhere(visit: Visit, place: str) -> Response[bytes] | None:
    """The way to the identity provider, for who has no password here and did not prove to be there lately."""
    return None if visit.person.has_password else await confirmed_or_lead(visit, place)


def _proof(visit: Visit) -> str:
    if visit.session is not None and visit.session.confirmed:
        return "none"
    return "code" if visit.person.has_totp else "password"


def _shown(value: str | float | Decimal | bool | None) -> str:
    """A secret as it is written in the document."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
