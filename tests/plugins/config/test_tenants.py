"""Tenants at a glance, and the reconciliation of two sides."""

import hashlib

from sprintia_testing.platforms import RunningPlatform

YAML = {"Content-Type": "application/yaml"}


def test_tenants_are_listed_with_counts_and_freshness(platform: RunningPlatform) -> None:
    client = platform.client
    for tenant in ("t1", "t2", "t3"):
        client.put(f"/configs/{tenant}/retail/config", content="a: 1\n", headers=YAML)
    client.delete("/configs/t2/retail/config")
    client.post("/odoo-webhook/", json={"event_type": "credentials_sync", "account_id": "t3"})
    listed = {tenant["tenant_id"]: tenant for tenant in client.get("/config/tenants").json()}
    assert [(listed[name]["documents"], listed[name]["revision"]) for name in ("t1", "t2", "t3")] == [
        (1, 1),
        (0, 2),
        (1, 1),
    ]
    assert listed["t3"]["delivery_outcome"] == "refused"
    assert listed["t1"]["delivered_at"] is None
    assert listed["t1"]["changed_at"].endswith("Z")
    page = client.get("/config/tenants", params={"limit": 2}).json()
    rest = client.get("/config/tenants", params={"limit": 2, "after": page[-1]["tenant_id"]}).json()
    assert [tenant["tenant_id"] for tenant in page + rest] == ["t1", "t2", "t3"]
    assert client.get("/config/tenants/t1").json() == listed["t1"] | {"sources": []}
    assert client.get("/config/tenants/nobody").status_code == 404


def test_a_key_sees_its_own_tenants_alone(platform: RunningPlatform) -> None:
    for tenant in ("t1", "t2"):
        platform.client.put(f"/configs/{tenant}/retail/config", content="a: 1\n", headers=YAML)
    own = platform.with_rights("config:read", tenants=["t2"])
    assert [tenant["tenant_id"] for tenant in own.get("/config/tenants").json()] == ["t2"]
    assert own.get("/config/tenants/t1").status_code == 404
    assert own.post("/configs/t1/reconcile", json={"documents": []}).status_code == 404


def test_reconciling_tells_what_differs_on_either_side(platform: RunningPlatform) -> None:
    client = platform.client
    client.put("/configs/t1/retail/config", content="a: 1\n", headers=YAML)
    client.put("/configs/t1/retail/metadata", content="b: 1\n", headers=YAML)
    client.put("/configs/t1/retail/scheduling", content="c: 1\n", headers=YAML)
    client.put("/configs/t1/retail/credentials", content="credentials: {k: planted}\n", headers=YAML)
    held = [
        {"domain": "retail", "config_type": "config", "digest": hashlib.sha256(b"a: 1\n").hexdigest()},
        {"domain": "retail", "config_type": "metadata", "digest": hashlib.sha256(b"b: 0\n").hexdigest()},
        {"domain": "retail", "config_type": "credentials", "version": 1},
        {"domain": "retail", "config_type": "elsewhere", "version": 7},
    ]
    answer = client.post("/configs/t1/reconcile", json={"documents": held}).json()
    assert (answer["revision"], answer["equal"]) == (4, 2)
    assert [found["config_type"] for found in answer["stale"]] == ["metadata"]
    assert [found["config_type"] for found in answer["missing"]] == ["scheduling"]
    assert answer["unknown"] == [{"domain": "retail", "config_type": "elsewhere", "version": None, "digest": None}]


def test_a_malformed_reconciliation_names_every_fault(platform: RunningPlatform) -> None:
    body = {"documents": [{"domain": "retail"}, {"domain": 1, "config_type": "config"}]}
    answer = platform.client.post("/configs/t1/reconcile", json=body)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [
        "/documents/0/config_type",
        "/documents/1/domain",
    ]
