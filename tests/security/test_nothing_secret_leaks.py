"""The gate: a mark of its own in every secret field of every route, then a search through everything written.

What is searched: the application's log, PostgreSQL's log, every answer to a caller without the right to secrets, error
answers, the audit log, metrics, spans, every table, every file of the data folder, and what the commands print.
"""

import base64
import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sprintia_testing.collector import Collector, running_collector
from sprintia_testing.commands import CommandLineHere
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform, SpawnedPlatform

from sprintia_config.secrecy.master_keys import MasterKeyRing

TENANT = "account_1"
JSON = {"Content-Type": "application/json"}
YAML = {"Content-Type": "application/yaml"}
STEM = "m4rk0fA5ecret"


@dataclass
class Marks:
    """Marks by the place where each was planted."""

    planted: dict[str, str] = field(default_factory=dict)

    def new(self, place: str) -> str:
        """Make a mark, as long and as random as a real secret."""
        return self.keep(place, f"{STEM}{secrets.token_hex(10)}")

    def keep(self, place: str, text: str) -> str:
        self.planted[place] = text
        return text

    def found_in(self, what: bytes) -> dict[str, str]:
        """Which marks stand in these bytes, and in which form."""
        # All marks of ours begin alike: most of what is searched is read once per form, and not once per mark.
        stems = {form: text for form, text in forms(STEM).items() if form != "sha256"}
        there = {form for form, text in stems.items() if text in what}
        found = {}
        for place, mark in self.planted.items():
            for form, text in forms(mark).items():
                if (form in there or form not in stems or not mark.startswith(STEM)) and text in what:
                    found[place] = form
        return found


