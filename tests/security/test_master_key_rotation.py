"""The master key changes while platforms serve, and nothing is lost when that is cut short anywhere."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform

from sprintia_config.secrecy.master_keys import MasterKeyRing
from sprintia_platform.errors import StartupError

TENANTS = [f"tenant_{number}" for number in range(12)]

ROTATE = """
import asyncio, os, signal, sys
from pathlib import Path
import asyncpg
from sprintia_config.secrecy.master_keys import MasterKeyRing
from sprintia_config.vault import Vault

async def main(url, path, die_after):
    ring = MasterKeyRing.load_or_create(path).with_new_key()
    ring.save(path)
    if die_after == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    connection = await asyncpg.connect(url)
    await connection.execute("BEGIN; SET LOCAL ROLE sprintia_config; SET LOCAL sprintia.tenants = '*'")
    if die_after == 1:
        await connection.execute("UPDATE config.tenant_key SET wrapped = wrapped WHERE tenant_id = 'tenant_0'")
        await Vault(ring, path).rewrap(connection)
        os.kill(os.getpid(), signal.SIGKILL)  # before the commit
    while await Vault(ring, path).rewrap(connection):
        pass
    await connection.execute("COMMIT")
    if die_after == 2:
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
"""
"""A rotation by the vault, in a process that ends itself by SIGKILL: 0 after the new key is in the file, 1 in the
middle of the transaction that wraps anew, 2 right after its commit; 9 never."""


def rotate(url: str, path: Path, die_after: int = 9) -> int:
    return subprocess.run([sys.executable, "-c", ROTATE, url, str(path), str(die_after)], check=False).returncode


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "master.keys"


@pytest.fixture
def two_platforms(
    run_platform: Callable[..., RunningPlatform], key_file: Path
) -> tuple[RunningPlatform, RunningPlatform]:
    platforms = tuple(run_platform(SPRINTIA_CONFIG_MASTER_KEY_FILE=str(key_file)) for _ in range(2))
    for tenant in TENANTS:
        write(platforms[0], tenant, "first")
    return platforms[0], platforms[1]


def write(platform: RunningPlatform, tenant: str, value: str) -> None:
    body = {"yaml_content": f"credentials: {{password: {value} of {tenant}}}\n"}
    answer = platform.client.post(f"/configs/{tenant}/retail/credentials", json=body)
    assert answer.status_code == 200, answer.text


def read(platform: RunningPlatform, tenant: str) -> Any:
    answer = platform.client.get(f"/config/secrets/{tenant}/password")
    assert answer.status_code == 200, answer.text
    return answer.json()["value"]


def wrapping_keys(platform: RunningPlatform) -> set[str]:
    rows = TestDatabases.run(platform.database_url, "SELECT DISTINCT master_key_id FROM config.tenant_key")
    return {row["master_key_id"] for row in rows}


def test_a_rotation_is_not_noticed_by_who_reads_and_writes(
    two_platforms: tuple[RunningPlatform, RunningPlatform], key_file: Path
) -> None:
    here, there = two_platforms
    before = wrapping_keys(here)
    done = Event()

    def go_on(platform: RunningPlatform, value: str) -> int:
        rounds = 0
        while not done.is_set() or rounds < 1:
            for tenant in TENANTS:
                write(platform, tenant, f"{value}{rounds}")
                assert read(platform, tenant).endswith(f" of {tenant}")
            rounds += 1
        return rounds

    with ThreadPoolExecutor() as threads:
        running = [threads.submit(go_on, here, "here"), threads.submit(go_on, there, "there")]
        try:
            assert [rotate(here.database_url, key_file) for _ in range(2)] == [0, 0]
        finally:
            done.set()
        assert all(future.result() for future in running)
    current = MasterKeyRing.load_or_create(key_file).current_id
    assert wrapping_keys(here) == {current}
    assert current not in before
    for platform in two_platforms:
        for tenant in (*TENANTS, "a-new-tenant"):
            write(platform, tenant, "last")
            assert read(platform, tenant) == f"last of {tenant}"


@pytest.mark.parametrize("die_after", [0, 1, 2])
def test_a_rotation_that_is_killed_loses_nothing_and_can_be_run_again(
    two_platforms: tuple[RunningPlatform, RunningPlatform], key_file: Path, die_after: int
) -> None:
    here, there = two_platforms
    assert rotate(here.database_url, key_file, die_after) == -9
    for platform in two_platforms:
        assert {read(platform, tenant) for tenant in TENANTS} == {f"first of {tenant}" for tenant in TENANTS}
    write(there, "tenant_0", "second")
    write(here, "made-meanwhile", "first")
    assert rotate(here.database_url, key_file) == 0
    assert wrapping_keys(here) == {MasterKeyRing.load_or_create(key_file).current_id}
    for platform in two_platforms:
        assert read(platform, "tenant_0") == "second of tenant_0"
        assert read(platform, "made-meanwhile") == "first of made-meanwhile"
        assert read(platform, "tenant_1") == "first of tenant_1"


def test_a_start_without_the_keys_in_use_is_refused_with_their_ids(
    run_platform: Callable[..., RunningPlatform], key_file: Path, tmp_path: Path
) -> None:
    write(run_platform(SPRINTIA_CONFIG_MASTER_KEY_FILE=str(key_file)), "tenant_0", "first")
    (used,) = MasterKeyRing.load_or_create(key_file).key_ids
    other = tmp_path / "other.keys"
    MasterKeyRing.load_or_create(other)
    with pytest.raises(StartupError, match=used) as raised:
        run_platform(SPRINTIA_CONFIG_MASTER_KEY_FILE=str(other), SPRINTIA_PLUGINS="config")
    assert "restore the key file" in str(raised.value)
    assert other.read_text().split(":")[-1].strip() not in str(raised.value)
    missing = tmp_path / "nowhere.keys"
    with pytest.raises(StartupError, match=used):
        run_platform(SPRINTIA_CONFIG_MASTER_KEY_FILE=str(missing), SPRINTIA_PLUGINS="config")
    assert not missing.exists()  # a new ring must not stand where the old one is to be restored
    # Merely installed, it is out of service and says why; the rest serves.
    rest = run_platform(SPRINTIA_CONFIG_MASTER_KEY_FILE=str(other))
    assert rest.client.get("/configs/tenant_0").status_code == 503
    assert rest.client.get("/plugins").status_code == 200


def test_an_erased_tenant_is_gone_for_good(run_platform: Callable[..., RunningPlatform]) -> None:
    platform = run_platform()
    write(platform, "kept", "first")
    write(platform, "erased", "first")
    admin = platform.with_rights()
    body = TestDatabases.run(platform.database_url, "SELECT * FROM config.tenant_key WHERE tenant_id = 'erased'")
    assert admin.delete("/config/tenants/erased/secrets").json() == {"destroyed_keys": 1}
    document = "/configs/erased/retail/credentials"
    for path in ("/config/secrets/erased/password", document, f"{document}/version/1", f"{document}/yaml"):
        gone = admin.get(path)
        assert gone.status_code == 410, path
        assert gone.json()["type"] == "urn:sprintia:problem:secrets_erased"
    masked = platform.with_rights("config:read")
    assert masked.get("/configs/erased/retail/credentials").status_code == 200  # names and history stay
    assert [item["version"] for item in masked.get("/configs/erased/retail/credentials/history").json()] == [1]
    assert read(platform, "kept") == "first of kept"
    write(platform, "erased", "second")
    assert read(platform, "erased") == "second of erased"
    assert admin.get("/configs/erased/retail/credentials/version/1").status_code == 410
    # The number of the new key is another one: the old sealed rows never open with it.
    rows = TestDatabases.run(
        platform.database_url, "SELECT generation FROM config.tenant_key WHERE tenant_id = 'erased'"
    )
    assert [row["generation"] for row in rows] == [body[0]["generation"] + 1]


MOVES = {
    "a secret of another tenant": "UPDATE config.secret_version SET sealed = (SELECT sealed FROM config.secret_version "
    "WHERE tenant_id = 'victim') WHERE tenant_id = 'thief'",
    "a secret and the key of another tenant": "WITH k AS (UPDATE config.tenant_key SET wrapped = (SELECT wrapped FROM "
    "config.tenant_key WHERE tenant_id = 'victim') WHERE tenant_id = 'thief') UPDATE config.secret_version SET sealed "
    "= (SELECT sealed FROM config.secret_version WHERE tenant_id = 'victim') WHERE tenant_id = 'thief'",
    "a secret of another name": "UPDATE config.secret_version SET sealed = (SELECT sealed FROM config.secret_version "
    "WHERE tenant_id = 'thief' AND name = 'other') WHERE tenant_id = 'thief' AND name = 'password'",
    "a document of another tenant": "UPDATE config.document_version SET sealed_source = (SELECT sealed_source FROM "
    "config.document_version WHERE tenant_id = 'victim') WHERE tenant_id = 'thief'",
    "a byte changed": "UPDATE config.secret_version SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1) "
    "WHERE tenant_id = 'thief'",
    "a byte cut off": "UPDATE config.secret_version SET sealed = substr(sealed, 1, length(sealed) - 1) "
    "WHERE tenant_id = 'thief'",
    "nothing left": "UPDATE config.secret_version SET sealed = '' WHERE tenant_id = 'thief'",
}


@pytest.mark.parametrize("move", sorted(MOVES))
def test_a_sealed_value_opens_in_its_place_alone(platform: RunningPlatform, move: str) -> None:
    platform.client.post("/configs/victim/retail/credentials", json={"yaml_content": "credentials: {password: mine}\n"})
    body = {"yaml_content": "credentials: {password: yours, other: also yours}\n"}
    platform.client.post("/configs/thief/retail/credentials", json=body)
    assert platform.client.get("/config/secrets/thief/password").json()["value"] == "yours"
    TestDatabases.run(platform.database_url, MOVES[move])
    if "document" in move:
        answer = platform.client.get("/configs/thief/retail/credentials")
    else:
        answer = platform.client.get("/config/secrets/thief/password")
    assert answer.status_code == 500, answer.text
    assert "mine" not in answer.text
    assert "also yours" not in answer.text
    # Nobody else is harmed.
    assert platform.client.get("/config/secrets/victim/password").json()["value"] == "mine"


def test_a_ring_in_the_setting_serves_as_well(run_platform: Callable[..., RunningPlatform], tmp_path: Path) -> None:
    ring = MasterKeyRing.load_or_create(tmp_path / "made.keys")
    text = ",".join(line for line in ring.reveal().splitlines() if not line.startswith("#"))
    platform = run_platform(SPRINTIA_CONFIG_MASTER_KEYS=text)
    write(platform, "tenant_0", "first")
    assert read(platform, "tenant_0") == "first of tenant_0"
    assert wrapping_keys(platform) == {ring.current_id}
