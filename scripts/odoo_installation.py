"""A real Odoo that the environment names: its commands, and scratch databases of our own in its PostgreSQL.

Settings:
    ODOO_BIN        path of odoo-bin of an Odoo Community checkout, 18.0 or 19.0
    ODOO_PYTHON     the Python that has Odoo's requirements (default: python3)
    ODOO_DB_HOST    where its PostgreSQL is (default: 127.0.0.1); ODOO_DB_PORT (5432) and ODOO_DB_USER (odoo, who may
                    create databases) go with it, and PGPASSWORD as for every client
    ODOO_DB_TEMPLATE    a database with base and mail to copy (default: none; each starts from nothing, with demo)
    ODOO_OS_USER    run Odoo as this user of the system (root only)
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OUR_ADDONS = ROOT / "odoo_addons"
SERIES = ("18.0", "19.0")
HOW_TO_GET_ONE = """\
No Odoo: name one with ODOO_BIN=/path/to/odoo/odoo-bin (a checkout of Odoo Community 18.0 or 19.0), the Python that
has its requirements with ODOO_PYTHON=/path/to/venv/bin/python, and its PostgreSQL with ODOO_DB_PORT=5432 (also
ODOO_DB_HOST, ODOO_DB_USER)."""

_STATEMENT = """
import json, sys, psycopg2
asked = json.load(sys.stdin)
connection = psycopg2.connect(dbname=asked["database"], host=asked["host"], port=asked["port"], user=asked["user"])
connection.autocommit = True
cursor = connection.cursor()
cursor.execute(asked["statement"], asked["values"])
print(json.dumps(cursor.fetchall() if cursor.description else [], default=str))
"""


class NoOdooError(Exception):
    """There is none; the message says how to name one."""


@dataclass
class Installation:
    """One Odoo with a data folder and a configuration of its own, so that runs beside each other share nothing."""

    bin: Path
    python: str
    host: str
    port: int
    user: str
    template: str
    os_user: str | None
    folder: Path
    options: dict[str, str] = field(default_factory=dict)

    @property
    def configuration(self) -> Path:
        return self.folder / "odoo.conf"

    @property
    def data_folder(self) -> Path:
        return self.folder / "data"

    def version(self) -> str:
        """Return `18.0` of `Odoo Server 18.0-20250506`."""
        return self.run("--version").stdout.split()[-1].partition("-")[0]

    def prepare(self) -> None:
        """Write the configuration, and give the folder to whom Odoo runs as."""
        self.data_folder.mkdir(parents=True, exist_ok=True)
        home = self.bin.resolve().parent
        paths = [path for path in (home / "odoo" / "addons", home / "addons", OUR_ADDONS) if path.is_dir()]
        options = {
            "db_host": self.host, "db_port": str(self.port), "db_user": self.user, "data_dir": str(self.data_folder),
            "addons_path": ",".join(map(str, paths)), "http_interface": "127.0.0.1", "max_cron_threads": "0",
            **({"db_template": self.template} if self.template else {}), **self.options,
        }  # fmt: skip
        lines = (f"{name} = {value}\n" for name, value in options.items())
        self.configuration.write_text("[options]\n" + "".join(lines), encoding="utf-8")
        if self.os_user:
            self.folder.chmod(0o755)
            for path in (self.folder, *self.folder.rglob("*")):
                shutil.chown(path, self.os_user, self.os_user)

    def command(self, *arguments: str) -> list[str]:
        return [self.python, str(self.bin), *arguments]

    def popen_options(self) -> dict[str, Any]:
        """Return what `subprocess` needs to start it as whom it should run."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("SPRINTIA_", "CONFIG_"))}
        as_other = {"user": self.os_user, "group": self.os_user, "extra_groups": []} if self.os_user else {}
        return {"env": clean | {"HOME": str(self.folder)}, "cwd": self.folder, **as_other}

    def run(
        self, *arguments: str, script: str = "", environ: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command of odoo-bin to its end, `script` on its standard input."""
        options = self.popen_options()
        options["env"] = {**options["env"], **(environ or {})}
        return subprocess.run(
            self.command(*arguments), input=script, capture_output=True, text=True, check=False, **options
        )

    def query(self, database: str, statement: str, *values: object) -> list[list[Any]]:
        """Run one statement in a database of this Odoo."""
        asked = {
            "database": database, "host": self.host, "port": self.port, "user": self.user, "statement": statement,
            "values": values,
        }  # fmt: skip
        done = subprocess.run(
            [self.python, "-c", _STATEMENT], input=json.dumps(asked), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{statement.strip()[:200]}: {done.stderr.strip()[-500:]}")
        return json.loads(done.stdout)

    def copy(self, database: str, name: str) -> str:
        """Copy a database that nobody is connected to."""
        self.query("postgres", f'CREATE DATABASE "{name}" TEMPLATE "{database}"')
        return name

    def dump(self, database: str, file: Path) -> None:
        """Back a database up as operators do: `pg_dump`, while people work in it."""
        self._postgresql("pg_dump", "-Fc", "-f", str(file), database)

    def restore(self, file: Path, name: str) -> None:
        """Make a database of a backup."""
        self.query("postgres", f'CREATE DATABASE "{name}" TEMPLATE template0')
        self._postgresql("pg_restore", "--no-owner", "--exit-on-error", "-d", name, str(file))

    def _postgresql(self, tool: str, *arguments: str) -> None:
        at = ("-h", self.host, "-p", str(self.port), "-U", self.user)
        done = subprocess.run([_tool(tool), *at, *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{tool}: {done.stderr.strip()[-500:]}")

    def drop(self, database: str) -> None:
        self.query("postgres", f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')


def _tool(name: str) -> str:
    """Find a program of PostgreSQL: the newest one of Debian's, which keeps it out of the path, reads every server."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    found = str(debian[-1]) if debian else shutil.which(name)
    if found is None:
        raise RuntimeError(f"{name} is missing: on Debian and Ubuntu, apt-get install postgresql-client")
    return found


def scratch_name(purpose: str) -> str:
    """Return a name for a database that no other run has."""
    return f"sprintia_{purpose}_{uuid.uuid4().hex[:8]}"


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


@contextlib.contextmanager
def installation(**options: str) -> Iterator[Installation]:
    """Give the Odoo that the environment names, with a folder that is removed at the end.

    Raises:
        NoOdooError: none is named, it does not start, or it is of a series that the addons are not for.
    """
    named = os.environ.get("ODOO_BIN", "")
    if not named or not Path(named).is_file():
        raise NoOdooError(f"ODOO_BIN={named}: no such file.\n{HOW_TO_GET_ONE}" if named else HOW_TO_GET_ONE)
    with tempfile.TemporaryDirectory(prefix="sprintia-odoo-", ignore_cleanup_errors=True) as folder:
        odoo = Installation(
            bin=Path(named), python=os.environ.get("ODOO_PYTHON") or "python3",
            host=os.environ.get("ODOO_DB_HOST") or "127.0.0.1", port=int(os.environ.get("ODOO_DB_PORT") or 5432),
            user=os.environ.get("ODOO_DB_USER") or "odoo", template=os.environ.get("ODOO_DB_TEMPLATE") or "",
            os_user=os.environ.get("ODOO_OS_USER") or None, folder=Path(folder), options=options,
        )  # fmt: skip
        odoo.prepare()
        _check(odoo)
        yield odoo


def _check(odoo: Installation) -> None:
    told = odoo.run("--version")
    if told.returncode or not told.stdout.startswith("Odoo Server"):
        raise NoOdooError(f"{odoo.python} {odoo.bin} --version: {told.stderr.strip()[-300:]}\n{HOW_TO_GET_ONE}")
    if odoo.version() not in SERIES:
        raise NoOdooError(f"{odoo.bin} is Odoo {odoo.version()}; the addons are for {' and '.join(SERIES)}")
    try:
        odoo.query("postgres", "SELECT 1")
    except RuntimeError as error:
        raise NoOdooError(f"PostgreSQL does not answer as {odoo.user}@{odoo.host}:{odoo.port}: {error}") from error
