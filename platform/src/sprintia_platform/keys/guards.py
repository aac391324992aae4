"""What each route asks of its caller. A route that states no policy stops the start."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.enums import HttpMethod
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from sprintia_platform.errors import StartupError
from sprintia_platform.http import problems
from sprintia_platform.http.problems import Problem
from sprintia_platform.keys.acting import acting_caller
from sprintia_platform.keys.callers import Caller
from sprintia_platform.keys.store import KeyStore


class Policy(ABC):
    """What a route asks of its caller: a guard that the host knows as one.

    A plugin that knows its callers by something else than an API key, for instance by a session's cookie, brings a
    subclass of its own.

    Attributes:
        rights: what it asks for, for the reader. Only those of `requires` become rights of the key `API_KEY`.
    """

    rights: tuple[str, ...] = ()

    @abstractmethod
    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler, /) -> None:
        """Let the caller pass, or raise what they get instead: usually a `Problem`."""


class requires(Policy):  # noqa: N801 - it reads as what it does: guards=[requires("config:read")]
    """The guard of a route for callers who have all of these rights (none named: any valid key)."""

    def __init__(self, *rights: str) -> None:
        self.rights = rights

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler, /) -> None:
        caller = await authenticate(connection)
        for right in self.rights:
            caller.require(right)


def public(reason: str) -> dict[str, Any]:
    """Options of a route that anybody may call; the reason is for the reader."""
    return {"public": reason}


async def authenticate(connection: ASGIConnection[Any, Any, Any, Any]) -> Caller:
    """Find out who calls, and remember it for this request.

    Raises:
        Problem: 401 when no valid key was given, 403 when it is not valid from this address or may not ask for
            somebody else, 422 when it does not say clearly for whom it asks.
    """
    state = connection.scope["state"]
    caller: Caller | None = state.get("caller")
    if caller is not None:
        return caller
    text = given_key(connection)
    store: KeyStore = connection.app.state.key_store
    key = await store.identify(text) if text else None
    if key is None:
        raise Problem(problems.UNAUTHORIZED, headers={"WWW-Authenticate": "ApiKey"})
    client = connection.client
    key.require_network(client.host if client else None)
    state["actor"] = key.actor  # the log names it, whatever comes of the header
    caller = acting_caller(connection, key)
    state["caller"], state["actor"] = caller, caller.actor
    return caller


def given_key(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """The key of `X-API-Key`, else of `Authorization: Bearer`."""
    key = connection.headers.get("x-api-key")
    if key:
        return key.strip()
    scheme, _, credentials = connection.headers.get("authorization", "").partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" else None


async def provide_caller(request: ASGIConnection[Any, Any, Any, Any]) -> Caller:
    """Litestar dependency `caller`: who called."""
    return await authenticate(request)


def refuse_undeclared(handlers: Iterable[BaseRouteHandler]) -> frozenset[str]:
    """Return every right that the routes ask of an API key.

    Raises:
        StartupError: naming each route that states neither a policy (`requires(...)`, or a plugin's own) nor
            `public(...)`.
    """
    rights: set[str] = set()
    faults = []
    for handler in handlers:
        # Litestar's own OPTIONS handlers name the methods, and nothing else.
        if isinstance(handler, HTTPRouteHandler) and handler.http_methods == {HttpMethod.OPTIONS}:
            continue
        declared = [guard for guard in handler.resolve_guards() if isinstance(guard, Policy)]
        for policy in declared:
            if isinstance(policy, requires):
                rights.update(policy.rights)
        if not declared and "public" not in handler.opt:
            paths = ", ".join(sorted(handler.paths))
            faults.append(
                f"route {paths} ({handler}) states no policy: add guards=[requires(...)] or opt=public('why')"
            )
    if faults:
        raise StartupError(faults)
    return frozenset(rights)
