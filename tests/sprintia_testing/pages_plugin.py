"""A plugin with pages for people: a home, a page for errors, and routes behind a guard of its own, a cookie."""

from importlib.metadata import EntryPoint
from typing import Any

from litestar import Response, get, post
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath
from litestar.types import HTTPScope

from sprintia_platform import ErrorDocument, Fault, Policy, Problem, ProblemType, Routes, ShownProblem, Text, hookimpl
from sprintia_platform.http.languages import Language
from sprintia_platform.http.requests import StrictRequest
from sprintia_testing.probe_plugin import FAILURES, MARK, OUTAGES

HOOK_API = 1
CSP = "default-src 'none'; style-src 'self'; frame-ancestors 'none'"
SIGNED_OUT = ProblemType(
    code="pages_signed_out",
    status=403,
    title=Text("Sem sessão", "Signed out"),
    detail=Text("Entre para ver {what}.", "Sign in to see {what}."),
)


class signed_in(Policy):  # noqa: N801 - it reads as what it does
    """Who has the cookie may pass."""

    def __init__(self, *rights: str) -> None:
        self.rights = rights

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler, /) -> None:
        if connection.cookies.get("session") != "open":
            faults = [Fault(code="cookie", text=Text("falta o cookie", "the cookie is missing"), pointer="/session")]
            raise Problem(SIGNED_OUT, what="<this page>", errors=faults)


@get("/pages", guards=[signed_in("pages:look")], media_type="text/html")
async def home() -> str:
    return "<h1>home</h1>"


@get("/pages/fail/{kind:str}", guards=[signed_in()])
async def fail(kind: FromPath[str]) -> None:
    error = (FAILURES | OUTAGES)[kind]()
    raise error


@post("/pages/form", guards=[signed_in()], status_code=200)
async def form(request: StrictRequest) -> Response[bytes]:
    return Response(await request.body(), media_type="text/plain")


def show(_scope: HTTPScope, problem: ShownProblem, language: Language) -> ErrorDocument | None:
    """Show everything that there is, so that a test sees what there is."""
    match problem.path.rpartition("/")[2]:
        case "no-page":
            return None
        case "page-raises":
            raise ValueError(MARK)
        case "page-of-text":
            return ErrorDocument(body="<p>")  # type: ignore[arg-type]
        case "page-of-two-headers":
            return ErrorDocument(body=b"<p>", headers={"X-One": "a\r\nX-Two: b"})
        case "page-in-english":
            language, problem = "en", problem.in_language("en")
    lines = [language, f"{problem}", *(f"{fault.code}: {fault.message}" for fault in problem.errors)]
    headers = {"Content-Security-Policy": CSP, "Content-Type": "text/plain", "Content-Language": language}
    return ErrorDocument(body="\n".join(lines).encode(), headers=headers)


@hookimpl
def register_routes() -> Routes:
    return Routes(prefixes=("/pages",), handlers=[home, fail, form], home="/pages", error_page=show)


def points() -> list[EntryPoint]:
    """This plugin alone, under the name `pages`."""
    return [EntryPoint("pages", __name__, "sprintia")]
