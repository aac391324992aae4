"""`sprintia serve` as a person meets it: the banner, the second start, the end, and what goes wrong before."""

import asyncio
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from faults.processes import is_alive, postmaster_of, processes_in, workers_of
from faults.raw_http import Connection
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import SPRINTIA, SpawnedPlatform, free_port, wait_until

Spawn = Callable[..., SpawnedPlatform]
DOCUMENT = "/configs/account_1/retail/config"
CALLED = "/configs/loja_aurora/retail/config"  # by the call that the banner prints
QUICK = {"SPRINTIA_DRAIN_SECONDS": "0"}
DRAIN_SECONDS = 2
STRANGER = pwd.getpwnam("nobody").pw_uid  # with a name: initdb asks for one
NO_KEY = {"API_KEY": ""}  # as compose files write what is not set


def key_in(text: str) -> str | None:
    found = re.search(r"^API key, shown only now: (\S+)$", text, re.MULTILINE)
    return found and found[1]


def printed_call(text: str) -> str:
    found = re.search(r"^  (curl .*)$", text, re.MULTILINE)
    assert found is not None, text
    return found[1]


def run_in_bash(command: str) -> str:
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


def banner_of(server: SpawnedPlatform) -> str:
    server.wait_ready()
    return server.out.read_text()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_new_user_starts_pastes_the_call_ends_and_starts_again(
    spawn: Spawn, tmp_path: Path, ending: signal.Signals
) -> None:
    data_dir = tmp_path / "data"
    first = spawn("--first-run", **QUICK, **NO_KEY)
    banner = banner_of(first)
    assert f"Sprintia Platform is at {first.url}\n" in banner
    for shown in (f"{first.url}/schema", f"{first.url}/health/ready"):
        assert shown in banner
        assert httpx.get(shown, follow_redirects=True).status_code == 200
    pages = f"  pages              {first.url}/ (sign in)\n"
    assert pages in banner
    command = re.search(r"`(.* viewer sign-in-link)`", banner)
    assert command
    assert "first admin" in run_in_bash(f"{command[1]} --help")
    assert str(data_dir) in banner
    key = key_in(banner)
    assert key
    assert banner.count(key) == 2  # once shown, once in the call
    assert '"version":1' in run_in_bash(printed_call(banner))
    written = httpx.get(first.url + CALLED, headers={"X-API-Key": key}).json()
    assert written["json_data"] == {"name": "Loja Aurora"}
    assert key not in first.err.read_text()

    pids = processes_in(data_dir)
    assert pids
    assert first.end(ending) == 0
    assert [pid for pid in pids if is_alive(pid)] == []
    assert not (data_dir / "postgresql" / "postmaster.pid").exists()
    assert "Traceback" not in first.err.read_text()

    second = spawn("--first-run", SPRINTIA_PORT=str(first.port), **QUICK, **NO_KEY)
    wait_until(lambda: second.out.read_text().count("Sprintia Platform is at") == 2, 30, "the second banner")
    again = banner_of(second).removeprefix(banner)
    assert "Sprintia Platform is at" in again
    assert pages in again
    command = re.search(r"^  (.* keys create NAME --all-rights)$", again, re.MULTILINE)
    assert command
    assert "Usage" in run_in_bash(f"{command[1]} --help")
    keys = subprocess.run(
        [SPRINTIA, "keys", "list", "--json"], env=os.environ | {"SPRINTIA_DATA_DIR": str(data_dir)},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert [listed["name"] for listed in json.loads(keys.stdout)] == ["first key"]
    assert key_in(again) is None
    assert key not in again
    assert '"status":"ready"' in run_in_bash(printed_call(again))
    assert httpx.get(first.url + CALLED, headers={"X-API-Key": key}).json() == written
    assert second.end(ending) == 0
    assert processes_in(data_dir) == []


def test_two_serve_on_one_data_folder_share_postgres_and_the_last_one_stops_it(spawn: Spawn, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    first, second = (spawn("--first-run", **QUICK) for _ in range(2))
    first.wait_ready()
    second.wait_ready()
    postmaster = postmaster_of(data_dir)
    assert first.request("POST", DOCUMENT, json={"yaml_content": "a: 1\n"}).json()["version"] == 1
    assert second.request("GET", DOCUMENT).json()["json_data"] == {"a": 1}
    # Secrets too: both read the same master keys, whichever of them made the file.
    credentials = "/configs/account_1/retail/credentials"
    assert first.request("POST", credentials, json={"yaml_content": "token: segredo\n"}).status_code == 200
    assert second.request("GET", credentials).json()["yaml_content"] == "token: segredo\n"
    assert first.end() == 0
    assert is_alive(postmaster)
    assert second.request("GET", DOCUMENT).status_code == 200
    assert second.end() == 0
    assert not is_alive(postmaster)
    assert processes_in(data_dir) == []


def test_the_config_service_alone_serves_the_same_data(spawn: Spawn, database_url: str) -> None:
    both = spawn(DATABASE_URL=database_url, **QUICK).wait_ready()
    assert both.request("POST", DOCUMENT, json={"yaml_content": "a: 1\n"}).status_code == 200
    assert both.end() == 0
    alone = spawn(DATABASE_URL=database_url, SPRINTIA_PLUGINS="config", **QUICK).wait_ready()
    assert alone.request("GET", DOCUMENT).json()["json_data"] == {"a": 1}
    assert alone.end() == 0


def test_the_config_service_alone_takes_port_8002(tmp_path: Path, database_url: str) -> None:
    # Nobody may rely on that port being free here: it is taken, by us or by somebody else, and the refusal names it.
    with socket.socket() as taken:
        try:
            taken.bind(("127.0.0.1", 8002))
            taken.listen()
        except OSError:
            pass
        refused = serve(tmp_path, DATABASE_URL=database_url, SPRINTIA_PLUGINS="config")
    assert_refused(refused, "127.0.0.1:8002 is in use", "SPRINTIA_PORT")


def serve(
    tmp_path: Path, *arguments: str, before: Sequence[str] = (), **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run `sprintia serve` where it is expected to refuse."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SPRINTIA_", "API_KEY", "DATABASE_URL"))
    }
    given = {"SPRINTIA_DATA_DIR": str(tmp_path / "data"), **environ}
    return subprocess.run(
        [*before, SPRINTIA, "serve", *arguments], env=clean | given, capture_output=True, text=True, check=False,
        timeout=60, cwd=tmp_path,
    )  # fmt: skip


