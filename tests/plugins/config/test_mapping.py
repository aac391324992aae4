"""`/mapping`: the Chatwoot mapping, where each tenant owns its part and nobody touches another one's."""

import itertools
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.problems import assert_problem, pointers
from sprintia_testing.shared import shared_platform

SECTIONS: dict[str, Any] = {"accounts": {}, "inboxes": {}, "fallbacks": [], "special_numbers": []}
RIGHTS = ("config:read", "mapping:write")
WHOLE = {
    "accounts": {"1": {"account_id": "account_1", "domain": "retail"}},
    "inboxes": {"12345": {"account_id": "account_1", "domain": "retail"}},
    "fallbacks": [{"domain": "retail", "account_id": "account_1", "sequence": 10}],
    "special_numbers": [
        {"number": "+5511999999999", "crew": "analytics", "domain": "retail", "account_id": "account_1"}
    ],
}
_NUMBERS = itertools.count(1)


class Chatwoot:
    """One caller's view of the mapping, with names of its own so that tests do not meet."""

    def __init__(self, client: httpx.Client, tenant: str) -> None:
        self.client, self.tenant = client, tenant

    def entry(self, domain: str = "retail", **more: Any) -> dict[str, Any]:
        return {"account_id": self.tenant, "domain": domain, **more}

    def post(self, **sections: Any) -> httpx.Response:
        return self.client.post("/mapping/", json={"mapping_data": sections})

    def patch(self, **sections: Any) -> httpx.Response:
        return self.client.patch("/mapping/", json={"mapping_data": sections})

    def get(self) -> dict[str, Any]:
        answer = self.client.get("/mapping/")
        assert answer.status_code == 200, answer.text
        whole: dict[str, Any] = answer.json()
        return whole

    def resolve(self, **given: str) -> httpx.Response:
        return self.client.get("/mapping/resolve", params=given)

    def resolved(self, **given: str) -> tuple[str, str, str | None, str]:
        answer = self.resolve(**given)
        assert answer.status_code == 200, answer.text
        said = answer.json()
        assert set(said) == {"tenant_id", "domain", "crew", "rule"}
        return said["tenant_id"], said["domain"], said["crew"], said["rule"]


@pytest.fixture
def chatwoot(served: RunningPlatform, tenant: str) -> Chatwoot:
    """A caller who owns one tenant."""
    return Chatwoot(served.with_rights(*RIGHTS, tenants=[tenant]), tenant)


@pytest.fixture
def neighbour(served: RunningPlatform, tenant: str) -> Chatwoot:
    """A caller who owns another tenant."""
    return Chatwoot(served.with_rights(*RIGHTS, tenants=[f"{tenant}-n"]), f"{tenant}-n")


@pytest.fixture
def both(served: RunningPlatform, tenant: str) -> Chatwoot:
    """A caller who owns both."""
    return Chatwoot(served.with_rights(*RIGHTS, tenants=[tenant, f"{tenant}-n"]), tenant)


