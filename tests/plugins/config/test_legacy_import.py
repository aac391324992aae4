"""`sprintia config import-legacy`: the replaced system's tables and folders, made as it made them."""

import base64
import datetime as dt
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.fernet import Fernet
from sprintia_testing.commands import CommandLineHere
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform

from sprintia_config.secrecy.master_keys import MasterKeyRing

KEY = Fernet.generate_key().decode()
OTHER_KEY = Fernet.generate_key().decode()
HARD = 's3cret: "x" #1'
START = dt.datetime(2024, 3, 1, 12, tzinfo=dt.UTC)

CREATE = (
    """CREATE TABLE crew_configurations (
        id serial PRIMARY KEY, tenant_id varchar NOT NULL, domain varchar NOT NULL, config_type varchar NOT NULL,
        version integer DEFAULT 1, yaml_content text NOT NULL, json_data jsonb NOT NULL,
        created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(),
        CONSTRAINT uix_crew_config UNIQUE (tenant_id, domain, config_type, version))""",
    """CREATE TABLE chatwoot_mapping (
        id serial PRIMARY KEY, version integer, mapping_data json NOT NULL,
        created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now())""",
)


class LegacyTables:
    """The replaced system's database, filled as its service did: PyYAML's reading beside the text."""

    def __init__(self, databases: TestDatabases, url: str) -> None:
        self.url = url
        self._databases = databases
        self._minutes = 0
        for statement in CREATE:
            databases.run(url, statement)

    def add(self, place: str, text: str, version: int | None, view: Any = None, **columns: Any) -> None:
        tenant, domain, config_type = place.split("/")
        value = yaml.safe_load(text) if view is None else view
        data = value if isinstance(value, dict) else {"data": value}
        at = columns.pop("created_at", self.next_time())
        self._databases.run(
            self.url,
            "INSERT INTO crew_configurations (tenant_id, domain, config_type, version, yaml_content, json_data, "
            "created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            tenant, domain, config_type, version, text, json.dumps(data), at, columns.pop("updated_at", at),
        )  # fmt: skip

    def map(self, version: int | None, data: Any) -> None:
        self._databases.run(
            self.url, "INSERT INTO chatwoot_mapping (version, mapping_data, created_at) VALUES ($1, $2, $3)",
            version, json.dumps(data), self.next_time(),
        )  # fmt: skip

    def next_time(self) -> dt.datetime:
        self._minutes += 1
        return START + dt.timedelta(minutes=self._minutes)


@pytest.fixture
def legacy(databases: TestDatabases) -> Iterator[LegacyTables]:
    url = databases.create(migrated=False)
    yield LegacyTables(databases, url)
    databases.drop(url)


@pytest.fixture
def cli(database_url: str, tmp_path: Path) -> CommandLineHere:
    MasterKeyRing.load_or_create(tmp_path / "master.keys")
    return CommandLineHere({"DATABASE_URL": database_url, "SPRINTIA_DATA_DIR": str(tmp_path)})


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    file = tmp_path / "fernet.key"
    file.write_text(f"{Fernet.generate_key().decode()}\n{KEY}\n")
    return str(file)


def encrypted(text: str, key: str = KEY) -> str:
    """As the AI stack did: base64 around a token that is base64 itself."""
    return "ENC:" + base64.urlsafe_b64encode(Fernet(key).encrypt(text.encode())).decode()


def account(tenant: str, domain: str = "retail") -> dict[str, str]:
    return {"account_id": tenant, "domain": domain}


def whole(**sections: Any) -> dict[str, Any]:
    return {"accounts": {}, "inboxes": {}, "fallbacks": [], "special_numbers": []} | sections


def run(cli: CommandLineHere, *arguments: str, status: int = 0) -> dict[str, Any]:
    finished = cli.run("config", "import-legacy", *arguments, "--json")
    assert (finished.status, finished.err) == (status, ""), finished
    report: dict[str, Any] = json.loads(finished.out)
    return report


def noted(report: dict[str, Any], kind: str) -> set[tuple[str, str]]:
    return {(item["place"], item["what"]) for item in report["needs_a_person"] if item["kind"] == kind}


