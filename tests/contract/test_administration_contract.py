"""What people who look after tenants read and do, by each way to the service: in-process, ASGI, a real server."""

import itertools
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import anyio
import pytest
from sprintia_testing.clients import Transport, eventually
from sprintia_testing.databases import TestDatabases

from sprintia_config_client import (
    ConfigError,
    Conflict,
    Counts,
    Delivery,
    Invalid,
    NotFound,
    RemovedVersions,
    Unavailable,
)

pytestmark = pytest.mark.anyio

Call = Callable[[Transport, str], Awaitable[object]]
_NUMBERS = itertools.count(1)
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def tenant() -> str:
    """A tenant that no other test knows."""
    return f"admin_{next(_NUMBERS)}"


async def test_a_version_is_read_whole(config: Transport, tenant: str) -> None:
    text = f"# why\nprice: 1.10\nname: '{HOSTILE}'\n"
    made = await config.writer.put(tenant, "retail", "config", text, message="first")
    await config.writer.put(tenant, "retail", "config", {"price": 2})
    old = await config.reader.version(tenant, "retail", "config", 1)
    assert (old.tenant_id, old.domain, old.config_type, old.version, old.revision) == (tenant, "retail", "config", 1, 1)
    assert (old.text, old.message, old.origin, old.deleted) == (text, "first", "api", False)
    assert (old.digest, old.created_at, old.actor) == (made.digest, made.created_at, made.actor)
    assert old.updated_at == old.created_at
    assert old.data == {"price": Decimal("1.10"), "name": HOSTILE}
    standing = await config.reader.version(tenant, "retail", "config")
    assert (standing.version, standing.data, standing.message) == (2, {"price": 2}, "")
    with pytest.raises(Conflict):
        await config.writer.put(tenant, "retail", "config", "a: 1\n", expected=old)
    await config.writer.put(tenant, "retail", "config", "a: 1\n", expected=standing)


async def test_a_message_says_why(config: Transport, tenant: str) -> None:
    text, why = "a: 1 # kept to the byte\n", "é por isto"
    item = await config.writer.put(tenant, "retail", "config", text, message=why, idempotency_key=f"m-{tenant}")
    assert item.message == why
    again = await config.writer.put(tenant, "retail", "config", text, message=why, idempotency_key=f"m-{tenant}")
    assert again == item
    assert await config.reader.text(tenant, "retail", "config") == text
    assert (await config.reader.history(tenant, "retail", "config"))[0] == item
    item = await config.writer.put(tenant, "retail", "config", "a: 2\n", message="x" * 500)
    assert item.message == "x" * 500
    with pytest.raises(Conflict):
        await config.writer.put(tenant, "retail", "config", "a: 3\n", message="late", expected=again)


async def test_history_says_how_much_changed(config: Transport, tenant: str) -> None:
    for text in ("a: 1\nb: 2\n", "a: 1\nb: 3\nc: 4\n", "b: 3\nc: 4\n"):
        await config.writer.put(tenant, "retail", "config", text)
    plain = await config.reader.history(tenant, "retail", "config")
    counted = await config.reader.history(tenant, "retail", "config", counts=True)
    assert [item.counts for item in plain] == [None] * 3
    assert [item.version for item in counted] == [3, 2, 1]
    assert counted[0].counts == Counts(removed=1)
    assert counted[1].counts == Counts(added=1, changed=1)
    first = await config.reader.history(tenant, "retail", "config", counts=True, before=3, limit=1)
    assert first[0] == counted[1], "the version before it is not on the page"


async def test_the_text_of_two_versions_is_compared(config: Transport, tenant: str) -> None:
    await config.writer.put(tenant, "retail", "config", "a: 1 # one\nb: 2\n")
    await config.writer.put(tenant, "retail", "config", "a: 1 # two\nb: 2\n")
    found = await config.reader.text_diff(tenant, "retail", "config", 1, 2)
    assert found.complete
    lines = found.text.splitlines()
    assert "-a: 1 # one" in lines
    assert "+a: 1 # two" in lines
    assert found == await config.reader.text_diff(tenant, "retail", "config")
    assert (await config.reader.text_diff(tenant, "retail", "config", 1, 1)).text == ""
    assert (await config.reader.diff(tenant, "retail", "config")).changes == (), "only a comment differs"


