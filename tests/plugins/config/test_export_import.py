"""`/config/export` and `/config/import`: a configuration with its history leaves one installation for another."""

import asyncio
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sprintia_testing.commands import CommandLineHere
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.problems import assert_problem
from sprintia_testing.shared import shared_platform

from sprintia_config.transfer.lines import FORMAT, FORMAT_VERSION
from sprintia_config.transfer.reading import read_export
from sprintia_config.transfer.spool import Spool
from sprintia_platform import Problem

YAML, JSON = {"Content-Type": "application/yaml"}, {"Content-Type": "application/json"}
LINES = {"Content-Type": "application/x-ndjson", "Accept-Language": "en"}
SCRIPTS = Path(__file__).parents[3] / "scripts"


@pytest.fixture
def other(databases: TestDatabases, tmp_path: Path) -> Iterator[RunningPlatform]:
    """A second installation: its own database, its own master keys."""
    folder = tmp_path / "other"
    folder.mkdir()
    with shared_platform(databases, folder) as running:
        yield running


def put(client: httpx.Client, place: str, text: str, headers: dict[str, str] = YAML) -> None:
    answer = client.put(f"/configs/{place}", content=text.encode(), headers=headers)
    assert answer.status_code == 200, answer.text


def account(tenant: str, key: str = "1") -> dict[str, Any]:
    return {"accounts": {key: {"account_id": tenant, "domain": "retail"}}}


def fill(client: httpx.Client) -> None:
    """Two tenants with everything that a history can hold."""
    put(client, "account_1/retail/config", "# olá\nname: Loja  # ção\nbig: 9007199254740993\nprice: 1.10\n")
    put(client, "account_1/retail/config", '{"name": "Loja", "price": 1.10}', JSON)
    put(client, "account_1/retail/credentials", "credentials: {odoo: planted-mark-1, n: 0123}  # planted-mark-2\n")
    client.patch("/mapping/", json={"mapping_data": account("account_1")})
    put(client, "account_1/default/metadata", "- a\n- list\n")
    assert client.delete("/configs/account_1/default/metadata").status_code == 200
    client.patch(
        "/mapping/", json={"mapping_data": {"inboxes": {"7": {"account_id": "account_1", "domain": "retail"}}}}
    )
    client.post("/configs/account_1/retail/config/rollback", json={"version": 1, "message": "voltar"})
    put(client, "account_1/retail/credentials", "credentials: {odoo: planted-mark-3}\n")
    put(client, "account_2/retail/config", "")


def export(client: httpx.Client, **query: Any) -> bytes:
    answer = client.get("/config/export", params={"secrets": "clear"} | query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].partition(";")[0] == "application/x-ndjson"
    assert answer.headers["cache-control"] == "no-store"
    return answer.content


def post_import(platform: RunningPlatform, content: bytes, **query: Any) -> dict[str, Any]:
    client = platform.as_key(platform.key())
    answer = client.post("/config/import", content=content, headers=LINES, params=query)
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()
    return report


def decoded(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.splitlines()]


def sealed(lines: list[dict[str, Any]]) -> bytes:
    """Write lines as an export, with an end line that fits them."""
    body = b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines)
    kinds = [line["kind"] for line in lines]
    end = {
        "kind": "end", "tenants": kinds.count("tenant"), "documents": kinds.count("document"),
        "mappings": kinds.count("mapping"), "sha256": hashlib.sha256(body).hexdigest(),
    }  # fmt: skip
    return body + json.dumps(end).encode() + b"\n"


def document(tenant: str, version: int, source: str | None, **more: Any) -> dict[str, Any]:
    return {
        "kind": "document", "tenant_id": tenant, "domain": "retail", "config_type": "config", "version": version,
        "revision": version, "media": "yaml", "source": source, "actor": "key:x", "origin": "api", "message": "",
        "digest": hashlib.sha256(source.encode()).hexdigest() if source is not None else "",
        "created_at": f"2024-01-0{version}T00:00:00Z", **more,
    }  # fmt: skip


