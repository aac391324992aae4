"""What the platform is compared with, on the same uvicorn with the same settings.

`raw`: an ASGI application that knows one answer. `read`: a bare Litestar route that runs the SQL of an uncached read by
asyncpg, with the platform's pool settings and transaction statements, and nothing else: no key, no ETag, no log line.
"""

import argparse
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import uvicorn
from litestar import Litestar, Response, get

from sprintia_platform.database.connections import begin_statement

COLUMNS = (
    "id, tenant_id, domain, config_type, version, revision, media, source, sealed_source, key_generation, view, "
    "digest, deleted, actor, origin, message, created_at"
)
READ_STANDING = (
    "SELECT t.revision AS tenant_revision, " + ", ".join(f"v.{name}" for name in COLUMNS.split(", ")) + " "
    "FROM config.tenant t LEFT JOIN (config.document d CROSS JOIN "
    f"LATERAL (SELECT {COLUMNS} FROM config.document_version w WHERE w.tenant_id = d.tenant_id "
    "AND w.domain = d.domain AND w.config_type = d.config_type AND w.version = d.version OFFSET 0) v ) "
    "ON d.tenant_id = t.tenant_id AND d.domain = $2 AND d.config_type = $3 WHERE t.tenant_id = $1"
)
"""The statement of `sprintia_config.documents.versions.read_standing`; a test compares them."""

_POOL_SIZE, _TIMEOUT = 10, 5.0
"""The defaults of SPRINTIA_DATABASE_POOL_SIZE and SPRINTIA_DATABASE_TIMEOUT."""


class OneAnswer:
    """The raw ASGI application."""

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self._start = {"type": "http.response.start", "status": status, "headers": headers}
        self._body = {"type": "http.response.body", "body": body}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG002 - ASGI's signature
        await send(self._start)
        await send(self._body)


def one_answer(folder: Path) -> OneAnswer:
    """Make the application of an answer that lies in a folder: `head.json` and `body`."""
    head = json.loads((folder / "head.json").read_text(encoding="utf-8"))
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in head["headers"]]
    return OneAnswer(head["status"], headers, (folder / "body").read_bytes())


def bare_reads(database_url: str) -> Litestar:
    """Make the Litestar application of one route."""
    pools: list[Any] = []

    @asynccontextmanager
    async def open_pool(_app: Litestar) -> AsyncIterator[None]:
        milliseconds = str(int(_TIMEOUT * 1000))
        server_settings = {
            "application_name": "bench", "TimeZone": "UTC", "lock_timeout": milliseconds,
            "statement_timeout": milliseconds, "idle_in_transaction_session_timeout": str(int(_TIMEOUT * 4000)),
        }  # fmt: skip
        async with asyncpg.create_pool(
            database_url, min_size=0, max_size=_POOL_SIZE, timeout=_TIMEOUT, command_timeout=_TIMEOUT + 1,
            server_settings=server_settings, reset=_nothing_to_reset,
        ) as pool:  # fmt: skip
            pools.append(pool)
            yield

    @get("/configs/{tenant:str}/{domain:str}/{config_type:str}")
    async def read(tenant: str, domain: str, config_type: str) -> Response[bytes]:
        async with pools[0].acquire(timeout=_TIMEOUT) as connection:
            await connection.execute(begin_statement("config", [tenant], read_only=True))
            row = await connection.fetchrow(READ_STANDING, tenant, domain, config_type)
            await connection.execute("COMMIT")
        return Response(_full(row), media_type="application/json")

    return Litestar([read], lifespan=[open_pool], openapi_config=None, logging_config=None)


async def _nothing_to_reset(_connection: object) -> None:
    return


def _full(row: asyncpg.Record) -> bytes:
    """The answer's bytes, in the order of its fields."""
    created_at = _moment(row["created_at"])
    return msgspec.json.encode({
        "id": row["id"], "tenant_id": row["tenant_id"], "domain": row["domain"], "config_type": row["config_type"],
        "version": row["version"], "revision": row["revision"], "digest": row["digest"],
        "yaml_content": row["source"], "json_data": msgspec.Raw(row["view"].encode()),
        "created_at": created_at, "updated_at": created_at, "actor": row["actor"], "origin": row["origin"],
        "message": row["message"],
    })  # fmt: skip


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S.%fZ}"


def serve(app: Any, port: int, *, lifespan: bool) -> None:
    """Serve as `sprintia serve` does (sprintia_platform.server.run_worker)."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_config=None, access_log=False, lifespan="on" if lifespan else "off",
        loop="uvloop", http="httptools", server_header=False, date_header=True, proxy_headers=False,
        timeout_keep_alive=20, h11_max_incomplete_event_size=32_768,
    )  # fmt: skip
    uvicorn.Server(config).run()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=("raw", "read"))
    parser.add_argument("port", type=int)
    parser.add_argument("--answer", type=Path, help="raw: the folder of the answer")
    given = parser.parse_args()
    if given.kind == "raw":
        serve(one_answer(given.answer), given.port, lifespan=False)
    else:
        serve(bare_reads(os.environ["DATABASE_URL"]), given.port, lifespan=True)


if __name__ == "__main__":
    main()
