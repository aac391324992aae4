"""The client against the real service: what a delivery becomes, and what a comparison and a probe tell."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from outbox_core.answers import Answer, Outcome
from outbox_core.canonical import canonical_json
from outbox_core.client import Client
from outbox_core.wire import opened, places_of, stream_of
from sprintia_testing.databases import TestDatabases
from sprintia_testing.outages import DetachableDatabase
from sprintia_testing.platforms import API_KEY, RunningPlatform, wait_until
from sprintia_testing.shared import shared_platform
from sprintia_testing.signing import new_secret

_NUMBERS = itertools.count(1)
_RIGHTS = ("config:read", "config:write", "mapping:write")


@pytest.fixture(scope="module")
def served(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with shared_platform(databases, tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture
def tenant() -> str:
    return f"account_{next(_NUMBERS)}"


class Sender:
    """What the outbox does, without an Odoo: events with ids and numbers of their own."""

    def __init__(self, client: Client, tenant: str) -> None:
        self.client, self.tenant = client, tenant
        self.numbers = itertools.count(1)

    def send(self, body: Any, *, number: int | None = None, event: str | None = None, language: str = "en") -> Answer:
        number = number or next(self.numbers)
        return self.client.deliver(event or f"{self.tenant}-{number}", number, canonical_json(body), language)

    def credentials(self, **fields: Any) -> dict[str, Any]:
        return {
            "event_type": "credentials_sync", "account_id": self.tenant, "domain": "retail", "token": "tok-1",
            "odoo_password": "not-a-real-password", **fields,
        }  # fmt: skip

    def rules(self, **content: Any) -> dict[str, Any]:
        return {
            "event_type": "document_sync", "account_id": self.tenant, "domain": "retail",
            "config_type": "business_rules", "content": content,
        }  # fmt: skip


@pytest.fixture
def connect(served: RunningPlatform) -> Iterator[Callable[..., Client]]:
    """Make clients of the service, with the bootstrap key unless told otherwise."""
    made: list[Client] = []

    def client_of(key: str = API_KEY, secret: str = "", *, platform: RunningPlatform | None = None) -> Client:
        client = Client((platform or served).url, key, secret)
        made.append(client)
        return client

    yield client_of
    for client in made:
        client.close()


@pytest.fixture
def sender(connect: Callable[..., Client], tenant: str) -> Sender:
    return Sender(connect(), tenant)


# --- what is taken


@pytest.mark.parametrize(
    ("name", "info"),
    [
        ("webhook_credentials_flat.json", {"tenant_id": "123456", "domain": "default", "config_version": 1}),
        ("webhook_credentials_nested_addon.json", {"tenant_id": "account_1", "domain": "retail", "config_version": 1}),
        ("webhook_company_metadata.json", {"tenant_id": "123456", "metadata_version": 1}),
        ("webhook_mapping_addon.json", {"version": 1}),
        ("webhook_mapping_doc.json", {"version": 1}),
    ],
)  # fmt: skip
def test_real_bodies_are_taken(
    run_platform: Callable[..., RunningPlatform], connect: Callable[..., Client], sample: Callable[[str], str],
    name: str, info: dict[str, Any],
) -> None:  # fmt: skip
    found = connect(platform=run_platform()).deliver("sample-1", 1, sample(name).encode(), "pt_BR")
    assert (found.outcome, found.status, found.reason) == (Outcome.sent, 200, "")
    assert info.items() <= found.info.items()
    assert found.info["timestamp"]
    assert len(found.request_id) >= 8


def test_the_same_event_twice_is_done_once(sender: Sender, served: RunningPlatform) -> None:
    body = sender.credentials(name="Loja")
    first, second = sender.send(body, number=1), sender.send(body, number=1)
    assert first.outcome is second.outcome is Outcome.sent
    assert first.info == second.info
    history = served.client.get(f"/configs/{sender.tenant}/retail/config/history").json()
    assert len(history) == 1


def test_an_id_with_another_body_is_refused(sender: Sender) -> None:
    assert sender.send(sender.credentials(name="a"), number=1).outcome is Outcome.sent
    found = sender.send(sender.credentials(name="b"), number=1)
    assert (found.outcome, found.status) == (Outcome.dead, 409)
    assert found.reason


def test_an_older_state_is_superseded(sender: Sender, served: RunningPlatform) -> None:
    assert sender.send(sender.credentials(name="new"), number=5).outcome is Outcome.sent
    found = sender.send(sender.credentials(name="old"), number=4)
    assert (found.outcome, found.sequence) == (Outcome.superseded, 5)
    assert served.client.get(f"/configs/{sender.tenant}/retail/config").json()["json_data"]["name"] == "new"


def test_secrets_are_opened_on_the_way(sender: Sender) -> None:
    body = sender.credentials(odoo_password={"$sealed": "gAAAA"}, nested=[{"$sealed": "b"}])
    sent = opened(body, lambda sealed: f"opened {sealed}")
    assert (sent["odoo_password"], sent["nested"]) == ("opened gAAAA", ["opened b"])
    assert sender.send(sent).outcome is Outcome.sent


# --- what is not


def test_a_key_that_nobody_knows_pauses(connect: Callable[..., Client], tenant: str) -> None:
    sender = Sender(connect("sk-not-a-real-key"), tenant)
    found = sender.send(sender.credentials())
    assert (found.outcome, found.status) == (Outcome.paused, 401)
    assert "sk-not-a-real-key" not in found.reason
    assert found.reason


def test_a_key_without_the_right_pauses(served: RunningPlatform, connect: Callable[..., Client], tenant: str) -> None:
    sender = Sender(connect(served.key("config:read")), tenant)
    found = sender.send(sender.credentials())
    assert (found.outcome, found.status) == (Outcome.paused, 403)
    assert "config:write" in found.reason


def test_a_tenant_out_of_reach_refuses_this_event_alone(
    served: RunningPlatform, connect: Callable[..., Client], tenant: str
) -> None:
    client = connect(served.key(*_RIGHTS, tenants=[tenant]))
    found = Sender(client, "account_of_others").send(Sender(client, "account_of_others").credentials())
    assert (found.outcome, found.status) == (Outcome.dead, 404)
    assert Sender(client, tenant).send(Sender(client, tenant).credentials()).outcome is Outcome.sent


@pytest.mark.parametrize(
    ("change", "status"),
    [({"account_id": "not an identifier"}, 400), ({"domain": "a/b"}, 400), ({"token": ""}, 400),
     ({"event_type": "unknown_sync"}, 400)],
)  # fmt: skip
def test_what_can_never_be_taken_is_refused_in_the_reader_s_language(
    sender: Sender, change: dict[str, Any], status: int
) -> None:
    english = sender.send(sender.credentials(**change), language="en_US")
    portuguese = sender.send(sender.credentials(**change), language="pt_BR")
    assert (english.outcome, portuguese.outcome) == (Outcome.dead, Outcome.dead)
    assert english.status == portuguese.status == status
    assert english.reason
    assert portuguese.reason
    assert "not-a-real-password" not in english.reason + portuguese.reason


def test_a_schema_s_faults_are_told_with_their_places(served: RunningPlatform, sender: Sender) -> None:
    schema = {"required": ["name"], "properties": {"name": {"type": "string"}}}
    with served.with_rights() as administrator:
        kept = administrator.put("/config/schemas/business_rules", json={"schema": schema, "mode": "reject"})
        assert kept.status_code in (200, 201), kept.text
        found = sender.send(sender.rules(name=5))
        administrator.delete("/config/schemas/business_rules")
    assert (found.outcome, found.status) == (Outcome.dead, 422)
    assert "/name" in found.reason


def test_a_body_that_is_too_large_is_refused(sender: Sender) -> None:
    found = sender.send(sender.credentials(description="x" * 1_100_000))
    assert (found.outcome, found.status) == (Outcome.dead, 413)


# --- signatures


def test_where_signatures_are_required(served: RunningPlatform, connect: Callable[..., Client], tenant: str) -> None:
    old, new = new_secret(), new_secret()
    with served.with_rights() as administrator:
        made = administrator.post(f"/config/tenants/{tenant}/webhook-secrets", json={"secret": new})
        assert made.status_code == 201, made.text
        assert administrator.put(f"/config/tenants/{tenant}/signature", json={"mode": "required"}).status_code == 200
    outcomes = []
    for number, secret in enumerate(("", old, new, f"{old} {new}"), start=1):
        sender = Sender(connect(secret=secret), tenant)
        outcomes.append(sender.send(sender.credentials(), number=number))
    assert [(found.outcome.name, found.status) for found in outcomes] == [
        ("paused", 401), ("paused", 401), ("sent", 200), ("sent", 200),
    ]  # fmt: skip
    assert not [found for found in outcomes if old in found.reason or new in found.reason]


# --- outages


def test_a_service_that_is_down_and_comes_back(
    run_platform: Callable[..., RunningPlatform], connect: Callable[..., Client], tenant: str
) -> None:
    away = run_platform()
    sender = Sender(connect(platform=away), tenant)
    assert sender.send(sender.credentials(), number=1).outcome is Outcome.sent
    away.stop()
    found = sender.send(sender.credentials(name="x"), number=2)
    assert (found.outcome, found.status) == (Outcome.retry_host, 0)
    back = Sender(connect(platform=run_platform()), tenant)
    assert back.send(back.credentials(name="x"), number=2).outcome is Outcome.sent


def test_a_service_without_its_database_says_when_to_come_back(
    databases: TestDatabases, run_platform: Callable[..., RunningPlatform], connect: Callable[..., Client], tenant: str,
    tmp_path: Path,
) -> None:  # fmt: skip
    database = DetachableDatabase(databases, tmp_path)
    platform = run_platform(DATABASE_URL=database.url)
    sender = Sender(connect(platform=platform), tenant)
    assert sender.send(sender.credentials(), number=1).outcome is Outcome.sent
    database.detach()
    away = sender.send(sender.credentials(name="x"), number=2)
    assert (away.outcome, away.status, away.code) == (Outcome.retry_host, 503, "database_unavailable")
    assert away.retry_after
    assert away.reason
    database.attach()
    wait_until(lambda: sender.send(sender.credentials(name="x"), number=2).outcome is Outcome.sent)
    platform.stop()
    database.drop()


# --- comparison


def test_what_was_sent_compares_equal_and_what_changed_does_not(sender: Sender, served: RunningPlatform) -> None:
    body = sender.credentials(name="Loja")
    taken = sender.send(body, number=7)
    places = places_of(body, taken.info)
    assert [place["version"] for place in places] == [1, 1]
    found = sender.client.reconcile(sender.tenant, places).reconciliation
    assert found
    assert (found["equal"], found["stale"], found["missing"], found["unknown"]) == (2, [], [], [])
    assert found["streams"] == [{"stream": stream_of(body), "sequence": 7}]
    assert found["mapping_version"] == 0

    changed = served.client.patch(f"/configs/{sender.tenant}/retail/config", json={"name": "other"})
    assert changed.status_code == 200, changed.text
    named = [*places, {"domain": "retail", "config_type": "gone", "version": 3}]
    found = sender.client.reconcile(sender.tenant, named).reconciliation
    assert found
    assert [(one["config_type"], one["version"]) for one in found["stale"]] == [("config", 2)]
    assert [one["config_type"] for one in found["unknown"]] == ["gone"]
    assert found["equal"] == 1


def test_a_document_compares_by_the_digest_that_the_service_told(sender: Sender) -> None:
    taken = sender.send(sender.rules(rules=[{"name": "Troca em 7 dias"}]))
    assert taken.outcome is Outcome.sent, taken.reason
    place = {"domain": "retail", "config_type": "business_rules", "digest": taken.info["digest"]}
    found = sender.client.reconcile(sender.tenant, [place]).reconciliation
    assert found
    assert (found["equal"], found["stale"]) == (1, [])


@pytest.mark.parametrize("rights", [("config:write",), ()])
def test_a_comparison_that_is_not_allowed_says_why(
    served: RunningPlatform, connect: Callable[..., Client], tenant: str, rights: tuple[str, ...]
) -> None:
    client = connect(served.key(*rights) if rights else "sk-not-a-real-key")
    found = client.reconcile(tenant, [])
    assert found.reconciliation is None
    assert found.answer.outcome is Outcome.paused
    assert found.reason


# --- full states


def test_full_states_take_away_what_they_do_not_name(sender: Sender, served: RunningPlatform) -> None:
    with_facebook = sender.credentials(complete=True, name="Loja", facebook_app_id="1", facebook_app_secret="fake-1")
    without = sender.credentials(complete=True, name="Loja")
    assert [sender.send(body).outcome for body in (with_facebook, without)] == [Outcome.sent, Outcome.sent]
    config = served.client.get(f"/configs/{sender.tenant}/retail/config").json()["json_data"]
    assert "facebook" not in config["integrations"]
    gone = {"event_type": "credentials_sync", "deleted": True, "account_id": sender.tenant, "domain": "retail"}
    assert sender.send(gone).outcome is Outcome.sent


def test_the_whole_mapping_and_an_empty_one(sender: Sender) -> None:
    body = {
        "event_type": "mapping_sync", "complete": True, "account_id": sender.tenant, "domain": "retail",
        "mappings": [
            {"chatwoot_account_id": f"c-{sender.tenant}", "chatwoot_inbox_id": "7", "domain": "retail",
             "is_fallback": False, "sequence": 10,
             "special_whatsapp_numbers": [{"number": "+5511999999999", "crew": "admin"}]},
        ],
    }  # fmt: skip
    first = sender.send(body)
    assert first.outcome is Outcome.sent, first.reason
    assert places_of(body, first.info) == [{"mapping": True, "version": 1}]
    second = sender.send({**body, "mappings": []})
    assert second.outcome is Outcome.sent, second.reason
    found = sender.client.reconcile(sender.tenant, []).reconciliation
    assert found
    assert found["streams"] == [{"stream": "mapping_sync", "sequence": 2}]
    assert found["mapping_version"] == second.info["version"]


def test_a_document_its_sections_and_its_end(sender: Sender, served: RunningPlatform) -> None:
    whole = sender.rules(a=1, b=2)
    parts = {name: value for name, value in whole.items() if name != "content"} | {"sections": {"a": None, "c": [3]}}
    gone = {name: value for name, value in whole.items() if name != "content"} | {"deleted": True}
    taken = [sender.send(body) for body in (whole, parts)]
    assert [one.outcome for one in taken] == [Outcome.sent, Outcome.sent], taken
    path = f"/configs/{sender.tenant}/retail/business_rules"
    assert served.client.get(path).json()["json_data"] == {"b": 2, "c": [3]}
    assert taken[1].info["version"] == 2
    assert sender.send(gone).outcome is Outcome.sent
    assert served.client.get(path).status_code == 404


# --- test of the connection


def _everything(platform: RunningPlatform) -> list[Any]:
    """All that a probe could have left."""
    client = platform.client
    paths = ("/config/deliveries?limit=500", "/config/tenants?limit=500", "/mapping", "/mapping/history")
    return [client.get(path).json() for path in paths]


def test_a_probe_of_a_good_connection_changes_nothing(
    served: RunningPlatform, connect: Callable[..., Client], tenant: str
) -> None:
    before = _everything(served)
    client = connect(served.key(*_RIGHTS, tenants=[tenant]))
    found = client.probe(tenant, "pt_BR")
    assert (found.reachable, found.key_accepted, found.reason) == (True, True, "")
    assert found.rights == dict.fromkeys((*_RIGHTS, f"tenant {tenant}"), True)
    assert found.clock_skew is not None
    assert abs(found.clock_skew) < 5
    after = _everything(served)
    for remembered in (before, after):
        remembered[2].pop("request_id", None)
    assert after == before


def test_a_probe_with_a_wrong_key(connect: Callable[..., Client], tenant: str) -> None:
    found = connect("sk-not-a-real-key").probe(tenant)
    assert (found.reachable, found.key_accepted, found.rights) == (True, False, {})
    assert found.reason


@pytest.mark.parametrize("missing", _RIGHTS)
def test_a_probe_with_a_key_that_lacks_a_right(
    served: RunningPlatform, connect: Callable[..., Client], tenant: str, missing: str
) -> None:
    found = connect(served.key(*(right for right in _RIGHTS if right != missing))).probe(tenant)
    assert (found.reachable, found.key_accepted) == (True, True)
    assert [right for right, held in found.rights.items() if not held] == [missing]
    assert missing in found.reason


def test_a_probe_of_a_tenant_out_of_reach(served: RunningPlatform, connect: Callable[..., Client], tenant: str) -> None:
    found = connect(served.key(*_RIGHTS, tenants=["account_of_others"])).probe(tenant)
    assert [right for right, held in found.rights.items() if not held] == [f"tenant {tenant}"]
    assert found.reason


def test_a_probe_at_a_wrong_path(served: RunningPlatform, tenant: str) -> None:
    client = Client(f"{served.url}/no/such/path", API_KEY)
    try:
        found = client.probe(tenant)
    finally:
        client.close()
    assert not all([found.reachable, found.key_accepted, *found.rights.values()])
    assert found.reason
