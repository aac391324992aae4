"""Turn whatever a handler raises into problem+json, and log what deserves it."""

import re
from collections.abc import Callable
from typing import Any

import asyncpg
import structlog
from litestar import Request, Response
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
from sprintia_platform.http.languages import Text, preferred_language
from sprintia_platform.http.problems import Fault, Problem

log = structlog.get_logger("sprintia.http")

# PostgreSQL's SQLSTATE classes that mean "not now" and never "your data is wrong":
# connection, resources, operator intervention, lock not available, serialization and deadlock, system error.
_OUTAGE_STATES = re.compile(r"08|53|57|55P03|40|58|25006")
_OUTAGES = (ConnectionError, TimeoutError, PoolTimeoutError, OSError)


def is_outage(error: BaseException) -> bool:
    """Tell whether the database could not be reached or would not answer now."""
    if isinstance(error, DBAPIError):
        original = error.orig
        cause = getattr(original, "__cause__", None) or original
        return isinstance(error, InterfaceError) or (cause is not None and is_outage(cause))
    if isinstance(error, asyncpg.PostgresError):
        return _OUTAGE_STATES.match(error.sqlstate or "") is not None
    # asyncpg raises InterfaceError for a connection that is gone; for misuse too, which its tests would have shown.
    return isinstance(error, (asyncpg.InterfaceError, *_OUTAGES))


def render(request: Request[Any, Any, Any], problem: Problem) -> Response[bytes]:
    """Make the response of a problem, in the caller's language."""
    language = preferred_language(request.headers.get("accept-language"))
    body = problem.body(
        language, instance=request.url.path, request_id=request.scope.get("state", {}).get("request_id", "")
    )
    headers = {"Content-Language": "pt-BR" if problem.kind.wire else language, **problem.headers}
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
        return Problem(problems.NOT_FOUND, path=path)
    if isinstance(error, MethodNotAllowedException):
        return Problem(problems.METHOD_NOT_ALLOWED, headers=error.headers, method=request.method, path=path)
    if isinstance(error, RequestEntityTooLarge):
        return Problem(problems.BODY_TOO_LARGE, limit=request.app.request_max_body_size)
    kinds = {401: problems.UNAUTHORIZED, 503: problems.OVERLOADED}
    kind = kinds.get(error.status_code)
    if kind is None:
        kind = problems.REQUEST_REFUSED if error.status_code < 500 else problems.INTERNAL
    return Problem(kind, headers=error.headers, seconds=problems.RETRY_AFTER_SECONDS)


def _validation(request: Request[Any, Any, Any], error: ValidationException) -> Problem:
    extras = error.extra if isinstance(error.extra, list) else []
    parameters = [extra for extra in extras if isinstance(extra, dict) and extra.get("source") not in {None, "body"}]
    if parameters:
        names = ", ".join(str(extra.get("key")) for extra in parameters)
        faults = [_parameter_fault(extra) for extra in parameters]
        return Problem(problems.PARAMETER_INVALID, errors=faults, names=names)
    faults = body_faults(request) or [Fault(code="invalid", text=Text("inválido", "not valid"), pointer="")]
    return Problem(problems.BODY_INVALID, errors=faults, count=len(faults))


def _parameter_fault(extra: dict[str, str]) -> Fault:
    where = f"{extra.get('source')}: {extra.get('key')}"
    return Fault(code="parameter", text=Text(f"{where} tem valor inválido", f"{where} has a value that is not valid"))


EXCEPTION_HANDLERS: dict[type[Exception] | int, Callable[..., Response[bytes]]] = {
    Problem: answer_problem,
    HTTPException: answer_http_exception,
    Exception: answer_exception,
}