def assert_refused(done: subprocess.CompletedProcess[str], *parts: str) -> None:
    """One clear line, with the fault and the cure, exit status 1, no traceback."""
    assert done.returncode == 1, done.stderr
    lines = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("sprintia: ")
    for part in parts:
        assert part in lines[0]
    assert "Traceback" not in done.stderr
    assert "Sprintia Platform is at" not in done.stdout


def test_a_busy_port_is_one_line(tmp_path: Path, database_url: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused = serve(tmp_path, DATABASE_URL=database_url, SPRINTIA_PORT=port)
    assert_refused(refused, f"127.0.0.1:{port} is in use", "SPRINTIA_PORT")


def test_a_busy_port_stops_the_embedded_postgres_again(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = serve(tmp_path, "--first-run", SPRINTIA_PORT=str(taken.getsockname()[1]))
    assert_refused(refused, "is in use", "SPRINTIA_PORT")
    assert processes_in(tmp_path / "data") == []


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("postgresql://nobody:parola@127.0.0.1:{port}/sprintia", ("cannot connect", "DATABASE_URL")),
        ("postgresql://nobody:parola@database.invalid/sprintia", ("cannot connect", "DATABASE_URL")),
        ("postgresql:///sprintia?host={folder}", ("cannot connect", "DATABASE_URL")),
        ("postgresql://nobody:parola@127.0.0.1:{port}/", ("DATABASE_URL", "names no database")),
        ("mysql://nobody:parola@127.0.0.1/sprintia", ("DATABASE_URL", "only PostgreSQL")),
        ("not a url, parola", ("DATABASE_URL", "no database URL")),
    ],
)
def test_a_wrong_database_url_is_one_line_without_its_password(
    tmp_path: Path, url: str, parts: tuple[str, ...]
) -> None:
    given = url.format(port=free_port(), folder=tmp_path)
    refused = serve(tmp_path, "--first-run", DATABASE_URL=given, SPRINTIA_PORT=str(free_port()))
    assert_refused(refused, *parts)
    assert "parola" not in refused.stderr


def test_a_database_or_user_that_is_not_there_is_one_line(tmp_path: Path, database_url: str) -> None:
    port = str(free_port())
    database = re.sub("/test_[0-9]+", "/nowhere", database_url)
    assert_refused(serve(tmp_path, "--first-run", DATABASE_URL=database, SPRINTIA_PORT=port), "no such database")
    user = database_url.replace("//sprintia@", "//stranger@")
    assert_refused(serve(tmp_path, "--first-run", DATABASE_URL=user, SPRINTIA_PORT=port), "refuses this user")