@pytest.fixture(scope="module")
def alone(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A platform whose mapping the bootstrap key sees whole."""
    with shared_platform(databases, tmp_path_factory.mktemp("alone")) as running:
        yield running


# --- the rows that existing callers rely on


def test_the_wire_shape_in_order(alone: RunningPlatform) -> None:
    client = alone.client
    for path in ("/mapping/", "/mapping", "/mapping/export"):
        assert_problem(client.get(path), 404, "mapping_not_found", "Mapeamento não encontrado")
    empty = client.post("/mapping/", json={"mapping_data": {}})
    assert (empty.status_code, empty.json()) == (200, SECTIONS)
    posted = client.post("/mapping", json={"mapping_data": WHOLE}, follow_redirects=False)
    assert (posted.status_code, posted.json()) == (200, WHOLE)
    assert list(posted.json()) == ["accounts", "inboxes", "fallbacks", "special_numbers"]
    for path in ("/mapping/", "/mapping"):
        read = client.get(path, follow_redirects=False)
        assert (read.status_code, read.json()) == (200, WHOLE)
    exported = client.get("/mapping/export/", follow_redirects=False)
    assert exported.headers["content-type"] == "application/x-yaml"
    assert yaml.safe_load(exported.content) == WHOLE
    merged = client.patch("/mapping/", json={"mapping_data": {"accounts": {"2": {"account_id": "a2", "domain": "x"}}}})
    assert merged.json() == WHOLE | {"accounts": WHOLE["accounts"] | {"2": {"account_id": "a2", "domain": "x"}}}
    # POST replaces everything that the key reaches: this one reaches all.
    only = {"accounts": {"3": {"account_id": "a3", "domain": "x"}}}
    assert client.post("/mapping/", json={"mapping_data": only}).json() == SECTIONS | only
    assert client.post("/mapping/", json={"mapping_data": {}}).json() == SECTIONS
    assert_problem(client.get("/mapping/"), 404, "mapping_not_found", "Mapeamento não encontrado")


def test_the_text_stays_portuguese(chatwoot: Chatwoot) -> None:
    answer = chatwoot.client.get("/mapping/", headers={"Accept-Language": "en"})
    assert_problem(answer, 404, "mapping_not_found", "Mapeamento não encontrado")


# --- who owns what


def test_post_replaces_only_what_the_keys_tenants_own(chatwoot: Chatwoot, neighbour: Chatwoot, both: Chatwoot) -> None:
    t = chatwoot.tenant
    chatwoot.post(
        accounts={f"{t}-1": chatwoot.entry()}, inboxes={f"{t}-2": chatwoot.entry()},
        fallbacks=[chatwoot.entry(sequence=1)], special_numbers=[chatwoot.entry(number="+551100001")],
    )  # fmt: skip
    theirs = neighbour.post(accounts={f"{t}-n1": neighbour.entry()}, fallbacks=[neighbour.entry(sequence=2)]).json()
    replaced = chatwoot.post(accounts={f"{t}-9": chatwoot.entry("novo")})
    assert replaced.json() == SECTIONS | {"accounts": {f"{t}-9": chatwoot.entry("novo")}}
    assert chatwoot.get() == replaced.json()
    assert neighbour.get() == theirs
    assert both.get() == {
        "accounts": {f"{t}-9": chatwoot.entry("novo"), f"{t}-n1": neighbour.entry()},
        "inboxes": {}, "fallbacks": [neighbour.entry(sequence=2)], "special_numbers": [],
    }  # fmt: skip
    chatwoot.post()
    assert_problem(chatwoot.client.get("/mapping/"), 404, "mapping_not_found")
    assert neighbour.get() == theirs


@pytest.mark.parametrize("section", ["accounts", "inboxes"])
@pytest.mark.parametrize("method", ["post", "patch"])
def test_another_tenants_account_is_a_conflict_and_nothing_changes(
    chatwoot: Chatwoot, neighbour: Chatwoot, section: str, method: str
) -> None:
    t = chatwoot.tenant
    chatwoot.post(**{section: {f"{t}-1": chatwoot.entry()}})
    mine = neighbour.post(accounts={f"{t}-n1": neighbour.entry()}).json()
    taken = getattr(neighbour, method)(**{section: {f"{t}-1": neighbour.entry(), f"{t}-n2": neighbour.entry()}})
    assert_problem(taken, 409, "mapping_taken")
    assert chatwoot.tenant not in taken.json()["detail"]
    assert neighbour.get() == mine
    assert chatwoot.get()[section] == {f"{t}-1": chatwoot.entry()}
    # An account and an inbox may have the same number.
    other = "inboxes" if section == "accounts" else "accounts"
    assert neighbour.patch(**{other: {f"{t}-1": neighbour.entry()}}).status_code == 200
    # Once it is free, it can be taken.
    chatwoot.post()
    assert neighbour.patch(**{section: {f"{t}-1": neighbour.entry()}}).status_code == 200


@pytest.mark.parametrize("method", ["post", "patch"])
def test_a_tenant_out_of_reach_is_not_found_and_nothing_changes(chatwoot: Chatwoot, method: str) -> None:
    t = chatwoot.tenant
    chatwoot.post(accounts={f"{t}-1": chatwoot.entry()})
    foreign = {"account_id": f"{t}-n", "domain": "d"}
    for sections in (
        {"accounts": {f"{t}-7": foreign}},
        {"fallbacks": [foreign]},
        {"special_numbers": [foreign | {"number": "+551100"}]},
    ):
        answer = getattr(chatwoot, method)(**sections, inboxes={f"{t}-8": chatwoot.entry()})
        assert_problem(answer, 404, "tenant_not_found")
    assert chatwoot.get() == SECTIONS | {"accounts": {f"{t}-1": chatwoot.entry()}}


def test_a_caller_of_both_moves_an_account_from_one_to_the_other(both: Chatwoot, neighbour: Chatwoot) -> None:
    t = both.tenant
    both.post(accounts={f"{t}-1": both.entry(), f"{t}-2": both.entry()})
    both.patch(accounts={f"{t}-1": neighbour.entry()})
    assert neighbour.get()["accounts"] == {f"{t}-1": neighbour.entry()}
    assert both.get()["accounts"] == {f"{t}-2": both.entry(), f"{t}-1": neighbour.entry()}


def test_rights(served: RunningPlatform, chatwoot: Chatwoot) -> None:
    chatwoot.post(accounts={f"{chatwoot.tenant}-1": chatwoot.entry()})
    blind = Chatwoot(served.with_rights("config:write", tenants=[chatwoot.tenant]), chatwoot.tenant)
    for answer in (blind.post(), blind.patch(), blind.client.post("/mapping/rollback", json={"version": 1})):
        assert assert_problem(answer, 403, "forbidden")["right"] == "mapping:write"
    for path in ("/mapping/", "/mapping/export", "/mapping/history", "/mapping/resolve?account=1"):
        assert assert_problem(blind.client.get(path), 403, "forbidden")["right"] == "config:read"


# --- PATCH


def test_patch_merges_by_key_and_null_removes(chatwoot: Chatwoot) -> None:
    t = chatwoot.tenant
    chatwoot.post(
        accounts={f"{t}-1": chatwoot.entry(), f"{t}-2": chatwoot.entry()}, inboxes={f"{t}-3": chatwoot.entry()},
        fallbacks=[chatwoot.entry(sequence=1)],
    )  # fmt: skip
    merged = chatwoot.patch(accounts={f"{t}-2": None, f"{t}-4": chatwoot.entry("novo"), f"{t}-never": None})
    assert merged.status_code == 200
    assert merged.json() == {
        "accounts": {f"{t}-1": chatwoot.entry(), f"{t}-4": chatwoot.entry("novo")},
        "inboxes": {f"{t}-3": chatwoot.entry()}, "fallbacks": [chatwoot.entry(sequence=1)], "special_numbers": [],
    }  # fmt: skip
    assert merged.json() == chatwoot.get()
    assert chatwoot.patch().json() == merged.json()
    assert len(chatwoot.client.get("/mapping/history").json()) == 2


def test_null_does_not_remove_what_others_own(chatwoot: Chatwoot, neighbour: Chatwoot) -> None:
    neighbour.post(accounts={f"{chatwoot.tenant}-1": neighbour.entry()})
    assert chatwoot.patch(accounts={f"{chatwoot.tenant}-1": None}).status_code == 200
    assert neighbour.get()["accounts"] == {f"{chatwoot.tenant}-1": neighbour.entry()}


def test_patch_replaces_lists_for_the_tenants_named_in_them(
    chatwoot: Chatwoot, neighbour: Chatwoot, both: Chatwoot
) -> None:
    chatwoot.post(
        fallbacks=[chatwoot.entry(sequence=1), chatwoot.entry("b", sequence=2)],
        special_numbers=[chatwoot.entry(number="+551100001"), chatwoot.entry(number="+551100002")],
    )  # fmt: skip
    neighbour.post(fallbacks=[neighbour.entry(sequence=3)], special_numbers=[neighbour.entry(number="+551100003")])
    both.patch(fallbacks=[chatwoot.entry("c", sequence=9)], special_numbers=[neighbour.entry(number="+551100004")])
    assert both.get()["fallbacks"] == [chatwoot.entry("c", sequence=9), neighbour.entry(sequence=3)]
    assert [entry["number"] for entry in both.get()["special_numbers"]] == ["+551100001", "+551100002", "+551100004"]


def test_patch_tells_true_from_one(chatwoot: Chatwoot) -> None:
    key = f"{chatwoot.tenant}-1"
    chatwoot.post(accounts={key: chatwoot.entry(vip=1)})
    assert chatwoot.patch(accounts={key: chatwoot.entry(vip=True)}).json()["accounts"][key]["vip"] is True


# --- what an entry may be


def test_fields_beyond_the_known_ones_are_kept_to_the_letter(chatwoot: Chatwoot) -> None:
    entry = (
        f'{{"z": 1.10, "account_id": "{chatwoot.tenant}", "domain": "d", "nota": "ção 🛋️", '
        '"big": 12345678901234567890, "deep": {"l": [1e400]}}'
    )
    body = f'{{"mapping_data": {{"accounts": {{"{chatwoot.tenant}-1": {entry}}}}}}}'
    headers = {"Content-Type": "application/json"}
    for text in (
        chatwoot.client.post("/mapping/", content=body.encode(), headers=headers).text,
        chatwoot.client.get("/mapping/").text,
    ):
        assert '{"z":1.10,"account_id"' in text
        assert '"nota":"ção 🛋️","big":12345678901234567890,"deep":{"l":[1e400]}}' in text
    assert "z: 1.10" in chatwoot.client.get("/mapping/export").text


def test_numbers_are_read_as_ids(served: RunningPlatform) -> None:
    number = 880_000 + next(_NUMBERS)
    client = served.with_rights(*RIGHTS, tenants=[str(number)])
    body = {
        "accounts": {str(number): {"account_id": number, "domain": 7}},
        "fallbacks": [{"account_id": number, "domain": 7}],
    }
    posted = client.post("/mapping/", json={"mapping_data": body})
    read_as = {"account_id": str(number), "domain": "7"}
    assert posted.json() == SECTIONS | {"accounts": {str(number): read_as}, "fallbacks": [read_as]}


@pytest.mark.parametrize("key", ["None", "False", "null", ""])
def test_an_inbox_that_is_none_is_ignored(chatwoot: Chatwoot, key: str) -> None:
    """The replaced system stored `str(None)` as a key; such inboxes match no message."""
    inbox = f"{chatwoot.tenant}-1"
    posted = chatwoot.post(inboxes={key: chatwoot.entry(), inbox: chatwoot.entry()})
    assert posted.json()["inboxes"] == {inbox: chatwoot.entry()}
    assert pointers(assert_problem(chatwoot.post(accounts={key: chatwoot.entry()}), 422)) == {
        f"/mapping_data/accounts/{key}"
    }


@pytest.mark.parametrize("language", ["pt-BR", "en"])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_every_fault_comes_with_its_pointer(chatwoot: Chatwoot, method: str, language: str) -> None:
    entry = chatwoot.entry()
    body = {
        "mapping_data": {
            "accounts": {
                "1": [],
                "a b": entry,
                "2": {"domain": "d"},
                "3": entry | {"account_id": "a/b"},
                "4": entry | {"domain": ""},
            },
            "inboxes": [],
            "fallbacks": {"1": entry},
            "default_domain": "x",
            "a/b~c": 1,
            "special_numbers": [
                entry,
                entry | {"number": "12"},
                entry | {"number": 5511},
                "x",
                entry | {"number": "+551100", "crew": 1},
            ],
        }
    }
    answer = chatwoot.client.request(method, "/mapping/", json=body, headers={"Accept-Language": language})
    problem = assert_problem(answer, 422, "body_invalid")
    root = "/mapping_data"
    assert pointers(problem) == {
        f"{root}/accounts/1",
        f"{root}/accounts/a b",
        f"{root}/accounts/2/account_id",
        f"{root}/accounts/3/account_id",
        f"{root}/accounts/4/domain",
        f"{root}/inboxes",
        f"{root}/fallbacks",
        f"{root}/default_domain",
        f"{root}/a~1b~0c",
        f"{root}/special_numbers/0/number",
        f"{root}/special_numbers/1/number",
        f"{root}/special_numbers/2/number",
        f"{root}/special_numbers/3",
        f"{root}/special_numbers/4/crew",
    }
    assert ("falha" in problem["detail"]) == (language == "pt-BR")
    assert_problem(chatwoot.client.get("/mapping/"), 404)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/mapping_data"),
        ([], "/mapping_data"),
        (None, "/mapping_data"),
        ({"mapping_data": None}, "/mapping_data"),
        ({"mapping_data": []}, "/mapping_data"),
        ({"mapping_data": {"accounts": None}}, "/mapping_data/accounts"),
        ({"mapping_data": {}, "extra": 1}, "/extra"),
        (
            {"mapping_data": {"fallbacks": [{"account_id": "a", "domain": "d", "sequence": 10**20}]}},
            "/mapping_data/fallbacks/0/sequence",
        ),
        (
            {"mapping_data": {"fallbacks": [{"account_id": "a", "domain": "d", "sequence": 1.5}]}},
            "/mapping_data/fallbacks/0/sequence",
        ),
        (
            {"mapping_data": {"fallbacks": [{"account_id": "a", "domain": "d", "sequence": True}]}},
            "/mapping_data/fallbacks/0/sequence",
        ),
        (
            {"mapping_data": {"special_numbers": [{"account_id": "a", "domain": "d", "number": "٠١٢٣٤٥"}]}},
            "/mapping_data/special_numbers/0/number",
        ),
        (
            {"mapping_data": {"special_numbers": [{"account_id": "a", "domain": "d", "number": "1" * 33}]}},
            "/mapping_data/special_numbers/0/number",
        ),
        (
            {"mapping_data": {"accounts": {"x" * 65: {"account_id": "a", "domain": "d"}}}},
            f"/mapping_data/accounts/{'x' * 65}",
        ),
    ],
)
def test_bodies_that_are_no_mapping(chatwoot: Chatwoot, body: Any, pointer: str) -> None:
    content = httpx.Request("POST", "http://x", json=body).content or b"null"
    for method in ("POST", "PATCH"):
        answer = chatwoot.client.request(
            method, "/mapping/", content=content, headers={"Content-Type": "application/json"}
        )
        assert pointers(assert_problem(answer, 422, "body_invalid")) == {pointer}


def test_null_removes_in_a_patch_only(chatwoot: Chatwoot) -> None:
    answer = chatwoot.post(accounts={f"{chatwoot.tenant}-1": None})
    assert pointers(assert_problem(answer, 422)) == {f"/mapping_data/accounts/{chatwoot.tenant}-1"}


# --- resolve


def test_resolve_by_every_rule_in_order(chatwoot: Chatwoot) -> None:
    t = chatwoot.tenant
    account, inbox = f"{t}-a", f"{t}-i"
    chatwoot.post(
        accounts={account: chatwoot.entry("by-account")},
        inboxes={inbox: chatwoot.entry("by-inbox")},
        fallbacks=[chatwoot.entry("second", sequence=20), chatwoot.entry("first", sequence=5), chatwoot.entry("last")],
        special_numbers=[
            chatwoot.entry("by-number", number="+55 (11) 99999-0001", crew="analytics"),
            chatwoot.entry("no-crew", number="5511999990002"),
        ],
    )
    number = (t, "by-number", "analytics", "special_number")
    assert chatwoot.resolved(account=account, inbox=inbox, phone="5511999990001") == number
    assert chatwoot.resolved(account=account, phone="5511999990001") == number
    assert chatwoot.resolved(phone="5511999990001") == number
    assert chatwoot.resolved(phone="5511999990002") == (t, "no-crew", None, "special_number")
    assert chatwoot.resolved(account=account, inbox=inbox, phone="5511000000000") == (t, "by-inbox", None, "inbox")
    assert chatwoot.resolved(account=account, inbox=inbox) == (t, "by-inbox", None, "inbox")
    assert chatwoot.resolved(inbox=inbox) == (t, "by-inbox", None, "inbox")
    assert chatwoot.resolved(account=account) == (t, "by-account", None, "account")
    assert chatwoot.resolved(account=account, inbox="unknown") == (t, "by-account", None, "account")
    for nobody in ({"account": "unknown"}, {"inbox": "unknown"}, {"phone": "5511000000000"}, {"phone": "abc"}):
        assert chatwoot.resolved(**nobody) == (t, "first", None, "fallback")
    chatwoot.patch(fallbacks=[chatwoot.entry("none")])
    assert chatwoot.resolved(account="unknown") == (t, "none", None, "fallback")


@pytest.mark.parametrize(
    "written",
    [
        "+5511999990003",
        "5511999990003",
        "+55 11 99999-0003",
        "whatsapp:+5511999990003",
        "+55 (11) 9 9999.0003",
        " 5511999990003 ",
    ],
)
def test_phone_numbers_in_any_writing(chatwoot: Chatwoot, written: str) -> None:
    for stored in ("+55 11 99999-0003", "5511999990003"):
        chatwoot.post(special_numbers=[chatwoot.entry(number=stored, crew="admin")])
        assert chatwoot.resolved(phone=written) == (chatwoot.tenant, "retail", "admin", "special_number")
        assert chatwoot.get()["special_numbers"][0]["number"] == stored


def test_a_special_number_counts_for_the_tenant_that_owns_the_conversation(
    chatwoot: Chatwoot, neighbour: Chatwoot, both: Chatwoot
) -> None:
    t, number = chatwoot.tenant, "+5511999990004"
    chatwoot.post(
        accounts={f"{t}-a": chatwoot.entry()}, special_numbers=[chatwoot.entry("x", number=number, crew="c1")]
    )
    neighbour.post(
        inboxes={f"{t}-i": neighbour.entry()}, special_numbers=[neighbour.entry("y", number=number, crew="c2")]
    )
    assert_problem(both.resolve(phone=number), 409, "mapping_ambiguous")
    assert both.resolved(phone=number, account=f"{t}-a") == (t, "x", "c1", "special_number")
    assert both.resolved(phone=number, inbox=f"{t}-i") == (f"{t}-n", "y", "c2", "special_number")
    # The inbox decides before the account.
    assert both.resolved(phone=number, inbox=f"{t}-i", account=f"{t}-a")[0] == f"{t}-n"
    # A caller of one tenant sees no ambiguity.
    assert chatwoot.resolved(phone=number) == (t, "x", "c1", "special_number")
    neighbour.post(inboxes={f"{t}-i": neighbour.entry()})
    assert both.resolved(phone=number, inbox=f"{t}-i") == (f"{t}-n", "retail", None, "inbox")


def test_fallbacks_answer_by_sequence_over_tenants(chatwoot: Chatwoot, neighbour: Chatwoot, both: Chatwoot) -> None:
    chatwoot.post(fallbacks=[chatwoot.entry("a", sequence=10)])
    neighbour.post(fallbacks=[neighbour.entry("b", sequence=-5)])
    assert both.resolved(account="x") == (neighbour.tenant, "b", None, "fallback")
    assert chatwoot.resolved(account="x") == (chatwoot.tenant, "a", None, "fallback")


def test_resolve_shows_nothing_of_other_tenants(chatwoot: Chatwoot, neighbour: Chatwoot) -> None:
    t = chatwoot.tenant
    neighbour.post(accounts={f"{t}-a": neighbour.entry()}, fallbacks=[neighbour.entry(sequence=1)])
    for language in ("pt-BR", "en"):
        answer = chatwoot.client.get(f"/mapping/resolve?account={t}-a", headers={"Accept-Language": language})
        assert_problem(answer, 404, "mapping_unresolved")


@pytest.mark.parametrize("query", ["", "account=", "inbox=&phone=", "other=1", "phone=" + "1" * 129])
def test_resolve_needs_something_to_go_by(chatwoot: Chatwoot, query: str) -> None:
    assert_problem(chatwoot.client.get(f"/mapping/resolve?{query}"), 422, "parameter_invalid")


# --- history and rollback


def test_history_and_rollback(chatwoot: Chatwoot, neighbour: Chatwoot) -> None:
    t = chatwoot.tenant
    chatwoot.post(accounts={f"{t}-1": chatwoot.entry()})
    chatwoot.post(accounts={f"{t}-2": chatwoot.entry()})
    neighbour.post(accounts={f"{t}-3": neighbour.entry()})
    history = chatwoot.client.get("/mapping/history").json()
    assert [(item["tenant_id"], item["version"]) for item in history] == [(t, 2), (t, 1)]
    assert set(history[0]) == {
        "id", "tenant_id", "version", "revision", "digest", "mapping", "created_at", "actor", "origin", "message",
    }  # fmt: skip
    assert history[1]["mapping"] == SECTIONS | {"accounts": {f"{t}-1": chatwoot.entry()}}
    page = chatwoot.client.get("/mapping/history", params={"limit": 1}).json()
    assert page + chatwoot.client.get("/mapping/history", params={"before": page[-1]["id"]}).json() == history
    back = chatwoot.client.post("/mapping/rollback", json={"version": 1, "message": "engano"})
    assert (back.status_code, back.json()) == (200, SECTIONS | {"accounts": {f"{t}-1": chatwoot.entry()}})
    newest = chatwoot.client.get("/mapping/history").json()[0]
    assert (newest["version"], newest["origin"], newest["message"]) == (3, "rollback", "engano")
    assert chatwoot.resolved(account=f"{t}-1")[0] == t
    assert chatwoot.client.post("/mapping/rollback", json={"version": 3}).headers["x-config-version"] == "3"
    # What the old version held may belong to somebody else by now.
    chatwoot.client.post("/mapping/rollback", json={"version": 2})
    neighbour.patch(accounts={f"{t}-1": neighbour.entry()})
    assert_problem(chatwoot.client.post("/mapping/rollback", json={"version": 1}), 409, "mapping_taken")
    assert chatwoot.get()["accounts"] == {f"{t}-2": chatwoot.entry()}


def test_the_history_of_one_tenant_of_several(chatwoot: Chatwoot, neighbour: Chatwoot, both: Chatwoot) -> None:
    chatwoot.post(accounts={f"{both.tenant}-1": chatwoot.entry()})
    neighbour.post(accounts={f"{both.tenant}-2": neighbour.entry()})
    found = both.client.get("/mapping/history", params={"tenant": neighbour.tenant}).json()
    assert [item["tenant_id"] for item in found] == [neighbour.tenant]
    assert len(both.client.get("/mapping/history").json()) == 2
    assert_problem(
        chatwoot.client.get("/mapping/history", params={"tenant": neighbour.tenant}), 404, "tenant_not_found"
    )
    assert_problem(both.client.post("/mapping/rollback", json={"version": 1}), 422, "mapping_tenant_needed")
    named = both.client.post("/mapping/rollback", json={"version": 1, "tenant_id": neighbour.tenant})
    assert named.status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"version": 99}, 404, "version_not_found"), ({"version": 0}, 422, "body_invalid"), ({}, 422, "body_invalid"),
        ({"version": 10**30}, 422, "body_invalid"), ({"version": 1, "x": 1}, 422, "body_invalid"),
        ({"version": 1, "tenant_id": "a b"}, 422, "identifier_invalid"),
        ({"version": 1, "tenant_id": "someone-else"}, 404, "tenant_not_found"),
    ],
)  # fmt: skip
def test_a_rollback_that_cannot_be(chatwoot: Chatwoot, body: dict[str, Any], status: int, code: str) -> None:
    chatwoot.post(accounts={f"{chatwoot.tenant}-1": chatwoot.entry()})
    assert_problem(chatwoot.client.post("/mapping/rollback", json=body), status, code)
    assert len(chatwoot.client.get("/mapping/history").json()) == 1


def test_an_identical_mapping_makes_no_version(chatwoot: Chatwoot) -> None:
    sections = {"accounts": {f"{chatwoot.tenant}-1": chatwoot.entry()}}
    first, again = chatwoot.post(**sections), chatwoot.post(**sections)
    assert first.headers["etag"] == again.headers["etag"]
    assert len(chatwoot.client.get("/mapping/history").json()) == 1


def test_a_secret_has_no_place_in_the_mapping(platform: RunningPlatform) -> None:
    entry = {"account_id": "t1", "domain": "retail", "extra": {"password": "planted-mark"}}
    refused = platform.client.patch("/mapping/", json={"mapping_data": {"accounts": {"1": entry}}})
    assert refused.status_code == 422
    assert [fault["pointer"] for fault in refused.json()["errors"]] == ["/mapping_data/accounts/1/extra/password"]
    mapping = {
        "chatwoot_account_id": 1,
        "internal_account_id": "t1",
        "domain": "retail",
        "extra": {"password": "planted-mark"},
        "special_whatsapp_numbers": [{"number": "+5511999", "access_token": "planted-mark"}],
    }
    assert platform.client.post("/odoo-webhook/", json={"mapping": mapping}).status_code == 200
    assert "planted-mark" not in platform.client.get("/mapping/").text


def test_repeating_a_post_that_changed_nothing_undoes_nothing(platform: RunningPlatform) -> None:
    own = platform.with_rights("config:read", "mapping:write", tenants=["t1"])
    once = {"Idempotency-Key": "nothing-yet"}
    assert own.post("/mapping/", json={"mapping_data": {}}, headers=once).status_code == 200
    route = {"501": {"account_id": "t1", "domain": "retail"}}
    assert own.patch("/mapping/", json={"mapping_data": {"accounts": route}}).status_code == 200
    again = own.post("/mapping/", json={"mapping_data": {}}, headers=once)
    assert again.headers["idempotency-replayed"] == "true"
    assert own.get("/mapping/").json()["accounts"] == route
