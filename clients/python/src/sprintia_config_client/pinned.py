"""One consistent configuration for one run, which a replay gets again to the byte."""

from sprintia_config_client.contract import Bundle, ConfigReader, Document
from sprintia_config_client.errors import NotFound
from sprintia_config_client.exact import JsonValue, read_json


def not_in(bundle_tenant: str, domain: str, config_type: str, revision: int) -> NotFound:
    """The error for a document that a bundle does not hold."""
    return NotFound(
        f"There is no configuration for tenant_id={bundle_tenant}, domain={domain}, config_type={config_type} "
        f"at revision {revision}",
        status=404, code="document_not_found",
    )  # fmt: skip


class Pin:
    """A tenant's configuration at one revision. Write `revision` into the run's log: `pin(tenant, revision)` is this.

    Secrets are not part of it: they are read one by one, as they stand now.

    Attributes:
        bundle: everything, as it stood.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self._documents = {(document.domain, document.config_type): document for document in bundle.documents}

    @property
    def tenant_id(self) -> str:
        return self.bundle.tenant_id

    @property
    def revision(self) -> int:
        return self.bundle.revision

    @property
    def digest(self) -> str:
        """Equal in two pins when, and only when, all that they hold is."""
        return self.bundle.digest

    def get(self, domain: str, config_type: str) -> Document:
        """Read a document as it stood; without a request.

        Raises:
            NotFound: it did not.
        """
        document = self._documents.get((domain, config_type))
        if document is None:
            raise not_in(self.tenant_id, domain, config_type, self.revision)
        return document

    def mapping(self) -> dict[str, JsonValue]:
        """The tenant's part of the Chatwoot mapping as it stood.

        Raises:
            NotFound: it had none.
        """
        if self.bundle.mapping_text is None:
            raise NotFound(f"{self.tenant_id} has no mapping at revision {self.revision}", code="mapping_not_found")
        value = read_json(self.bundle.mapping_text)
        return value if isinstance(value, dict) else {}

    async def text(self, reader: ConfigReader, domain: str, config_type: str) -> str:
        """Read a document's text as it was received, of the version that stood."""
        version = self.get(domain, config_type).version
        return await reader.text(self.tenant_id, domain, config_type, version)


async def pin(reader: ConfigReader, tenant: str, revision: int | None = None) -> Pin:
    """Bind a run to one revision of a tenant: the one given, or the one that stands.

    Raises:
        NotFound: the revision is yet to come, or the tenant is out of reach.
        Gone: retention has passed it.
    """
    return Pin(await reader.bundle(tenant, revision))
