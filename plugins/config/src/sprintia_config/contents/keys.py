"""The key of a document."""

from typing import NamedTuple


class DocumentKey(NamedTuple):
    """Which document: a tenant's, in a domain, of a type."""

    tenant: str
    domain: str
    config_type: str
