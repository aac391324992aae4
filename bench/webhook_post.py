"""A whole webhook post beside pgbench running the same SQL.

`python bench/webhook_post.py` starts the real `sprintia serve` on a core of its own, with PostgreSQL and the load on
the other. A signed webhook is posted whose content changes each time, so that each makes new versions, audit events and
a delivery on record: signature, parse, merge, seal, write. pgbench runs the statements of such a post, taken from the
platform's own code, with prepared statements, values of the same sizes and as many connections, against the same
PostgreSQL. Both take turns; each row is the median of the rounds.
"""

import argparse
import asyncio
import hashlib
import json
import os
import re
import secrets
import select
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple, NoReturn

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from sprintia_testing.signing import new_secret, signed_headers  # noqa: E402 - found by the path above

from bench.load import WrongAnswer, fetch  # noqa: E402
from bench.machine import cpu_seconds, family_cpu_seconds  # noqa: E402
from bench.processes import BOOTSTRAP_KEY, BenchmarkError, Cluster, DatabaseUrls, Server, platform  # noqa: E402
from sprintia_config.unit_of_work import NOTIFICATIONS, READ, WRITE, lock_statement  # noqa: E402
from sprintia_platform import Secret  # noqa: E402
from sprintia_platform.database.connections import Database  # noqa: E402
from sprintia_platform.database.embedded.binaries import find_binaries  # noqa: E402
from sprintia_platform.keys.callers import RIGHTS  # noqa: E402
from sprintia_platform.keys.store import create_key  # noqa: E402
from sprintia_platform.settings import HostSettings  # noqa: E402

TARGET = 0.5
_PARAMETER = re.compile(r"\$(\d+)")
_COMMENT = re.compile(r"--.*")
_SAMPLES = ROOT / "tests" / "samples"
_NOTES = "".join(f"Regra {number}: uma linha de texto comum das regras de atendimento.\n" for number in range(36))
_NONE = "-"
"""NULL: pgbench takes no variable without a value."""
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_PATIENCE = 15.0
_FASTEST = 2_500
"""Posts a second that no side reaches here: so many are made ready."""


class Kind(NamedTuple):
    """A kind of webhook: its sample, and the documents that it writes, those with secrets last."""

    name: str
    sample: str
    types: tuple[str, ...]
    sealed: int


KINDS = (
    Kind("credentials_sync", "webhook_credentials_flat.json", ("config", "credentials"), 1),
    Kind("company_metadata_sync", "webhook_company_metadata.json", ("metadata",), 0),
)


class Side(NamedTuple):
    """What one side did in a round; CPU times are microseconds a post."""

    rate: float
    server_cpu: float
    postgresql_cpu: float