def file_of(*documents: dict[str, Any], mappings: list[dict[str, Any]] | None = None) -> bytes:
    """A file as an export writes it, with these lines, in order of tenant."""
    lines: list[dict[str, Any]] = [
        {"kind": "header", "format": "sprintia-config-export", "format_version": 1, "secrets": "clear",
         "exported_at": "2024-02-01T00:00:00Z", "tenants": []},
    ]  # fmt: skip
    entries = [*documents, *(mappings or [])]
    for tenant in sorted({entry["tenant_id"] for entry in entries}):
        mine = [entry for entry in entries if entry["tenant_id"] == tenant]
        lines.append({"kind": "tenant", "tenant_id": tenant, "revision": len(mine)})
        lines += sorted(mine, key=lambda entry: entry["revision"])
    return sealed(lines)


def mapping(tenant: str, version: int, *accounts: str) -> dict[str, Any]:
    whole = {
        "accounts": {key: {"account_id": tenant, "domain": "retail"} for key in accounts}, "inboxes": {},
        "fallbacks": [], "special_numbers": [],
    }  # fmt: skip
    text = json.dumps(whole, separators=(",", ":"))
    return {
        "kind": "mapping", "tenant_id": tenant, "version": version, "revision": version, "slice": text,
        "digest": hashlib.sha256(text.encode()).hexdigest(), "actor": "key:x", "origin": "api", "message": "",
        "created_at": f"2024-01-0{version}T00:00:00Z",
    }  # fmt: skip


# --- there and back


