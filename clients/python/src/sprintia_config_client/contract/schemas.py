"""What documents of a type must look like."""

from datetime import datetime

import msgspec


class DocumentSchema(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON Schema of a config type.

    Attributes:
        mode: warn, reject or quarantine: what becomes of a document that does not meet it.
        schema_text: the schema, as JSON.
    """

    config_type: str
    version: int
    mode: str
    created_at: datetime
    actor: str
    message: str
    schema_text: str
