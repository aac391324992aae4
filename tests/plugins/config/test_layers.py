"""`bundle?resolve=true`: base, domain and tenant made one, now and as it was."""

import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import asyncpg
import httpx
import msgspec
import pytest
from sprintia_testing.platforms import RunningPlatform

from sprintia_config.documents.versions import Version
from sprintia_config.layers.bundles import Holdings, resolved_answer
from sprintia_config.layers.reading import Asked, read_layers
from sprintia_platform import Problem
from sprintia_platform.database.connections import Connection, begin_statement

PAGE = (Path(__file__).parents[3] / "docs" / "layers.md").read_text(encoding="utf-8")
# A block of the page: a document, after its place in a comment; or the answer.
DOCUMENT = re.compile(r"^```yaml\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANSWER = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)
YAML = {"Content-Type": "application/yaml"}
RESOLVE = {"resolve": "true"}


def put(client: httpx.Client, place: str, text: str) -> dict[str, Any]:
    answer = client.put(f"/configs/{place}", content=text, headers=YAML)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def resolved(client: httpx.Client, tenant: str, **query: Any) -> httpx.Response:
    answer = client.get(f"/configs/{tenant}/bundle", params={**RESOLVE, **query})
    assert answer.status_code == 200, answer.text
    return answer


def documents(client: httpx.Client, tenant: str, **query: Any) -> dict[str, dict[str, Any]]:
    found = resolved(client, tenant, **query).json()["documents"]
    by_place = {f"{document['domain']}/{document['config_type']}": document for document in found}
    assert list(by_place) == sorted(by_place)
    return by_place


def layers(document: dict[str, Any]) -> list[str]:
    return [f"{each['layer']} {each['tenant_id']}/{each['domain']} {each['version']}" for each in document["layers"]]


def refused(client: httpx.Client, tenant: str, **query: Any) -> tuple[int, str]:
    answer = client.get(f"/configs/{tenant}/bundle", params=query)
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def test_the_example_of_the_page(platform: RunningPlatform) -> None:
    examples = DOCUMENT.findall(PAGE)
    assert [place.split("/")[0] for place, _ in examples] == ["_base", "_base", "account_1"]
    for place, text in examples:
        put(platform.client, place, text)
    document, asked = ANSWER.findall(PAGE)
    answer = resolved(platform.client, "account_1", origins="true")
    found = answer.json()["documents"][0]
    assert msgspec.json.format(_json_data(answer.text).encode()).decode() == document.strip(), "to the letter"
    assert {pointer: origin["layer"] for pointer, origin in found["origins"].items()} == msgspec.json.decode(asked)
    assert "origins" not in resolved(platform.client, "account_1").text


def test_which_documents_a_tenant_has(platform: RunningPlatform) -> None:
    client = platform.client
    put(client, "_base/_base/config", "from: base\n")
    put(client, "_base/_base/hours", "from: base\n")
    put(client, "_base/retail/prices", "from: domain\n")
    put(client, "_base/health/plans", "a domain in which t1 has nothing: true\n")
    assert documents(client, "t1") == {}, "a tenant without documents has no domain in which layers could stand"
    put(client, "t1/retail/config", "own: 1\n")
    put(client, "t1/law/notes", "own: 2\n")
    found = documents(client, "t1")
    assert {place: layers(document) for place, document in found.items()} == {
        "law/config": ["base _base/_base 1"],
        "law/hours": ["base _base/_base 1"],
        "law/notes": ["tenant t1/law 1"],
        "retail/config": ["base _base/_base 1", "tenant t1/retail 1"],
        "retail/hours": ["base _base/_base 1"],
        "retail/prices": ["domain _base/retail 1"],
    }
    assert found["retail/config"]["json_data"] == {"from": "base", "own": 1}
    put(client, "t1/_base/own", "in a domain of that name: true\n")
    assert layers(documents(client, "t1")["_base/hours"]) == ["base _base/_base 1"], "once, not as a domain's too"
    plain = client.get("/configs/t1/bundle")
    assert len(plain.json()["documents"]) == 3, "a plain bundle holds what the tenant wrote, and nothing else"
    assert "layers" not in plain.text


def test_the_tenant_of_the_layers_has_none_below(platform: RunningPlatform) -> None:
    put(platform.client, "_base/_base/config", "a: 1\n")
    put(platform.client, "_base/retail/config", "b: 2\n")
    bundle = resolved(platform.client, "_base").json()
    assert [document["json_data"] for document in bundle["documents"]] == [{"a": 1}, {"b": 2}]
    assert [layers(document) for document in bundle["documents"]] == [
        ["tenant _base/_base 1"],
        ["tenant _base/retail 1"],
    ]
    assert (bundle["revision"], bundle["base_revision"]) == (2, None)
    assert resolved(platform.client, "_base", revision=1).json()["base_revision"] is None


def test_without_any_base_it_is_what_the_tenant_wrote(platform: RunningPlatform) -> None:
    client = platform.client
    written = put(client, "t1/retail/config", "b: 1.10\na: {c: null}\n")
    put(client, "t1/retail/list", "- 1\n- 2\n")
    answer = resolved(client, "t1")
    assert (answer.json()["base_revision"], answer.headers["X-Config-Base-Revision"]) == (0, "0")
    plain = client.get("/configs/t1/bundle").json()["documents"]
    for document, alone in zip(answer.json()["documents"], plain, strict=True):
        below = document.pop("layers")
        assert document == alone, "all the members of a plain bundle, as they are there"
        assert [(each["layer"], each["version"]) for each in below] == [("tenant", 1)]
    assert plain[0]["digest"] == written["digest"]


def test_values_are_kept_to_the_letter(platform: RunningPlatform) -> None:
    client = platform.client
    put(client, "_base/_base/config", "big: 9007199254740993\nprice: 1.10\nlow: {b: -0, a: 1e400}\n")
    put(client, "t1/retail/config", "price: 1.1\nlow: {c: 2.50, b: null}\nnew: é\n")
    put(client, "_base/_base/list", "a: 1\n")
    put(client, "t1/retail/list", "[1.0, 2]\n")
    put(client, "_base/_base/empty", "a: 1\n")
    put(client, "t1/retail/empty", "")
    text = resolved(client, "t1").text
    assert '"json_data":{"big":9007199254740993,"price":1.1,"low":{"b":null,"a":1e400,"c":2.50},"new":"é"}' in text
    assert '"json_data":{"data":[1.0,2]}' in text
    assert '"json_data":{"data":null}' in text


def test_what_describes_a_merged_document(platform: RunningPlatform) -> None:
    client = platform.client
    base = put(client, "_base/_base/config", "a: 1\n")
    own = put(client, "t1/retail/config", "b: 1\n")
    put(client, "t1/retail/other", "c: 1\n")
    both = documents(client, "t1")["retail/config"]
    assert {name: both[name] for name in ("version", "revision", "created_at")} == {
        name: own[name] for name in ("version", "revision", "created_at")
    }
    assert both["digest"] not in {own["digest"], base["digest"]}, "it tells merged contents apart"
    client.delete("/configs/t1/retail/config")
    alone = documents(client, "t1")["retail/config"]
    assert (alone["digest"], alone["created_at"]) == (base["digest"], base["created_at"])
    put(client, "_base/_base/config", "a: 2\n")
    client.post("/configs/t1/retail/config/rollback", json={"version": 1})
    again = documents(client, "t1")["retail/config"]
    assert again["digest"] != both["digest"], "a change of a lower layer is one of the document"


def test_a_tenant_sees_layers_only_below_its_own_documents(platform: RunningPlatform) -> None:
    client = platform.client
    put(client, "_base/_base/config", "shared: 1\n")
    put(client, "_base/health/config", "planted-mark: of another domain\n")
    put(client, "t1/retail/config", "own: planted-one\n")
    put(client, "t2/retail/config", "own: planted-two\n")
    one = platform.with_rights("config:read", tenants=["t1"])
    answer = resolved(one, "t1", origins="true")
    assert answer.json()["documents"][0]["json_data"] == {"shared": 1, "own": "planted-one"}
    assert "planted-two" not in answer.text
    assert "planted-mark" not in answer.text
    for path in ("_base/bundle", "_base/_base/config", "_base/bundle?resolve=true", "t2/bundle?resolve=true"):
        assert one.get(f"/configs/{path}").status_code == 404, path
    assert one.get("/configs/_base/changes").status_code == 404
    writer = platform.with_rights("config:write", tenants=["t1"])
    assert writer.put("/configs/_base/_base/config", content="a: 1\n", headers=YAML).status_code == 404
    assert (
        platform.with_rights("secrets:read", tenants=["t1"]).get("/configs/t1/bundle?resolve=true").status_code == 403
    )


def test_secrets_of_layers_are_masks(platform: RunningPlatform) -> None:
    client = platform.client
    put(client, "_base/_base/credentials", "credentials: {llm: planted-base, odoo: planted-odoo}\n")
    put(client, "_base/_base/config", "database: {host: db, password: planted-password}\n")
    put(client, "t1/retail/credentials", "credentials: {odoo: planted-own, smtp: planted-smtp}\n")
    put(client, "t1/retail/config", "database: {host: other, password: {from: nowhere}}\n")
    answer = resolved(platform.with_rights("config:read", "secrets:read", tenants=["t1"]), "t1", origins="true")
    assert "planted" not in answer.text, "masked for a key that may read secrets too"
    config, credentials = answer.json()["documents"]
    assert credentials["json_data"]["credentials"] == {
        name: {"$secret": name, "set": True} for name in ("llm", "odoo", "smtp")
    }
    assert {pointer: origin["tenant_id"] for pointer, origin in credentials["origins"].items()} == {
        "/credentials/llm": "_base", "/credentials/odoo": "t1", "/credentials/smtp": "t1",
    }  # fmt: skip
    mask = {"$secret": "config:database.password.from", "set": True}
    assert config["json_data"]["database"] == {"host": "other", "password": {"from": mask}}, "over a mask, not into it"
    one = platform.with_rights("config:read", "secrets:read", tenants=["t1"])
    assert one.get("/config/secrets/t1/llm").status_code == 404, "a secret of the base is none of the tenant's"
    assert one.get("/config/secrets/_base/llm").status_code == 404
    assert client.get("/config/secrets/_base/llm").json()["value"] == "planted-base"


def test_deletions(platform: RunningPlatform) -> None:
    client = platform.client
    put(client, "_base/_base/config", "a: base\n")
    put(client, "_base/retail/config", "a: domain\n")
    put(client, "t1/retail/config", "a: tenant\n")
    put(client, "t1/retail/other", "b: 1\n")

    def standing() -> list[str] | None:
        found = documents(client, "t1").get("retail/config")
        if found is None:
            return None
        layer = found["layers"][-1]["layer"]
        assert found["json_data"] == {"a": layer}
        return [each["layer"] for each in found["layers"]]

    assert standing() == ["base", "domain", "tenant"]
    client.delete("/configs/t1/retail/config")
    assert standing() == ["base", "domain"], "a deleted document hides nothing"
    client.delete("/configs/_base/retail/config")
    assert standing() == ["base"]
    client.delete("/configs/_base/_base/config")
    assert standing() is None
    client.post("/configs/_base/_base/config/rollback", json={"version": 1})
    assert standing() == ["base"]
    client.delete("/configs/t1/retail/other")
    assert documents(client, "t1") == {}, "with its last document a tenant leaves the domain"


def test_each_state_has_its_etag(platform: RunningPlatform) -> None:
    client = platform.client
    put(client, "_base/_base/config", "a: 1\n")
    put(client, "t1/retail/config", "b: 1\n")
    seen = []
    for change in (None, "t1/retail/config", "_base/_base/config", "_base/health/config"):
        if change is not None:
            put(client, change, "changed: yes\n")
        for query in ({}, RESOLVE, {**RESOLVE, "origins": "true"}):
            answer = client.get("/configs/t1/bundle", params=query)
            seen.append(answer.headers["ETag"])
            again = client.get("/configs/t1/bundle", params=query, headers={"If-None-Match": answer.headers["ETag"]})
            assert (again.status_code, again.headers["ETag"]) == (304, answer.headers["ETag"])
            assert again.headers["X-Config-Revision"] == str(answer.json()["revision"])
            assert again.headers.get("X-Config-Base-Revision") == (
                str(answer.json()["base_revision"]) if query else None
            )
    own, layered, origins = seen[0::3], seen[1::3], seen[2::3]
    assert own[1] == own[2] == own[3] != own[0], "a plain bundle knows nothing of the base"
    assert len({*layered, *origins}) == 8, "each state of either side, and each form, has its own"
    digests = [tag.rstrip('"').rpartition("-")[2] for tag in layered]
    assert digests[2] == digests[3], "what is not below the tenant's documents does not change what they are"
    assert len(set(digests)) == 3


def test_what_stood_can_be_read_again_to_the_byte(platform: RunningPlatform) -> None:
    client = platform.client
    put(client, "_base/_base/config", "prompt: base # 1.10\nprice: 1.10\n")
    put(client, "_base/retail/config", "price: 1.20\n")
    put(client, "t1/retail/config", "name: Loja\n")
    client.patch("/mapping/", json={"mapping_data": {"accounts": {"1": {"account_id": "t1", "domain": "retail"}}}})
    put(client, "_base/_base/config", "prompt: base\nprice: 1.30\n")  # after the tenant's revision
    then = {query: resolved(client, "t1", **dict(query)) for query in ((), (("origins", "true"),))}
    bundle = then[()].json()
    assert (bundle["revision"], bundle["base_revision"]) == (2, 3)
    between = max(document["created_at"] for document in resolved(client, "_base").json()["documents"])
    for number in range(50):
        place = ("_base/_base/config", "t1/retail/config", "_base/retail/more", f"t1/new_{number}/config")[number % 4]
        if number % 7 == 6:
            client.delete(f"/configs/{place}")
        else:
            put(client, place, f"price: {number}\n")
    both = {"revision": 2, "base_revision": 3}
    for query, answer in then.items():
        again = resolved(client, "t1", **both, **dict(query))
        assert again.content == answer.content
        assert again.headers["ETag"] == answer.headers["ETag"]
    assert resolved(client, "t1", at=between).content == then[()].content
    alone = resolved(client, "t1", revision=2).json()
    assert alone["base_revision"] == 2, "as the base stood when the tenant came to its revision"
    assert alone["documents"][0]["json_data"]["price"] == 1.2
    newer = resolved(client, "t1", base_revision=3).json()
    assert newer["revision"] == resolved(client, "t1").json()["revision"] > 2
    assert newer["base_revision"] == 3
    first = resolved(client, "t1", revision=0).json()
    assert (first["base_revision"], first["documents"], first["mapping"]) == (0, [], None)
    before = resolved(client, "t1", at="2020-01-01T00:00:00Z").json()
    assert (before["revision"], before["base_revision"], before["documents"]) == (0, 0, [])
    nothing_below = resolved(client, "t1", revision=2, base_revision=0).json()["documents"]
    assert [document["json_data"] for document in nothing_below] == [{"name": "Loja"}]


@pytest.mark.parametrize(
    ("tenant", "query", "answer"),
    [
        ("t1", {"origins": "true"}, (422, "resolve_missing")),
        ("t1", {"base_revision": "1"}, (422, "resolve_missing")),
        ("t1", {"base_revision": "0", "resolve": "false"}, (422, "resolve_missing")),
        ("t1", {"resolve": "true", "base_revision": "2"}, (404, "revision_ahead")),
        ("t1", {"resolve": "true", "revision": "2"}, (404, "revision_ahead")),
        ("t1", {"resolve": "true", "revision": "1", "base_revision": "2"}, (404, "revision_ahead")),
        ("t1", {"resolve": "true", "base_revision": "-1"}, (422, "parameter_invalid")),
        ("t1", {"resolve": "true", "base_revision": str(2**63)}, (422, "parameter_invalid")),
        ("t1", {"resolve": "true", "base_revision": "1", "at": "2026-01-01"}, (422, "parameter_invalid")),
        ("t1", {"resolve": "true", "revision": "1", "at": "2026-01-01"}, (422, "parameter_invalid")),
        ("t1", {"resolve": "true", "at": "yesterday"}, (422, "parameter_invalid")),
        ("t1", {"resolve": "maybe"}, (422, "parameter_invalid")),
        ("_base", {"resolve": "true", "base_revision": "1"}, (422, "parameter_invalid")),
        ("_base", {"resolve": "true", "revision": "2"}, (404, "revision_ahead")),
        ("never", {"resolve": "true", "revision": "1"}, (404, "revision_ahead")),
        ("a b", {"resolve": "true"}, (422, "identifier_invalid")),
    ],
)
def test_a_resolved_bundle_that_cannot_be(
    layered: httpx.Client, tenant: str, query: dict[str, str], answer: tuple[int, str]
) -> None:
    assert refused(layered, tenant, **query) == answer


@pytest.fixture(scope="module")
def layered(served: RunningPlatform) -> httpx.Client:
    """A platform with one document of t1, and one below it."""
    put(served.client, "_base/_base/config", "a: 1\n")
    put(served.client, "t1/retail/config", "b: 1\n")
    client: httpx.Client = served.client
    return client


def test_a_missing_resolve_is_named(layered: httpx.Client) -> None:
    answer = layered.get(
        "/configs/t1/bundle", params={"origins": "true", "base_revision": "1"}, headers={"Accept-Language": "en"}
    )
    assert (
        answer.json()["detail"] == "Only a bundle with its layers merged has base_revision, origins: add resolve=true."
    )


def test_an_unknown_tenant_has_nothing(layered: httpx.Client) -> None:
    bundle = resolved(layered, "never").json()
    assert (bundle["revision"], bundle["base_revision"], bundle["documents"]) == (0, 1, [])


def test_a_large_base_cannot_be_multiplied_without_end(platform: RunningPlatform) -> None:
    client = platform.client
    # A few kilobytes that stand for 3.6 million characters.
    put(client, "_base/_base/large", "a: &a " + 4_000 * "x" + "\nb: [" + 900 * "*a, " + "]\n")
    for number in range(4):
        put(client, f"t1/domain_{number}/config", "a: 1\n")
    assert len(resolved(client, "t1").content) < 16 * 1024 * 1024
    put(client, "t1/domain_4/config", "a: 1\n")
    assert refused(client, "t1", resolve="true") == (422, "layers_too_large")
    assert client.get("/configs/t1/bundle").status_code == 200
    assert len(documents(client, "t1", base_revision=0)) == 5


def test_origins_cannot_be_multiplied_without_end(platform: RunningPlatform) -> None:
    # Leaves below long keys: their pointers together are many times the document.
    value: dict[str, Any] = {f"a{number}": number for number in range(500)}
    for depth in range(40):
        value = {f"{depth:02}{990 * 'k'}": value}
    put(platform.client, "t1/retail/config", msgspec.json.encode(value).decode())
    assert refused(platform.client, "t1", resolve="true", origins="true") == (422, "origins_too_large")
    resolved(platform.client, "t1")


@pytest.mark.parametrize(("values", "number", "is_refused"), [(40_000, 11, False), (40_000, 13, True)])
def test_what_is_read_again_is_bounded_by_its_values(values: int, number: int, is_refused: bool) -> None:
    """Short values take as long as long ones: eighty kilobytes of them count as a megabyte and a half."""
    many = "[" + ",".join(values * "1") + "]"
    domains = [f"d{index}" for index in range(number)]
    held = Holdings("t1", 1, [version("t1", domain, "config", many) for domain in domains], None)
    base = Holdings("_base", 1, [version("_base", "_base", "config", "{}")], None)
    for below, with_origins in ((base, False), (base._replace(documents=[]), True)):
        if is_refused:
            with pytest.raises(Problem) as caught:
                resolved_answer(held, below, with_origins=with_origins)
            assert caught.value.kind.code == "layers_too_large"
        else:
            resolved_answer(held, below, with_origins=with_origins)
    resolved_answer(held, base._replace(documents=[]))  # nothing to merge: as it stands, however much it is


def version(tenant: str, domain: str, config_type: str, view: str) -> Version:
    return Version(
        id=hash((tenant, domain)), tenant_id=tenant, domain=domain, config_type=config_type, version=1, revision=1,
        media="yaml", source="", sealed_source=None, key_generation=None, view=view, digest="", deleted=False,
        actor="key:a", origin="api", message="", created_at=datetime.now(UTC),
    )  # fmt: skip


class Interrupted:
    """A connection between whose statements somebody else writes."""

    def __init__(self, connection: Connection, write: Callable[[], None]) -> None:
        self._connection, self._write = connection, write

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def run(*arguments: Any) -> Any:
            found = await getattr(self._connection, name)(*arguments)
            await asyncio.to_thread(self._write)
            return found

        return run


def test_a_tenant_and_its_layers_are_of_one_moment(platform: RunningPlatform) -> None:
    """Both count up together, below first: at no moment is the base more than one ahead, or behind."""
    count = itertools.count(1)

    def write() -> None:
        number = next(count)
        put(platform.client, "_base/_base/config", f"n: {number}\n")
        put(platform.client, "t1/retail/config", f"n: {number}\n")

    async def read(asked: Asked) -> tuple[int, int]:
        connection = await asyncpg.connect(platform.environ["DATABASE_URL"])
        try:
            await connection.execute(begin_statement("config", ["t1", "_base"], read_only=True))
            held, base = await read_layers(cast("Connection", Interrupted(connection, write)), "t1", asked)
        finally:
            await connection.close()
        assert base is not None
        return _number(held), _number(base)

    write()
    assert asyncio.run(read(Asked())) == (1, 1)
    now = next(count) - 1
    assert asyncio.run(read(Asked(at="2999-01-01"))) == (now, now)


def _number(held: Holdings) -> int:
    (document,) = held.documents
    found: int = msgspec.json.decode(document.view or "")["n"]
    return found


def _json_data(text: str) -> str:
    found = re.search(r'"json_data":(\{.*?\}),"origins"', text, re.DOTALL)
    assert found is not None
    return found[1]