async def test_two_tenants_are_compared(config: Transport, tenant: str) -> None:
    other = f"{tenant}-other"
    await config.writer.put(tenant, "retail", "config", "a: 1\nb: 2\n")
    await config.writer.put(other, "health", "config", "a: 1\nb: 3\n")
    found = await config.reader.diff(tenant, "retail", "config", against_tenant=other, against_domain="health")
    assert [(change.pointer, change.old_text, change.new_text) for change in found.changes] == [("/b", "3", "2")]
    text = await config.reader.text_diff(tenant, "retail", "config", against_tenant=other, against_domain="health")
    assert "-b: 3" in text.text.splitlines()
    with pytest.raises(NotFound):
        await config.reader.diff(tenant, "retail", "config", against_tenant=other)


async def test_who_set_what(config: Transport, tenant: str) -> None:
    await config.writer.put(tenant, "retail", "config", {"a": 1, "b": 2})
    second = await config.writer.patch(tenant, "retail", "config", {"b": 3})
    await config.writer.put(tenant, "default", "credentials", {"credentials": {"x": "planted-mark"}})
    found = await config.reader.blame(tenant, "retail", "config")
    assert (found.version, found.oldest_version_read, found.complete) == (2, 1, True)
    by_pointer = {path.pointer: path for path in found.paths}
    assert {pointer: path.version for pointer, path in by_pointer.items()} == {"/a": 1, "/b": 2}
    path = by_pointer["/b"]
    assert (path.revision, path.created_at, path.actor, path.origin, path.secret) == (
        second.revision, second.created_at, second.actor, "api", False,
    )  # fmt: skip
    assert {path.version for path in (await config.reader.blame(tenant, "retail", "config", 1)).paths} == {1}
    secrets = await config.reader.blame(tenant, "default", "credentials")
    assert [(path.pointer, path.secret) for path in secrets.paths] == [("/credentials/x", True)]


async def test_what_a_write_would_do(config: Transport, tenant: str) -> None:
    new = await config.reader.validate(tenant, "retail", "config", "a: 1\n")
    assert (new.valid, new.result, new.version, new.current_version) == (True, "created", 1, None)
    await config.writer.put(tenant, "retail", "config", "a: 1\nb: 2\n")
    replaced = await config.reader.validate(tenant, "retail", "config", "a: 1.10\n")
    assert (replaced.result, replaced.version, replaced.current_version) == ("changed", 2, 1)
    assert replaced.counts == Counts(changed=1, removed=1)
    assert {(each.operation, each.pointer, each.new_text) for each in replaced.changes} == {
        ("changed", "/a", "1.10"), ("removed", "/b", None),
    }  # fmt: skip
    patched = await config.reader.validate(tenant, "retail", "config", {"c": Decimal("1.10")})
    assert [(each.operation, each.pointer, each.new_text) for each in patched.changes] == [("added", "/c", "1.10")]
    assert (await config.reader.validate(tenant, "retail", "config", "a: 1\nb: 2\n")).result == "identical"
    broken = await config.reader.validate(tenant, "retail", "config", "a: 1\na: 2\n")
    assert (broken.valid, broken.result, broken.errors[0].line) == (False, "refused", 2)
    assert [item.version for item in await config.reader.history(tenant, "retail", "config")] == [1]


async def test_tenants_are_listed_page_by_page(config: Transport, tenant: str) -> None:
    names = [f"{tenant}-{letter}" for letter in "abc"]
    for name in names:
        await config.writer.put(name, "retail", "config", "a: 1\n")
    first = await config.reader.tenants(text=f"{tenant}-", limit=2)
    assert [each.tenant_id for each in first.tenants] == names[:2]
    assert first.next == names[1]
    last = await config.reader.tenants(text=f"{tenant}-", after=first.next, limit=2)
    assert ([each.tenant_id for each in last.tenants], last.next) == (names[2:], None)
    whole = await config.reader.tenants(text=f"{tenant}-", limit=3)
    assert (len(whole.tenants), whole.next) == (3, None)
    assert (await config.reader.tenants(text="no-such-tenant")).tenants == ()
    assert (await config.reader.tenants(text="%")).tenants == (), "a pattern is a text like any other"
    one = whole.tenants[0]
    assert (one.revision, one.documents, one.delivery_outcome) == (1, 1, "applied")
    assert one.changed_at == (await config.reader.heads(names[0]))[0].created_at


