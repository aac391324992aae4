"""Answers that a plugin holds ready in memory: given before the router is asked, without waiting for anything.

A plugin that answers some GET again and again from memory offers `ReadyAnswers` in its `Routes`. The route's ordinary
handler stays the specification: whatever is not held ready, and every error, is its to answer.
"""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from litestar.types import HTTPScope

from sprintia_platform.keys.callers import Caller

if TYPE_CHECKING:
    from sprintia_platform.host import Host

Headers = Sequence[tuple[bytes, bytes]]

SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
# An answer that no page sets otherwise may load nothing and be framed by nobody.
DEFAULT_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
HSTS = (b"strict-transport-security", b"max-age=31536000")
_ACTING_FOR = b"x-acting-for"
_HEARD = frozenset({b"x-api-key", b"authorization", b"if-none-match", b"x-request-id", b"traceparent", _ACTING_FOR})


class ReadyAnswer:
    """An answer that only lacks what differs from request to request.

    Attributes:
        status: 200 or 304.
        headers: all but the request's id and trace, made by `completed`.
        head: the same as they are sent (RFC 9112), with the status line.
        body: empty for a 304.
        route: the template of the route that would have answered, for log and metrics.
        tenant: whose it is, for the log.
    """

    __slots__ = ("body", "head", "headers", "route", "status", "tenant")

    def __init__(self, status: int, headers: Headers, body: bytes, route: str, tenant: str) -> None:
        self.status, self.headers, self.body, self.route, self.tenant = status, headers, body, route, tenant
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        self.head = b"HTTP/1.1 %d %b\r\n%b" % (status, HTTPStatus(status).phrase.encode(), lines)

    def with_header(self, name: bytes, value: bytes) -> "ReadyAnswer":
        """This answer with one header more."""
        return ReadyAnswer(self.status, [*self.headers, (name, value)], self.body, self.route, self.tenant)


Found = tuple[ReadyAnswer, str, dict[bytes, bytes]]
"""A ready answer, who gets it, and the headers of the request that were looked at."""


class ReadyAnswers(Protocol):
    """What a plugin holds ready under its prefixes."""

    @property
    def cut_off(self) -> bool:
        """Whether the database is known to be out of reach: keys are then believed as long as outages may last."""
        ...

    def find(
        self, path: str, query: bytes, if_none_match: bytes | None, caller: Caller, *, in_outage: bool = False
    ) -> ReadyAnswer | None:
        """Return what the route's handler would answer this caller; None when it is not held, or not theirs to see.

        Asked again with `in_outage` when the handler could only say 503.
        """
        ...

    def passing(self, path: str, query: bytes, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Hear what a handler under these prefixes is about to answer to a GET."""
        ...


def completed(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Add what the host gives to every successful answer and what does not depend on the request."""
    present = {name for name, _ in headers}
    added = [header for header in (*SECURITY_HEADERS, DEFAULT_POLICY) if header[0] not in present]
    if b"cache-control" not in present:
        added.append((b"cache-control", b"no-cache"))
    return [*headers, *added]


class ReadyLane:
    """Finds ready answers for requests: whose prefix it is, who calls, and whether the plugin has it."""

    def __init__(self, host: "Host") -> None:
        self._host = host
        self._lanes = [
            (f"{prefix}/", name, given.routes.ready)
            for name, given in host.contributions.items()
            if given.routes is not None and given.routes.ready is not None
            for prefix in given.routes.prefixes
        ]

    def of(self, scope: HTTPScope) -> ReadyAnswers | None:
        """The plugin's answers under whose prefix a GET falls."""
        if scope["method"] != "GET":
            return None
        path = scope["path"]
        for prefix, name, ready in self._lanes:
            if path.startswith(prefix) and self._host.contributions[name].unavailable is None:
                return ready
        return None

    def find(self, ready: ReadyAnswers, scope: HTTPScope, *, in_outage: bool = False) -> Found | None:
        """The ready answer to a request, when there is one and the caller's key is known without asking anybody."""
        given: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            if name in _HEARD:
                if name in given:
                    return None  # it came twice: the handler knows what to make of that
                given[name] = value
        if _ACTING_FOR in given:
            return None  # what a person may see through a key is for the handler to find out
        key = given.get(b"x-api-key") or _bearer(given.get(b"authorization", b""))
        if not key:
            return None
        caller = self._host.keys.recall(key.strip(), cut_off=in_outage or ready.cut_off)
        if caller is None or (caller.networks and not caller.may_call_from(_address(scope))):
            return None
        held = given.get(b"if-none-match")
        answer = ready.find(scope["path"], scope["query_string"], held, caller, in_outage=in_outage)
        return None if answer is None else (answer, caller.actor, given)


def _bearer(authorization: bytes) -> bytes | None:
    scheme, _, credentials = authorization.partition(b" ")
    return credentials if scheme.lower() == b"bearer" else None


def _address(scope: HTTPScope) -> str | None:
    client = scope["client"]
    return client[0] if client else None
