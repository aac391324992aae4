"""What becomes of a document that does not meet its schema: the one place where writes ask.

Secrets are checked by their real value; what is said of them is where they stand and which keyword they do not meet.
"""

import asyncio
from typing import TYPE_CHECKING, Final

from sprintia_config import problems
from sprintia_config.contents.content import Content
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.schemas.standing import StandingSchema
from sprintia_platform import Fault, Problem

if TYPE_CHECKING:
    from sprintia_config.writing import Change

# A longer text is checked in a thread: other requests go on meanwhile.
_LONG_TEXT: Final = 50_000


class QuarantineError(Problem):
    """A document that is set aside: the change is undone, the delivery kept, and what stood goes on standing.

    Where no delivery can be kept (the command line), it is an error like any other.
    """


async def enforce(change: "Change", key: DocumentKey, content: Content) -> None:
    """Check what is about to be written.

    Faults of a schema that only warns are added to the change's warnings.

    Raises:
        QuarantineError: the schema sets aside what does not meet it.
        Problem: 422, the schema rejects it.
    """
    schema = await change.schemas.of(change.connection, key.config_type)
    if schema is None:
        return
    if len(content.source) > _LONG_TEXT:
        faults = await asyncio.to_thread(schema.compiled.faults, content.value)
    else:
        faults = schema.compiled.faults(content.value)
    if not faults:
        return
    if schema.mode == "warn":
        change.warnings.extend(faults)
        return
    raise _refusal(schema, key, faults)


def _refusal(schema: StandingSchema, key: DocumentKey, faults: list[Fault]) -> Problem:
    kind = QuarantineError if schema.mode == "quarantine" else Problem
    extra = {"domain": key.domain, "config_type": key.config_type, "schema_version": schema.version}
    return kind(
        problems.SCHEMA_NOT_MET, errors=faults, extra=extra, config_type=key.config_type, count=len(faults),
        pointer=faults[0].pointer or "/",
    )  # fmt: skip
