"""Turn whatever a handler raises into problem+json, and log what deserves it."""

import re
import traceback
from collections.abc import Callable
from typing import Any

import asyncpg
import structlog
from litestar import Request, Response
from litestar.enums import MediaType, ParamType
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    SerializationException,
    ValidationException,
)
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from sprintia_platform.http import problems
from sprintia_platform.http.body_faults import body_faults
from sprintia_platform.http.error_pages import error_document
from sprintia_platform.http.languages import Text, preferred_language
from sprintia_platform.http.parameter_faults import missing_parameter, parameter_fault
from sprintia_platform.http.problems import Fault, Problem

log = structlog.get_logger("sprintia.http")

_MISSING_PARAMETER = re.compile(r"Missing required (\w+) parameter '([^']+)'")  # Litestar says it in its text alone

# PostgreSQL's SQLSTATE classes that mean "not now" and never "your data is wrong": connection, resources, operator
# intervention, lock not available, serialization and deadlock, system error, a server that only reads, a transaction
# that was idle or ran too long, a login that is refused, a database that is gone.
_OUTAGE_STATES = re.compile(r"08|53|57|55P03|40|58|25006|25P0[34]|28|3D000")
_OUTAGES = (
    PoolTimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InvalidCachedStatementError,  # prepared before a migration: asyncpg prepares it anew the next time
    asyncpg.InternalClientError,  # a connection that broke in the middle of a message
)


def is_outage(error: BaseException) -> bool:
    """Tell whether the database could not be reached or would not answer now."""
    if isinstance(error, DBAPIError):
        original = error.orig
        cause = getattr(original, "__cause__", None) or original
        return isinstance(error, InterfaceError) or (cause is not None and is_outage(cause))
    if isinstance(error, _OUTAGES):  # InterfaceError: a connection that is gone; misuse too, which tests would show
        return True
    if isinstance(error, asyncpg.PostgresError):
        return _OUTAGE_STATES.match(error.sqlstate or "") is not None
    return isinstance(error, OSError) and _came_from_the_driver(error)


def _came_from_the_driver(error: OSError) -> bool:
    # A missing socket is a FileNotFoundError, and so is a file that a plugin forgot to install.
    return any("asyncpg" in frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__))


def render(request: Request[Any, Any, Any], problem: Problem) -> Response[bytes]:
    """Make the response of a problem, in the caller's language: a page for browsers where a plugin makes one."""
    language = preferred_language(request.headers.get("accept-language"))
    scope = request.scope
    request_id = scope.get("state", {}).get("request_id", "")
    page = error_document(request.app.state.host, scope, problem, language, request_id)
    if page is not None:
        return Response(page.body, status_code=problem.kind.status, media_type=MediaType.HTML, headers=page.headers)
    body = problem.body(language, instance=problems.instance_of(scope), request_id=request_id)
    headers = {"Content-Language": problem.language(language), **problem.headers}
    return Response(body, status_code=problem.kind.status, media_type=problems.MEDIA_TYPE, headers=headers)


def answer_problem(request: Request[Any, Any, Any], error: Problem) -> Response[bytes]:
    return render(request, error)


def answer_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Translate Litestar's own errors."""
    return render(request, _translate(request, error))


def answer_exception(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer what nobody expected: 503 for an outage, else a 500 that is logged without values."""
    if is_outage(error):
        log.warning("database_unavailable", error_code=_sqlstate(error), error_type=type(error).__name__)
        return render(request, problems.unavailable())
    log.error("unexpected_error", exc_info=error)
    return render(request, Problem(problems.INTERNAL))


def _sqlstate(error: BaseException) -> str | None:
    state: str | None = getattr(error, "sqlstate", None)
    return state


def _translate(request: Request[Any, Any, Any], error: HTTPException) -> Problem:
    path = request.url.path
    if isinstance(error, ValidationException):
        return _validation(request, error)
    if isinstance(error, SerializationException):
        return Problem(problems.JSON_INVALID, reason="?")
    if isinstance(error, NotFoundException):
        return _no_route(request)
    if isinstance(error, MethodNotAllowedException):
        return Problem(problems.METHOD_NOT_ALLOWED, headers=error.headers, method=request.method, path=path)
    if isinstance(error, RequestEntityTooLarge):
        return Problem(problems.BODY_TOO_LARGE, limit=request.route_handler.resolve_request_max_body_size())
    kinds = {401: problems.UNAUTHORIZED, 503: problems.OVERLOADED}
    kind = kinds.get(error.status_code)
    if kind is None:
        kind = problems.REQUEST_REFUSED if error.status_code < 500 else problems.INTERNAL
    return Problem(kind, headers=error.headers, seconds=problems.RETRY_AFTER_SECONDS)


def _no_route(request: Request[Any, Any, Any]) -> Problem:
    # A plugin that could not be loaded never said which paths are its own: this may be one. A sender takes 404 for the
    # last word and gives its delivery up; 503 tells it to come back when the plugin is mended.
    broken = ", ".join(sorted({failure.name for failure in request.app.state.host.registry.failures}))
    if broken:
        return Problem(problems.PLUGIN_UNAVAILABLE, headers={"Retry-After": "60"}, plugin=broken)
    return Problem(problems.NOT_FOUND, path=request.url.path)


def _validation(request: Request[Any, Any, Any], error: ValidationException) -> Problem:
    extras = error.extra if isinstance(error.extra, list) else []
    wrong = [
        parameter_fault(request, extra["source"], str(extra["key"]))
        for extra in extras
        if isinstance(extra, dict) and isinstance(extra.get("source"), ParamType)
    ]
    if wrong:
        names = ", ".join(name for name, _ in wrong)
        return Problem(problems.PARAMETER_INVALID, errors=[fault for _, fault in wrong], names=names)
    if missing := _MISSING_PARAMETER.match(error.detail):
        source, key = missing.groups()
        fault = missing_parameter(ParamType(source), key)
        return Problem(problems.PARAMETER_INVALID, errors=[fault], names=key)
    faults = body_faults(request) or [Fault(code="invalid", text=Text("inválido", "not valid"), pointer="")]
    return Problem(problems.BODY_INVALID, errors=faults, count=len(faults))


EXCEPTION_HANDLERS: dict[type[Exception] | int, Callable[..., Response[bytes]]] = {
    Problem: answer_problem,
    HTTPException: answer_http_exception,
    Exception: answer_exception,
}
