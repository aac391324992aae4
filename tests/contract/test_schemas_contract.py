"""A document that does not meet its schema is an error to whoever wrote it, whichever way it went."""

import itertools
import time

import anyio
import pytest
from sprintia_testing.clients import Transport
from sprintia_testing.databases import TestDatabases

from sprintia_config_client import Invalid

pytestmark = pytest.mark.anyio

_NUMBERS = itertools.count(1)


def set_schema(url: str, config_type: str, mode: str) -> None:
    TestDatabases.run(
        url,
        "INSERT INTO config.document_schema (config_type, version, mode, schema, deleted, actor, message) "
        """VALUES ($1, 1, $2, '{"required": ["name"]}', false, 'test', '')""",
        config_type, mode,
    )  # fmt: skip


async def refusal(config: Transport, config_type: str) -> Invalid:
    """Write until the schema is known to the process that answers, and return its error."""
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline:
        try:
            await config.writer.put("account_1", "retail", config_type, f"n: {next(_NUMBERS)}\n")
        except Invalid as error:
            return error
        await anyio.sleep(0.05)  # polling a condition, with a deadline
    raise AssertionError("the schema did not take effect")


@pytest.mark.parametrize(
    ("mode", "status", "code"), [("reject", 422, "schema_not_met"), ("quarantine", 202, "schema_quarantined")]
)
async def test_a_document_that_is_not_live_is_an_error(
    config: Transport, installation: dict[str, str], mode: str, status: int, code: str
) -> None:
    config_type = f"type_{next(_NUMBERS)}"
    await config.writer.put("account_1", "retail", config_type, "name: good\n")
    await anyio.to_thread.run_sync(set_schema, installation["DATABASE_URL"], config_type, mode)
    error = await refusal(config, config_type)
    assert (error.status, error.code) == (status, code)
    assert [fault.pointer for fault in error.faults] == ["/name"]
    last = (await config.reader.history("account_1", "retail", config_type, limit=1))[0]
    await config.writer.put("account_1", "retail", config_type, "name: better\n")
    assert (await config.reader.get("account_1", "retail", config_type)).version == last.version + 1