async def test_a_tenant_at_a_glance(config: Transport, tenant: str) -> None:
    with pytest.raises(NotFound):
        await config.reader.tenant(tenant)
    await config.writer.put(tenant, "retail", "config", "a: 1\n", idempotency_key=f"g-{tenant}")
    found = await config.reader.tenant(tenant)
    assert (found.tenant_id, found.revision, found.documents, found.delivery_outcome) == (tenant, 1, 1, "applied")
    (source,) = found.sources
    (delivery,) = await config.reader.deliveries(tenant=tenant)
    assert (source.sender, source.route, source.event) == (delivery.sender, delivery.route, None)
    assert (source.last_at, source.last_outcome, source.last_applied_at) == (
        delivery.received_at, "applied", delivery.received_at,
    )  # fmt: skip


async def test_documents_are_found_by_what_they_hold(config: Transport, tenant: str) -> None:
    mark = f"mark{next(_NUMBERS)}x"
    await config.writer.put(tenant, "retail", "config", {"shop": {"name": f"{HOSTILE} {mark}", mark: 1}})
    await config.writer.put(tenant, "retail", "other", {"shop": mark})
    await config.writer.put(tenant, "default", "credentials", {"credentials": {"a": f"secret{mark}"}})
    found = await config.reader.search(mark)
    assert [(hit.domain, hit.config_type, hit.in_ids) for hit in found.hits] == [
        ("retail", "config", False), ("retail", "other", False),
    ]  # fmt: skip
    assert {(match.pointer, match.found_in) for match in found.hits[0].matches} == {
        ("/shop/name", "value"), (f"/shop/{mark}", "path"),
    }  # fmt: skip
    assert HOSTILE in found.hits[0].matches[0].snippet
    first = await config.reader.search(mark, tenant=tenant, limit=1)
    assert [hit.config_type for hit in first.hits] == ["config"]
    rest = await config.reader.search(mark, tenant=tenant, limit=1, after=first.next)
    assert [hit.config_type for hit in rest.hits] == ["other"]
    assert [hit.config_type for hit in (await config.reader.search(path=mark)).hits] == ["config"]
    both = await config.reader.search(path="shop", value=mark, tenant=tenant, config_type="other")
    assert [hit.config_type for hit in both.hits] == ["other"]
    assert (await config.reader.search(mark, domain="health")).hits == ()


async def test_one_value_of_all(config: Transport, tenant: str) -> None:
    kind = f"type_{tenant}"
    for name, content in (("a", {"x": {"y/z": Decimal("1.10")}}), ("b", {"x": {"y/z": [1]}}), ("c", {"x": 1})):
        await config.writer.put(f"{tenant}-{name}", "retail", kind, content)
    found = await config.reader.values("/x/y~1z", config_type=kind)
    assert [(each.tenant_id, each.value_text) for each in found.items] == [
        (f"{tenant}-a", "1.10"), (f"{tenant}-b", "[1]"),
    ]  # fmt: skip
    first = await config.reader.values("/x/y~1z", config_type=kind, limit=1)
    assert ([each.tenant_id for each in first.items], first.next is None) == ([f"{tenant}-a"], False)
    rest = await config.reader.values("/x/y~1z", config_type=kind, limit=1, after=first.next)
    assert [each.tenant_id for each in rest.items] == [f"{tenant}-b"]
    only = await config.reader.values("/x", config_type=kind, tenant=f"{tenant}-c")
    assert [each.value_text for each in only.items] == ["1"]
    assert [each.tenant_id for each in (await config.reader.values("/x", text=f"{tenant}-c")).items] == [f"{tenant}-c"]
    await config.writer.put(tenant, "default", "credentials", {"credentials": {"a": "planted-mark"}})
    (masked,) = (await config.reader.values("/credentials/a", tenant=tenant)).items
    assert json.loads(masked.value_text) == {"$secret": "a", "set": True}


async def test_changes_by_day(config: Transport, tenant: str) -> None:
    assert await config.reader.activity(tenant) == ()
    await config.writer.put(tenant, "retail", "config", "a: 1\n")
    await config.writer.put(tenant, "retail", "config", "a: 2\n")
    await config.writer.rollback(tenant, "retail", "config", 1)
    days = await config.reader.activity(tenant, days=7, zone="UTC")
    assert sum(day.changes for day in days) == 3
    assert all(isinstance(day.day, date) and abs((datetime.now(UTC).date() - day.day).days) <= 1 for day in days)
    assert {origin for day in days for origin in day.by_origin} == {"api", "rollback"}
    far = await config.reader.activity(tenant, zone="Pacific/Kiritimati")
    assert sum(day.changes for day in far) == 3


