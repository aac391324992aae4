"""Acting for a person, by each way to the service: what both may do, and no more; never from what others read."""

import itertools
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest
from sprintia_testing.clients import Transport

from sprintia_config_client import Conflict, Forbidden, Invalid, NotFound, Person

pytestmark = pytest.mark.anyio

READ, WRITE, MAPPING, SECRETS = "config:read", "config:write", "mapping:write", "secrets:read"
EVERYTHING = (READ, WRITE, MAPPING, SECRETS, "admin", "schemas:write", "users:act", "another:right")
PLANTED = "planted-mark"
_NUMBERS = itertools.count(1)


class Side(NamedTuple):
    """The contract as one person has it."""

    reader: Any
    writer: Any


Call = Callable[[Side, str], Awaitable[object]]


def acting(config: Transport, *rights: str, tenants: set[str] | None = None, name: str = "ana", **more: Any) -> Side:
    reach = None if tenants is None else frozenset(tenants)
    person = Person(name=name, rights=frozenset(rights), tenants=reach, **more)
    return Side(config.reader.acting(person), config.writer.acting(person))


@pytest.fixture
def tenant() -> str:
    """A tenant that no other test knows."""
    return f"acting_{next(_NUMBERS)}"


async def test_history_names_the_person(config: Transport, tenant: str) -> None:
    mine = acting(config, *EVERYTHING, name="ana.b+c@loja.example")
    item = await mine.writer.put(tenant, "retail", "config", "a: 1\n", message="by hand")
    by = "user:ana.b+c@loja.example"
    assert item.actor == (by if config.name == "in-process" else f"{by}/key:bootstrap")
    await config.writer.put(tenant, "retail", "config", "a: 2\n")
    history = await config.reader.history(tenant, "retail", "config")
    assert [(each.version, each.actor.startswith("user:")) for each in history] == [(2, False), (1, True)]
    blamed = await mine.reader.blame(tenant, "retail", "config", 1)
    assert {path.actor for path in blamed.paths} == {item.actor}


READS: dict[str, Call] = {
    "get": lambda s, t: s.reader.get(t, "retail", "config"),
    "heads": lambda s, t: s.reader.heads(t),
    "text": lambda s, t: s.reader.text(t, "retail", "config"),
    "version": lambda s, t: s.reader.version(t, "retail", "config", 1),
    "bundle": lambda s, t: s.reader.bundle(t),
    "bundle then": lambda s, t: s.reader.bundle(t, 1),
    "bundle with layers": lambda s, t: s.reader.bundle(t, layers=True),
    "bundle with origins": lambda s, t: s.reader.bundle(t, layers=True, origins=True),
    "history": lambda s, t: s.reader.history(t, "retail", "config"),
    "diff": lambda s, t: s.reader.diff(t, "retail", "config"),
    "text diff": lambda s, t: s.reader.text_diff(t, "retail", "config"),
    "changes": lambda s, t: s.reader.changes(t),
    "blame": lambda s, t: s.reader.blame(t, "retail", "config"),
    "tenant": lambda s, t: s.reader.tenant(t),
    "search": lambda s, t: s.reader.search("config", tenant=t),
    "values": lambda s, t: s.reader.values("/a", tenant=t),
    "activity": lambda s, t: s.reader.activity(t),
    "deliveries": lambda s, t: s.reader.deliveries(tenant=t),
    "delivery": lambda s, t: s.reader.delivery(t, 1),
    "removed versions": lambda s, t: s.reader.removed_versions(t, "retail", "config"),
    "removed mappings": lambda s, t: s.reader.removed_mapping_versions(t),
    "mapping history": lambda s, t: s.reader.mapping_history(tenant=t),
}
WRITES: dict[str, Call] = {
    "put": lambda s, t: s.writer.put(t, "retail", "config", "a: 9\n"),
    "put with a message": lambda s, t: s.writer.put(t, "retail", "config", "a: 9\n", message="why"),
    "patch": lambda s, t: s.writer.patch(t, "retail", "config", {"a": 9}),
    "delete": lambda s, t: s.writer.delete(t, "retail", "config"),
    "rollback": lambda s, t: s.writer.rollback(t, "retail", "config", 1),
    "validate": lambda s, t: s.reader.validate(t, "retail", "config", "a: 9\n"),
    "replay": lambda s, t: s.writer.replay(t, 1),
}
MAPPINGS: dict[str, Call] = {
    "rollback mapping": lambda s, t: s.writer.rollback_mapping(t, 1),
    "merge mapping": lambda s, t: s.writer.merge_mapping({"accounts": {"1": {"account_id": t, "domain": "retail"}}}),
}


@pytest.mark.parametrize("call", READS)
async def test_reading_needs_the_right(config: Transport, tenant: str, call: str) -> None:
    await config.writer.put(tenant, "retail", "config", "a: 1\n")
    await READS["get" if call == "delivery" else call](Side(config.reader, config.writer), tenant)  # a copy at hand
    with pytest.raises(Forbidden) as caught:
        await READS[call](acting(config, WRITE, SECRETS), tenant)
    assert (caught.value.status, READ in caught.value.detail) == (403, True)


