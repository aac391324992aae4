"""Which documents are layers of which: base, domain, tenant, from the lowest to the highest.

Layers are ordinary documents of the reserved tenant `_base`, so that they have a history, an audit and secrets like all
others: `_base/_base/<type>` holds for every domain, `_base/<domain>/<type>` for one.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

import msgspec

from sprintia_config.documents.versions import Version

BASE_TENANT = "_base"
BASE_DOMAIN = "_base"


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """A document as a layer of another: what it is there, and which version of which document."""

    layer: Literal["base", "domain", "tenant"]
    tenant_id: str
    domain: str
    config_type: str
    version: int


class Layered(NamedTuple):
    """A document of a tenant, and the versions that it consists of: lowest first, at least one."""

    domain: str
    config_type: str
    layers: tuple[tuple[Layer, Version], ...]

    @property
    def highest(self) -> Version:
        return self.layers[-1][1]


def layered(own: Iterable[Version], base: Iterable[Version]) -> Iterator[Layered]:
    """Put the layers under a tenant's documents, in order of domain and type.

    In each domain in which the tenant has a document stand its own types, those of the domain and those of the base.
    It costs a step for each document that comes out, which a base may make many: stop when it is enough.
    """
    owned, lower = _by_domain(own), _by_domain(base)
    for domain in sorted(owned):
        for config_type in sorted(owned[domain].keys() | lower[domain].keys() | lower[BASE_DOMAIN].keys()):
            found = [_layer("base", lower[BASE_DOMAIN].get(config_type))]
            if domain != BASE_DOMAIN:  # there, both would be the same document
                found.append(_layer("domain", lower[domain].get(config_type)))
            found.append(_layer("tenant", owned[domain].get(config_type)))
            yield Layered(domain, config_type, tuple(each for each in found if each is not None))


def _by_domain(documents: Iterable[Version]) -> defaultdict[str, dict[str, Version]]:
    found: defaultdict[str, dict[str, Version]] = defaultdict(dict)
    for version in documents:
        found[version.domain][version.config_type] = version
    return found


def _layer(name: Literal["base", "domain", "tenant"], version: Version | None) -> tuple[Layer, Version] | None:
    if version is None:
        return None
    return Layer(
        layer=name, tenant_id=version.tenant_id, domain=version.domain, config_type=version.config_type,
        version=version.version,
    ), version  # fmt: skip
