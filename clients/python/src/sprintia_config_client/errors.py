"""What can go wrong, as types: a failure is never an empty answer."""

from collections.abc import Sequence

import msgspec


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault of several: `pointer` (RFC 6901) or `line` and `column` (from 1) say where."""

    code: str
    message: str = ""
    pointer: str | None = None
    line: int | None = None
    column: int | None = None


class ConfigError(Exception):
    """Any failure of this client.

    Attributes:
        detail: what is wrong and what to do, for people.
        status: the HTTP status; None when there was no answer.
        code: the stable name of the problem, for programs (`document_not_found`); empty when the service gave none.
        request_id: what the service's log calls this request.
        faults: single faults, each with its place.
        current_version: the version that stands, where a condition on it failed.
        idempotency_key: of a write: sent again with it, the write is done once, whatever became of the first attempt.
    """

    def __init__(
        self,
        detail: str,
        *,
        status: int | None = None,
        code: str = "",
        request_id: str | None = None,
        faults: Sequence[Fault] = (),
        current_version: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.code = code
        self.request_id = request_id
        self.faults = tuple(faults)
        self.current_version = current_version
        self.idempotency_key: str | None = None


class NotFound(ConfigError):
    """There is no such tenant, document, version, revision, secret or route, or this key does not reach it."""


class Gone(NotFound):
    """It was there: its secrets were erased, or retention has passed it."""


class Unauthorized(ConfigError):
    """The API key is missing, wrong, expired or revoked."""


class Forbidden(ConfigError):
    """The API key is valid and lacks the right that `detail` names."""


class Conflict(ConfigError):
    """Somebody else was faster, or the request contradicts what stands: read again, then decide."""


class Invalid(ConfigError):
    """The request cannot be taken as it is: `faults` says what, and where."""


class Unavailable(ConfigError):
    """No usable answer.

    Attributes:
        unreachable: true when nobody answered for the service (no connection, no answer in time, 502, 503, 504). Only
            then does the last known good configuration stand in; an answer that makes no sense is no outage.
        retry_after: seconds that the service asked to wait.
    """

    def __init__(
        self,
        detail: str,
        *,
        unreachable: bool,
        retry_after: float | None = None,
        status: int | None = None,
        code: str = "",
        request_id: str | None = None,
    ) -> None:
        super().__init__(detail, status=status, code=code, request_id=request_id)
        self.unreachable = unreachable
        self.retry_after = retry_after


_BY_STATUS: dict[int, type[ConfigError]] = {
    401: Unauthorized, 403: Forbidden, 404: NotFound, 409: Conflict, 410: Gone, 412: Conflict,
}  # fmt: skip
UNREACHABLE = frozenset({502, 503, 504})
"""A proxy whose service is gone answers 502 or 504; the service itself says 503 when it cannot serve."""
_TRY_LATER = UNREACHABLE | {408, 429}


def error_for(
    status: int,
    detail: str,
    *,
    code: str = "",
    request_id: str | None = None,
    faults: Sequence[Fault] = (),
    current_version: int | None = None,
    retry_after: float | None = None,
) -> ConfigError:
    """Make the error that an HTTP status of the service stands for."""
    if status >= 500 or status in _TRY_LATER:
        return Unavailable(
            detail, unreachable=status in UNREACHABLE, retry_after=retry_after, status=status, code=code,
            request_id=request_id,
        )  # fmt: skip
    kind = _BY_STATUS.get(status, Invalid)
    return kind(detail, status=status, code=code, request_id=request_id, faults=faults, current_version=current_version)
