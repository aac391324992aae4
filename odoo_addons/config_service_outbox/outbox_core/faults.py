"""Why there was no answer: the code of a reason, from what the layers below raised."""

import ssl
from collections.abc import Iterator
from http.client import HTTPException

from requests import exceptions as requesting
from urllib3 import exceptions as connecting

# What a peer, a proxy, the name service or a lack of threads can bring about. Not Exception: Odoo raises bare ones in
# a worker that is to end.
REMOTE_FAULTS = (
    requesting.RequestException, connecting.HTTPError, HTTPException, OSError, ValueError, RuntimeError,
)  # fmt: skip

_CODES: tuple[tuple[type[BaseException], str], ...] = (
    (connecting.ProxyError, "proxy"),
    (requesting.ProxyError, "proxy"),
    (requesting.InvalidSchema, "proxy"),
    (connecting.NameResolutionError, "name"),
    (ConnectionRefusedError, "refused"),
    (ssl.SSLError, "tls"),
    (connecting.SSLError, "tls"),
    (TimeoutError, "timeout"),
    (requesting.Timeout, "timeout"),
    (connecting.TimeoutError, "timeout"),
    (requesting.RequestException, "network"),
    (connecting.HTTPError, "network"),
    (HTTPException, "network"),
    (OSError, "network"),
)


def code_of(error: BaseException) -> tuple[str, str]:
    """Tell the code of a fault, and what belongs in its text. Never its message: that may hold a proxy's password."""
    chain = list(_chain(error))
    for kind, code in _CODES:
        if found := next((one for one in chain if isinstance(one, kind)), None):
            return code, _certificate_fault(chain) if code == "tls" else type(found).__name__
    return "unknown_fault", type(error).__name__


def _certificate_fault(chain: list[BaseException]) -> str:
    for one in chain:
        if isinstance(one, ssl.SSLCertVerificationError) and one.verify_message:
            return one.verify_message
    return "TLS"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Go through all that led to an error: causes, contexts, and what urllib3 keeps as reasons and arguments."""
    waiting, seen = [error], set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        related = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        waiting += [other for other in related if isinstance(other, BaseException)]
