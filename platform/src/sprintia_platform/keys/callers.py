"""Who is calling, and what they may do."""

import ipaddress
import re
from collections.abc import Iterable

import msgspec

from sprintia_platform.database.connections import Tenants
from sprintia_platform.http import problems
from sprintia_platform.http.languages import Text
from sprintia_platform.http.problems import Problem

RIGHTS = ("config:read", "config:write", "secrets:read", "mapping:write", "schemas:write", "users:act", "admin")
"""The rights of the platform's own parts; a plugin may ask for further ones of its own (`notes:read`)."""

RIGHT_FORM = re.compile(r"admin|[a-z][a-z0-9_]*:[a-z]+")
TENANT_FORM = re.compile(r"[A-Za-z0-9_.@-]{1,128}")
NO_TENANT = Text(
    "não é um tenant: use de 1 a 128 letras, dígitos e _ - . @",
    "is no tenant: write 1 to 128 letters, digits and _ - . @",
)

BOOTSTRAP = "bootstrap"


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """An authenticated caller.

    Attributes:
        key_id: the key's id, `bootstrap` for the one of `API_KEY`; stable over rotation, and the sender of deliveries.
        name: what people called the key.
        rights: what it may do; none implies another.
        tenants: which tenants it reaches; None means all.
        networks: from where it is valid; empty means from everywhere.
        acting_for: the person for whom the key asks, see `acting.py`; None when it asks for itself.
    """

    key_id: str
    name: str
    rights: frozenset[str]
    tenants: frozenset[str] | None = None
    networks: tuple[str, ...] = ()
    acting_for: str | None = None

    @property
    def actor(self) -> str:
        """How history and audit name this caller."""
        own = f"key:{self.key_id}"
        return own if self.acting_for is None else f"user:{self.acting_for}/{own}"

    def has(self, right: str) -> bool:
        return right in self.rights

    def require(self, right: str) -> None:
        """Raise a 403 that names the right, unless the caller has it."""
        if right not in self.rights:
            raise Problem(problems.FORBIDDEN, right=right, extra={"right": right})

    def reaches(self, tenant: str) -> bool:
        return self.tenants is None or tenant in self.tenants

    def require_tenant(self, tenant: str) -> str:
        """Return the tenant, or answer 404 as if it did not exist."""
        if not self.reaches(tenant):
            raise Problem(problems.TENANT_NOT_FOUND, tenant=tenant)
        return tenant

    @property
    def scope(self) -> Tenants:
        """The tenants for a transaction that may touch all that this caller reaches."""
        return "*" if self.tenants is None else sorted(self.tenants)

    def require_network(self, address: str | None) -> None:
        """Raise a 403 when the key is bound to networks and the address lies in none of them."""
        if not self.may_call_from(address):
            raise Problem(problems.NETWORK_REFUSED, address=address or "?")

    def may_call_from(self, address: str | None) -> bool:
        return not self.networks or _within(address, self.networks)


def _within(address: str | None, networks: Iterable[str]) -> bool:
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None) or found
    return any(mapped in ipaddress.ip_network(network) for network in networks)