def test_documents_keep_text_history_and_times(
    cli: CommandLineHere, legacy: LegacyTables, sample: Callable[[str], str],
    run_platform: Callable[..., RunningPlatform],
) -> None:  # fmt: skip
    texts = [sample("retail_account_1_config.yaml"), "# só isto\nname: Loja\n", "- a\n- {b: 1}\n", "", "name: Loja\n"]
    for number, text in enumerate(texts, 1):
        legacy.add("account_1/retail/config", text, number)
        legacy.add("account_2/default/metadata", f"n: {number}\n", number)
    report = run(cli, "--database", legacy.url)
    assert (report["tenants"], report["documents"]) == (2, {"written": 10, "present": 0, "older": 0})
    client = run_platform().client
    history = client.get("/configs/account_1/retail/config/history").json()
    assert [item["version"] for item in history] == [5, 4, 3, 2, 1]
    assert {(item["actor"], item["origin"]) for item in history} == {("legacy", "legacy")}
    times = [START + dt.timedelta(minutes=minute) for minute in (9, 7, 5, 3, 1)]
    assert [item["created_at"] for item in history] == [f"{time:%Y-%m-%dT%H:%M:%S.%fZ}" for time in times]
    assert history[0]["message"] == "crew_configurations #9"
    for number, text in enumerate(texts, 1):
        full = client.get(f"/configs/account_1/retail/config/version/{number}").json()
        assert full["yaml_content"] == text
    assert client.get("/configs/account_1/retail/config/version/3").json()["json_data"] == {"data": ["a", {"b": 1}]}
    assert client.get("/configs/account_1/retail/config/version/4").json()["json_data"] == {"data": None}
    then = client.get("/configs/account_1/bundle", params={"at": "2024-03-01T12:04:00Z"}).json()
    assert then["documents"][0]["version"] == 2

    again = run(cli, "--database", legacy.url)
    assert (again["tenants"], again["documents"]) == (0, {"written": 0, "present": 10, "older": 0})
    legacy.add("account_1/retail/config", "name: newer\n", 6)
    assert run(cli, "--database", legacy.url)["documents"]["written"] == 1
    assert client.get("/configs/account_1/retail/config/yaml").text == "name: newer\n"


def test_what_was_written_here_since_is_never_overwritten(
    cli: CommandLineHere, legacy: LegacyTables, run_platform: Callable[..., RunningPlatform]
) -> None:
    legacy.add("account_1/retail/config", "v: 1\n", 1)
    run(cli, "--database", legacy.url)
    client = run_platform().client
    client.post("/configs/account_1/retail/config", json={"yaml_content": "mine: 2\n"})
    legacy.add("account_1/retail/config", "theirs: 2\n", 2)
    legacy.add("account_1/retail/config", "theirs: 3\n", 3)
    left = noted(run(cli, "--database", legacy.url, status=1), "left_out")
    assert {place for place, _ in left} == {
        "account_1, crew_configurations #2", "account_1, crew_configurations #3",
    }  # fmt: skip
    assert client.get("/configs/account_1/retail/config/yaml").text == "mine: 2\n"


def test_encrypted_and_plain_secrets_are_told_apart(
    cli: CommandLineHere, legacy: LegacyTables, key_file: str, databases: TestDatabases, database_url: str,
    run_platform: Callable[..., RunningPlatform],
) -> None:  # fmt: skip
    base64_like = base64.b64encode(b"just a plain password").decode()
    genuine, once = encrypted(HARD), Fernet(KEY).encrypt(b"once").decode()
    text = (
        "account_id: account_1  # kept\ncredentials:\n"
        f"  genuine: {genuine}\n  single: 'ENC:{once}'\n  plain: ENC:hunter2\n  coded: \"ENC:{base64_like}\"\n"
        f"  bare: nothing-at-all\n  foreign: {encrypted('lost', OTHER_KEY)}\n  empty: ''\n"
    )
    legacy.add("account_1/retail/credentials", text, 1)
    legacy.add("account_1/retail/config", f"note: {encrypted('x')}\ndb_password: in-clear\n", 1)
    dry = run(cli, "--database", legacy.url, "--encryption-key-file", key_file, "--dry-run")
    assert databases.run(database_url, "SELECT FROM config.tenant") == []
    report = run(cli, "--database", legacy.url, "--encryption-key-file", key_file)
    assert {**report, "dry_run": True} == dry
    printed = json.dumps(report)
    for secret in ("hunter2", "s3cret", "once", base64_like, "nothing-at-all", "in-clear", "gAAAA"):
        assert secret not in printed
    place = "account_1/retail/credentials"
    assert noted(report, "rotate") == {
        (place, "/credentials/plain"), (place, "/credentials/coded"), (place, "/credentials/bare"),
        ("account_1/retail/config", "/db_password"),
    }  # fmt: skip
    assert noted(report, "locked") == {(place, "/credentials/foreign")}
    assert noted(report, "encrypted_elsewhere") == {("account_1/retail/config", "/note")}

    platform = run_platform()

    def secret(name: str) -> str:
        return str(platform.client.get(f"/config/secrets/account_1/{name}").json()["value"])

    assert {name: secret(name) for name in ("genuine", "single", "plain", "coded", "bare")} == {
        "genuine": HARD, "single": "once", "plain": "hunter2", "coded": base64_like,
        "bare": "nothing-at-all",
    }  # fmt: skip
    assert secret("foreign").startswith("ENC:")
    shown = platform.client.get(f"/configs/{place}/yaml").text
    assert shown.startswith("account_id: account_1  # kept\ncredentials:\n  genuine: ")
    stored = databases.run(database_url, "SELECT v::text AS row FROM config.document_version v")
    assert not [row for row in stored if "hunter2" in row["row"] or "in-clear" in row["row"]]
    assert run(cli, "--database", legacy.url, "--encryption-key-file", key_file)["documents"]["present"] == 2