def set_schema(url: str, config_type: str, version: int, mode: str, schema: dict[str, Any]) -> None:
    TestDatabases.run(
        url,
        "INSERT INTO config.document_schema (config_type, version, mode, schema, deleted, actor, message) "
        "VALUES ($1, $2, $3, $4, false, 'test', 'why')",
        config_type, version, mode, json.dumps(schema),
    )  # fmt: skip


async def test_schemas(config: Transport, installation: dict[str, str], tenant: str) -> None:
    kind = f"schema_{tenant}"
    with pytest.raises(NotFound):
        await config.reader.schema(kind)
    url = installation["DATABASE_URL"]
    await anyio.to_thread.run_sync(set_schema, url, kind, 1, "warn", {"required": ["name"]})
    found = await config.reader.schema(kind)
    assert (found.config_type, found.version, found.mode) == (kind, 1, "warn")
    assert (found.actor, found.message) == ("test", "why")
    assert json.loads(found.schema_text) == {"required": ["name"]}
    assert found in await config.reader.schemas()


async def quarantined(config: Transport, url: str, tenant: str, kind: str) -> Delivery:
    """Have a document set aside; return the delivery that lists it."""
    await config.writer.put(tenant, "retail", kind, "n: 0\n")
    await anyio.to_thread.run_sync(set_schema, url, kind, 1, "quarantine", {"required": ["name"]})

    async def is_set_aside() -> bool:
        try:
            await config.writer.put(tenant, "retail", kind, f"n: {next(_NUMBERS)}\n")
        except Invalid:
            return True
        return False

    await eventually(is_set_aside, "the schema")
    return (await config.reader.deliveries(tenant=tenant, outcome="quarantined", limit=1))[0]


async def test_a_delivery_is_replayed(config: Transport, installation: dict[str, str], tenant: str) -> None:
    kind, url = f"kind_{tenant}", installation["DATABASE_URL"]
    delivery = await quarantined(config, url, tenant, kind)
    assert (delivery.tenant_id, delivery.status, delivery.replayable, delivery.replay_of) == (tenant, 202, True, None)
    assert [fault.pointer for fault in delivery.faults] == ["/name"]
    assert await config.reader.delivery(tenant, delivery.id) == delivery
    again = await config.writer.replay(tenant, delivery.id, dry_run=True)
    assert (again.outcome, again.status, [fault.pointer for fault in again.faults]) == ("quarantined", 202, ["/name"])
    assert again.reason
    await anyio.to_thread.run_sync(set_schema, url, kind, 2, "quarantine", {})

    async def would_apply() -> bool:
        return (await config.writer.replay(tenant, delivery.id, dry_run=True)).outcome == "applied"

    await eventually(would_apply, "the mended schema")
    preview = await config.writer.replay(tenant, delivery.id, dry_run=True)
    assert [(each.operation, each.domain, each.config_type) for each in preview.changes] == [
        ("changed", "retail", kind)
    ]
    assert (await config.reader.delivery(tenant, delivery.id)).replayable, "a dry run leaves no trace"
    done = await config.writer.replay(tenant, delivery.id, idempotency_key=f"r-{tenant}")
    assert (done.outcome, done.status, done.version) == ("applied", 200, preview.version)
    assert await config.writer.replay(tenant, delivery.id, idempotency_key=f"r-{tenant}") == done
    assert (await config.reader.get(tenant, "retail", kind)).version == done.version
    with pytest.raises(Conflict) as caught:
        await config.writer.replay(tenant, delivery.id)
    assert caught.value.code == "delivery_replayed"
    newest = (await config.reader.deliveries(tenant=tenant, limit=1))[0]
    assert (newest.replay_of, newest.outcome) == (delivery.id, "applied")
    settled = await config.reader.delivery(tenant, delivery.id)
    assert (settled.replayable, settled.replayed_by, newest.replayed_by) == (False, newest.id, None)
    older = await config.reader.deliveries(tenant=tenant, before=newest.id)
    assert delivery.id in {each.id for each in older}
    assert newest.id not in {each.id for each in older}


