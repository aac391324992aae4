"""`sprintia serve`."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import click

from sprintia_platform.cli.own_name import command_here
from sprintia_platform.cli.runtime import database_settings, one_line_errors, operator, run
from sprintia_platform.database.migrations import require_up_to_date, states, upgrade
from sprintia_platform.database.urls import parse_database_url
from sprintia_platform.first_steps import first_steps
from sprintia_platform.host import Host
from sprintia_platform.keys.callers import RIGHTS
from sprintia_platform.keys.store import create_key, list_keys
from sprintia_platform.observability.logs import configure_logs
from sprintia_platform.server import StopSignals, bind, run_worker
from sprintia_platform.settings import HostSettings
from sprintia_platform.workers import run_workers


@click.command()
@click.option("--first-run", is_flag=True, help="Migrate the database and make a first key when there is none.")
@click.option("--workers", type=click.IntRange(1, 64), help="Number of processes (SPRINTIA_WORKERS).")
def serve(first_run: bool, workers: int | None) -> None:
    """Serve until SIGINT or SIGTERM.

    On SIGTERM readiness turns 503 first; requests in flight are finished. The embedded PostgreSQL ends with the last
    process that uses it.
    """
    with one_line_errors(), StopSignals() as signals:
        if workers is not None:
            os.environ["SPRINTIA_WORKERS"] = str(workers)
        with database_settings(keep_running=True, create=first_run) as settings:
            _serve(settings, signals, first_run=first_run)


def _serve(settings: HostSettings, signals: StopSignals, *, first_run: bool) -> None:
    configure_logs(settings.log_level)
    host = Host(settings)
    port = settings.port or default_port(host)
    with bind(settings, port) as listener:
        asyncio.run(_prepare_database(host, migrate=first_run))
        if signals.received:
            return
        key = _first_key(host) if first_run else None
        steps = run(host, lambda: first_steps(host, url_of(settings, port))) if first_run else []
        click.echo(banner(host, port, key, steps, first_run=first_run))
        if settings.workers == 1:
            run_worker(host, listener, earlier=signals.received)
        else:
            run_workers(settings, listener, dict(os.environ), signals)


def default_port(host: Host) -> int:
    """8000, unless a single plugin was asked for that has a port of its own (the migration guide names them)."""
    wanted = host.settings.plugins or ()
    if len(wanted) == 1:
        return int(getattr(host.registry.plugins[wanted[0]].module, "DEFAULT_PORT", 8000))
    return 8000


async def _prepare_database(host: Host, *, migrate: bool) -> None:
    owner = host.settings.database_owner_url
    url = parse_database_url(owner.reveal(), "SPRINTIA_DATABASE_OWNER_URL") if owner else host.database.url
    if migrate:
        await upgrade(url, host.databases, host.database.url.username if owner else None)
    require_up_to_date(await states(url, host.databases))


def _first_key(host: Host) -> str | None:
    async def make() -> str | None:
        async with host.database.transaction("platform", "*") as connection:
            if await list_keys(connection):
                return None
            token = await create_key(
                connection, name="first key", rights=[right for right in RIGHTS if right != "admin"], tenants=None,
                networks=[], expires_at=None, actor=operator(),
            )  # fmt: skip
            return token.text

    return None if host.settings.api_key else run(host, make)


def url_of(settings: HostSettings, port: int) -> str:
    """Where the platform answers, as a person on this machine writes it."""
    address = settings.host
    shown = "127.0.0.1" if address in {"0.0.0.0", "::"} else address  # noqa: S104 - compared, not bound
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def banner(host: Host, port: int, key: str | None, steps: Sequence[str], *, first_run: bool) -> str:
    """What a person sees who just started the platform."""
    url = url_of(host.settings, port)
    lines = [
        "",
        f"Sprintia Platform is at {url}",
        *([] if host.home is None else [f"  pages              {url}/ (sign in)"]),
        f"  API documentation  {url}/schema",
        f"  health             {url}/health/ready",
        f"  plugins            {', '.join(sorted(host.registry.plugins))}",
        f"  data               {_where_data_is(host)}",
    ]
    if not first_run:
        return "\n".join(lines)
    if key is not None:
        lines += ["", f"API key, shown only now: {key}"]
    elif host.settings.api_key is None:
        lines += [
            "",
            "API key: shown at the first start. Make another one:",
            f"  {command_here()} keys create NAME --all-rights",
        ]
    else:
        lines += ["", "API key: the one in API_KEY."]
    if steps:
        lines += ["", *steps]
    lines += ["", "Try it:", f"  {_sample_call(url, key)}", *_sample_data(host, url), "", "End with Ctrl-C.", ""]
    return "\n".join(lines)


def _sample_call(url: str, key: str | None) -> str:
    if key is None:
        return f"curl -s {url}/health/ready"
    return (
        f"curl -s -w '\\n' -H 'X-API-Key: {key}' -H 'Content-Type: application/json' "
        f'-d \'{{"yaml_content": "name: Loja Aurora\\n"}}\' {url}/configs/loja_aurora/retail/config'
    )


def _sample_data(host: Host, url: str) -> list[str]:
    """How to get tenants to look at: where there are pages, and for who stands in a checkout of the sources."""
    if host.home is None or not Path("scripts/demo.py").is_file():
        return []
    return [f"  make demo URL={url} KEY=...  # in another terminal, with your key: three tenants to look at"]


def _where_data_is(host: Host) -> str:
    url = host.database.url
    if url.host:
        return f"PostgreSQL at {url.host}, database {url.database}"
    return f"{host.settings.data_dir.resolve()} (embedded PostgreSQL)"
