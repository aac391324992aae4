"""Liveness and readiness, and what `/plugins` tells."""

import asyncio
import time
from typing import Any

from litestar import Response, get
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency

from sprintia_platform.host import Host
from sprintia_platform.keys.guards import public, requires
from sprintia_platform.records import HealthCheck

_NO_STORE = CacheControlHeader(no_store=True)


async def readiness(host: Host) -> tuple[bool, dict[str, Any]]:
    """Ask every check at once, each bounded in time.

    Returns:
        Whether this process can serve, and per plugin and check `{"ok", "critical", "seconds", "cause"}`. The cause is
        the type of the exception, never its text.
    """
    asked = [(name, check) for name, given in host.contributions.items() for check in given.health_checks]
    answers = await asyncio.gather(*(_ask(check, host.settings.health_timeout) for _, check in asked))
    report: dict[str, Any] = {}
    for (name, check), answer in zip(asked, answers, strict=True):
        report.setdefault(name, {})[check.name] = answer
    ready = all(answer["ok"] or not answer["critical"] for answer in answers)
    for name, given in host.contributions.items():
        if given.unavailable is not None:
            report.setdefault(name, {})["started"] = {"ok": False, "critical": False, "cause": given.unavailable}
    for failure in host.registry.failures:
        report[failure.name] = {
            # Anybody may ask: the text of the cause is for `/plugins` and the log.
            "loaded": {"ok": False, "critical": False, "cause": f"{failure.stage}: {failure.kind}"}
        }
    return ready and not host.draining, report


async def _ask(check: HealthCheck, seconds: float) -> dict[str, Any]:
    started = time.perf_counter()
    cause = None
    try:
        async with asyncio.timeout(seconds):
            await check.check()
    except TimeoutError:
        cause = f"no answer within {seconds:g} s"
    except Exception as error:  # noqa: BLE001 - a plugin's check may raise anything; that is its way to say no
        cause = type(error).__name__
    answer: dict[str, Any] = {
        "ok": cause is None,
        "critical": check.critical,
        "seconds": round(time.perf_counter() - started, 4),
    }
    return answer if cause is None else answer | {"cause": cause}


@get("/health/live", opt=public("says only that the process runs"), cache_control=_NO_STORE, tags=["health"])
async def live() -> dict[str, str]:
    """Answer while the process runs; never looks at the database."""
    return {"status": "alive"}


@get("/health/ready", opt=public("asked by proxies and supervisors"), cache_control=_NO_STORE, tags=["health"])
async def ready(host: NamedDependency[Host]) -> Response[dict[str, Any]]:
    """Answer 200 while this process can serve, 503 while it cannot or is draining; with each check's result."""
    ok, report = await readiness(host)
    status = "draining" if host.draining else "ready" if ok else "unavailable"
    return Response({"status": status, "checks": report}, status_code=200 if ok else 503)


@get("/health", opt=public("asked by the Odoo addons and the AI stack"), cache_control=_NO_STORE, tags=["health"])
async def health(host: NamedDependency[Host]) -> Response[dict[str, str]]:
    """Answer `{"status": "healthy"}` while the process can serve, 503 when it cannot."""
    ok, _ = await readiness(host)
    return Response({"status": "healthy" if ok else "unhealthy"}, status_code=200 if ok else 503)


@get("/plugins", guards=[requires()], tags=["plugins"])
async def plugins(host: NamedDependency[Host]) -> list[dict[str, Any]]:
    """List the plugins of this process, the broken ones with stage, cause and cure."""
    return describe_plugins(host)


def describe_plugins(host: Host) -> list[dict[str, Any]]:
    """Describe each plugin: name, distribution, version, prefixes, status, and what is wrong with the broken ones."""
    working = [
        {
            "name": plugin.name,
            "distribution": plugin.distribution,
            "version": plugin.version,
            "prefixes": list(routes.prefixes) if (routes := host.contributions[plugin.name].routes) else [],
            "status": "unavailable" if host.contributions[plugin.name].unavailable else "in service",
        }
        for plugin in host.registry.plugins.values()
    ]
    broken = [
        {
            "name": failure.name,
            "distribution": failure.distribution,
            "status": "broken",
            "stage": failure.stage,
            "cause": failure.cause,
            "cure": failure.cure,
        }
        for failure in host.registry.failures
    ]
    return sorted(working + broken, key=lambda plugin: str(plugin["name"]))


HANDLERS = (live, ready, health, plugins)
