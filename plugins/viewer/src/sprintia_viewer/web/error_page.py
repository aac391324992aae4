"""Problems as pages: what is wrong, where, and what to do; never the text of an exception."""

from typing import TYPE_CHECKING

from litestar import Request, Response
from litestar.types import HTTPScope

from sprintia_config_client.errors import ConfigError
from sprintia_platform import Problem
from sprintia_platform.http.answers import answer_problem
from sprintia_platform.http.error_pages import ErrorDocument, ShownProblem
from sprintia_platform.http.languages import Language
from sprintia_viewer.accounts.errors import Busy
from sprintia_viewer.problems import BUSY
from sprintia_viewer.web.failures import problem_of
from sprintia_viewer.web.policy import page_headers
from sprintia_viewer.web.visits import AnyRequest, Visit

if TYPE_CHECKING:
    from sprintia_viewer.parts import Parts


class ErrorPage:
    """Shows every problem below the viewer's prefix. It asks nobody: the database may be what is away."""

    def __init__(self, parts: "Parts") -> None:
        self._parts = parts

    def __call__(self, scope: HTTPScope, problem: ShownProblem, _language: Language) -> ErrorDocument:
        visit: Visit = scope.get("state", {}).get("visit") or Visit(Request(scope), self._parts, None, None)
        body = visit.render("error.html", page=problem.in_language(visit.told_in), notices=[])
        return ErrorDocument(body=body, headers={**page_headers(), "Content-Language": visit.language})


def answer_config_error(request: AnyRequest, error: ConfigError) -> Response[bytes]:
    """Answer what the config service refused."""
    return answer_problem(request, problem_of(error))


def answer_busy(request: AnyRequest, error: Busy) -> Response[bytes]:
    """Answer that too many passwords are being checked."""
    seconds = str(error.retry_after)
    return answer_problem(request, Problem(BUSY, headers={"Retry-After": seconds}, seconds=seconds))
