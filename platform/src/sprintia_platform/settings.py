"""Settings from the environment: a typed record per owner, every fault reported at once, secrets that do not print."""

import difflib
import ipaddress
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, NoReturn, Self, TypeVar, get_args, get_origin

import msgspec

from sprintia_platform.errors import StartupError

SettingsT = TypeVar("SettingsT", bound=msgspec.Struct)


class Secret:
    """A value that must not be printed: `repr`, `str` and formatting show `***`; `reveal()` gives the text.

    It is not pickled, so that it reaches no file and no other process by accident; a copy is the object itself.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "***"

    def __reduce_ex__(self, _protocol: object, /) -> NoReturn:
        msg = "a Secret cannot be pickled: hand on its reveal() where that is meant"
        raise TypeError(msg)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object, /) -> Self:
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)


class HostSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The host's own settings. Each is read from `SPRINTIA_<NAME>`; `DATABASE_URL` and `API_KEY` stand without prefix.

    Times are seconds, sizes bytes. Secrets may also be given as the path of a file, in `<VARIABLE>_FILE`.
    """

    host: str = "127.0.0.1"
    port: int | None = None
    workers: int = 1
    data_dir: Path = Path("data")
    plugins: tuple[str, ...] | None = None

    database_url: Secret | None = None
    database_owner_url: Secret | None = None
    database_pool_size: int = 10
    database_timeout: float = 5.0

    api_key: Secret | None = None
    key_cache_seconds: float = 5.0

    log_level: str = "info"
    max_body_bytes: int = 1_048_576
    request_timeout: float = 30.0
    health_timeout: float = 2.0
    drain_seconds: float = 3.0
    shutdown_timeout: float = 20.0
    trusted_proxies: tuple[str, ...] = ()


# Names that stand without the prefix, because the migration guide promised them.
_UNPREFIXED = {"database_url": "DATABASE_URL", "api_key": "API_KEY"}
# What the host reads of another plugin's service: `SPRINTIA_<NAME>_URL` and `SPRINTIA_<NAME>_API_KEY`.
REMOTE_SUFFIXES = ("URL", "API_KEY", "API_KEY_FILE")


def load_host_settings(environ: Mapping[str, str] = os.environ) -> HostSettings:
    """Read the host's settings.

    Raises:
        StartupError: with every bad value at once.
    """
    names = {
        field.name: _UNPREFIXED.get(field.name, f"SPRINTIA_{field.name.upper()}") for field in _fields(HostSettings)
    }
    faults: list[str] = []
    values = _read(HostSettings, names, environ, faults)
    if not faults:
        settings = HostSettings(**values)
        faults += _range_faults(settings)
        if not faults:
            return settings
    raise StartupError(faults)


def load_plugin_settings(plugin: str, settings_type: type[SettingsT], environ: Mapping[str, str]) -> SettingsT:
    """Fill a plugin's Struct from `SPRINTIA_<PLUGIN>_*`; a variable with that prefix which nobody reads is a fault.

    Raises:
        StartupError: with every bad or unknown variable at once.
    """
    prefix = f"SPRINTIA_{plugin.upper()}_"
    names = {field.name: prefix + field.name.upper() for field in _fields(settings_type)}
    faults: list[str] = []
    values = _read(settings_type, names, environ, faults)
    known = {*names.values(), *(f"{name}_FILE" for name in names.values()), *(prefix + end for end in REMOTE_SUFFIXES)}
    faults += unknown_variables(environ, prefix, known)
    if faults:
        raise StartupError(faults)
    try:
        return settings_type(**values)
    except (ValueError, TypeError) as error:  # raised by a plugin's own __post_init__
        raise StartupError(f"{prefix}*: {error}") from error


def read_secret(variable: str, environ: Mapping[str, str]) -> Secret | None:
    """Read one secret from a variable, or from the file that `<VARIABLE>_FILE` names.

    Raises:
        StartupError: both are set, or the file cannot be read.
    """
    faults: list[str] = []
    text = _text_of(variable, environ, faults)
    if faults:
        raise StartupError(faults)
    return Secret(text) if text else None


def host_variable_names() -> set[str]:
    """Every variable that the host itself reads, `_FILE` forms included."""
    names = {_UNPREFIXED.get(field.name, f"SPRINTIA_{field.name.upper()}") for field in _fields(HostSettings)}
    return names | {f"{name}_FILE" for name in names}


