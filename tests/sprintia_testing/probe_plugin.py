"""A plugin whose routes fail, log and read bodies on request: what the host's own behaviour is tested with."""

import asyncio
import logging
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import asyncpg
import msgspec
import structlog
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncSession

from sprintia_platform import HealthCheck, Routes, hookimpl, public, requires
from sprintia_platform.audit.log import append_audit
from sprintia_platform.database.connections import Database
from sprintia_platform.http.requests import StrictRequest

HOOK_API = 1
MARK = "mark-7f3c0b5e-of-a-value"
"""Stands for a secret: it may be in no log line and in no answer."""

library = logging.getLogger("some.library")


class Line(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    count: int


class Order(msgspec.Struct, forbid_unknown_fields=True):
    customer: str
    lines: list[Line]
    note: str | None = None


class TellingError(Exception):
    """An exception whose text, arguments and notes hold a value."""

    def __init__(self) -> None:
        super().__init__(f"refused: {MARK}")
        self.add_note(MARK)
        self.password = MARK


def _chained() -> Exception:
    try:
        try:
            raise ValueError(MARK)  # noqa: TRY301 - what the test is about
        except ValueError as error:
            raise TellingError from error
    except TellingError as error:
        return error


def _of_sqlalchemy(state: str) -> Exception:
    # As the asyncpg dialect raises it: its own error with asyncpg's as the cause.
    cause = asyncpg.PostgresError.new({"C": state, "M": MARK})
    original = Exception(MARK)
    original.__cause__ = cause
    return OperationalError("SELECT 1", {}, original)


FAILURES: dict[str, Callable[[], BaseException]] = {
    "value": lambda: ValueError(MARK),
    "chained": _chained,
    "group": lambda: ExceptionGroup(MARK, [ValueError(MARK)]),
    "key": lambda: KeyError(MARK),
    "file": lambda: FileNotFoundError(2, MARK, MARK),
    "timeout": lambda: TimeoutError(MARK),
    "unique": lambda: asyncpg.PostgresError.new({"C": "23505", "M": MARK, "D": f"Key (a)=({MARK}) already exists."}),
    "check": lambda: _of_sqlalchemy("23514"),
    "syntax": lambda: asyncpg.PostgresError.new({"C": "42601", "M": MARK}),
}
"""What is nobody's outage: a 500."""

OUTAGES: dict[str, Callable[[], BaseException]] = {
    **{
        state: (lambda state=state: asyncpg.PostgresError.new({"C": state, "M": MARK}))  # type: ignore[misc]
        for state in (
            "08000", "08003", "08006", "53100", "53200", "53300", "57014", "57P01", "57P02", "57P03", "55P03", "40001",
            "40P01", "58030", "25006", "25P03", "25P04", "28P01", "28000", "3D000",
        )
    },
    "sqlalchemy 57P01": lambda: _of_sqlalchemy("57P01"),
    "sqlalchemy 25P03": lambda: _of_sqlalchemy("25P03"),
    "sqlalchemy pool": lambda: PoolTimeoutError(MARK),
    "closed": lambda: asyncpg.InterfaceError("connection is closed"),
    "stale plan": lambda: asyncpg.InvalidCachedStatementError(MARK),
}  # fmt: skip
"""What means that the database could not be reached or would not answer now: a 503."""


@get("/probe/fail/{kind:str}", opt=public("a test's"))
async def fail(kind: FromPath[str]) -> None:
    error = (FAILURES | OUTAGES)[kind]()
    raise error


@post("/probe/orders", guards=[requires("probe:write")], status_code=200)
async def order(data: JSONBody[Order]) -> Order:
    return data


@post("/probe/bytes", opt=public("a test's"), status_code=200)
async def count_bytes(request: StrictRequest) -> dict[str, int]:
    return {"bytes": len(await request.body())}


@get("/probe/page", opt=public("a test's"))
async def page(limit: FromQuery[int], name: FromQuery[str] = "") -> dict[str, Any]:
    return {"limit": limit, "name": name}


@get("/probe/cached", opt=public("a test's"))
async def cached() -> Response[None]:
    return Response(None, status_code=304, headers={"ETag": '"1"'})


@get("/probe/session", opt=public("a test's"))
async def through_sqlalchemy(platform_session: NamedDependency[AsyncSession]) -> int:
    return int((await platform_session.execute(text("SELECT count(*) FROM platform.api_key"))).scalar_one())


@get("/probe/transaction", opt=public("a test's"))
async def through_asyncpg(database: NamedDependency[Database]) -> int:
    async with database.transaction("platform") as connection:
        return int(await connection.fetchval("SELECT count(*) FROM platform.api_key"))


@post("/probe/swallowed/{marked:str}", opt=public("a test's"), status_code=200)
async def swallow(database: NamedDependency[Database], marked: FromPath[str]) -> str:
    """Write, let a statement fail, say nothing of it, and claim that all is well."""
    async with database.transaction("platform", "*") as connection:
        await append_audit(connection, tenant=marked, actor="test", action="probe", target="probe", detail={})
        with suppress(asyncpg.PostgresError):
            await connection.execute("SELECT 1 / 0")
    return "written"


@get("/probe/log", opt=public("a test's"))
async def log() -> None:
    logger = structlog.get_logger("probe")
    logger.info("probe_event", password=MARK, reason="plain", cause={"password": MARK}, count=[MARK, {"a": MARK}])
    try:
        raise TellingError  # noqa: TRY301 - what the test is about
    except TellingError:
        logger.exception("probe_failed")
    library.error("cannot log in as %s with %s", "someone", MARK)
    library.error(f"cannot log in with {MARK}")
    library.error("a message without values")
    try:
        raise TellingError  # noqa: TRY301 - what the test is about
    except TellingError:
        library.exception("the library failed")
    library.info("too low for the log")
    asyncio.get_running_loop().call_exception_handler({"message": MARK, "exception": ValueError(MARK)})


def points() -> list[EntryPoint]:
    """Every installed plugin, and this one under the name `probe`."""
    return [*entry_points(group="sprintia"), EntryPoint("probe", __name__, "sprintia")]


async def _fine() -> None:
    return


@hookimpl
def register_routes() -> Routes:
    handlers = [
        fail, order, count_bytes, page, cached, through_sqlalchemy, through_asyncpg, swallow, log,
    ]  # fmt: skip
    return Routes(prefixes=("/probe",), handlers=handlers)


@hookimpl
def register_health_checks() -> Iterable[HealthCheck]:
    checks: Iterable[HealthCheck] = getattr(sys.modules[__name__], "health_checks", ())
    return checks


health_checks: list[HealthCheck] = []
"""What the plugin asks of itself; a test fills it before the platform starts, and empties it."""