def main() -> int:
    """Run all; 1 when an answer was wrong, whatever the targets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="where the rows go")
    parser.add_argument("--quick", action="store_true", help="short rounds: does it run at all?")
    parser.add_argument("--seconds", type=float, help="of a round of one side (3)")
    parser.add_argument("--rounds", type=int, help="of two sides each (5)")
    given = parser.parse_args()
    usual = (1.0, 2) if given.quick else (3.0, 5)
    seconds, rounds = given.seconds or usual[0], given.rounds or usual[1]
    rows = []
    with Cluster() as cluster:
        urls = cluster.make_database("webhooks")
        with platform(cluster, urls) as server:
            for kind in KINDS:
                for connections in (1, 8):
                    row = _measured(cluster, urls, server, kind, connections, seconds, rounds)
                    rows.append(row)
                    print(_line(row), flush=True)
    if given.json:
        given.json.write_text(json.dumps(rows, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return 0


def _measured(
    cluster: Cluster, urls: DatabaseUrls, server: Server, kind: Kind, connections: int, seconds: float, rounds: int
) -> dict[str, Any]:
    senders = [Sender(server, urls, kind) for _ in range(connections)]
    for sender in senders:
        sender.check()
    script = Script(cluster, urls, senders[0], connections)
    own: list[Side] = []
    reference: list[Side] = []
    for number in range(rounds + 1):
        sides = _posts(cluster, server, senders, seconds), script.run(seconds)
        if number:  # the first one warms caches and prepared statements
            own.append(sides[0])
            reference.append(sides[1])
    script.check()
    ratios = [one.rate / other.rate for one, other in zip(own, reference, strict=True)]
    ratio = median(ratios)
    return {
        "benchmark": f"webhook post, {kind.name}, {connections} connection{'s' if connections > 1 else ''}",
        "target": f"≥ {TARGET} of pgbench, same SQL",
        "measured": _side(own), "reference": _side(reference), "ratio": round(ratio, 3), "met": ratio >= TARGET,
        "ratios": [round(each, 3) for each in ratios],
    }  # fmt: skip


def _side(rounds: Sequence[Side]) -> dict[str, float]:
    rate = median(each.rate for each in rounds)
    server = median(each.server_cpu for each in rounds)
    return {
        "requests_per_second": round(rate), "server_cpu_us": round(server),
        "postgresql_cpu_us": round(median(each.postgresql_cpu for each in rounds)),
        "server_core_busy": round(min(rate * server / 1e6, 1.0), 3),
    }  # fmt: skip


def _line(row: dict[str, Any]) -> str:
    own, other = row["measured"], row["reference"]
    return (
        f"{row['benchmark']:<55} {row['ratio']:.2f} {'met' if row['met'] else 'NOT MET':<8} "
        f"{own['requests_per_second']}/s, server {own['server_cpu_us']} µs, PostgreSQL {own['postgresql_cpu_us']} µs | "
        f"pgbench {other['requests_per_second']}/s, PostgreSQL {other['postgresql_cpu_us']} µs"
    )


class Sender:
    """One tenant of Odoo's, with its signing secret; each post has another content."""

    def __init__(self, server: Server, urls: DatabaseUrls, kind: Kind) -> None:
        self.kind, self.port = kind, server.port
        self.tenant = f"s{secrets.token_hex(6)}"
        self.secret = new_secret()
        self._body = json.loads((_SAMPLES / kind.sample).read_text(encoding="utf-8"))
        self._body |= {"account_id": self.tenant, "domain": "retail", "regras": _NOTES}
        self.sent = 0
        added = fetch(
            self.port,
            _request(
                f"/config/tenants/{self.tenant}/webhook-secrets", json.dumps({"secret": self.secret}).encode(),
                {"X-API-Key": _administrator(urls), "Content-Type": "application/json"},
            ),
        )  # fmt: skip
        if added.status != 201:
            raise WrongAnswer(f"the signing secret was not taken: {added.body!r}")

    def next(self) -> bytes:
        """The next post as it goes over the wire."""
        self.sent += 1
        return self._signed(self.content(self.sent), secrets.token_hex(12))

    def several(self, count: int) -> list[bytes]:
        """Posts, each with another content."""
        return [self.next() for _ in range(count)]

    def content(self, number: int) -> bytes:
        body = self._body | {"description": f"Configuração {number}"}
        if "odoo_password" in body:
            body["odoo_password"] = f"senha {number}"
        return json.dumps(body, ensure_ascii=False).encode()

    def check(self) -> None:
        """Post, post again, repeat a delivery, forge one, and read what stands.

        Raises:
            WrongAnswer: any of it is not as it must be.
        """
        first, second = self.next(), self.next()
        posted, repeated, other = fetch(self.port, first), fetch(self.port, first), fetch(self.port, second)
        forged = fetch(self.port, re.sub(rb"(webhook-signature: v1,).{8}", rb"\1AAAAAAAA", first))
        versions = [json.loads(answer.body)[f"{self.kind.types[-1]}_version"] for answer in (posted, other)]
        read = fetch(self.port, _get(f"/configs/{self.tenant}/retail/{self.kind.types[0]}"))
        expected = (200, 200, 200, 401, [1, 2], posted.body, "true", True)
        found = (
            posted.status, repeated.status, other.status, forged.status, versions, repeated.body,
            repeated.header("idempotency-replayed"), b"2" in json.dumps(json.loads(read.body)["json_data"]).encode(),
        )  # fmt: skip
        if found != expected:
            raise WrongAnswer(f"a webhook is answered {found}, not {expected}")

    def _signed(self, content: bytes, delivery_id: str) -> bytes:
        headers = {"X-API-Key": BOOTSTRAP_KEY} | signed_headers(self.secret, content, delivery_id)
        return _request("/odoo-webhook/", content, headers)


def _request(path: str, content: bytes, headers: dict[str, str]) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", f"content-length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: {BOOTSTRAP_KEY}\r\n\r\n".encode()