def test_the_key_comes_from_the_environment_too(
    cli: CommandLineHere, legacy: LegacyTables, run_platform: Callable[..., RunningPlatform]
) -> None:
    legacy.add("account_1/retail/credentials", f"credentials:\n  a: {encrypted('open')}\n", 1)
    cli.environ["CREDENTIAL_ENCRYPTION_KEY"] = KEY
    assert noted(run(cli, "--database", legacy.url), "locked") == set()
    assert run_platform().client.get("/config/secrets/account_1/a").json()["value"] == "open"
    cli.environ["CREDENTIAL_ENCRYPTION_KEY"] = "no-key"
    assert "CREDENTIAL_ENCRYPTION_KEY holds no Fernet key" in cli.refusal("config", "import-legacy", "--folder", "/")


def test_readings_that_change_are_listed_and_unreadable_texts_are_written_anew(
    cli: CommandLineHere, legacy: LegacyTables, run_platform: Callable[..., RunningPlatform]
) -> None:
    legacy.add("a1/retail/config", "end: 18:00\nopen: 09:00\nask: yes\nn: 010\nday: '2024-01-02'\non: 1\nf: 1.10\n", 1)
    legacy.add("a1/retail/dates", "day: 2024-01-02\n", 1, view={"day": "2024-01-02"})
    legacy.add("a1/retail/credentials", "credentials: {pin: 0123}\n", 1)
    legacy.add("a1/retail/twice", "a: 1\na: 2  # the last one won\n", 1)
    legacy.add("a1/retail/tagged", "a: !!str 5\n", 1)
    report = run(cli, "--database", legacy.url)
    assert noted(report, "reading") == {
        ("a1/retail/config", '/end: was 1080, is "18:00"'),
        ("a1/retail/config", '/ask: was true, is "yes"'),
        ("a1/retail/config", "/n: was 8, is 10"),
        ("a1/retail/config", "/true: was a key, and is none"),
        ("a1/retail/config", "/on: was no key, and is one"),
        ("a1/retail/credentials", "/credentials/pin: was a number, is a number"),
    }
    rewritten = dict(noted(report, "rewritten"))
    assert rewritten.keys() == {"crew_configurations #4", "crew_configurations #5"}
    assert "line 2" in rewritten["crew_configurations #4"]
    client = run_platform().client
    assert client.get("/configs/a1/retail/twice").json()["json_data"] == {"a": 2}
    assert client.get("/configs/a1/retail/tagged").json()["json_data"] == {"a": "5"}
    assert client.get("/configs/a1/retail/config").json()["json_data"]["end"] == "18:00"


