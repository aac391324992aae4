"""A whole tenant out and in again, by each way to the service."""

import itertools
import json

import pytest
from sprintia_testing.clients import Transport

from sprintia_config_client import Forbidden, ImportedVersion, ImportReport, Invalid, NotFound, Person

pytestmark = pytest.mark.anyio

_NUMBERS = itertools.count(1)
SECRET = "credentials:\n  odoo_password: parola-exportada\n"


@pytest.fixture
async def tenant(config: Transport) -> str:
    """A tenant with a document of two versions, a secret and a part of the mapping."""
    tenant = f"moved_{next(_NUMBERS)}"
    await config.writer.put(tenant, "retail", "config", "greeting: oi\n")
    await config.writer.put(tenant, "retail", "config", "greeting: bom dia # 1.10\n")
    await config.writer.put(tenant, "default", "credentials", SECRET)
    await config.writer.merge_mapping({"inboxes": {tenant: {"account_id": tenant, "domain": "retail"}}})
    return tenant


async def exported(config: Transport, tenant: str, *, clear: bool = False) -> bytes:
    return b"".join([chunk async for chunk in config.reader.export(tenant, clear=clear)])


def person(*rights: str, tenants: frozenset[str] | None = None) -> Person:
    return Person(name="ana", rights=frozenset(rights), tenants=tenants, language="en")


async def test_an_export_is_whole_and_masked(config: Transport, tenant: str) -> None:
    content = await exported(config, tenant)
    lines = [json.loads(line) for line in content.splitlines()]
    assert [line["kind"] for line in lines] == ["header", "tenant", *["document"] * 3, "mapping", "end"]
    assert b"parola-exportada" not in content
    assert b"parola-exportada" in await exported(config, tenant, clear=True)


async def test_what_stood_stands_again(config: Transport, tenant: str) -> None:
    content = await exported(config, tenant, clear=True)
    await config.writer.put(tenant, "retail", "config", "greeting: nada\n")
    await config.writer.put(tenant, "retail", "later", "stays: true\n")
    await config.writer.merge_mapping({"inboxes": {tenant: {"account_id": tenant, "domain": "health"}}})
    dry = await config.writer.import_heads(content, dry_run=True)
    assert await config.reader.text(tenant, "retail", "config") == "greeting: nada\n", "a dry run wrote"
    done = await config.writer.import_heads(content)
    assert (dry.dry_run, done.dry_run) == (True, False)
    for report in (dry, done):
        assert report.problem_count == 0
        assert (report.tenants, report.documents.written, report.documents.present) == (1, 1, 1)
        assert (report.mappings.written, report.mappings.present) == (1, 0)
        assert set(report.changes) == {
            ImportedVersion(tenant_id=tenant, domain="retail", config_type="config", version=4),
            ImportedVersion(tenant_id=tenant, domain=None, config_type=None, version=3),
        }
    assert await config.reader.text(tenant, "retail", "config") == "greeting: bom dia # 1.10\n"
    assert (await config.reader.get(tenant, "retail", "config")).version == 4
    assert await config.reader.text(tenant, "retail", "later") == "stays: true\n"
    assert (await config.reader.resolve(inbox=tenant)).domain == "retail"
    assert (await config.writer.import_heads(content)).documents.written == 0


async def test_masked_secrets_are_not_imported_over_others(config: Transport, tenant: str) -> None:
    content = await exported(config, tenant)
    await config.writer.put(tenant, "default", "credentials", SECRET.replace("exportada", "nova"))
    report = await config.writer.import_heads(content)
    assert [(problem.tenant_id, problem.code) for problem in report.problems] == [(tenant, "masked")]
    assert report.problem_count == 1
    assert (await config.reader.secret(tenant, "odoo_password")).value == "parola-nova"


async def test_who_may_and_within_which_reach(config: Transport, tenant: str) -> None:
    content = await exported(config, tenant, clear=True)
    reader = config.reader.acting(person("config:read"))
    assert b"parola-exportada" not in b"".join([chunk async for chunk in reader.export(tenant)])
    with pytest.raises(Forbidden):
        await anext(reader.export(tenant, clear=True))
    elsewhere = config.reader.acting(person("config:read", "secrets:read", tenants=frozenset({"other"})))
    with pytest.raises(NotFound):
        await anext(elsewhere.export(tenant))
    with pytest.raises(Forbidden):
        await config.writer.acting(person("config:read", "config:write")).import_heads(content)
    await config.writer.put(tenant, "retail", "config", "greeting: nada\n")
    beyond = config.writer.acting(person("config:write", "mapping:write", tenants=frozenset({"other"})))
    report: ImportReport = await beyond.import_heads(content)
    assert [problem.code for problem in report.problems] == ["tenant_out_of_reach"]
    assert await config.reader.text(tenant, "retail", "config") == "greeting: nada\n"
    item = await config.writer.acting(person("config:write", "mapping:write")).import_heads(content)
    assert item.documents.written == 1
    newest = (await config.reader.history(tenant, "retail", "config"))[0]
    assert newest.actor.startswith("user:ana")
    assert newest.origin == "import"


async def test_a_file_that_is_not_whole_is_refused_with_its_lines(config: Transport, tenant: str) -> None:
    content = await exported(config, tenant, clear=True)
    await config.writer.put(tenant, "retail", "config", "greeting: nada\n")
    for broken in (b"", b"a: 1\n", content.rpartition(b'{"kind":"end"')[0], content.replace(b"bom dia", b"boa noite")):
        with pytest.raises(Invalid) as caught:
            await config.writer.import_heads(broken)
        assert caught.value.code == "import_refused"
        assert all(fault.line is not None and fault.message for fault in caught.value.faults)
    assert await config.reader.text(tenant, "retail", "config") == "greeting: nada\n"


async def test_there_is_nothing_of_an_unknown_tenant(config: Transport) -> None:
    with pytest.raises(NotFound):
        await anext(config.reader.export("nobody"))
    with pytest.raises(Invalid):
        await anext(config.reader.export("no body"))