async def test_what_made_a_revision(config: Transport, tenant: str) -> None:
    for number in range(5):
        written = await config.writer.put(
            tenant, "retail", "config", f"a: {number // 2}\n", idempotency_key=f"w{number}-{tenant}"
        )
    assert written.revision == 3, "two of them changed nothing"
    made = await config.reader.deliveries(tenant=tenant, revisions=[1, 3, 99])
    assert [(each.revision, each.delivery_id) for each in made] == [(3, f"w4-{tenant}"), (1, f"w0-{tenant}")]
    assert await config.reader.deliveries(tenant=tenant, revisions=[1, 3], limit=1) == made[:1]
    assert await config.reader.deliveries(tenant=tenant, revisions=[1, 3], before=made[0].id) == made[1:]
    assert await config.reader.deliveries(tenant=tenant, revisions=[1], outcome="identical") == ()
    assert await config.reader.deliveries(tenant=tenant, revisions=[]) == ()


async def test_what_was_removed(config: Transport, installation: dict[str, str], tenant: str) -> None:
    await config.writer.put(tenant, "retail", "config", "a: 1\n")
    assert await config.reader.removed_versions(tenant, "retail", "config") == ()
    assert await config.reader.removed_mapping_versions(tenant) == ()
    statement = "INSERT INTO config.removed_versions VALUES ($1, $2, $3, $4, $5, '2026-01-01Z', '2026-01-02Z')"
    for given in (("retail", "config", 3, 5), ("retail", "config", 1, 1), ("retail", "other", 7, 7), ("", "", 8, 9)):
        TestDatabases.run(installation["DATABASE_URL"], statement, tenant, *given)
    times = {"first_removed_at": datetime(2026, 1, 1, tzinfo=UTC), "last_removed_at": datetime(2026, 1, 2, tzinfo=UTC)}
    assert await config.reader.removed_versions(tenant, "retail", "config") == (
        RemovedVersions(first=3, last=5, **times), RemovedVersions(first=1, last=1, **times),
    )  # fmt: skip
    assert await config.reader.removed_mapping_versions(tenant) == (RemovedVersions(first=8, last=9, **times),)


async def test_a_part_of_the_mapping_comes_back(config: Transport, tenant: str) -> None:
    def accounts(mapping: dict[str, Any]) -> set[str]:
        return {account for account, entry in mapping["accounts"].items() if entry["account_id"] == tenant}

    number = f"7{next(_NUMBERS)}"
    entry = {"account_id": tenant, "domain": "retail"}
    await config.writer.merge_mapping({"accounts": {f"{number}1": entry}})
    await config.writer.merge_mapping({"accounts": {f"{number}2": entry}})
    second, first = await config.reader.mapping_history(tenant=tenant)
    assert (second.version, first.version, first.tenant_id) == (2, 1, tenant)
    assert set(json.loads(first.mapping_text)["accounts"]) == {f"{number}1"}
    assert await config.reader.mapping_history(tenant=tenant, before=second.id) == (first,)
    assert second in await config.reader.mapping_history()
    key = f"map-{tenant}"
    back = await config.writer.rollback_mapping(tenant, 1, message="a mistake", idempotency_key=key)
    assert accounts(back) == {f"{number}1"} == accounts(await config.reader.mapping())
    await config.writer.merge_mapping({"accounts": {f"{number}3": entry}})
    assert accounts(await config.writer.rollback_mapping(tenant, 1, message="a mistake", idempotency_key=key)) == {
        f"{number}1"
    }
    assert accounts(await config.reader.mapping()) == {f"{number}1", f"{number}3"}, "repeated, it happened again"
    third = (await config.reader.mapping_history(tenant=tenant))[1]
    assert (third.origin, third.message) == ("rollback", "a mistake")


