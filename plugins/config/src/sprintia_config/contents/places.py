"""Where a sealed value belongs; it opens nowhere else."""

from sprintia_config.contents.keys import DocumentKey
from sprintia_config.secrecy.envelope import Place


def source_place(key: DocumentKey, version: int) -> Place:
    tenant_id, domain, config_type = key
    return Place(purpose="source", tenant_id=tenant_id, domain=domain, config_type=config_type, version=version)


def digest_place(key: DocumentKey) -> Place:
    """Without a version: digests of two versions are compared."""
    tenant_id, domain, config_type = key
    return Place(purpose="digest", tenant_id=tenant_id, domain=domain, config_type=config_type)


def secret_place(key: DocumentKey, name: str, version: int) -> Place:
    """A fingerprint leaves the version out by itself, so that two versions can be compared."""
    tenant_id, domain, config_type = key
    return Place(
        purpose="secret", tenant_id=tenant_id, domain=domain, config_type=config_type, name=name, version=version
    )
