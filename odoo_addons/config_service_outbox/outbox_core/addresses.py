"""Settings: which addresses may be used, and where a setting's value is found."""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

ENVIRONMENT = {
    "config_service.url": "CONFIG_SERVICE_URL",
    "config_service.api_key": "CONFIG_SERVICE_API_KEY",
    "config_viewer.url": "CONFIG_VIEWER_URL",
    "business_rules.account_id": "BUSINESS_RULES_ACCOUNT_ID",
    "config_service.webhook_secret": "CONFIG_SERVICE_WEBHOOK_SECRET",
}
"""Setting to environment variable; the same name with `_FILE` names a file that holds the value."""

_REASONS = {
    "empty": "an address is needed",
    "scheme": "use https, or http on this machine itself",
    "credentials": "an address must not hold a user or a password",
    "query": "an address must not hold a query or a fragment",
    "host": "the host or the port cannot be read",
    "characters": "an address has no spaces, backslashes or control characters",
}


class AddressError(ValueError):
    """An address that may not be used.

    Attributes:
        code: `empty`, `scheme`, `credentials`, `query`, `host` or `characters`.
    """

    def __init__(self, code: str) -> None:
        self.code = code
        # Without the address itself, which may hold a password.
        super().__init__(_REASONS[code])


class Setting(NamedTuple):
    """What was found for a setting.

    Attributes:
        value: in clear; `""` when there is none, and when its file cannot be read.
        origin: `environment`, `file`, `parameter`, or `""` when there is none.
        fault: why the file that the environment names cannot be read, for people; else `""`.
    """

    value: str
    origin: str
    fault: str = ""

    def __repr__(self) -> str:
        return f"Setting(origin={self.origin!r}, fault={self.fault!r})"


def checked_url(text: str) -> str:
    """Return an address in the form in which paths are added to it: no slash at its end, host in small letters.

    Raises:
        AddressError: it is none that a key may be sent to.
    """
    given = (text or "").strip()
    if not given:
        raise AddressError("empty")
    # urlsplit drops tabs and line breaks silently, and browsers take a backslash for a slash.
    if any(letter <= " " or letter in "\\\x7f" for letter in given):
        raise AddressError("characters")
    try:
        parts = urlsplit(given)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise AddressError("host") from None
    _check_parts(given, parts, host)
    return f"{parts.scheme}://{_written(host)}{'' if port is None else f':{port}'}{parts.path.rstrip('/')}"


def _written(host: str) -> str:
    """Write a host as it goes over the wire: names in other letters than ASCII by IDNA, IPv6 in brackets."""
    if ":" in host:
        return f"[{host}]"
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        raise AddressError("host") from None


def _check_parts(given: str, parts: SplitResult, host: str) -> None:
    # First of all, so that no later fault is told together with a password.
    if "@" in parts.netloc:
        raise AddressError("credentials")
    if parts.scheme not in ("http", "https"):
        raise AddressError("scheme")
    if not host or "%" in host or parts.netloc.endswith(":"):
        raise AddressError("host")
    if parts.scheme == "http" and not is_loopback(host):
        raise AddressError("scheme")
    if "?" in given or "#" in given:
        raise AddressError("query")
    if any(step in (".", "..") for step in parts.path.split("/")):
        raise AddressError("host")


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine: `localhost`, or an address of 127.0.0.0/8 or ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def settings_value(name: str, environ: Mapping[str, str], parameter: str | bool | None) -> Setting:
    """Find a setting: in the environment, else in the file that the environment names, else the parameter.

    A file that cannot be read gives no value, and never the parameter's: that would send to another place than the
    one that was asked for. It raises nothing, because a scheduled action that raises is switched off.

    Args:
        name: one of `ENVIRONMENT`.
        environ: the process's environment.
        parameter: what the database holds; Odoo's `False` for nothing.
    """
    variable = ENVIRONMENT[name]
    if value := environ.get(variable, "").strip():
        return Setting(value, "environment")
    if file := environ.get(f"{variable}_FILE", "").strip():
        return _setting_in(f"{variable}_FILE", Path(file))
    value = str(parameter or "").strip()
    return Setting(value, "parameter" if value else "")


def _setting_in(variable: str, file: Path) -> Setting:
    try:
        return Setting(file.read_text(encoding="utf-8").strip(), "file")
    except OSError as error:
        fault = error.strerror or type(error).__name__
    except ValueError:  # no text, or a NUL in the path
        fault = "no file with UTF-8 text"
    return Setting("", "file", f"{variable}: {fault}")