def test_what_does_not_fit_is_left_out_and_said(
    cli: CommandLineHere, legacy: LegacyTables, run_platform: Callable[..., RunningPlatform]
) -> None:
    legacy.add("loja da ana/retail/config", "a: 1\n", 1)
    legacy.add("a1/re tail/config", "a: 1\n", 1)
    legacy.add("a1/retail/huge", f"a: {'x' * 1_100_000}\n", 1)
    legacy.add("a1/retail/config", "a: 1\n", 1)
    legacy.add("a1/default/config", "a: 1\n", 1, updated_at=START + dt.timedelta(days=1))
    legacy.add("a1/retail/numbers", "a: 1\n", None)
    legacy.add("a1/retail/numbers", "a: 2\n", 1)
    report = run(cli, "--database", legacy.url, status=1)
    places = {place for place, _ in noted(report, "left_out")}
    assert places == {"crew_configurations, 1 row(s)", "crew_configurations #2", "crew_configurations #3"}
    assert noted(report, "split") == {("a1", "config in default, re tail, retail")}
    assert {place for place, _ in noted(report, "changed_in_place")} == {"a1/default/config"}
    assert noted(report, "renumbered") == {("crew_configurations #6", "a1/retail/numbers version 2")}
    client = run_platform().client
    history = client.get("/configs/a1/retail/numbers/history").json()
    assert [item["message"] for item in history] == ["crew_configurations #6", "crew_configurations #7"]


def test_the_one_mapping_becomes_each_tenants_history(
    cli: CommandLineHere, legacy: LegacyTables, run_platform: Callable[..., RunningPlatform]
) -> None:
    numbers = [{"number": "+55 11 99999-9999", "crew": "analytics", **account("a1")}]
    both = whole(accounts={"1": account("a1"), "2": account("a2")}, special_numbers=numbers)
    legacy.map(1, whole(accounts={"1": account("a1")}))
    legacy.map(2, both | {"default_domain": "retail", "clients": {}})
    legacy.map(2, both | {"inboxes": {"None": account("a1"), "12": {"account_id": 7, "domain": "x"}}})  # a race
    legacy.map(3, whole(accounts={"2": account("a2", "health"), "9": "retail", "10": {"account_id": "a 1"}}))
    legacy.map(4, whole(accounts={"2": account("a2", "health")}, fallbacks=[account("a2") | {"sequence": "first"}]))
    report = run(cli, "--database", legacy.url)
    assert report["mappings"]["written"] == 3 + 2 + 2
    left = {place for place, _ in noted(report, "mapping_left_out")}
    assert left == {
        "/default_domain", "/clients", "/inboxes/None", "/accounts/9", "/accounts/10/account_id",
        "/accounts/10/domain", "/fallbacks/0/sequence",
    } - {"/accounts/10/domain"}  # fmt: skip
    assert {place for place, _ in noted(report, "routes_lost")} == {"a1", "7"}
    (loss,) = [what for place, what in noted(report, "routes_lost") if place == "a1"]
    assert loss.startswith("chatwoot_mapping #4, version 3 took all routes away")
    assert loss.endswith("roll the mapping back to version 2")

    platform = run_platform()
    client = platform.client
    assert client.get("/mapping/").json() == whole(accounts={"2": account("a2", "health")})
    assert client.get("/mapping/resolve", params={"account": "2"}).json()["domain"] == "health"
    mine = platform.with_rights("config:read", "mapping:write", tenants=["a1"])
    assert mine.post("/mapping/rollback", json={"version": 2}).status_code == 200
    assert mine.get("/mapping/").json() == whole(accounts={"1": account("a1")}, special_numbers=numbers)
    again = run(cli, "--database", legacy.url)
    assert (again["mappings"]["written"], again["mappings"]["present"]) == (0, 7)
    legacy.map(5, whole(accounts={"2": account("a2", "furniture")}))
    assert run(cli, "--database", legacy.url)["mappings"]["written"] == 1


