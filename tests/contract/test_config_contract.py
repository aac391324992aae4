"""What `ConfigReader` and `ConfigWriter` promise, held by each way to the service: in-process, ASGI, a real server."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest
from sprintia_testing.clients import Transport, methods_of

from sprintia_config_client import (
    ABSENT,
    ConfigError,
    ConfigReader,
    ConfigWriter,
    Conflict,
    Invalid,
    NotFound,
    Unavailable,
    pin,
)
from sprintia_config_client.routing import resolve_in

pytestmark = pytest.mark.anyio

Call = Callable[[Transport, str], Awaitable[object]]
_NUMBERS = itertools.count(1)
PLACES = (("retail", "config"), ("default", "metadata"))


@pytest.fixture
def tenant() -> str:
    """A tenant that no other test knows."""
    return f"account_{next(_NUMBERS)}"


async def test_a_document_reads_as_it_was_written(config: Transport, tenant: str) -> None:
    text = "# greeting\nbig: 9007199254740993\nprice: 1.10\nopens: 18:00\nyes: no\n"
    written = await config.writer.put(tenant, "retail", "config", text)
    read = await config.reader.get(tenant, "retail", "config")
    assert (read.tenant_id, read.domain, read.config_type, read.version, read.revision) == (
        tenant, "retail", "config", 1, 1,
    )  # fmt: skip
    assert (read.digest, read.created_at) == (written.digest, written.created_at)
    assert read.json_text == '{"big":9007199254740993,"price":1.10,"opens":"18:00","yes":"no"}'
    assert read.data == {"big": 9007199254740993, "price": Decimal("1.10"), "opens": "18:00", "yes": "no"}
    assert str(read.data["price"]) == "1.10"
    assert read.stale_for is None
    assert await config.reader.text(tenant, "retail", "config") == text


async def test_a_mapping_is_written_as_json_to_the_digit(config: Transport, tenant: str) -> None:
    content = {"price": Decimal("1.10"), "big": 10**25, "list": [1, None, True, "é"]}
    await config.writer.put(tenant, "retail", "config", content)
    assert (await config.reader.get(tenant, "retail", "config")).data == content
    assert '"price":1.10' in await config.reader.text(tenant, "retail", "config")


async def test_what_is_no_mapping_is_shown_within_one(config: Transport, tenant: str) -> None:
    await config.writer.put(tenant, "retail", "list", "- 1\n- 2\n")
    await config.writer.put(tenant, "retail", "empty", "")
    assert (await config.reader.get(tenant, "retail", "list")).data == {"data": [1, 2]}
    assert (await config.reader.get(tenant, "retail", "empty")).data == {"data": None}


async def test_reads_show_what_was_just_written(config: Transport, tenant: str) -> None:
    for number in range(5):
        await config.writer.put(tenant, "retail", "config", f"n: {number}\n")
        assert (await config.reader.get(tenant, "retail", "config")).data == {"n": number}


async def test_identical_content_makes_no_version(config: Transport, tenant: str) -> None:
    first = await config.writer.put(tenant, "retail", "config", "a: 1\n")
    assert await config.writer.put(tenant, "retail", "config", "a: 1\n") == first


async def test_a_patch_merges(config: Transport, tenant: str) -> None:
    await config.writer.put(tenant, "retail", "config", {"a": {"b": 1, "c": 2}, "d": 3})
    item = await config.writer.patch(tenant, "retail", "config", {"a": {"b": None, "e": 5}})
    assert item.version == 2
    assert (await config.reader.get(tenant, "retail", "config")).data == {"a": {"c": 2, "e": 5}, "d": 3}


async def test_many_patches_at_once_lose_nothing(config: Transport, tenant: str) -> None:
    await asyncio.gather(*(config.writer.patch(tenant, "retail", "config", {f"k{n}": n}) for n in range(12)))
    assert (await config.reader.get(tenant, "retail", "config")).data == {f"k{n}": n for n in range(12)}


async def test_delete_and_rollback(config: Transport, tenant: str) -> None:
    await config.writer.put(tenant, "retail", "config", "a: 1\n")
    deleted = await config.writer.delete(tenant, "retail", "config")
    assert (deleted.version, deleted.deleted) == (2, True)
    with pytest.raises(NotFound):
        await config.reader.get(tenant, "retail", "config")
    with pytest.raises(NotFound):
        await config.reader.text(tenant, "retail", "config")
    back = await config.writer.rollback(tenant, "retail", "config", 1, message="a mistake")
    assert (back.version, back.deleted, back.origin, back.message) == (3, False, "rollback", "a mistake")
    assert (await config.reader.get(tenant, "retail", "config")).data == {"a": 1}
    history = await config.reader.history(tenant, "retail", "config")
    assert [(item.version, item.deleted) for item in history] == [(3, False), (2, True), (1, False)]
    assert history[0] == back
    assert [item.version for item in await config.reader.history(tenant, "retail", "config", before=3, limit=1)] == [2]


async def test_an_old_version_has_its_text(config: Transport, tenant: str) -> None:
    await config.writer.put(tenant, "retail", "config", "a: 1 # first\n")
    await config.writer.put(tenant, "retail", "config", "a: 2\n")
    assert await config.reader.text(tenant, "retail", "config", 1) == "a: 1 # first\n"


async def test_what_differs(config: Transport, tenant: str) -> None:
    await config.writer.put(tenant, "retail", "config", "a: 1.10\nlist: [1, 2, 3]\nold: x\n")
    await config.writer.put(tenant, "retail", "config", "list: [3, 1, 2]\na: 1.1\nnew: null\n")
    found = await config.reader.diff(tenant, "retail", "config", 1, 2)
    assert (found.from_version, found.to_version, found.complete, found.more) == (1, 2, True, False)
    assert {
        (each.operation, each.pointer, each.old_pointer, each.old_text, each.new_text) for each in found.changes
    } == {
        ("changed", "/a", None, "1.10", "1.1"),
        ("moved", "/list/0", "/list/2", None, None),
        ("removed", "/old", None, '"x"', None),
        ("added", "/new", None, None, "null"),
    }
    assert found == await config.reader.diff(tenant, "retail", "config")
    first = await config.reader.diff(tenant, "retail", "config", to_version=1)
    assert (first.from_version, first.changes[0].operation, first.changes[0].pointer) == (None, "added", "")


async def test_that_a_secret_differs(config: Transport, tenant: str) -> None:
    await config.writer.put(tenant, "default", "credentials", {"credentials": {"a": "planted-mark", "b": "x"}})
    await config.writer.put(tenant, "default", "credentials", {"credentials": {"a": "planted-more", "b": "x"}})
    found = await config.reader.diff(tenant, "default", "credentials")
    assert [(change.operation, change.pointer, change.secret) for change in found.changes] == [
        ("changed", "/credentials/a", True)
    ]
    assert "planted" not in repr(found)


async def test_a_write_on_what_was_read(config: Transport, tenant: str) -> None:
    await config.writer.put(tenant, "retail", "config", "a: 1\n", expected=ABSENT)
    read = await config.reader.get(tenant, "retail", "config")
    item = await config.writer.put(tenant, "retail", "config", "a: 2\n", expected=read)
    for expected in (read, ABSENT):
        with pytest.raises(Conflict) as caught:
            await config.writer.patch(tenant, "retail", "config", {"a": 3}, expected=expected)
        assert caught.value.current_version == 2
    await config.writer.delete(tenant, "retail", "config", expected=item)


async def test_a_repeated_write_happens_once(config: Transport, tenant: str) -> None:
    key = f"once-{tenant}"
    first = await config.writer.patch(tenant, "retail", "config", {"a": 1}, idempotency_key=key)
    await config.writer.patch(tenant, "retail", "config", {"a": 2})
    assert await config.writer.patch(tenant, "retail", "config", {"a": 1}, idempotency_key=key) == first
    assert (await config.reader.get(tenant, "retail", "config")).data == {"a": 2}
    with pytest.raises(Conflict):
        await config.writer.patch(tenant, "retail", "config", {"a": 3}, idempotency_key=key)


async def test_heads_and_bundle(config: Transport, tenant: str) -> None:
    await config.writer.put(tenant, "retail", "config", "a: 1\n")
    await config.writer.put(tenant, "default", "metadata", "b: 1\n")
    heads = await config.reader.heads(tenant)
    assert [(head.domain, head.config_type) for head in heads] == [("default", "metadata"), ("retail", "config")]
    assert [head.domain for head in await config.reader.heads(tenant, "retail")] == ["retail"]
    bundle = await config.reader.bundle(tenant)
    assert bundle.revision == 2
    assert [document.config_type for document in bundle.documents] == ["metadata", "config"]
    assert bundle.mapping_text is None
    assert await config.reader.get(tenant, "retail", "config") == bundle.documents[1]


async def test_sizes_are_of_the_text_as_it_was_received(config: Transport, tenant: str) -> None:
    texts = {"config": "a: ção # 1\n", "credentials": "credentials:\n  odoo: ção\n"}
    for config_type, text in texts.items():
        await config.writer.put(tenant, "retail", config_type, text)
    sizes = {head.config_type: head.size for head in await config.reader.heads(tenant, details=True)}
    assert sizes == {config_type: len(text.encode()) for config_type, text in texts.items()}
    assert {head.size for head in await config.reader.heads(tenant)} == {None}


async def test_details_of_heads_say_who_changed_them_and_what_was_deleted(config: Transport, tenant: str) -> None:
    for config_type in ("config", "gone"):
        await config.writer.put(tenant, "retail", config_type, "a: 1\n")
    deletion = await config.writer.delete(tenant, "retail", "gone")
    plain = await config.reader.heads(tenant)
    assert [(head.config_type, head.deleted, head.actor) for head in plain] == [("config", None, None)]
    stands, gone = await config.reader.heads(tenant, details=True)
    assert (stands.config_type, stands.version, stands.deleted) == ("config", 1, False)
    assert (gone.config_type, gone.version, gone.deleted, gone.size) == ("gone", deletion.version, True, 0)
    assert (gone.actor, gone.origin, gone.updated_at) == (deletion.actor, deletion.origin, deletion.created_at)


async def test_an_unknown_tenant_has_nothing(config: Transport, tenant: str) -> None:
    assert await config.reader.heads(tenant) == ()
    assert await config.reader.history(tenant, "retail", "config") == ()
    bundle = await config.reader.bundle(tenant)
    assert (bundle.revision, bundle.documents) == (0, ())
    with pytest.raises(NotFound) as caught:
        await config.reader.get(tenant, "retail", "config")
    assert caught.value.code == "document_not_found"


async def test_secrets_are_masked_but_one_by_one(config: Transport, tenant: str) -> None:
    await config.writer.put(tenant, "default", "credentials", "credentials:\n  odoo: planted-mark\n  pin: 1.10\n")
    document = await config.reader.get(tenant, "default", "credentials")
    assert "planted-mark" not in document.json_text
    assert document.data["credentials"]["odoo"] == {"$secret": "odoo", "set": True}  # type: ignore[index,call-overload]
    secret = await config.reader.secret(tenant, "odoo")
    assert (secret.domain, secret.version, secret.value) == ("default", 1, "planted-mark")
    assert "planted-mark" not in repr(secret)
    assert str((await config.reader.secret(tenant, "pin", "default")).value) == "1.10"
    with pytest.raises(NotFound):
        await config.reader.secret(tenant, "other")
    await config.writer.patch(tenant, "default", "credentials", {"credentials": {"more": "x"}})
    assert (await config.reader.secret(tenant, "odoo")).value == "planted-mark", "masks were never written back"


async def test_a_secrets_name_is_free_text(config: Transport, tenant: str) -> None:
    names = ("with space", "x%2Fy", "what?domain=other#c", "ção", "100%", "a&b=c")
    await config.writer.put(tenant, "default", "credentials", {"credentials": {name: f"of {name}" for name in names}})
    for name in names:
        secret = await config.reader.secret(tenant, name)
        assert (secret.name, secret.value) == (name, f"of {name}")


async def test_the_feed_has_every_change_in_order(config: Transport, tenant: str) -> None:
    for number in range(3):
        await config.writer.put(tenant, "retail", "config", f"n: {number}\n")
    await config.writer.delete(tenant, "retail", "config")
    first = await config.reader.changes(tenant, limit=3)
    assert (first.revision, first.more) == (3, True)
    last = await config.reader.changes(tenant, first.revision)
    assert (last.revision, last.more) == (4, False)
    changes = [*first.changes, *last.changes]
    assert [(change.revision, change.version, change.deleted) for change in changes] == [
        (1, 1, False), (2, 2, False), (3, 3, False), (4, 4, True),
    ]  # fmt: skip
    assert (await config.reader.changes(tenant, 4)).changes == ()


async def test_a_waiting_reader_is_woken(config: Transport, tenant: str) -> None:
    waiting = asyncio.create_task(config.reader.changes(tenant, 0, wait=20))
    await asyncio.sleep(0)  # it is under way, though perhaps not yet there: what it misses it finds
    await config.writer.put(tenant, "retail", "config", "a: 1\n")
    async with asyncio.timeout(10):
        page = await waiting
    assert [change.version for change in page.changes] == [1]


async def test_a_pinned_run_can_be_replayed_to_the_byte(config: Transport, tenant: str) -> None:
    await config.writer.put(tenant, "retail", "config", "prompt: first # 1.10\nprice: 1.10\n")
    await config.writer.put(tenant, "default", "metadata", "name: Loja\n")
    await config.writer.put(tenant, "default", "credentials", "credentials:\n  odoo: planted-mark\n")
    await config.writer.merge_mapping({"accounts": {tenant[8:]: {"account_id": tenant, "domain": "retail"}}})
    run = await pin(config.reader, tenant)
    texts = [await run.text(config.reader, *place) for place in PLACES]
    for number in range(50):
        kind = ("config", "metadata", "credentials", f"new_{number}")[number % 4]
        if number % 3 == 0:
            await config.writer.put(tenant, "retail", kind, f"n: {number}\n")
        elif number % 3 == 1:
            await config.writer.patch(tenant, "default", kind, {f"k{number}": str(number)})
        else:
            await config.writer.put(tenant, "default", kind, {"n": number})
    await config.writer.delete(tenant, "retail", "config")
    assert (await pin(config.reader, tenant)).revision == run.revision + 51
    again = await pin(config.reader, tenant, run.revision)
    assert again.bundle == run.bundle
    assert again.get("retail", "config").json_text == '{"prompt":"first","price":1.10}'
    assert again.mapping() == run.mapping()
    assert texts == [await again.text(config.reader, *place) for place in PLACES]
    with pytest.raises(NotFound):
        again.get("retail", "metadata")


async def test_layers_are_merged_below_a_tenant(config: Transport, tenant: str) -> None:
    domain = f"of-{tenant}"
    await config.writer.put("_base", domain, "config", "price: 1.10\nhours: {opens: 08:00, closes: 18:00}\n")
    await config.writer.put("_base", domain, "credentials", {"credentials": {"llm": "planted-mark"}})
    own = await config.writer.put(tenant, domain, "config", "hours: {closes: 20:00}\nprice: null\n")
    plain = await config.reader.bundle(tenant)
    assert (plain.layered, plain.base_revision, plain.documents[0].layers) == (False, None, ())
    bundle = await config.reader.bundle(tenant, layers=True)
    assert (bundle.layered, bundle.revision) == (True, 1)
    assert bundle.base_revision == (await config.reader.bundle("_base")).revision
    document, credentials = bundle.documents
    assert document.json_text == '{"price":null,"hours":{"opens":"08:00","closes":"20:00"}}'
    assert [(layer.layer, layer.tenant_id, layer.version) for layer in document.layers] == [
        ("domain", "_base", 1), ("tenant", tenant, 1),
    ]  # fmt: skip
    assert (document.version, document.created_at, document.origins) == (1, own.created_at, None)
    assert document.digest not in {own.digest, plain.documents[0].digest}
    assert "planted" not in credentials.json_text
    assert [layer.layer for layer in credentials.layers] == ["domain"]
    assert await config.reader.get(tenant, domain, "config") == plain.documents[0], "other reads know no layers"
    told = await config.reader.bundle(tenant, layers=True, origins=True)
    assert {pointer: layer.layer for pointer, layer in (told.documents[0].origins or {}).items()} == {
        "/price": "tenant", "/hours/opens": "domain", "/hours/closes": "tenant",
    }  # fmt: skip
    assert (told.digest, told.documents[0].json_text) == (bundle.digest, document.json_text)
    own_bundle = await config.reader.bundle("_base", layers=True)
    assert (own_bundle.layered, own_bundle.base_revision) == (True, None)


async def test_a_change_below_is_seen_at_the_next_read(config: Transport, tenant: str) -> None:
    domain = f"of-{tenant}"
    await config.writer.put(tenant, domain, "config", "own: 1\n")
    for number in range(3):
        await config.writer.put("_base", domain, "config", f"n: {number}\n")
        found = await config.reader.bundle(tenant, layers=True)
        assert found.documents[0].data == {"n": number, "own": 1}


async def test_a_pinned_run_with_layers_can_be_replayed_to_the_byte(config: Transport, tenant: str) -> None:
    domain = f"of-{tenant}"
    await config.writer.put("_base", domain, "config", "prompt: below # 1.10\nprice: 1.10\n")
    await config.writer.put("_base", domain, "more", "all: of it\n")
    await config.writer.put(tenant, domain, "config", "price: 1.20 # own\n")
    await config.writer.put("_base", domain, "more", "all: of it, later\n")
    run = await pin(config.reader, tenant, layers=True)
    assert (run.layered, run.revision, run.get(domain, "more").data) == (True, 1, {"all": "of it, later"})
    assert await run.text(config.reader, domain, "config") == "price: 1.20 # own\n"
    with pytest.raises(NotFound):
        await run.text(config.reader, domain, "more")
    for number in range(50):
        kind = "new" if number % 3 == 0 else "config"
        await config.writer.put("_base" if number % 2 else tenant, domain, kind, {"n": number})
    await config.writer.delete("_base", domain, "more")
    assert (await pin(config.reader, tenant, layers=True)).digest != run.digest
    again = await pin(config.reader, tenant, run.revision, layers=True, base_revision=run.base_revision)
    assert again.bundle == run.bundle
    assert again.get(domain, "config").json_text == '{"prompt":"below","price":1.20}'
    # Without the layers' revision they are as they stood when the tenant came to its own.
    then = await pin(config.reader, tenant, run.revision, layers=True)
    assert then.get(domain, "more").data == {"all": "of it"}
    assert then.base_revision is not None
    assert run.base_revision == then.base_revision + 1
    now = await config.reader.bundle(tenant, layers=True, base_revision=run.base_revision)
    assert (now.revision, now.base_revision) == (26, run.base_revision)
    plain = await pin(config.reader, tenant, run.revision)
    assert (plain.layered, plain.get(domain, "config").data) == (False, {"price": Decimal("1.20")})


async def test_a_revision_that_is_yet_to_come_cannot_be_pinned(config: Transport, tenant: str) -> None:
    with pytest.raises(NotFound) as caught:
        await pin(config.reader, tenant, 7)
    assert caught.value.code == "revision_ahead"
    with pytest.raises(NotFound) as caught:
        await pin(config.reader, tenant, layers=True, base_revision=2**62)
    assert caught.value.code == "revision_ahead"


async def test_one_mapping_and_who_answers(config: Transport) -> None:
    entry = {"account_id": "map_1", "domain": "retail"}
    other = {"account_id": "map_2", "domain": "health"}
    given: dict[str, Any] = {
        "accounts": {"901": entry, "902": other},
        "inboxes": {"91": entry, "92": other},
        "fallbacks": [{**other, "sequence": 5}, {**entry, "sequence": 2}],
        "special_numbers": [
            {**entry, "number": "+55 11 99999-0001", "crew": "vip"},
            {**other, "number": "5511999990001", "crew": "direct"},
            {**other, "number": "5511999990002", "crew": "night"},
        ],
    }
    assert await config.writer.replace_mapping(given) == await config.reader.mapping()
    merged = await config.writer.merge_mapping({"accounts": {"903": entry}})
    assert set(merged["accounts"]) == {"901", "902", "903"}  # type: ignore[arg-type]
    assert set((await config.writer.merge_mapping({"accounts": {"903": None}}))["accounts"]) == {"901", "902"}  # type: ignore[arg-type]
    mapping = await config.reader.mapping()
    questions = itertools.product(
        (None, "901", "902", "999"),
        (None, "91", "92", "99"),
        (None, "+5511999990001", "5511 99999 0002", "5511999990003"),
    )
    rules = set()
    for account, inbox, phone in questions:
        if not (account or inbox or phone):
            continue
        answers = []
        for ask in (config.reader.resolve, _from(mapping)):
            try:
                answers.append(await ask(account=account, inbox=inbox, phone=phone))
            except (NotFound, Conflict) as error:
                answers.append(type(error))
        assert answers[0] == answers[1], (account, inbox, phone)
        rules.add(getattr(answers[0], "rule", answers[0]))
    assert rules == {"special_number", "inbox", "account", "fallback", Conflict}
    await config.writer.replace_mapping({})
    with pytest.raises(NotFound):
        await config.reader.resolve(account="901")
    with pytest.raises(NotFound):
        await config.reader.mapping()


def _from(mapping: dict[str, Any]) -> Callable[..., Awaitable[object]]:
    async def ask(**given: Any) -> object:
        return resolve_in(mapping, **given)

    return ask


FAILURES: list[tuple[str, type[ConfigError], Call]] = [
    ("get unknown", NotFound, lambda c, t: c.reader.get(t, "retail", "nothing")),
    ("text unknown", NotFound, lambda c, t: c.reader.text(t, "retail", "nothing")),
    ("text of no version", NotFound, lambda c, t: c.reader.text(t, "retail", "config", 99)),
    ("text of version 0", NotFound, lambda c, t: c.reader.text(t, "retail", "config", 0)),
    ("diff of no version", NotFound, lambda c, t: c.reader.diff(t, "retail", "config", 99)),
    ("diff of version 0", Invalid, lambda c, t: c.reader.diff(t, "retail", "config", 0)),
    ("delete unknown", NotFound, lambda c, t: c.writer.delete(t, "retail", "nothing")),
    ("roll back unknown", NotFound, lambda c, t: c.writer.rollback(t, "retail", "nothing", 1)),
    ("roll back to nothing", NotFound, lambda c, t: c.writer.rollback(t, "retail", "config", 99)),
    ("roll back to 0", Invalid, lambda c, t: c.writer.rollback(t, "retail", "config", 0)),
    ("tenant leads elsewhere", Invalid, lambda c, _: c.reader.get("../keys", "a", "b")),
    ("tenant is dots", Invalid, lambda c, _: c.reader.bundle("..")),
    ("tenant is empty", Invalid, lambda c, _: c.reader.heads("")),
    ("domain with a newline", Invalid, lambda c, t: c.reader.get(t, "a\n", "b")),
    ("secret leads elsewhere", Invalid, lambda c, t: c.reader.secret(t, "../../keys")),
    ("broken YAML", Invalid, lambda c, t: c.writer.put(t, "retail", "config", "a: [\n")),
    ("duplicate keys", Invalid, lambda c, t: c.writer.put(t, "retail", "config", "a: 1\na: 2\n")),
    ("NaN", Invalid, lambda c, t: c.writer.put(t, "retail", "config", {"a": float("nan")})),
    ("no JSON", Invalid, lambda c, t: c.writer.patch(t, "retail", "config", {"a": object()})),
    ("a key that is no text", Invalid, lambda c, t: c.writer.patch(t, "retail", "config", {"a": {1: 2}})),
    ("a foreign mask", Invalid, lambda c, t: c.writer.put(t, "a", "credentials", {"x": {"$secret": "x", "set": True}})),
    ("a bad idempotency key", Invalid, lambda c, t: c.writer.patch(t, "a", "b", {}, idempotency_key="a b\r\n")),
    ("mapping of nobody", Invalid, lambda c, _: c.writer.merge_mapping({"accounts": {"1": {"domain": "retail"}}})),
    ("mapping with a strange section", Invalid, lambda c, _: c.writer.merge_mapping({"accountz": {}})),
    ("resolve nothing", Invalid, lambda c, _: c.reader.resolve()),
    ("history without end", Invalid, lambda c, t: c.reader.history(t, "a", "b", limit=100_000)),
    ("feed before the beginning", Invalid, lambda c, t: c.reader.changes(t, -1)),
    ("bundle before the beginning", Invalid, lambda c, t: c.reader.bundle(t, -1)),
    ("layers before the beginning", Invalid, lambda c, t: c.reader.bundle(t, layers=True, base_revision=-1)),
    ("layers' revision alone", Invalid, lambda c, t: c.reader.bundle(t, base_revision=1)),
    ("origins alone", Invalid, lambda c, t: c.reader.bundle(t, 1, origins=True)),
    ("layers below the base", Invalid, lambda c, _: c.reader.bundle("_base", layers=True, base_revision=0)),
    ("layers of dots", Invalid, lambda c, _: c.reader.bundle("..", layers=True)),
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


async def test_faults_say_where(config: Transport, tenant: str) -> None:
    with pytest.raises(Invalid) as caught:
        await config.writer.put(tenant, "retail", "config", "a: 1\nb: 2\na: 3\n")
    assert (caught.value.code, caught.value.faults[0].line) == ("yaml_invalid", 3)


async def test_both_contracts_are_kept(config: Transport) -> None:
    reader: ConfigReader = config.reader
    writer: ConfigWriter = config.writer
    for contract, service in ((ConfigReader, reader), (ConfigWriter, writer)):
        names = methods_of(contract)
        assert len(names) > 8
        assert [name for name in names if not hasattr(service, name)] == []