def test_a_database_without_tables_is_one_line_with_the_cure(tmp_path: Path, empty_database_url: str) -> None:
    refused = serve(tmp_path, DATABASE_URL=empty_database_url, SPRINTIA_PORT=str(free_port()))
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    faults = refused.stderr.splitlines()
    assert faults
    assert all(line.startswith("sprintia: schema ") and "sprintia db upgrade" in line for line in faults)


@pytest.mark.parametrize("api_key", ["development-api-key", "changeme"])
def test_a_known_default_key_is_refused(tmp_path: Path, database_url: str, api_key: str) -> None:
    refused = serve(tmp_path, DATABASE_URL=database_url, API_KEY=api_key, SPRINTIA_PORT=str(free_port()))
    assert_refused(refused, "API_KEY", "known default value", "openssl rand")


def test_every_bad_setting_is_named_at_once(tmp_path: Path, database_url: str) -> None:
    refused = serve(
        tmp_path, DATABASE_URL=database_url, SPRINTIA_PORT="many", SPRINTIA_DATABASE_TIMEOUT="0",
        SPRINTIA_LOG_LEVEL="loud",
    )  # fmt: skip
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert "SPRINTIA_PORT" in refused.stderr
    misspelt = serve(tmp_path, DATABASE_URL=database_url, SPRINTIA_PROT="8000")
    assert_refused(misspelt, "SPRINTIA_PROT is not a setting", "SPRINTIA_PORT")


@pytest.fixture
def as_ordinary_user(tmp_path: Path) -> list[str]:
    """What to put before a command so that an ordinary user runs it in the test's folder: nothing, unless we are root.

    The capability lets it read what root installed, such as this interpreter below /root; it writes nowhere by it.
    """
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("root cannot become an ordinary user without setpriv (Debian: util-linux)")
    for folder in (tmp_path, *tmp_path.parents):
        if tempfile.gettempdir() in map(str, folder.parents):
            folder.chmod(0o755)
    capability = ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]
    return ["setpriv", "--reuid", str(STRANGER), "--regid", str(STRANGER), "--clear-groups", *capability]


def test_an_unwritable_data_folder_is_one_line(tmp_path: Path, as_ordinary_user: list[str]) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    plain = tmp_path / "file"
    plain.write_text("")
    for folder in (locked / "data", plain):
        environ = {"SPRINTIA_DATA_DIR": str(folder), "SPRINTIA_PORT": str(free_port())}
        refused = serve(tmp_path, "--first-run", before=as_ordinary_user, **environ)
        assert_refused(refused, str(folder), "SPRINTIA_DATA_DIR")


def test_an_ordinary_user_serves(tmp_path: Path, as_ordinary_user: list[str]) -> None:
    home = tmp_path / "home"
    home.mkdir()
    if as_ordinary_user:
        os.chown(home, STRANGER, STRANGER)
    port = free_port()
    environ = {"PATH": os.environ["PATH"], "SPRINTIA_DATA_DIR": "data", "SPRINTIA_PORT": str(port), **QUICK}
    out = tmp_path / "ordinary.out"
    with out.open("wb") as output:
        process = subprocess.Popen(
            [*as_ordinary_user, SPRINTIA, "serve", "--first-run"], env=environ, cwd=home, stdout=output, stderr=output
        )
    try:
        wait_until(lambda: process.poll() is not None or "Try it:" in out.read_text(), 40, "the banner")
        assert process.poll() is None, out.read_text()
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/health/ready"), 40, "readiness")
        assert '"version":1' in run_in_bash(printed_call(out.read_text()))
        assert (home / "data" / "master.keys").stat().st_mode & 0o777 == 0o600
        if as_ordinary_user:
            owners = {path.stat().st_uid for path in (home / "data").rglob("*")}
            assert owners == {STRANGER}
    finally:
        process.terminate()
        assert process.wait(30) == 0
    assert processes_in(home / "data") == []


def answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_drains(spawn: Spawn, database_url: str, workers: str) -> None:
    server = spawn(
        "--workers", workers, DATABASE_URL=database_url, SPRINTIA_DRAIN_SECONDS=str(DRAIN_SECONDS)
    ).wait_ready()
    assert server.request("POST", DOCUMENT, json={"yaml_content": "a: 1\n"}).status_code == 200
    processes = [server.process.pid] if workers == "1" else workers_of(server.process.pid)

    async def scenario() -> None:
        # Within a transaction PostgreSQL tells again and again what its first look at the activity saw.
        onlooker, holder = await asyncpg.connect(database_url), await asyncpg.connect(database_url)
        holding = holder.transaction()
        await holding.start()
        await holder.execute("SELECT 1 FROM config.tenant WHERE tenant_id = 'account_1' FOR UPDATE")
        slow_write, slow_upload = await Connection.to(server.port), await Connection.to(server.port)
        async with slow_write, slow_upload:
            # One request waits for a lock, the other has sent half of its body.
            slow_write.send("POST", DOCUMENT, b'{"yaml_content": "a: 2\\n"}')
            body = b'{"yaml_content": "b: 1\\n"}'
            slow_upload.send("POST", DOCUMENT.replace("account_1", "account_2"), body, sent=9)
            query = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            async with asyncio.timeout(20):
                await until(lambda: onlooker.fetchval(query))
            server.process.send_signal(signal.SIGTERM)
            signalled = time.monotonic()
            async with asyncio.timeout(20):
                # At once and on every new connection; reads go on being answered meanwhile.
                await until(lambda: is_draining(server))
                async with await Connection.to(server.port) as reading:
                    answer = await reading.exchange("GET", DOCUMENT)
                assert answer.status == 200
                assert answer.headers["connection"] == "close"
                # The listening socket closes next; what is in flight is still waited for.
                await until(lambda: refuses(server.port))
                assert time.monotonic() - signalled >= DRAIN_SECONDS
                assert server.process.poll() is None
                slow_upload.writer.write(body[9:])
                finished = await slow_upload.answer()
                assert finished.status == 200
                await holding.rollback()
                finished = await slow_write.answer()
                assert finished.status == 200
                assert finished.headers["connection"] == "close"
                assert finished.json()["version"] == 2
        await holder.close()
        await onlooker.close()

    asyncio.run(scenario())
    assert server.process.wait(20) == 0
    assert not any(is_alive(pid) for pid in processes)
    rows = TestDatabases.run(database_url, "SELECT count(*) AS n FROM config.document_version")
    assert rows == [{"n": 3}]


async def until(condition: Callable[[], Awaitable[Any]]) -> None:
    while not await condition():  # noqa: ASYNC110 - other processes set no event of ours
        await asyncio.sleep(0.02)


async def is_draining(server: SpawnedPlatform) -> bool:
    async with await Connection.to(server.port) as connection:
        answer = await connection.exchange("GET", "/health/ready")
    return answer.status == 503 and answer.json()["status"] == "draining"


async def refuses(port: int) -> bool:
    try:
        connection = await Connection.to(port)
    except ConnectionRefusedError:
        return True
    connection.writer.close()
    return False


def test_a_second_signal_ends_at_once(spawn: Spawn, database_url: str) -> None:
    for workers in ("1", "2"):
        server = spawn("--workers", workers, DATABASE_URL=database_url, SPRINTIA_DRAIN_SECONDS="300").wait_ready()
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: httpx.get(f"{server.url}/health/ready").status_code == 503, what="draining")  # noqa: B023
        assert server.end(signal.SIGINT) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_it_starts_leaves_nothing_behind(spawn: Spawn, tmp_path: Path, number: signal.Signals) -> None:
    data_dir = tmp_path / "data"
    postmaster = data_dir / "postgresql" / "postmaster.pid"
    moments: tuple[Callable[[], bool], ...] = (
        (data_dir / "postgresql.control").exists,  # nothing is made yet
        postmaster.exists,
        lambda: postmaster.exists() and postmaster.read_text().rstrip().endswith("ready"),
    )
    for reached in moments:
        server = spawn("--first-run", **QUICK)
        wait_until(reached, 30, "the moment of the signal")
        assert server.end(number) == 0
        assert "Traceback" not in server.err.read_text()
        assert processes_in(data_dir) == []


def test_the_port_is_free_again_at_once(spawn: Spawn, database_url: str) -> None:
    server = spawn(DATABASE_URL=database_url, **QUICK).wait_ready()
    with closing(socket.create_connection(("127.0.0.1", server.port))):
        assert server.end() == 0
    again = spawn(DATABASE_URL=database_url, SPRINTIA_PORT=str(server.port), **QUICK).wait_ready()
    assert again.end() == 0