@pytest.mark.parametrize("call", WRITES | MAPPINGS)
async def test_writing_needs_the_right(config: Transport, tenant: str, call: str) -> None:
    item = await config.writer.put(tenant, "retail", "config", "a: 1\n")
    mine = acting(config, READ, SECRETS, MAPPING if call in {"put", "patch"} else READ)
    with pytest.raises(Forbidden):
        await (WRITES | MAPPINGS)[call](mine, tenant)
    assert (await config.reader.history(tenant, "retail", "config"))[0] == item


@pytest.mark.parametrize("call", READS | WRITES | MAPPINGS)
async def test_another_tenant_is_not_there(config: Transport, tenant: str, call: str) -> None:
    item = await config.writer.put(tenant, "retail", "config", "a: 1\n")
    await config.reader.get(tenant, "retail", "config")
    await config.reader.bundle(tenant, layers=True)
    for reach in ({f"{tenant}-other"}, set[str]()):
        mine = acting(config, *EVERYTHING, tenants=reach)
        with pytest.raises(NotFound):
            await (READS | WRITES | MAPPINGS)[call](mine, tenant)
    assert (await config.reader.history(tenant, "retail", "config"))[0] == item


async def test_lists_show_the_persons_tenants_alone(config: Transport, tenant: str) -> None:
    mark = f"mark{next(_NUMBERS)}x"
    other = f"{tenant}-other"
    for each in (tenant, other):
        await config.writer.put(each, "retail", "config", {"mark": mark}, idempotency_key=f"l-{each}")
        number = f"8{next(_NUMBERS)}"
        await config.writer.merge_mapping({"accounts": {number: {"account_id": each, "domain": "retail"}}})
    mine = acting(config, READ, tenants={tenant})
    assert [each.tenant_id for each in (await mine.reader.tenants(text=tenant)).tenants] == [tenant]
    assert [hit.tenant_id for hit in (await mine.reader.search(mark)).hits] == [tenant]
    assert [each.tenant_id for each in (await mine.reader.values("/mark")).items] == [tenant]
    assert {each.tenant_id for each in await mine.reader.deliveries()} == {tenant}
    assert {each.tenant_id for each in await mine.reader.mapping_history()} == {tenant}
    mapping = await mine.reader.mapping()
    assert {entry["account_id"] for entry in mapping["accounts"].values()} == {tenant}
    with pytest.raises(NotFound):
        await mine.reader.resolve(account=number)
    with pytest.raises(NotFound):
        await mine.reader.diff(tenant, "retail", "config", against_tenant=other)


async def test_a_person_replaces_no_other_tenants_mapping(config: Transport, tenant: str) -> None:
    other, number = f"{tenant}-other", f"9{next(_NUMBERS)}"
    await config.writer.merge_mapping({"accounts": {f"{number}1": {"account_id": other, "domain": "retail"}}})
    mine = acting(config, READ, MAPPING, tenants={tenant})
    made = await mine.writer.replace_mapping({"accounts": {f"{number}2": {"account_id": tenant, "domain": "retail"}}})
    assert set(made["accounts"]) == {f"{number}2"}
    whole = await config.reader.mapping()
    assert {f"{number}1", f"{number}2"} <= set(whole["accounts"])  # type: ignore[arg-type]
    newest = (await config.reader.mapping_history(tenant=tenant))[0]
    assert newest.actor.startswith("user:ana")
    with pytest.raises(NotFound):
        await mine.writer.merge_mapping({"accounts": {f"{number}3": {"account_id": other, "domain": "retail"}}})


async def test_without_the_right_secrets_are_masks(config: Transport, tenant: str) -> None:
    await config.writer.put(tenant, "default", "credentials", f"credentials:\n  odoo: {PLANTED}-1\n")
    await config.writer.put(tenant, "default", "credentials", f"credentials:\n  odoo: {PLANTED}-2\n")
    await config.reader.version(tenant, "default", "credentials")
    place = (tenant, "default", "credentials")
    mine = acting(config, READ, WRITE)
    seen = [
        await mine.reader.text(*place), await mine.reader.text(*place, 1), await mine.reader.version(*place),
        await mine.reader.version(*place, 1), await mine.reader.get(*place), await mine.reader.bundle(tenant),
        await mine.reader.bundle(tenant, 1), await mine.reader.text_diff(*place), await mine.reader.diff(*place),
        await mine.reader.values("/credentials", tenant=tenant), await mine.reader.search("odoo", tenant=tenant),
        await mine.reader.validate(*place, f"credentials:\n  odoo: {PLANTED}-2\n"),
    ]  # fmt: skip
    assert PLANTED not in repr(seen)
    assert "$secret" in str(seen[0])
    assert (await mine.reader.diff(*place)).changes == (), "it would tell that a secret changed"
    with pytest.raises(Forbidden):
        await mine.reader.secret(tenant, "odoo")
    written = await mine.writer.put(*place, seen[0], idempotency_key=f"s-{tenant}")
    assert written.version == 2, "a mask keeps what stands"
    revealing = acting(config, READ, SECRETS)
    assert (await revealing.reader.version(*place, 1)).text == f"credentials:\n  odoo: {PLANTED}-1\n"
    assert (await revealing.reader.secret(tenant, "odoo")).value == f"{PLANTED}-2"
    assert PLANTED not in (await revealing.reader.get(*place)).json_text, "documents show masks to everybody"
    assert [change.pointer for change in (await revealing.reader.diff(*place)).changes] == ["/credentials/odoo"]


