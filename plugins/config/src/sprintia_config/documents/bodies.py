"""Bodies that carry a document, as far as they are the same wherever they are read."""

from typing import Annotated

import msgspec

from sprintia_platform.content.errors import ContentError

VersionNumber = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
Message = Annotated[str, msgspec.Meta(max_length=500)]
"""Why somebody changes something, for the history."""


class YamlPost(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document as Odoo posts it: YAML text within JSON."""

    yaml_content: str
    message: Message = ""


class Rollback(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which version's content is to stand again, and why."""

    version: VersionNumber
    message: Message = ""


def decode(body: bytes) -> str:
    """Read a YAML body as UTF-8, which is what can be returned byte for byte.

    Raises:
        ContentError: it is something else.
    """
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        before = body[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        raise ContentError("not_utf8", line=line, column=column) from None