def unknown_variables(environ: Mapping[str, str], prefix: str, known: Iterable[str]) -> list[str]:
    """Name each variable that has the prefix and that nobody reads, with the nearest known one."""
    known = set(known)
    faults = []
    for name in sorted(environ):
        if name.startswith(prefix) and name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
            hint = f"did you mean {near[0]}?" if near else "remove it or correct its name"
            faults.append(f"{name} is not a setting: {hint}")
    return faults


def _fields(settings_type: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(settings_type)


def _read(
    settings_type: type[msgspec.Struct], names: Mapping[str, str], environ: Mapping[str, str], faults: list[str]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in _fields(settings_type):
        variable = names[field.name]
        text = _text_of(variable, environ, faults)
        if text is None:
            if field.required and not any(fault.startswith(variable) for fault in faults):
                faults.append(f"{variable} is not set: it is required")
            continue
        try:
            values[field.name] = _convert(field.type, text)
        except (msgspec.ValidationError, ValueError) as error:
            shown = "its value" if _holds_secret(field.type) else repr(text[:80])
            faults.append(f"{variable}: {shown} is not usable ({error}); expected {_expected(field.type)}")
    return values


def _text_of(variable: str, environ: Mapping[str, str], faults: list[str]) -> str | None:
    text = environ.get(variable) or None  # an empty variable counts as not set, as compose files write them
    path = environ.get(f"{variable}_FILE")
    if not path:
        return text
    if text is not None:
        faults.append(f"{variable} and {variable}_FILE are both set: keep one")
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        faults.append(f"{variable}_FILE: cannot read {path!r} ({reason}): check the path and its rights")
        return None


def _holds_secret(kind: Any) -> bool:
    return kind is Secret or any(_holds_secret(part) for part in get_args(kind))


def _convert(kind: Any, text: str) -> Any:
    if _holds_secret(kind) and get_origin(kind) is not tuple:
        return Secret(text)
    parts = [part for part in (*get_args(kind), kind) if get_origin(part) is tuple]
    if parts:
        convert: Callable[[str], Any] = lambda item: _convert(get_args(parts[0])[0], item)  # noqa: E731
        return tuple(convert(item) for item in text.replace(",", " ").split())
    if kind is Path or Path in get_args(kind):
        return Path(text).expanduser()
    if bool in (kind, *get_args(kind)):
        lowered = text.strip().lower()
        if lowered not in {"1", "0", "true", "false", "yes", "no", "on", "off"}:
            msg = "not a yes or no"
            raise ValueError(msg)
        return lowered in {"1", "true", "yes", "on"}
    return msgspec.convert(text.strip(), kind, strict=False)


def _expected(kind: Any) -> str:
    if get_origin(kind) is Annotated:
        return _expected(get_args(kind)[0])
    options = [part for part in (get_args(kind) or (kind,)) if part is not type(None)]
    return " or ".join(getattr(part, "__name__", repr(part)) for part in options)


def _range_faults(settings: HostSettings) -> list[str]:
    bounds: dict[str, tuple[float, float]] = {
        "port": (1, 65535),
        "workers": (1, 64),
        "database_pool_size": (2, 200),
        "database_timeout": (0.1, 60),
        "key_cache_seconds": (0, 60),
        "max_body_bytes": (1024, 64 * 1024 * 1024),
        "request_timeout": (1, 600),
        "health_timeout": (0.1, 60),
        "drain_seconds": (0, 300),
        "shutdown_timeout": (0, 600),
    }
    faults = []
    for name, (low, high) in bounds.items():
        value = getattr(settings, name)
        if value is not None and not low <= value <= high:
            faults.append(f"SPRINTIA_{name.upper()}: {value} is out of range; choose from {low} to {high}")
    if settings.log_level not in {"debug", "info", "warning", "error"}:
        faults.append(f"SPRINTIA_LOG_LEVEL: {settings.log_level!r} is unknown; choose debug, info, warning or error")
    faults += [
        f"SPRINTIA_TRUSTED_PROXIES: {proxy!r} is no address or network; choose, for instance, 10.0.0.5 or 10.0.0.0/24"
        for proxy in settings.trusted_proxies
        if not _is_network(proxy)
    ]
    return faults


def _is_network(text: str) -> bool:
    # A name would be compared with addresses and never match; `*` would believe whoever comes.
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True
