"""What every command needs: a host with its database, errors as one line, and output for people or programs."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, NoReturn, TypeVar

import asyncpg
import click
import msgspec
from msgspec import structs

from sprintia_platform.database.embedded import EmbeddedPostgres, EmbeddedPostgresError
from sprintia_platform.database.watching import kept_running
from sprintia_platform.errors import StartupError
from sprintia_platform.host import Host
from sprintia_platform.http.answers import is_outage
from sprintia_platform.http.problems import Fault, Problem
from sprintia_platform.settings import HostSettings, Secret, load_host_settings

ResultT = TypeVar("ResultT")

_NOT_MIGRATED = "the database lacks the platform's tables or roles: run `sprintia db upgrade`, or correct DATABASE_URL"
# By SQLSTATE, whole or its class: https://www.postgresql.org/docs/current/errcodes-appendix.html
_DATABASE_FAULTS = {
    "28": "the database refuses this user or password: correct DATABASE_URL",
    "3D000": "the server has no such database: create it (createdb), or correct DATABASE_URL",
    "42P01": _NOT_MIGRATED,
    "3F000": _NOT_MIGRATED,
    "22023": _NOT_MIGRATED,  # SET ROLE to a role that does not exist
    "42501": "this user may not use the plugins' roles: run `sprintia db upgrade` as their owner",
}


def fail(faults: str | Sequence[str], status: int = 1) -> NoReturn:
    """End the command: a line per fault on standard error, no traceback."""
    for fault in (faults,) if isinstance(faults, str) else faults:
        click.echo(f"sprintia: {fault}", err=True)
    sys.exit(status)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn what an operator can mend into one clear line each."""
    try:
        yield
    except StartupError as error:
        fail(error.faults)
    except EmbeddedPostgresError as error:
        fail(str(error))
    except Problem as problem:
        fail([problem.told_at_command, *(f"  {_placed(fault)}" for fault in problem.errors)])
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        fault = _database_fault(error)
        if fault is None:
            raise
        fail(fault)


def _placed(fault: Fault) -> str:
    if fault.pointer:
        return f"{fault.pointer} {fault.text.en}"
    column = f", column {fault.column}" if fault.column else ""
    return f"line {fault.line}{column}: {fault.text.en}" if fault.line else fault.text.en


def _database_fault(error: BaseException) -> str | None:
    """What an operator can mend about the database; None where the fault is ours."""
    state = getattr(error, "sqlstate", None) or ""
    for prefix, fault in _DATABASE_FAULTS.items():
        if state.startswith(prefix):
            return fault
    if is_outage(error):
        return f"the database does not answer ({type(error).__name__}): check that it runs and DATABASE_URL is right"
    return None


@contextmanager
def database_settings(*, keep_running: bool = False, create: bool = False) -> Iterator[HostSettings]:
    """The host's settings with a database that runs: the one of `DATABASE_URL`, else the embedded one.

    Args:
        keep_running: whether to bring the embedded one back when it dies within the block.
        create: whether to make the embedded one where there is none. A command in the wrong folder must not.

    Raises:
        StartupError: there is no database here.
    """
    settings = load_host_settings()
    if settings.database_url is not None:
        yield settings
        return
    data_dir = settings.data_dir.absolute()
    if not create and not (data_dir / "postgresql").exists():
        raise StartupError(
            f"there is no platform in {data_dir}: set SPRINTIA_DATA_DIR to the folder of the one that you mean, or "
            "start one here with `sprintia serve --first-run`"
        )
    with EmbeddedPostgres(settings.data_dir) as server, kept_running(server) if keep_running else nullcontext():
        os.environ["DATABASE_URL"] = server.server_url
        yield structs.replace(settings, database_url=Secret(server.server_url), database_owner_url=Secret(server.url))


@contextmanager
def running_host(*, create: bool = False) -> Iterator[Host]:
    """A host whose database runs, for one command; `create` as in `database_settings`."""
    with one_line_errors(), database_settings(create=create) as settings:
        yield Host(settings)


def run(host: Host, work: Callable[[], Awaitable[ResultT]]) -> ResultT:
    """Run a coroutine with the host's database open."""

    async def with_database() -> ResultT:
        await host.database.open()
        try:
            return await work()
        finally:
            await host.database.close()

    return asyncio.run(with_database())


def show(value: Any, *, as_json: bool, table: Sequence[str] = (), nothing: str = "(none)") -> None:
    """Print records: JSON for programs, aligned columns for people, who read `nothing` where there is no record."""
    plain = msgspec.to_builtins(value)
    if as_json:
        click.echo(json.dumps(plain, ensure_ascii=False, indent=2))
        return
    rows = plain if isinstance(plain, list) else [plain]
    if not rows:
        click.echo(nothing)
        return
    names = list(table or rows[0])
    cells = [[_cell(row.get(name)) for name in names] for row in rows]
    widths = [max(len(name), *(len(line[place]) for line in cells)) for place, name in enumerate(names)]
    for line in ([name.upper() for name in names], *cells):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, (list, tuple)):
        return ",".join(str(item) for item in value) or "-"
    return str(value)


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def operator() -> str:
    """How history and audit name the person at this command."""
    import getpass  # noqa: PLC0415 - only for commands that write

    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return f"cli:{name}"
