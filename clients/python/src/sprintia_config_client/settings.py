"""How a client is set up: in code, or by `CONFIG_SERVICE_*` in the environment."""

import base64
import binascii
import logging
import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Protocol, runtime_checkable

import msgspec

log = logging.getLogger("sprintia_config_client")

DEFAULT_URL = "http://localhost:8002"
KEY_BYTES = 32


@runtime_checkable
class Revealing(Protocol):
    """A text that does not print, as the host's settings hold it."""

    def reveal(self) -> str: ...


class ApiKey:
    """An API key that does not print."""

    __slots__ = ("_text",)

    def __init__(self, given: "str | Revealing | ApiKey") -> None:
        text = given if isinstance(given, str) else given.reveal()
        if not text or not text.isascii() or not text.isprintable() or " " in text:
            raise ValueError("the API key is empty, or has a character that no key has: was it copied whole?")
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "ApiKey(***)"


class SnapshotSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the last known good configuration is kept, and for how long it may stand in.

    Attributes:
        folder: made when it is missing, for its owner alone.
        key: 32 bytes, for AES-256-GCM.
        max_age: older ones are not used. It also bounds how long memory may stand in.
    """

    folder: Path
    key: bytes
    max_age: timedelta = timedelta(hours=24)

    def __post_init__(self) -> None:
        if len(self.key) != KEY_BYTES:
            raise ValueError(f"the snapshot's key must be {KEY_BYTES} bytes, not {len(self.key)}")

    def __repr__(self) -> str:
        return f"SnapshotSettings(folder={str(self.folder)!r}, key=***, max_age={self.max_age!r})"


class ClientSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of a client. Times are seconds where they are no `timedelta`.

    Attributes:
        url: where the service answers, without a path of the API.
        api_key: sent as `X-API-Key`, to this service alone: redirects are not followed.
        timeout: for an answer; `connect_timeout` for a connection.
        attempts: of a read in all; writes are sent once.
        longest_pause: between two attempts; a longer `Retry-After` ends them.
        follow: keep what was read fresh by the tenant's feed; without it every read asks the service.
        poll_wait: how long the feed holds a request open.
        reconcile_interval: how often the whole is compared besides the feed.
        idle_after: a tenant that nobody read for so long is no longer followed.
        most_tenants: tenants held in memory.
        max_stale: how long memory may stand in for a service that cannot be reached.
        snapshot: the copy on disk; None for none.
    """

    url: str = DEFAULT_URL
    api_key: ApiKey | None = None
    timeout: float = 5.0
    connect_timeout: float = 2.0
    attempts: int = 3
    longest_pause: float = 2.0
    follow: bool = True
    poll_wait: float = 25.0
    reconcile_interval: float = 60.0
    idle_after: float = 600.0
    most_tenants: int = 500
    max_stale: timedelta = timedelta(hours=24)
    snapshot: SnapshotSettings | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "ClientSettings":
        """Read `CONFIG_SERVICE_URL`, `CONFIG_SERVICE_API_KEY` and `CONFIG_SERVICE_SNAPSHOT_*`.

        The key and the snapshot's key may also come from the files that `..._FILE` name. Without
        `CONFIG_SERVICE_SNAPSHOT_KEY` there is no copy on disk, which a warning says; `CONFIG_SERVICE_SNAPSHOT=off`
        says the same silently.

        Raises:
            ValueError: naming the variable and the cure.
        """
        given = os.environ if environ is None else environ
        key = _text(given, "CONFIG_SERVICE_API_KEY")
        if key is None:
            raise ValueError("CONFIG_SERVICE_API_KEY is not set: `sprintia keys create` makes one")
        hours = _hours(given.get("CONFIG_SERVICE_SNAPSHOT_MAX_AGE_HOURS") or "24")
        return cls(
            url=given.get("CONFIG_SERVICE_URL") or DEFAULT_URL,
            api_key=ApiKey(key),
            max_stale=hours,
            snapshot=_snapshot(given, hours),
        )


def _snapshot(given: Mapping[str, str], max_age: timedelta) -> SnapshotSettings | None:
    if given.get("CONFIG_SERVICE_SNAPSHOT", "").lower() in {"off", "0", "no", "false"}:
        return None
    key = _text(given, "CONFIG_SERVICE_SNAPSHOT_KEY")
    if key is None:
        _warn_once()
        return None
    try:
        decoded = base64.b64decode(key, validate=True)
    except binascii.Error:
        decoded = b""
    if len(decoded) != KEY_BYTES:
        raise ValueError(
            "CONFIG_SERVICE_SNAPSHOT_KEY is no base64 of 32 bytes: make one with `openssl rand -base64 32`"
        )
    caches = Path(given.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(given.get("CONFIG_SERVICE_SNAPSHOT_DIR") or caches / "sprintia-config")
    return SnapshotSettings(folder=folder, key=decoded, max_age=max_age)


_warned: set[str] = set()


def _warn_once() -> None:
    if "snapshot" not in _warned:
        _warned.add("snapshot")
        log.warning(
            "CONFIG_SERVICE_SNAPSHOT_KEY is not set: no last known good configuration is kept on disk, and a process "
            "that starts while the service is down has none. Set it, or set CONFIG_SERVICE_SNAPSHOT=off"
        )


def _hours(text: str) -> timedelta:
    try:
        hours = float(text)
    except ValueError:
        hours = -1.0
    if not 0 < hours <= 24 * 366:
        raise ValueError(f"CONFIG_SERVICE_SNAPSHOT_MAX_AGE_HOURS: {text!r} is no number of hours above 0")
    return timedelta(hours=hours)


def _text(given: Mapping[str, str], variable: str) -> str | None:
    path = given.get(f"{variable}_FILE")
    if not path:
        return given.get(variable) or None
    if given.get(variable):
        raise ValueError(f"{variable} and {variable}_FILE are both set: keep one")
    try:
        return Path(path).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{variable}_FILE: cannot read {path!r} ({type(error).__name__})") from None