def test_a_folder_is_what_stands(
    cli: CommandLineHere, tmp_path: Path, key_file: str, run_platform: Callable[..., RunningPlatform]
) -> None:
    root = tmp_path / "config"
    files = {
        "domains/retail/account_1/config.yaml": "name: Loja  # ção\nend: 18:00\n",
        "domains/retail/account_1/credentials.yaml": f"credentials:\n  a: {encrypted('open')}\n  b: ENC:plain\n",
        "domains/default/account_1/config.yml": "name: other\n",
        "domains/retail/account_1/notes.txt": "not a document",
        "domains/retail/account_1/broken.yaml": "a: [1\n",
        "domains/retail/account_1/twice.yaml": "a: 1\na: 2\n",
        "domains/retail/config.yaml": "settings: {}\n",
        "domains/retail/bad id/config.yaml": "a: 1\n",
        "domains/README.md": "",
        "chatwoot_mapping.yaml": "accounts:\n  1: {account_id: account_1, domain: retail}\n",
        "chatwoot_mapping.json": "{}",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        os.utime(path, (START.timestamp(), START.timestamp()))
    os.utime(root / "chatwoot_mapping.json", (0, 0))
    (root / "domains/retail/account_1/latin.yaml").write_bytes("a: ção\n".encode("latin-1"))

    report = run(cli, "--folder", str(root), "--encryption-key-file", key_file, status=1)
    assert (report["documents"]["written"], report["mappings"]["written"]) == (4, 1)
    assert {place for place, _ in noted(report, "left_out")} == {
        "domains/README.md", "domains/retail/account_1/notes.txt", "domains/retail/account_1/broken.yaml",
        "domains/retail/account_1/latin.yaml", "domains/retail/bad id/config.yaml", "chatwoot_mapping.json",
    }  # fmt: skip
    assert noted(report, "reading") == {("account_1/retail/config", '/end: was 1080, is "18:00"')}
    assert noted(report, "rotate") == {("account_1/retail/credentials", "/credentials/b")}
    assert noted(report, "template") == {("domains/retail/config.yaml", "domain retail")}
    assert noted(report, "split") == {("account_1", "config in default, retail")}
    assert {place for place, _ in noted(report, "rewritten")} == {"domains/retail/account_1/twice.yaml"}
    client = run_platform().client
    full = client.get("/configs/account_1/retail/config").json()
    assert full["yaml_content"] == files["domains/retail/account_1/config.yaml"]
    assert (full["created_at"], full["message"]) == (
        "2024-03-01T12:00:00.000000Z", "domains/retail/account_1/config.yaml",
    )  # fmt: skip
    assert client.get("/config/secrets/account_1/a").json()["value"] == "open"
    assert client.get("/mapping/resolve", params={"account": "1"}).json()["tenant_id"] == "account_1"

    again = run(cli, "--folder", str(root), "--encryption-key-file", key_file, status=1)
    assert (again["documents"], again["mappings"]["present"]) == ({"written": 0, "present": 4, "older": 0}, 1)
    (root / "domains/retail/account_1/config.yaml").write_text("name: changed there\n")
    (root / "domains/default/account_1/config.yml").write_text("name: changed on both sides\n")
    client.post("/configs/account_1/default/config", json={"yaml_content": "name: changed here\n"})
    third = run(cli, "--folder", str(root), "--encryption-key-file", key_file, status=1)
    assert third["documents"]["written"] == 1
    assert "account_1, domains/default/account_1/config.yml" in {place for place, _ in noted(third, "left_out")}
    assert client.get("/configs/account_1/retail/config").json()["version"] == 2
    assert client.get("/configs/account_1/default/config").json()["json_data"] == {"name": "changed here"}


@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [
        ((), 2, "Give either --database URL or --folder FOLDER"),
        (("--database", "x", "--folder", "/"), 2, "Give either --database URL or --folder FOLDER"),
        (("--folder", "/does-not-exist"), 2, "does not exist"),
        (("--database", "mysql://x/y"), 1, "only PostgreSQL is supported"),
        (("--database", "postgresql://u:planted-mark@127.0.0.1:1/x"), 1, "does not let us in"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(
    cli: CommandLineHere, arguments: tuple[str, ...], status: int, expected: str
) -> None:
    finished = cli.run("config", "import-legacy", *arguments)
    assert finished.status == status
    assert expected in finished.err
    assert "planted-mark" not in finished.err


def test_a_database_or_folder_of_something_else_is_refused(
    cli: CommandLineHere, empty_database_url: str, tmp_path: Path, legacy: LegacyTables
) -> None:
    refused = cli.refusal("config", "import-legacy", "--database", empty_database_url)
    assert "neither crew_configurations nor chatwoot_mapping" in refused
    (tmp_path / "empty").mkdir()
    assert "holds neither" in cli.refusal("config", "import-legacy", "--folder", str(tmp_path / "empty"))
    told = cli.output("config", "import-legacy", "--database", legacy.url, "--dry-run")
    assert told.splitlines() == [
        "0 tenant(s) would be changed", "documents: 0 version(s) would be imported, 0 stood already",
        "mapping: 0 version(s) would be imported, 0 stood already",
    ]  # fmt: skip
