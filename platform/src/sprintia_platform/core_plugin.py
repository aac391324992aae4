"""The host's own plugin: API keys and the audit log, schema `platform`. Written like anybody else's plugin."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import TYPE_CHECKING

import structlog

from sprintia_platform.audit.controllers import list_audit
from sprintia_platform.hooks import HOOK_API, hookimpl
from sprintia_platform.keys import controllers
from sprintia_platform.keys.models import PlatformBase
from sprintia_platform.records import DatabaseSpec, HealthCheck, Routes

if TYPE_CHECKING:
    from sprintia_platform.host import Host

__all__ = ["HOOK_API"]

log = structlog.get_logger("sprintia.platform")
_LAST_USED_EVERY = 30.0


@hookimpl
def register_database() -> DatabaseSpec:
    return DatabaseSpec(metadata=PlatformBase.metadata, migrations="sprintia_platform:migrations", grants="explicit")


@hookimpl
def register_routes() -> Routes:
    handlers = [controllers.create, controllers.list_all, controllers.rotate, controllers.revoke, list_audit]
    return Routes(prefixes=("/keys", "/audit"), handlers=handlers)


@hookimpl
def register_health_checks(host: "Host") -> Iterable[HealthCheck]:
    return [HealthCheck(name="database", check=host.database.ping)]


@hookimpl
def lifespan(host: "Host") -> AbstractAsyncContextManager[None]:
    """Store in the background when keys were last used: never on the path of a request."""

    @asynccontextmanager
    async def run() -> AsyncIterator[None]:
        task = asyncio.create_task(_keep_last_used(host))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await _store_last_used(host)

    return run()


async def _keep_last_used(host: "Host") -> None:
    while True:
        await asyncio.sleep(_LAST_USED_EVERY)
        await _store_last_used(host)


async def _store_last_used(host: "Host") -> None:
    try:
        await host.keys.write_last_used()
    except Exception as error:  # noqa: BLE001 - a missing time is no reason to stop; the next round writes again
        log.warning("last_used_not_stored", error_type=type(error).__name__)