FAILURES: list[tuple[str, type[ConfigError], Call]] = [
    ("version unknown", NotFound, lambda c, t: c.reader.version(t, "retail", "nothing")),
    ("version 99", NotFound, lambda c, t: c.reader.version(t, "retail", "config", 99)),
    ("version 0", NotFound, lambda c, t: c.reader.version(t, "retail", "config", 0)),
    ("version of dots", Invalid, lambda c, t: c.reader.version(t, "..", "config", 1)),
    ("text diff of no version", NotFound, lambda c, t: c.reader.text_diff(t, "retail", "config", 99)),
    ("text diff of version 0", Invalid, lambda c, t: c.reader.text_diff(t, "retail", "config", 0)),
    ("against and from", Invalid, lambda c, t: c.reader.diff(t, "retail", "config", 1, against_tenant=t)),
    ("against dots", Invalid, lambda c, t: c.reader.diff(t, "retail", "config", against_tenant="..")),
    ("blame unknown", NotFound, lambda c, t: c.reader.blame(t, "retail", "nothing")),
    ("blame version 0", Invalid, lambda c, t: c.reader.blame(t, "retail", "config", 0)),
    ("validate no JSON", Invalid, lambda c, t: c.reader.validate(t, "retail", "config", {"a": object()})),
    ("no tenant", NotFound, lambda c, _: c.reader.tenant("no-such-tenant")),
    ("tenant elsewhere", Invalid, lambda c, _: c.reader.tenant("../keys")),
    ("no tenants", Invalid, lambda c, _: c.reader.tenants(limit=0)),
    ("too many tenants", Invalid, lambda c, _: c.reader.tenants(limit=501)),
    ("tenants after dots", Invalid, lambda c, _: c.reader.tenants(after="..")),
    ("search nothing", Invalid, lambda c, _: c.reader.search()),
    ("search a letter", Invalid, lambda c, _: c.reader.search("a")),
    ("search after nonsense", Invalid, lambda c, _: c.reader.search("abc", after="nonsense")),
    ("search too many", Invalid, lambda c, _: c.reader.search("abc", limit=101)),
    ("no pointer", Invalid, lambda c, _: c.reader.values("x")),
    ("a bad escape", Invalid, lambda c, _: c.reader.values("/x~2")),
    ("values after nonsense", Invalid, lambda c, _: c.reader.values("/x", after="nonsense")),
    ("no such zone", Invalid, lambda c, t: c.reader.activity(t, zone="Mars/Phobos")),
    ("zone is a path", Invalid, lambda c, t: c.reader.activity(t, zone="../../etc/passwd")),
    ("no days", Invalid, lambda c, t: c.reader.activity(t, days=0)),
    ("no such outcome", Invalid, lambda c, _: c.reader.deliveries(outcome="eaten")),
    ("no deliveries", Invalid, lambda c, _: c.reader.deliveries(limit=0)),
    ("revisions of nobody", Invalid, lambda c, _: c.reader.deliveries(revisions=[1])),
    ("too many revisions", Invalid, lambda c, t: c.reader.deliveries(tenant=t, revisions=range(201))),
    ("a revision below all", Invalid, lambda c, t: c.reader.deliveries(tenant=t, revisions=[-1])),
    ("a revision above all", Invalid, lambda c, t: c.reader.deliveries(tenant=t, revisions=[2**63])),
    ("a revision of 90 digits", Invalid, lambda c, t: c.reader.deliveries(tenant=t, revisions=[10**90])),
    ("delivery unknown", NotFound, lambda c, t: c.reader.delivery(t, 2**40)),
    ("delivery of dots", Invalid, lambda c, _: c.reader.delivery("..", 1)),
    ("replay unknown", NotFound, lambda c, t: c.writer.replay(t, 2**40)),
    ("removed of dots", Invalid, lambda c, _: c.reader.removed_versions("..", "retail", "config")),
    ("removed mappings of dots", Invalid, lambda c, _: c.reader.removed_mapping_versions("..")),
    ("mapping history of dots", Invalid, lambda c, _: c.reader.mapping_history(tenant="..")),
    ("mapping history without end", Invalid, lambda c, _: c.reader.mapping_history(limit=100_000)),
    ("roll back no mapping", NotFound, lambda c, t: c.writer.rollback_mapping(t, 99)),
    ("roll back mapping to 0", Invalid, lambda c, t: c.writer.rollback_mapping(t, 0)),
    ("schema unknown", NotFound, lambda c, _: c.reader.schema("nothing")),
    ("schema elsewhere", Invalid, lambda c, _: c.reader.schema("../../keys")),
    ("message too long", Invalid, lambda c, t: c.writer.put(t, "retail", "config", "a: 2\n", message="x" * 501)),
    ("message beside JSON", Invalid, lambda c, t: c.writer.put(t, "retail", "config", {"a": 2}, message="x")),
    ("message too long (back)", Invalid, lambda c, t: c.writer.rollback(t, "retail", "config", 1, message="x" * 501)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "call"), [pytest.param(kind, call, id=name) for name, kind, call in FAILURES])
async def test_a_failure_has_its_type(config: Transport, tenant: str, kind: type[ConfigError], call: Call) -> None:
    await config.writer.put(tenant, "retail", "config", "a: 1\n")
    with pytest.raises(ConfigError) as caught:
        await call(config, tenant)
    assert type(caught.value) is kind, caught.value
    assert not isinstance(caught.value, Unavailable)
    assert caught.value.detail
    assert (await config.reader.get(tenant, "retail", "config")).data == {"a": 1}, "a refused request changed something"