def _administrator(urls: DatabaseUrls) -> str:
    async def make() -> str:
        database = Database(HostSettings(database_url=Secret(urls.server)))
        await database.open()
        try:
            async with database.transaction("platform", "*") as connection:
                key = await create_key(
                    connection, name="bench", rights=list(RIGHTS), tenants=None, networks=[], expires_at=None,
                    actor="bench",
                )  # fmt: skip
                return key.text
        finally:
            await database.close()

    return asyncio.run(make())


def _posts(cluster: Cluster, server: Server, senders: Sequence[Sender], seconds: float) -> Side:
    """Post as fast as answers come, each sender over a connection of its own.

    Signed and written out before the clock starts: the load shares its core with PostgreSQL, as pgbench does.
    """
    ready = [sender.several(int(_FASTEST * seconds / len(senders))) for sender in senders]
    before, ours = _postgresql_cpu(cluster), cpu_seconds(server.pid)
    count, took = _drive(server.port, ready, seconds)
    server_cpu, postgresql_cpu = cpu_seconds(server.pid) - ours, _postgresql_cpu(cluster) - before
    return Side(count / took, server_cpu / count * 1e6, postgresql_cpu / count * 1e6)


def _drive(port: int, ready: Sequence[list[bytes]], seconds: float) -> tuple[int, float]:
    """Send each list over one connection, for so many seconds; tells how many were answered, and the time it took."""
    connections = {connection.fileno(): connection for connection in (_connected(port) for _ in ready)}
    left = dict(zip(connections, (iter(requests) for requests in ready), strict=True))
    came = dict.fromkeys(connections, b"")
    count = 0
    with select.epoll() as poller:
        started = time.perf_counter()
        for descriptor, connection in connections.items():
            poller.register(descriptor, select.EPOLLIN)
            connection.sendall(next(left[descriptor]))
        waiting = set(connections)
        while waiting:
            for descriptor, _ in poller.poll(_PATIENCE) or _silence():
                came[descriptor] += connections[descriptor].recv(65536)
                if not _is_whole(came[descriptor]):
                    continue
                count, came[descriptor] = count + 1, b""
                if time.perf_counter() - started < seconds and (request := next(left[descriptor], None)):
                    connections[descriptor].sendall(request)
                else:
                    waiting.discard(descriptor)
        took = time.perf_counter() - started
    for connection in connections.values():
        connection.close()
    return count, took