async def test_reads_are_the_same_as_ones_own(config: Transport, tenant: str) -> None:
    await config.writer.put("_base", f"of-{tenant}", "config", "below: 1\n")
    await config.writer.put(tenant, f"of-{tenant}", "config", "a: 1.10\n")
    mine = acting(config, READ)
    place = (tenant, f"of-{tenant}", "config")
    assert await mine.reader.get(*place) == await config.reader.get(*place)
    assert await mine.reader.bundle(tenant) == await config.reader.bundle(tenant)
    layered = await mine.reader.bundle(tenant, layers=True)
    assert layered == await config.reader.bundle(tenant, layers=True)
    assert await mine.reader.bundle(tenant, 1) == await config.reader.bundle(tenant, 1)
    assert await mine.reader.version(*place) == await config.reader.version(*place)


async def test_what_a_person_writes_all_reads_show(config: Transport, tenant: str) -> None:
    mine = acting(config, READ, WRITE)
    for number in range(3):
        await mine.writer.put(tenant, "retail", "config", f"n: {number}\n")
        assert (await config.reader.get(tenant, "retail", "config")).data == {"n": number}
        assert (await mine.reader.get(tenant, "retail", "config")).data == {"n": number}


async def test_a_repeated_write_is_answered_to_the_same_person_alone(config: Transport, tenant: str) -> None:
    key = f"p-{tenant}"
    first = await acting(config, WRITE).writer.patch(tenant, "retail", "config", {"a": 1}, idempotency_key=key)
    assert await acting(config, WRITE).writer.patch(tenant, "retail", "config", {"a": 1}, idempotency_key=key) == first
    others = acting(config, WRITE, name="rui"), acting(config, WRITE, tenants={tenant}), config
    for other in others:
        with pytest.raises(Conflict):
            await other.writer.patch(tenant, "retail", "config", {"a": 1}, idempotency_key=key)


async def test_acting_twice_only_narrows(config: Transport, tenant: str) -> None:
    await config.writer.put(tenant, "retail", "config", "a: 1\n")
    narrow = acting(config, READ, tenants={f"{tenant}-other"})
    wider = Person(name="rui", rights=frozenset(EVERYTHING))
    with pytest.raises(NotFound):
        await narrow.reader.acting(wider).get(tenant, "retail", "config")
    with pytest.raises(Forbidden):
        await narrow.writer.acting(wider).put(f"{tenant}-other", "retail", "config", "a: 1\n")
    assert await narrow.reader.acting(wider).heads(f"{tenant}-other") == ()


@pytest.mark.parametrize(
    "person",
    [
        {"name": ""}, {"name": "a" * 101}, {"name": "ana/key:root"}, {"name": "ána"}, {"name": "ana\r\nX: 1"},
        {"name": "ana", "rights": frozenset({"*"})}, {"name": "ana", "rights": frozenset({"config:read\n"})},
        {"name": "ana", "tenants": frozenset({"*"})}, {"name": "ana", "tenants": frozenset({"shop,other"})},
        {"name": "ana", "tenants": frozenset({""})},
    ],
)  # fmt: skip
async def test_a_person_who_cannot_be_is_refused_at_once(config: Transport, person: dict[str, Any]) -> None:
    given = Person(**{"rights": frozenset({READ}), **person})
    for service in (config.reader, config.writer):
        with pytest.raises(Invalid) as caught:
            service.acting(given)
        assert caught.value.code == "acting_for_invalid"
        assert caught.value.faults


@pytest.mark.parametrize(("language", "word"), [("pt-BR", "chave"), ("en", "key")])
async def test_texts_are_in_the_persons_language(config: Transport, tenant: str, language: Any, word: str) -> None:
    mine = acting(config, READ, WRITE, language=language)
    found = await mine.reader.validate(tenant, "retail", "config", "a: 1\na: 2\n")
    assert word in found.errors[0].message.lower()
    with pytest.raises(Forbidden) as caught:
        await mine.reader.secret(tenant, "odoo")
    assert {"pt-BR": "direito", "en": "right"}[language] in caught.value.detail
