"""Answers that are no answer to what was asked, as errors."""

import email.utils
import time

import httpx
import msgspec

from sprintia_config_client.errors import ConfigError, Fault, Unavailable, error_for

RETRIED = frozenset({408, 429, 502, 503, 504})
_PROBLEM = "application/problem+json"
_NO_SUCH_ROUTE = "not_found"
_REQUEST_ID = "x-request-id"


class _Problem(msgspec.Struct):
    """RFC 9457, with the platform's members."""

    type: str = ""
    detail: str = ""
    request_id: str | None = None
    errors: list[Fault] = []
    current_version: int | None = None


def error_of(response: httpx.Response) -> ConfigError:
    """What an answer that is neither 200 nor 304 means."""
    status = response.status_code
    request_id = response.headers.get(_REQUEST_ID)
    retry_after = _seconds(response.headers.get("retry-after"))
    if response.headers.get("content-type", "").partition(";")[0].strip() == _PROBLEM:
        try:
            problem = msgspec.json.decode(response.content, type=_Problem)
        except msgspec.DecodeError:
            problem = _Problem(detail=f"HTTP {status}, with a body that is no problem report")
        code = problem.type.rpartition(":")[2]
        if code != _NO_SUCH_ROUTE:
            return error_for(
                status, problem.detail, code=code, request_id=problem.request_id or request_id, faults=problem.errors,
                current_version=problem.current_version, retry_after=retry_after,
            )  # fmt: skip
    elif status in RETRIED | {500}:
        return error_for(status, f"HTTP {status}", request_id=request_id, retry_after=retry_after)
    # A proxy without a route says 404 too, and so does a platform without the config plugin: that must not be taken for
    # "there is no such document".
    return Unavailable(
        f"HTTP {status} did not come from the config service: check its address, {response.request.url.host}, and what "
        "stands in front of it",
        unreachable=False, status=status, request_id=request_id,
    )  # fmt: skip


def unreadable(response: httpx.Response, error: Exception) -> Unavailable:
    """A 200 that holds something else than it should."""
    return Unavailable(
        f"the answer of {response.request.url.path} is not what a config service says ({type(error).__name__}): check "
        "the address, and whether this client is too old",
        unreachable=False, status=response.status_code, request_id=response.headers.get(_REQUEST_ID),
    )  # fmt: skip


def _seconds(retry_after: str | None) -> float | None:
    """Read `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3)."""
    if retry_after is None:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return None
