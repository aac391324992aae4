"""Pages for people: their own guard, and their own look of errors."""

import html
from typing import Any

from litestar import get
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import HTTPScope

from sprintia_platform import ErrorDocument, Policy, Problem, ProblemType, ShownProblem, Text
from sprintia_platform.http.languages import Language

NOT_INVITED = ProblemType(
    code="toy_not_invited",
    status=403,
    title=Text("Sem convite", "Not invited"),
    detail=Text("Peça um convite.", "Ask for an invitation."),
)


class invited(Policy):  # noqa: N801 - it reads as what it does: guards=[invited()]
    """Who brings the cookie of the invitation may pass."""

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler, /) -> None:
        if connection.cookies.get("invitation") != "yes":
            raise Problem(NOT_INVITED)


@get("/toy/home", guards=[invited()], media_type="text/html", include_in_schema=False)
async def home() -> str:
    return "<h1>Welcome</h1>"


def error_page(_scope: HTTPScope, problem: ShownProblem, language: Language) -> ErrorDocument:
    text = f"<html lang={language}><h1>{html.escape(problem.title)}</h1><p>{html.escape(problem.detail)}</p>"
    return ErrorDocument(body=text.encode(), headers={"Content-Security-Policy": "default-src 'none'"})