def forms(mark: str) -> dict[str, bytes]:
    """The ways in which a mark can stand somewhere without being sealed."""
    raw = mark.encode()
    # Base64 of three bytes stands alone: what comes before the mark shifts it by nought, one or two of them.
    shifted = (base64.b64encode(raw[cut : cut + (len(raw) - cut) // 3 * 3]) for cut in (0, 2, 1))
    return {
        "clear": raw[:18],  # what is cut off is a leak too
        "hex": raw.hex().encode(),
        "utf-16": mark.encode("utf-16-le"),
        "reversed": raw[::-1],
        # A digest without a key lets whoever holds the database try out guesses; of a random key we store just that.
        **({} if mark.startswith("sprk_") else {"sha256": hashlib.sha256(raw).hexdigest().encode()}),
        **{f"base64+{shift}": text for shift, text in enumerate(shifted)},
    }


@pytest.mark.parametrize("form", sorted(forms(STEM)))
def test_the_search_finds_a_mark_in_each_form(form: str) -> None:
    marks = Marks()
    mark = marks.new("somewhere")
    around = {"base64+0": b"", "base64+1": b"x", "base64+2": b"xy"}
    hidden = base64.b64encode(around[form] + mark.encode() + b"tail") if form in around else forms(mark)[form]
    assert marks.found_in(b"before " + hidden + b" after") == {"somewhere": form}
    assert marks.found_in(b"nothing") == {}


WEBHOOK_SECRETS = (
    "odoo_password", "facebook_app_secret", "facebook_access_token", "instagram_client_secret",
    "instagram_access_token", "mercado_livre_client_secret", "mercado_livre_access_token",
)  # fmt: skip
OTHER_DOCUMENT_SECRETS = (
    "password",
    "db_password",
    "apiKey",
    "API-KEY",
    "client_secret",
    "accessToken2",
    "senha_do_banco",
)


class Session:
    """Plants marks through a running platform, and keeps every answer that no mark may be in."""

    def __init__(self, client: httpx.Client, marks: Marks, keys: Mapping[str, str]) -> None:
        self._client, self.marks, self.keys = client, marks, keys
        self.answers: list[tuple[str, bytes]] = []
        self.clear: list[bytes] = []

    def ask(self, who: str, method: str, path: str, status: int | None = None, **arguments: Any) -> httpx.Response:
        headers = {"X-API-Key": self.keys[who]} if who != "nobody" else {"X-API-Key": ""}
        headers |= arguments.pop("headers", {})
        answer = self._client.request(method, path, headers=headers, **arguments)
        if status is not None:
            assert answer.status_code == status, (path, answer.text)
        everything = answer.content + str(answer.headers.multi_items()).encode()
        if who == "seer":
            self.clear.append(answer.content)
            if self.marks.found_in(answer.content):
                assert answer.headers["cache-control"] == "no-store", (method, path)
        else:
            self.answers.append((f"{who} {method} {path} {answer.status_code}", everything))
        return answer

    def plant_webhooks(self) -> None:
        flat = {name: self.marks.new(f"webhook flat {name}") for name in WEBHOOK_SECRETS}
        body = {"event_type": "credentials_sync", "account_id": TENANT, "domain": "flat", "token": "ref", **flat}
        for _ in range(2):  # the second time it is answered from what was kept
            self.ask("writer", "POST", "/odoo-webhook/", 200, json=body, headers={"webhook-id": "flat-1"})
        nested = {name: self.marks.new(f"webhook nested {name}") for name in WEBHOOK_SECRETS}
        nested_body = {
            "source": "credentials", "event": "credentials_sync", "account_id": TENANT, "token": "ref",
            "credentials": {"domain": "nested", "token": "ref", **nested},
        }  # fmt: skip
        self.ask("writer", "POST", "/odoo-webhook/", 200, json=nested_body)
        other = body | {"odoo_password": self.marks.new("webhook of a reused id")}
        self.ask("writer", "POST", "/odoo-webhook/", 409, json=other, headers={"webhook-id": "flat-1"})

    def plant_documents(self) -> None:
        marks = self.marks
        path = f"/configs/{TENANT}/documents/credentials"
        text = f"credentials:\n  one: {marks.new('POST credentials')}  # {marks.new('a comment')}\n"
        for _ in range(2):
            self.ask("writer", "POST", path, 200, json={"yaml_content": text}, headers={"Idempotency-Key": "post-1"})
        self.ask("writer", "PUT", path, 200, headers=YAML,
                 content=f"credentials: {{one: {marks.new('PUT yaml')}, many: [{marks.new('PUT list')}]}}")  # fmt: skip
        self.ask(
            "writer", "PUT", path, 200, json={"credentials": {"one": marks.new("PUT")}, "loose": marks.new("loose")}
        )
        self.ask("writer", "PATCH", path, 200, json={"credentials": {"two": marks.new("PATCH"), "n": 4.5}})
        self.ask("seer", "PATCH", path, 200, json={"credentials": {"three": marks.new("PATCH by a seer")}},
                 headers={"Idempotency-Key": "seer-1"})  # fmt: skip
        self.ask("seer", "POST", f"{path}/rollback", 200, json={"version": 1})
        others = {name: marks.new(f"document {name}") for name in OTHER_DOCUMENT_SECRETS}
        below = {"deep": [{"secrets": [marks.new("document secrets list")], "password": {"value": marks.new("below")}}]}
        self.ask("writer", "PUT", f"/configs/{TENANT}/documents/config", 200, json={**others, **below, "name": "Loja"})
        self.ask("writer", "DELETE", f"/configs/{TENANT}/documents/config", 200)

    def plant_the_rest(self) -> None:
        marks = self.marks
        token = marks.new("security token")
        metadata = f"/company-services/{TENANT}/metadata"
        body = {"yaml_content": f"account_id: {TENANT}\nsecurity_token: {token}\nname: Loja\n"}
        for _ in range(2):
            self.ask("writer", "POST", metadata, 200, json=body, headers={"X-Security-Token": token})
        self.ask("writer", "POST", metadata, 401, json=body, headers={"X-Security-Token": marks.new("wrong token")})
        self.ask("reader", "GET", metadata, 401, headers={"X-Security-Token": marks.new("token of a reader")})
        self.ask("reader", "GET", metadata, 200, headers={"X-Security-Token": token})
        secrets_path = f"/config/tenants/{TENANT}/webhook-secrets"
        given = marks.new("webhook secret given")
        self.ask("seer", "POST", secrets_path, 201, json={"secret": given})
        marks.keep("webhook secret made", self.ask("seer", "POST", secrets_path, 201, json={}).json()["secret"])
        made = self.ask("seer", "POST", "/keys", 201, json={"name": "made", "rights": ["config:read"]}).json()
        marks.keep("API key made", made["key"])
        rotated = self.ask("seer", "POST", f"/keys/{made['id']}/rotate", 200, json={}).json()
        marks.keep("API key rotated", rotated["key"])
        self.ask("nobody", "GET", "/keys", 401, headers={"X-API-Key": marks.new("wrong API key")})
        self.ask("nobody", "GET", "/keys", 401, headers={"Authorization": f"Bearer {marks.new('wrong bearer')}"})
        self.ask("nobody", "GET", "/keys", 401, headers={"Cookie": f"session={marks.new('cookie')}"})

    def plant_refused_by_schema(self) -> None:
        marks = self.marks
        for config_type, mode, status in (("q", "quarantine", 202), ("r", "reject", 422), ("w", "warn", 200)):
            schema = {"type": "object", "required": ["never"], "properties": {"password": {"type": "integer"}}}
            self.ask("seer", "PUT", f"/config/schemas/{config_type}", json={"schema": schema, "mode": mode})
            for key in ("password", "secret"):
                path = f"/configs/{TENANT}/documents/{config_type}"
                body = {key: marks.new(f"document of a schema that says {mode}, {key}")}
                self.ask("writer", "POST", f"{path}/validate", 200, json={"patch": body})
                self.ask("writer", "PUT", path, status, json=body)
        for delivery in self.ask("writer", "GET", "/config/deliveries", 200).json():
            for who in ("reader", "writer", "admin", "stranger", "nobody", "seer"):
                self.ask(who, "GET", f"/config/deliveries/{delivery['id']}/body")
        self.replay_everything()

    def replay_everything(self) -> None:
        """What was set aside or refused, previewed and then run again by people who may and people who may not."""
        kept = [item for item in self.ask("writer", "GET", "/config/deliveries", 200).json() if item["replayable"]]
        assert {item["outcome"] for item in kept} == {"quarantined", "refused"}
        for delivery in kept:
            path = f"/config/deliveries/{TENANT}/{delivery['id']}/replay"
            for who in ("reader", "writer", "admin", "stranger", "nobody", "seer"):
                self.ask(who, "POST", f"{path}?dry_run=true")
            self.ask("writer", "POST", path, 200, headers={"Idempotency-Key": f"replay-{delivery['id']}"})

    def plant_faults(self) -> None:
        marks = self.marks
        path = f"/configs/{TENANT}/faults/credentials"
        for name, text in {
            "not closed": "credentials: {{a: '{0}",
            "a tab": "credentials:\n\ta: {0}",
            "a key twice": "credentials: {{a: {0}, a: {0}}}",
            "a tag": "credentials: {{a: !!python/object {0}}}",
            "an unknown alias": "credentials: {{a: [{0}, *nothing]}}",
            "two documents": "a: {0}\n---\nb: {0}",
            "a control character": 'a: "{0}\u0001"',
        }.items():
            bad = text.format(marks.new(f"YAML with {name}"))
            self.ask("writer", "POST", path, 400, json={"yaml_content": bad})
            self.ask("writer", "PUT", path, 400, content=bad.encode(), headers=YAML)
        for name, text in {
            "cut off": '{{"credentials": {{"a": "{0}',
            "twice": '{{"credentials": {{"a": "{0}", "a": "{0}"}}}}',
            "NaN": '{{"credentials": {{"a": "{0}", "b": NaN}}}}',
            "a surrogate": '{{"credentials": {{"a": "{0}\\ud800"}}}}',
            "NUL": '{{"credentials": {{"a": "{0}\\u0000"}}}}',
        }.items():
            bad = text.format(marks.new(f"JSON with {name}"))
            for method in ("PUT", "PATCH"):
                self.ask("writer", method, path, 400, content=bad.encode(), headers=JSON)
            self.ask("writer", "POST", "/odoo-webhook/", 400, content=bad.encode(), headers=JSON)
        self.ask(
            "writer", "PUT", path, 415, content=marks.new("a strange type").encode(), headers={"Content-Type": "a/b"}
        )
        for wrong in ({"yaml_content": [marks.new("a list")]}, {"password": marks.new("an unknown field")},
                      {"yaml_content": "a: 1", "message": {"password": marks.new("a message")}}):  # fmt: skip
            self.ask("writer", "POST", path, 422, json=wrong)
        for event in ({"password": marks.new("no event")}, {"event_type": "other", "token": marks.new("other event")},
                      {"event_type": "credentials_sync", "account_id": TENANT, "odoo_password": marks.new("no token")},
                      {"event_type": "credentials_sync", "account_id": [marks.new("id")], "token": "r"}):  # fmt: skip
            self.ask("writer", "POST", "/odoo-webhook/", 400, json=event)
        signed = {"webhook-id": "s", "webhook-timestamp": "1", "webhook-signature": f"v1,{marks.new('signature')}"}
        event = {"event_type": "credentials_sync", "account_id": TENANT, "token": "ref",
                 "odoo_password": marks.new("signed wrongly")}  # fmt: skip
        self.ask("writer", "POST", "/odoo-webhook/", 401, json=event, headers=signed)
        self.ask("writer", "PUT", path, 422, json={"credentials": {
            "a": {"$secret": "never-there", "set": True}, "b": marks.new("beside a refused mask")}})  # fmt: skip
        self.ask("reader", "PUT", path, 403, json={"credentials": {"a": marks.new("without the right")}})
        self.ask("stranger", "PUT", path, 404, json={"credentials": {"a": marks.new("another tenant's")}})
        self.ask("writer", "PUT", path, 412, json={"credentials": {"a": marks.new("conflict")}},
                 headers={"If-Match": '"9-abc"'})  # fmt: skip
        self.ask("seer", "POST", f"/config/tenants/{TENANT}/webhook-secrets", 422,
                 json={"secret": [marks.new("a listed secret")]})  # fmt: skip
        self.ask(
            "seer", "POST", "/keys", 422, json={"name": "a", "rights": ["admin"], "password": marks.new("a field")}
        )

    def plant_database_errors(self, url: str) -> None:
        """Let PostgreSQL refuse rows while marks are on their way into them."""
        body = {"event_type": "credentials_sync", "account_id": TENANT, "domain": "explode", "token": "ref"}
        for table in ("secret_version", "document_version", "delivery"):
            column = "route" if table == "delivery" else "domain"
            TestDatabases.run(
                url, f"ALTER TABLE config.{table} ADD CONSTRAINT never CHECK ({column} !~ 'explode|webhook') NOT VALID"
            )
            event = body | {name: self.marks.new(f"{table} refused {name}") for name in WEBHOOK_SECRETS}
            self.ask("writer", "POST", "/odoo-webhook/", 500, json=event)
            TestDatabases.run(url, f"ALTER TABLE config.{table} DROP CONSTRAINT never")
        TestDatabases.run(url, "ALTER TABLE config.secret_version ALTER COLUMN sealed TYPE varchar(3) USING 'x'")
        self.ask("writer", "PUT", f"/configs/{TENANT}/explode/credentials", 500,
                 json={"credentials": {"a": self.marks.new("wrong column type")}})  # fmt: skip

    def walk(self) -> None:
        """Read every path as everybody."""
        document = self.ask("nobody", "GET", "/schema/openapi.json", 200).json()
        places = {
            "tenant": [TENANT], "domain": ["flat", "nested", "documents", "default"], "number": ["1"],
            "config_type": ["config", "credentials", "company_metadata"], "name": ["ref", "one"],
            "key_id": ["00000000"], "path": ["x"], "delivery": ["1"],
        }  # fmt: skip
        paths = [path for path, item in document["paths"].items() if "get" in item and not path.endswith("/events")]
        assert len(paths) > 15
        for path in paths:
            for filled in fill_in(path, places):
                for who in ("reader", "writer", "admin", "stranger", "nobody"):
                    self.ask(who, "GET", filled)
                self.ask("seer", "GET", filled)
        self.ask("seer", "GET", "/config/export?secrets=clear", 200)
        for extra in (
            "/metrics", "/audit?limit=1000", f"/audit?tenant={TENANT}&limit=1000", "/config/deliveries?limit=1000",
            "/config/export?secrets=clear", f"/configs/{TENANT}/changes?since=0",
            f"/configs/{TENANT}/bundle?revision=3",
            f"/config/secrets/{TENANT}/ref?domain=flat", f"/configs/{TENANT}/documents/config/version/1",
        ):  # fmt: skip
            for who in ("reader", "writer", "admin", "stranger", "nobody"):
                self.ask(who, "GET", extra)


def fill_in(path: str, places: Mapping[str, list[str]]) -> Iterator[str]:
    name, brace, rest = path.partition("{")[2].partition("}")
    if not brace:
        yield path
        return
    start = path.partition("{")[0]
    for value in places[name]:
        yield from fill_in(f"{start}{value}{rest}", places)


READABLE = ("webhook flat", "webhook nested", "POST credentials", "webhook secret", "API key")
"""What a caller with the right must have seen in clear: else the walk did not come by the secrets at all."""


def test_nothing_secret_is_written_anywhere(
    databases: TestDatabases, database_url: str, run_platform: Callable[..., RunningPlatform],
    spawn: Callable[..., SpawnedPlatform], tmp_path: Path,
) -> None:  # fmt: skip
    marks = Marks()
    key_file = tmp_path / "master.keys"
    ring = MasterKeyRing.load_or_create(key_file)
    for line in ring.reveal().splitlines():
        if not line.startswith("#"):
            marks.keep("master key", line.partition(":")[2])
    maker = run_platform(SPRINTIA_CONFIG_MASTER_KEY_FILE=str(key_file))
    rights = {
        "reader": ("config:read",), "writer": ("config:read", "config:write", "mapping:write"),
        "admin": ("config:read", "admin"), "seer": (),
    }  # fmt: skip
    keys = {who: marks.keep(f"key of {who}", maker.key(*needed)) for who, needed in rights.items()}
    keys["stranger"] = marks.keep("key of stranger", maker.key(tenants=["other"]))
    with running_collector() as collector:
        server = spawn(
            DATABASE_URL=database_url, SPRINTIA_CONFIG_MASTER_KEY_FILE=str(key_file), SPRINTIA_LOG_LEVEL="debug",
            SPRINTIA_DRAIN_SECONDS="0", API_KEY=marks.new("API_KEY"), OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
        ).wait_ready()  # fmt: skip
        with httpx.Client(base_url=server.url, timeout=30) as client:
            session = Session(client, marks, keys)
            session.plant_webhooks()
            session.plant_documents()
            session.plant_the_rest()
            session.plant_refused_by_schema()
            session.plant_faults()
            session.walk()
            commands = said_by_commands(server)
            session.plant_database_errors(database_url)
            session.ask("writer", "GET", "/config/deliveries?limit=1000", 200)
        assert server.end() == 0
    seen = set(marks.found_in(b"\n".join(session.clear)))
    assert all(any(place.startswith(start) for place in seen) for start in READABLE), seen
    assert len(marks.planted) > 80
    everything = dict(session.answers) | {
        "the log": server.err.read_bytes(),
        "standard output": server.out.read_bytes(),
        "PostgreSQL's log": databases.server.log_file.read_bytes(),
        "the spans": spans_of(collector),
        **{f"the command {name}": text for name, text in commands.items()},
        **{f"the table {name}": text for name, text in dumped(database_url).items()},
        **{f"the file {name}": text for name, text in files_of(databases, database_url).items()},
    }
    leaks = {where: found for where, text in everything.items() if (found := marks.found_in(text))}
    assert leaks == {}
    assert b'"unexpected_error"' in everything["the log"]  # the provoked errors came by


def spans_of(collector: Collector) -> bytes:
    assert collector.received
    return collector.bytes


def said_by_commands(server: SpawnedPlatform) -> dict[str, bytes]:
    """What those commands print that do not show a secret by intention."""
    line = CommandLineHere(server.environ)
    said = {}
    for arguments in (
        ("plugins",), ("keys", "list"), ("keys", "list", "--json"), ("db", "current"), ("db", "check"),
        ("config", "list", TENANT), ("config", "get", TENANT, "flat", "credentials"),
        ("config", "get", TENANT, "flat", "credentials", "--json"),
        ("config", "get", TENANT, "documents", "credentials"),
        ("config", "history", TENANT, "documents", "credentials", "--json"), ("config", "audit", "verify"),
    ):  # fmt: skip
        finished = line.run(*arguments)
        assert finished.status == 0, finished
        said[" ".join(arguments)] = repr(finished).encode()
    return said


def dumped(url: str) -> dict[str, bytes]:
    """Every row of every table, as text."""
    tables = TestDatabases.run(
        url, "SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n "
        "ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname IN ('config', 'platform')",
    )  # fmt: skip
    return {
        table["name"]: str(TestDatabases.run(url, f"SELECT t::text AS row FROM {table['name']} t")).encode()
        for table in tables
    }


def files_of(databases: TestDatabases, url: str) -> dict[str, bytes]:
    """Every file of the server's folder, the write-ahead log included, but those of other tests' databases."""
    TestDatabases.run(url, "CHECKPOINT")
    (mine,) = TestDatabases.run(url, "SELECT oid::text FROM pg_database WHERE datname = current_database()")
    folder = Path(databases.server.data_dir)
    found = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and (path.parent.parent.name != "base" or path.parent.name == mine["oid"])
    }
    assert any("pg_wal" in name for name in found)
    assert any(f"base/{mine['oid']}" in name for name in found)
    return found