def test_everything_arrives_as_it_was(platform: RunningPlatform, other: RunningPlatform) -> None:
    fill(platform.client)
    content = export(platform.client)
    report = post_import(other, content)
    assert (report["problems"], report["tenants"]) == ([], 2)
    assert (report["documents"]["written"], report["mappings"]["written"]) == (8, 2)

    def told(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        # Digests of texts with secrets are keyed by each installation; everything else is equal, line by line.
        return [
            {name: value for name, value in line.items() if name != "digest" or "credentials" not in str(line)}
            for line in lines if line["kind"] not in {"header", "end"}
        ]  # fmt: skip

    assert told(decoded(export(other.client))) == told(decoded(content))
    for path in (
        "/configs/account_1/retail/config/yaml", "/configs/account_1/retail/credentials/yaml",
        "/configs/account_1/retail/config/version/2", "/configs/account_1/retail/config/history", "/mapping/",
        "/configs/account_1/default/metadata", "/configs/account_2/retail/config",
        "/config/secrets/account_1/odoo", "/mapping/resolve?inbox=7", "/configs/account_1/changes",
    ):  # fmt: skip
        here, there = (running.client.get(path) for running in (platform, other))
        assert here.status_code == there.status_code, path
        if there.status_code == 200 and "credentials" not in here.text:
            assert _without_ids(here) == _without_ids(there), path
    history = other.client.get("/configs/account_1/retail/config/history").json()
    assert [(item["version"], item["message"], item["origin"]) for item in history] == [
        (3, "voltar", "rollback"), (2, "", "api"), (1, "", "api"),
    ]  # fmt: skip
    assert other.client.get("/config/search", params={"q": "loja"}).json()["hits"]


def _without_ids(answer: httpx.Response) -> Any:
    if "json" not in answer.headers["content-type"]:
        return answer.content
    body = answer.json()
    if isinstance(body, dict):
        body.pop("id", None)
    return body


def test_secrets_are_sealed_anew_and_stand_nowhere_in_clear(
    platform: RunningPlatform, other: RunningPlatform, databases: TestDatabases
) -> None:
    fill(platform.client)
    post_import(other, export(platform.client))
    for running in (platform, other):
        rows = databases.run(running.database_url, "SELECT v::text AS row FROM config.document_version v")
        rows += databases.run(running.database_url, "SELECT v::text AS row FROM config.head_search v")
        rows += databases.run(running.database_url, "SELECT v::text AS row FROM platform.audit_event v")
        assert not [row for row in rows if "planted-mark" in row["row"]]
    keys = [
        databases.run(running.database_url, "SELECT wrapped FROM config.tenant_key WHERE tenant_id = 'account_1'")
        for running in (platform, other)
    ]
    assert keys[0] != keys[1]


def test_a_repetition_does_nothing_and_a_later_file_goes_on(platform: RunningPlatform, other: RunningPlatform) -> None:
    fill(platform.client)
    content = export(platform.client)
    post_import(other, content)
    again = post_import(other, content)
    assert (again["tenants"], again["documents"], again["problems"]) == (
        0,
        {"written": 0, "present": 8, "older": 0},
        [],
    )
    revision = other.client.get("/configs/account_1/bundle").json()["revision"]
    put(platform.client, "account_1/retail/config", "name: later\n")
    later = post_import(other, export(platform.client))
    assert (later["documents"], later["tenants"]) == ({"written": 1, "present": 8, "older": 0}, 1)
    assert other.client.get("/configs/account_1/retail/config/yaml").text == "name: later\n"
    changes = other.client.get("/configs/account_1/changes", params={"since": revision}).json()["changes"]
    assert [(change["revision"], change["version"]) for change in changes] == [(revision + 1, 4)]


def test_a_file_is_one_snapshot_whatever_is_written_meanwhile(platform: RunningPlatform) -> None:
    client = platform.client
    for number in range(12):
        put(client, "a/retail/config", f"n: {number}\n# {'x' * 900_000}\n")
    put(client, "z/retail/config", "v: 1\n")
    with client.stream("GET", "/config/export") as answer:
        chunks = answer.iter_bytes()
        first = next(chunks)  # twelve documents do not fit into the buffers on the way: the server waits for us
        put(platform.as_key(platform.key()), "z/retail/config", "v: 2\n")
        lines = decoded(first + b"".join(chunks))
    assert [line["source"] for line in lines[-2:-1]] == ["v: 1\n"]
    assert lines[-1]["kind"] == "end"


def test_a_history_behind_another_one_never_shows_what_is_younger_than_asked(served: RunningPlatform) -> None:
    put(served.client, "behind/retail/other", "written: today\n")
    post_import(served, file_of(document("behind", 1, "a: 1\n"), document("behind", 2, "a: 2\n")))

    def at(time: str) -> list[str]:
        bundle = served.client.get("/configs/behind/bundle", params={"at": time}).json()
        return [part["config_type"] for part in bundle["documents"]]

    assert at("2024-01-15T00:00:00Z") == []
    assert at("2999-01-01T00:00:00Z") == ["config", "other"]


# --- what is refused, and what is reported


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _without_end(content: bytes) -> bytes:
    return b"".join(content.splitlines(keepends=True)[:-1])


def _without_third(content: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    return b"".join(lines[:2] + lines[3:])


def _swapped(content: bytes) -> bytes:
    lines = decoded(content)[:-1]
    return sealed([*lines[:2], lines[3], lines[2], *lines[4:]])


def _sound(tenant: str) -> bytes:
    return file_of(
        document(f"{tenant}-1", 1, "name: Loja\n"), document(f"{tenant}-1", 2, "name: Lojas\n"),
        document(f"{tenant}-2", 1, '{"a": 1}', media="json"), mappings=[mapping(f"{tenant}-1", 3, tenant)],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (_cut, "truncated"),
        (_without_end, "truncated"),
        (_without_third, "altered"),
        (_swapped, "order"),
        (lambda content: content.replace(b"Loja", b"Lola"), "altered"),
        (lambda content: content + b'{"kind":"end"}\n', "after_end"),
        (lambda content: content.replace(b'"version":2', b'"version":"2"'), "line"),
        (lambda content: content.replace(b'"media":"json"', b'"media":"json","more":1'), "line"),
        (lambda content: content.replace(b'-2","revision"', b'/2","revision"'), "line"),
        (lambda content: content.replace(b'"actor":"key', b'"actor":"\\u0000key'), "line"),
        (lambda content: content.replace(b'"format_version":1', b'"format_version":2'), "format"),
        (lambda _: b"", "truncated"),
        (lambda _: b"\n", "header"),
        (lambda _: b"[" * 100_000 + b"\n", "header"),
        (lambda _: b"\xff\xfe{}\n", "header"),
        (lambda content: content[1:], "header"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_refused_whole(
    served: RunningPlatform, tenant: str, damage: Callable[[bytes], bytes], code: str, databases: TestDatabases
) -> None:
    before = databases.run(served.database_url, "SELECT tenant_id FROM config.tenant")
    answer = served.as_key(served.key()).post("/config/import", content=damage(_sound(tenant)), headers=LINES)
    problem = assert_problem(answer, 422, "import_refused")
    assert code in {fault["code"] for fault in problem["errors"]}, problem["errors"]
    assert all(fault["line"] >= 0 for fault in problem["errors"])
    assert databases.run(served.database_url, "SELECT tenant_id FROM config.tenant") == before


def test_a_file_of_faults_alone_holds_nobody_up_and_stays_off_the_disk() -> None:
    header = {"kind": "header", "format": FORMAT, "format_version": FORMAT_VERSION, "secrets": "masked", "tenants": []}
    content = json.dumps(header | {"exported_at": "2026-01-01T00:00:00Z"}).encode() + b"\n" * 300_000
    pauses: list[float] = []

    async def others() -> None:
        before = time.perf_counter()
        while True:
            await asyncio.sleep(0)
            pauses.append(time.perf_counter() - before)
            before += pauses[-1]

    async def whole() -> AsyncIterator[bytes]:
        yield content

    async def read() -> int:
        beside = asyncio.create_task(others())
        with Spool() as spool:
            with pytest.raises(Problem) as refused:
                await read_export(whole(), spool)
            beside.cancel()
            assert refused.value.values["count"] == 300_000
            return len(list(spool.read_from(0, 1)))

    assert asyncio.run(read()) == 2, "the header, and the first fault"
    assert max(pauses) < 0.5


def test_the_undamaged_file_is_taken(served: RunningPlatform, tenant: str) -> None:
    assert post_import(served, _sound(tenant))["documents"]["written"] == 3


def test_every_line_that_cannot_be_taken_is_reported_and_the_rest_is_imported(served: RunningPlatform) -> None:
    put(served.client, "r1/retail/config", "mine: 1\n")
    content = file_of(
        document("r1", 1, "theirs: 1\n"), document("r1", 2, "theirs: 2\n"),
        document("r2", 1, "a: [1\n"), document("r2", 2, "a: {$secret: x, set: true}\n"),
        document("r2", 3, "a: 1\n", digest="0" * 64), document("r2", 4, "a: 4\n"),
        document("r2", 5, None, deleted=True),
        mappings=[mapping("r3", 1, "r3") | {"slice": mapping("r4", 1, "r3")["slice"]}, mapping("r3", 2, "r3")],
    )  # fmt: skip
    report = post_import(served, content)
    assert [(problem["line"], problem["tenant_id"], problem["code"]) for problem in report["problems"]] == [
        (3, "r1", "conflict"), (4, "r1", "not_continued"), (6, "r2", "content"), (7, "r2", "mask"), (8, "r2", "digest"),
        (12, "r3", "mapping"),
    ]  # fmt: skip
    assert "line 1, column 4" in report["problems"][2]["message"]
    assert served.client.get("/configs/r1/retail/config/yaml").text == "mine: 1\n"
    history = served.client.get("/configs/r2/retail/config/history").json()
    assert [(item["version"], item["deleted"], item["created_at"]) for item in history] == [
        (5, True, "2024-01-05T00:00:00.000000Z"), (4, False, "2024-01-04T00:00:00.000000Z"),
    ]  # fmt: skip
    assert served.client.get("/mapping/resolve", params={"account": "r3"}).json()["tenant_id"] == "r3"


def test_a_route_of_another_tenant_stops_its_tenant_alone(served: RunningPlatform, databases: TestDatabases) -> None:
    served.client.patch("/mapping/", json={"mapping_data": account("owner", "taken")})
    content = file_of(
        document("m1", 1, "a: 1\n"), document("m2", 1, "a: 1\n"), mappings=[mapping("m1", 2, "taken"), mapping("m2", 2)]
    )
    report = post_import(served, content)
    assert [(problem["line"], problem["code"]) for problem in report["problems"]] == [(2, "mapping_taken")]
    assert databases.run(served.database_url, "SELECT FROM config.tenant WHERE tenant_id = 'm1'") == []
    assert served.client.get("/configs/m2/retail/config").status_code == 200


def test_a_route_can_move_to_a_tenant_that_comes_first(served: RunningPlatform) -> None:
    post_import(served, file_of(mappings=[mapping("v1", 1, "k1"), mapping("v2", 1, "k2")]))
    moved = file_of(mappings=[
        mapping("v1", 1, "k1"), mapping("v1", 2, "k1", "k2"), mapping("v2", 1, "k2"), mapping("v2", 2),
    ])  # fmt: skip
    assert post_import(served, moved)["problems"] == []
    assert served.client.get("/mapping/resolve", params={"account": "k2"}).json()["tenant_id"] == "v1"


def test_masks_are_exported_unless_secrets_are_asked_for(platform: RunningPlatform, other: RunningPlatform) -> None:
    fill(platform.client)
    content = export(platform.client, secrets="masked")
    assert b"planted-mark" not in content
    assert post_import(platform, content)["documents"] == {"written": 0, "present": 8, "older": 0}
    report = post_import(other, content)
    assert [problem["code"] for problem in report["problems"]] == ["masked", "masked"]
    lines = decoded(content)
    assert {lines[problem["line"] - 1]["config_type"] for problem in report["problems"]} == {"credentials"}
    assert other.client.get("/configs/account_1/retail/config").status_code == 200
    assert other.client.get("/configs/account_1/retail/credentials").status_code == 404


def test_erased_secrets_neither_leave_nor_come_back(platform: RunningPlatform, other: RunningPlatform) -> None:
    fill(platform.client)
    content = export(platform.client)
    admin = platform.as_key(platform.key())
    assert admin.delete("/config/tenants/account_1/secrets").status_code == 200
    put(platform.client, "account_1/retail/credentials", "credentials: {odoo: new}\n")
    assert [problem["code"] for problem in post_import(platform, content)["problems"]] == ["erased", "erased"]
    after = export(platform.client)
    assert b"planted-mark" not in after
    report = post_import(other, after)
    assert [problem["code"] for problem in report["problems"]] == ["masked", "masked"]
    assert other.client.get("/config/secrets/account_1/odoo").json()["value"] == "new"


# --- rights, limits, ways


def test_who_may_export_and_import_what(served: RunningPlatform) -> None:
    fill(served.client)
    reader = served.with_rights("config:read", tenants=["account_1"])
    assert_problem(reader.get("/config/export", params={"secrets": "clear"}), 403, "forbidden")
    assert {line.get("tenant_id", "account_1") for line in decoded(export(reader, secrets="masked"))} == {"account_1"}
    for name in ("account_2", "nobody"):
        assert_problem(reader.get("/config/export", params={"tenant": name}), 404, "tenant_not_found")
    assert_problem(served.client.get("/config/export", params={"tenant": "nobody"}), 404, "tenant_not_found")
    assert_problem(served.client.get("/config/export", params={"tenant": "a b"}), 422, "identifier_invalid")
    assert_problem(reader.post("/config/import", content=b"", headers=LINES), 403, "forbidden")
    refused = assert_problem(served.client.post("/config/import", content=b"", headers=LINES), 403, "forbidden")
    assert refused["right"] == "admin"
    assert_problem(served.as_key(served.key()).post("/config/import", content=b"{}", headers=JSON), 415)

    mine = served.with_rights("config:write", "mapping:write", "admin", tenants=["q1"])
    content = file_of(document("q1", 1, "a: 1\n"), document("q2", 1, "a: 1\n"))
    report = mine.post("/config/import", content=content, headers=LINES).json()
    assert [(problem["line"], problem["code"]) for problem in report["problems"]] == [(4, "tenant_out_of_reach")]
    assert report["documents"]["written"] == 1
    assert served.client.get("/configs/q2").json() == []


def test_what_was_done_is_on_record(served: RunningPlatform) -> None:
    put(served.client, "audited/retail/config", "a: 1\n")
    export(served.client, tenant="audited", secrets="masked")
    export(served.client, tenant="audited")
    post_import(served, file_of(document("audited-2", 1, "a: 1\n"), document("audited-2", 2, "a: 2\n")))
    admin = served.as_key(served.key())

    def events(tenant: str) -> list[tuple[str, Any]]:
        found = admin.get("/audit", params={"tenant": tenant}).json()
        found = found["events"] if isinstance(found, dict) else found
        return [(event["action"], event["detail"]) for event in found if event["action"].startswith("config.")]

    assert events("audited") == [("config.export", {"secrets": "clear"})]
    assert events("audited-2") == [
        ("config.import", {"documents": 2, "mappings": 0, "origin": "import", "revision": 2}),
    ]  # fmt: skip


def test_heads_become_ordinary_versions_of_the_caller(served: RunningPlatform) -> None:
    put(served.client, "h1/retail/config", "a: 0\n")
    content = file_of(document("h1", 1, "a: 1\n"), document("h1", 2, "a: 2\n"), mappings=[mapping("h1", 3, "h1")])
    for expected in ({"written": 1, "present": 0, "older": 0}, {"written": 0, "present": 1, "older": 0}):
        answer = served.client.post("/config/import", content=content, headers=LINES, params={"history": "heads"})
        assert (answer.json()["documents"], answer.json()["mappings"]) == (expected, expected)
    newest, oldest = served.client.get("/configs/h1/retail/config/history").json()
    assert (newest["version"], newest["actor"], newest["origin"]) == (2, "key:bootstrap", "import")
    assert oldest["version"] == 1
    assert served.client.get("/mapping/resolve", params={"account": "h1"}).json()["tenant_id"] == "h1"


def test_a_dry_run_keeps_nothing(served: RunningPlatform, databases: TestDatabases) -> None:
    content = file_of(document("dry", 1, "a: 1\n"), document("dry", 2, "a: [\n"), mappings=[mapping("dry", 3, "dry")])
    report = post_import(served, content, dry_run=True)
    assert (report["dry_run"], report["documents"]["written"], report["mappings"]["written"]) == (True, 1, 1)
    assert [problem["line"] for problem in report["problems"]] == [4]
    assert databases.run(served.database_url, "SELECT FROM config.tenant WHERE tenant_id = 'dry'") == []


def test_a_body_may_be_larger_and_take_longer_than_others(run_platform: Callable[..., RunningPlatform]) -> None:
    platform = run_platform(
        SPRINTIA_MAX_BODY_BYTES="1024", SPRINTIA_REQUEST_TIMEOUT="1", SPRINTIA_CONFIG_IMPORT_MAX_BYTES="200000"
    )
    import threading

    content = file_of(*(document("slow", number, f"a: {number}\n# {'x' * 10_000}\n") for number in range(1, 6)))
    client = platform.as_key(platform.key())

    def slowly() -> Iterator[bytes]:
        for start in range(0, len(content), len(content) // 4):
            threading.Event().wait(0.4)  # in all longer than the limit of a whole body, each pause shorter
            yield content[start : start + len(content) // 4]

    answer = client.post("/config/import", content=slowly(), headers=LINES)
    assert answer.json()["documents"]["written"] == 5, answer.text
    assert_problem(client.put("/configs/slow/a/b", content=content, headers=YAML), 413)
    large = file_of(*(document("large", number, f"# {'x' * 60_000}\n") for number in range(1, 6)))
    assert_problem(client.post("/config/import", content=large, headers=LINES), 413, "import_too_large")


def test_by_command_and_by_the_scripts_of_the_migration_guide(
    platform: RunningPlatform, databases: TestDatabases, tmp_path: Path, other: RunningPlatform
) -> None:
    fill(platform.client)
    platform.stop()  # its log would mix with what the commands print in this process
    here = {name: platform.environ[name] for name in ("DATABASE_URL", "SPRINTIA_DATA_DIR")}
    there = {name: other.environ[name] for name in ("DATABASE_URL", "SPRINTIA_DATA_DIR")}
    file = tmp_path / "configs.json"
    cli = CommandLineHere(here)
    assert cli.output("config", "export", "--secrets", "--output", str(file)) == ""
    assert file.stat().st_mode & 0o777 == 0o600
    assert decoded(file.read_bytes())[-1]["documents"] == 8
    assert "there is no tenant nobody" in cli.refusal("config", "export", "--tenant", "nobody", "--output", str(file))
    assert decoded(file.read_bytes())[-1]["documents"] == 8, "a refused export leaves the file that was there"
    only = cli.run("config", "export", "--tenant", "account_2", "--output", "-").out
    assert decoded(only)[0]["tenants"] == ["account_2"]

    target = CommandLineHere(there)
    report = target.json("config", "import", "--input", "-", "--dry-run", given=file.read_bytes())
    assert (report["documents"]["written"], report["dry_run"]) == (8, True)
    done = _script("import_configs.py", there, "--input", str(file))
    assert done.stdout.splitlines()[0].startswith("documents: 8 version(s) written")
    back = tmp_path / "back.json"
    _script("export_configs.py", there, "--output", str(back))
    assert decoded(back.read_bytes())[-1]["documents"] == 8
    refused = target.run("config", "import", "--input", "-", given=file.read_bytes()[:-20])
    assert (refused.status, refused.out) == (1, b"")
    assert "nothing of it was imported" in refused.err
    assert other.client.get("/config/secrets/account_1/odoo").json()["value"] == "planted-mark-3"


def _script(name: str, environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPTS / name), *arguments], env=environ, capture_output=True, text=True, check=True,
        timeout=60,
    )  # fmt: skip