def _connected(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _silence() -> NoReturn:
    raise WrongAnswer(f"no answer within {_PATIENCE:g} s")


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    if not end or length is None or len(body) < int(length[1]):
        if not answer:
            raise WrongAnswer("the server closed a connection")
        return False
    if not head.startswith(b"HTTP/1.1 200 ") or b'"success":true' not in body:
        raise WrongAnswer(f"a post is answered {answer!r}")
    return True


def _postgresql_cpu(cluster: Cluster) -> float:
    """CPU time of PostgreSQL, of the backends that have ended too (proc(5): cutime and cstime)."""
    fields = Path(f"/proc/{cluster.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return family_cpu_seconds(cluster.pid) + (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


class Script:
    """What pgbench runs: the statements of a post, with values of the sizes that the post of a sender wrote.

    Each of its clients has a tenant of its own. A tenant's revision and the versions of its documents go up together,
    so that the revision which the second statement reads says all numbers.
    """

    def __init__(self, cluster: Cluster, urls: DatabaseUrls, sender: Sender, clients: int) -> None:
        self._urls, self._clients, self._kind = urls, clients, sender.kind
        self._prefix = f"p{secrets.token_hex(5)}x"
        self._file = cluster.folder / f"{self._prefix}.sql"
        self._cluster = cluster
        self._values = asyncio.run(self._prepare(sender))
        self._file.write_text(self._text(), encoding="utf-8")
        self.ran = 0

    def run(self, seconds: float) -> Side:
        before = _postgresql_cpu(self._cluster)
        folder = re.search(r"host=([^&]+)", self._urls.server)
        database = re.search(r"@/([^?]+)", self._urls.server)
        if folder is None or database is None:
            raise BenchmarkError("the database's URL names no folder of its socket")
        command = [
            str(find_binaries(None).folder / "pgbench"), "--no-vacuum", "--protocol=prepared", f"--file={self._file}",
            f"--client={self._clients}", "--jobs=1", f"--time={max(1, round(seconds))}",
            *(f"--define={name}={value}" for name, value in self._values.items()),
            # The owner's login: pgbench prepares what is in a pipeline before it has taken the plugin's role.
            "--host", folder[1].replace("%2F", "/"), "--username", "sprintia", database[1],
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"LC_ALL": "C"})
        rate = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
        count = re.search(r"actually processed: (\d+)", done.stdout)
        failed = re.search(r"failed transactions: (\d+)", done.stdout)
        if done.returncode or rate is None or count is None or (failed and failed[1] != "0"):
            raise BenchmarkError(f"pgbench failed: {done.stderr.strip()[:900]}{done.stdout[-500:]}")
        self.ran += int(count[1])
        time.sleep(0.2)  # PostgreSQL counts a backend's time when it has collected its end
        cpu = _postgresql_cpu(self._cluster) - before
        return Side(float(rate[1]), 0.0, cpu / int(count[1]) * 1e6)

    def check(self) -> None:
        """Count what its transactions wrote: as much as posts do.

        Raises:
            WrongAnswer: they did something else.
        """
        found = asyncio.run(self._counted())
        documents = len(self._kind.types)
        expected = {"document_version": self.ran * documents, "delivery": self.ran, "audit_event": self.ran * documents}
        if found != expected:
            raise WrongAnswer(f"pgbench wrote {found}, not {expected}")

    async def _prepare(self, sender: Sender) -> dict[str, str]:
        """Make the tenants, and take the values of the last post: what was sealed is as random as what is sealed."""
        database = Database(HostSettings(database_url=Secret(self._urls.server)))
        await database.open()
        try:
            async with database.transaction("config", "*") as connection:
                for client in range(self._clients):
                    for table, columns in (
                        ("tenant", "revision, signature, key_generation"),
                        ("tenant_key", "generation, master_key_id, wrapped"),
                        ("webhook_secret", "id, sealed, key_generation"),
                    ):
                        values = columns.replace("revision, ", "0, ")
                        await connection.execute(
                            f"INSERT INTO config.{table} (tenant_id, {columns}) SELECT $1, {values} "
                            f"FROM config.{table} WHERE tenant_id = $2",
                            f"{self._prefix}{client}", sender.tenant,
                        )  # fmt: skip
                heads = await connection.fetch(
                    "SELECT v.*, searched FROM config.document d JOIN config.document_version v "
                    "USING (tenant_id, domain, config_type, version) JOIN config.head_search USING "
                    "(tenant_id, domain, config_type) WHERE tenant_id = $1 ORDER BY config_type", sender.tenant
                )  # fmt: skip
                kept = await connection.fetch(
                    "SELECT name, sealed, fingerprint FROM config.secret_version WHERE tenant_id = $1 AND version = "
                    "(SELECT max(version) FROM config.secret_version WHERE tenant_id = $1) ORDER BY name", sender.tenant
                )  # fmt: skip
                delivery = await connection.fetchrow(
                    "SELECT * FROM config.delivery WHERE tenant_id = $1 AND outcome = 'applied' "
                    "ORDER BY id DESC LIMIT 1",
                    sender.tenant,
                )  # fmt: skip
        finally:
            await database.close()
        return _values(heads, kept, delivery)

    async def _counted(self) -> dict[str, int]:
        database = Database(HostSettings(database_url=Secret(self._urls.server)))
        await database.open()
        try:
            found = {}
            for role, table in (("config", "document_version"), ("config", "delivery"), ("platform", "audit_event")):
                async with database.transaction(role, "*") as connection:
                    found[table] = await connection.fetchval(
                        f"SELECT count(*) FROM {role}.{table} WHERE tenant_id LIKE $1", f"{self._prefix}%"
                    )
            return found
        finally:
            await database.close()

    def _text(self) -> str:
        tenant = f"('{self._prefix}' || :client_id)"
        number = "(:revision::bigint + 1)"
        documents = range(len(self._kind.types))

        def each(pattern: str, kind: str, places: Sequence[int] = documents) -> str:
            return f"(ARRAY[{', '.join(pattern.format(place) for place in places)}]::{kind}[])"

        unique = "(:unique::bigint)::text"
        names = [f"'{name}'" for name in self._kind.types]
        secret = range(self._kind.sealed)
        read = {
            1: tenant, 2: ":sender", 3: unique, 4: ":stream", 5: each("'retail'", "text"),
            6: f"(ARRAY[{', '.join(names)}]::text[])", 7: "false", 8: "true",
        }  # fmt: skip
        write = {
            1: tenant, 2: each("'retail'", "text"), 3: read[6], 4: each(number, "bigint"), 5: each(number, "bigint"),
            6: each("'yaml'", "text"), 7: each("nullif(:source{0}, '-') || " + unique, "text"),
            8: each("nullif(:sealed{0}, '-')::bytea", "bytea"),
            9: each("nullif(:generation{0}, '-')::integer", "integer"),
            10: each(":view{0}", "text"), 11: each(":digest{0}", "text"), 12: each("false", "boolean"),
            13: each(":sender", "text"), 14: each("'webhook'", "text"), 15: each(f"'{self._kind.name}'", "text"),
            16: each("clock_timestamp()", "timestamptz"), 17: each(":searched{0} || " + unique, "text"),
            18: each("'retail'", "text", secret), 19: each("'credentials'", "text", secret),
            20: each(number, "bigint", secret), 21: each("1", "integer", secret), 22: each(":name{0}", "text", secret),
            23: each(":value{0}::bytea", "bytea", secret), 24: each(":fingerprint{0}::bytea", "bytea", secret),
            **dict.fromkeys(range(25, 54), "NULL"),
            25: "('{}'::bigint[])", 26: "('{}'::bigint[])", **dict.fromkeys(range(27, 32), "('{}'::text[])"),
            32: "('{}'::timestamptz[])", 33: "('{}'::text[])", 34: "('{}'::integer[])",
            **dict.fromkeys(range(35, 38), "('{}'::text[])"), 38: "('{}'::bigint[])",
            42: ":sender", 43: unique, 44: "'POST /odoo-webhook/'", 45: f"'{self._kind.name}'",
            46: ":request_digest::bytea", 47: "'applied'", 48: "200", 49: ":answer::bytea", 50: "1", 51: number,
            54: number, 55: each("'document.write'", "text"), 56: each("'retail/config'", "text"),
            57: each(":detail", "text"), 58: ":sender", 59: ":request_id", 60: f"'{NOTIFICATIONS}'",
            **dict.fromkeys(range(61, 66), "NULL"),
        }  # fmt: skip
        return "\n".join([
            "\\set unique random(1, 9000000000000000)",
            "\\startpipeline",  # one round trip, as the platform begins
            "BEGIN;",
            "SET LOCAL ROLE sprintia_config;",
            f"SELECT set_config('sprintia.tenants', {tenant}, true);",
            f"{_locking(tenant)};",
            "\\endpipeline",
            f"{_filled(READ, read)}",
            "\\gset",
            f"{_filled(WRITE, write)};",
            "COMMIT;",
            "",
        ])  # fmt: skip


def _locking(tenant: str) -> str:
    """The platform's own lock, with an expression in the place of the literal."""
    return lock_statement("x").replace("'x'", tenant)


def _filled(statement: str, values: dict[int, str]) -> str:
    """Put values in the place of parameters; on one line, as pgbench wants what comes before a `gset`."""
    bare = _COMMENT.sub("", statement)
    return " ".join(_PARAMETER.sub(lambda match: values[int(match[1])], bare).split())


def _values(heads: Sequence[Any], kept: Sequence[Any], delivery: Any) -> dict[str, str]:
    found = {
        "sender": delivery["sender"], "stream": "stream", "request_digest": _hex(delivery["request_digest"]),
        "answer": _hex(delivery["sealed_answer"]), "request_id": secrets.token_hex(16),
        "detail": json.dumps({"digest": "0" * 16, "origin": "webhook", "revision": 1000, "version": 1000}),
    }  # fmt: skip
    for place, head in enumerate(heads):
        found |= {
            f"source{place}": head["source"] or _NONE, f"sealed{place}": _hex(head["sealed_source"]),
            f"generation{place}": _NONE if head["key_generation"] is None else str(head["key_generation"]),
            f"view{place}": head["view"], f"digest{place}": hashlib.sha256(b"").hexdigest(),
            f"searched{place}": head["searched"],
        }  # fmt: skip
    for place, secret in enumerate(kept):
        found |= {
            f"name{place}": secret["name"], f"value{place}": _hex(secret["sealed"]),
            f"fingerprint{place}": _hex(secret["fingerprint"]),
        }  # fmt: skip
    return found


def _hex(value: bytes | None) -> str:
    return _NONE if value is None else "\\x" + value.hex()


if __name__ == "__main__":
    sys.exit(main())
