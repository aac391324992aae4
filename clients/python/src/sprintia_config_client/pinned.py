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

    With layers it is of two revisions, the tenant's and that of the layers below it. Write both down:
    `pin(tenant, revision, layers=True, base_revision=base_revision)` is this.

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
    def layered(self) -> bool:
        return self.bundle.layered

    @property
    def base_revision(self) -> int | None:
        """The revision of the layers; None without layers, and for the tenant `_base`, which has none below it."""
        return self.bundle.base_revision

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
        """Read the text that the tenant itself wrote, as it was received, of the version that stood.

        Raises:
            NotFound: there was none; also where all of the document comes from layers below the tenant.
        """
        document = self.get(domain, config_type)
        if document.layers and document.layers[-1].layer != "tenant":
            raise not_in(self.tenant_id, domain, config_type, self.revision)
        return await reader.text(self.tenant_id, domain, config_type, document.version)


async def pin(
    reader: ConfigReader, tenant: str, revision: int | None = None, *, layers: bool = False,
    base_revision: int | None = None,
) -> Pin:  # fmt: skip
    """Bind a run to one revision of a tenant, and of its layers: those given, or those that stand.

    Raises:
        NotFound: a revision is yet to come, or the tenant is out of reach.
        Gone: retention has passed it.
        Invalid: `base_revision` without `layers`.
    """
    return Pin(await reader.bundle(tenant, revision, layers=layers, base_revision=base_revision))
