"""`document_sync`: replaces a whole document, replaces parts of one, or deletes it."""

from sprintia_config.contents.keys import DocumentKey
from sprintia_config.documents import service
from sprintia_config.documents.versions import Version, standing, write_tombstone
from sprintia_config.webhook.fields import Body, domain_of, flag, identifier, invalid, required
from sprintia_config.writing import Change
from sprintia_platform.content.values import Json


class DocumentSync:
    """What one `document_sync` asks for.

    Attributes:
        key: the document.
        content: it is to hold this; None: `sections` say what changes, or it is to be deleted.
        sections: top-level keys of it with their new values, null where one is to go.
    """

    def __init__(self, body: Body) -> None:
        """Read a body.

        Raises:
            Problem: 400 when account_id or config_type is missing or malformed, or it is not plain what is to be done.
        """
        tenant_id = identifier(required(body, "account_id"), "account_id")
        domain = domain_of(body)
        self.key = DocumentKey(tenant_id, domain, identifier(required(body, "config_type"), "config_type"))
        # Odoo writes false for what is empty; an empty object is a content.
        said = [name for name in ("content", "sections") if body.get(name) not in (None, False)]
        if len(said) + flag(body, "deleted") != 1:
            raise invalid(
                "informe exatamente um entre content, sections e deleted: true",
                "exactly one of content, sections and deleted: true must be given",
            )
        self.content = _object(body, "content") if "content" in said else None
        self.sections = _object(body, "sections") if "sections" in said else {}
        if "sections" in said:
            required(body, "sections")

    async def apply(self, change: Change) -> Version | None:
        """Make it so; returns the version that stands then, None when the document never was."""
        if self.content is not None:
            content = self.content
            return await service.merge(change, {}, self.key, lambda _standing: content)
        head = await standing(change, self.key)
        if self.sections:
            if (head is None or head.deleted) and all(value is None for value in self.sections.values()):
                return head
            return await service.merge(change, {}, self.key, self._with_sections)
        return head if head is None or head.deleted else await write_tombstone(change, head)

    def _with_sections(self, standing: Json) -> Json:
        if not isinstance(standing, dict):
            raise invalid(
                "o documento que existe não é um objeto e não tem seções",
                "the document that stands is no object and has no sections",
            )
        replaced = {**standing, **self.sections}
        return {name: value for name, value in replaced.items() if name not in self.sections or value is not None}


def _object(body: Body, name: str) -> dict[str, Json]:
    """Read an object. An empty list is none: it would replace what stands by nothing."""
    value = body[name]
    if not isinstance(value, dict):
        raise invalid(f"{name} deve ser um objeto", f"{name} must be an object")
    return value
