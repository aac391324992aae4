"""Where a request comes from: its scheme, its address, and the page whose form sent it."""

import ipaddress
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from litestar import Request

from sprintia_platform import Problem
from sprintia_viewer.problems import CROSS_SITE, NETWORK_NOT_ALLOWED

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_secure(request: Request[Any, Any, Any]) -> bool:
    """Whether the person's browser speaks TLS: a proxy in front says so when it is trusted."""
    return request.scope["scheme"] == "https"


def is_local(request: Request[Any, Any, Any]) -> bool:
    """Whether the address in the browser's bar is this machine's own, where nobody listens in between."""
    name = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def address_of(request: Request[Any, Any, Any]) -> str:
    return request.client.host if request.client else ""


def require_network(
    request: Request[Any, Any, Any], allowed: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]
) -> None:
    """Refuse who comes from elsewhere.

    Raises:
        Problem: 403.
    """
    if not allowed:
        return
    address = address_of(request)
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        found = None
    mapped = getattr(found, "ipv4_mapped", None) or found
    if mapped is None or not any(mapped in network for network in allowed):
        raise Problem(NETWORK_NOT_ALLOWED, address=address or "?")


def origin_of(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def require_same_site(request: Request[Any, Any, Any]) -> None:
    """Refuse a form that another site's page sent. Browsers name the origin of every POST (Fetch, section 3.2).

    Hosts are compared, not schemes: behind a proxy that is not trusted this process knows only its own.

    Raises:
        Problem: 403.
    """
    origin = request.headers.get("origin")
    if origin is None:
        if request.headers.get("sec-fetch-site") != "same-origin":
            raise Problem(CROSS_SITE)
        return
    if _host_of(origin) != request.headers.get("host", "").lower():
        raise Problem(CROSS_SITE)


def _host_of(origin: str) -> str | None:
    """Host and port of an origin; None for what is none."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None
