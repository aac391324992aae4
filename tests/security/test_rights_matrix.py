"""Who may call what: every route of the application, asked by nobody, by a stranger, and by keys that lack something.

A route that is not in the matrix fails the test, so that a new one states here what it asks for.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from litestar.handlers import HTTPRouteHandler
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.shared import shared_platform

from sprintia_config.controllers.document_routes import TENANT_ROUTES
from sprintia_platform.app import create_app
from sprintia_platform.host import Host
from sprintia_platform.keys.callers import RIGHTS
from sprintia_platform.keys.tokens import new_token

ANY_KEY = "any valid key"
PUBLIC = "anybody"
DOCUMENT = "/configs/{tenant:str}/{domain:str}/{config_type:str}"
# The same handlers once more, for domains that bear the name of one of the tenant's own routes.
IN_NAMED_DOMAINS = rf"^/configs/{{tenant:str}}/({'|'.join(TENANT_ROUTES)})/{{config_type:str}}"


@dataclass(frozen=True)
class Row:
    """One route.

    Attributes:
        method: of the request.
        template: the path as the application knows it.
        right: what the key needs (words, if several rights), `ANY_KEY` or `PUBLIC`.
        path: a real path; `{key}` stands for the id of a key, `{delivery}` for one in quarantine, `{refused mapping}`
            for one that was refused.
        status: the answer to a key that has the right, and reaches the tenant `owner` alone where one is named.
        arguments: of the request.
        of_tenant: whether a key of another tenant must get a 404.
    """

    method: str
    template: str
    right: str
    path: str
    status: int = 200
    arguments: dict[str, Any] = field(default_factory=dict)
    of_tenant: bool = False
    everywhere: bool = False
    """Whether only a key that reaches every tenant may."""


def owner(method: str, template: str, right: str, path: str, status: int = 200, **arguments: Any) -> Row:
    return Row(method, template, right, path, status, arguments, of_tenant=True)


MATRIX = [
    *(Row("GET", path, PUBLIC, path) for path in ("/", "/metrics", "/health/live", "/health/ready", "/health")),
    *(Row("GET", path, PUBLIC, path) for path in ("/schema", "/schema/swagger", "/schema/openapi.json")),
    Row("GET", "/schema/{path:str}", PUBLIC, "/schema/other", 404),
    Row("GET", "/schema/assets/{name:str}", PUBLIC, "/schema/assets/start.js"),
    Row("GET", "/plugins", ANY_KEY, "/plugins"),
    Row("GET", "/keys", "admin", "/keys"),
    Row("POST", "/keys", "admin", "/keys", 201, {"json": {"name": "a", "rights": ["admin"], "tenants": ["owner"]}}),
    Row("POST", "/keys/{key_id:str}/rotate", "admin", "/keys/{key}/rotate", 200, {"json": {}}),
    Row("DELETE", "/keys/{key_id:str}", "admin", "/keys/{key}", 204),
    Row("GET", "/audit", "admin", "/audit"),
    owner("GET", "/configs/{tenant:str}", "config:read", "/configs/owner"),
    owner("GET", DOCUMENT, "config:read", "/configs/owner/retail/config"),
    owner("GET", f"{DOCUMENT}/yaml", "config:read", "/configs/owner/retail/config/yaml"),
    owner("GET", f"{DOCUMENT}/history", "config:read", "/configs/owner/retail/config/history"),
    owner("GET", f"{DOCUMENT}/history/removed", "config:read", "/configs/owner/retail/config/history/removed"),
    owner("GET", f"{DOCUMENT}/version/{{number:str}}", "config:read", "/configs/owner/retail/config/version/1"),
    owner("POST", DOCUMENT, "config:write", "/configs/owner/retail/config", json={"yaml_content": "a: 2\n"}),
    owner("PUT", DOCUMENT, "config:write", "/configs/owner/retail/config", json={"a": 3}),
    owner("PATCH", DOCUMENT, "config:write", "/configs/owner/retail/config", json={"a": 4}),
    owner("POST", f"{DOCUMENT}/rollback", "config:write", "/configs/owner/retail/config/rollback", json={"version": 1}),
    owner("DELETE", DOCUMENT, "config:write", "/configs/owner/retail/gone"),
    owner("GET", "/configs/{tenant:str}/bundle", "config:read", "/configs/owner/bundle"),
    owner("GET", "/configs/{tenant:str}/changes", "config:read", "/configs/owner/changes?since=0&wait=0"),
    owner("GET", "/configs/{tenant:str}/events", "config:read", "/configs/owner/events"),
    owner("POST", "/configs/{tenant:str}/reconcile", "config:read", "/configs/owner/reconcile", json={"documents": []}),
    owner("GET", f"{DOCUMENT}/diff", "config:read", "/configs/owner/retail/config/diff?from=1&to=1"),
    owner("GET", f"{DOCUMENT}/blame", "config:read", "/configs/owner/retail/config/blame"),
    owner("POST", f"{DOCUMENT}/validate", "config:write", "/configs/owner/retail/config/validate",
          json={"patch": {"a": 5}}),
    Row("GET", "/config/schemas", "config:read", "/config/schemas"),
    Row("GET", "/config/schemas/{config_type:str}", "config:read", "/config/schemas/guarded"),
    Row("GET", "/config/schemas/{config_type:str}/history", "config:read", "/config/schemas/guarded/history"),
    Row("PUT", "/config/schemas/{config_type:str}", "schemas:write secrets:read", "/config/schemas/new", 200, {
        "json": {"schema": {"type": "object"}, "mode": "warn"}}, everywhere=True),
    Row("DELETE", "/config/schemas/{config_type:str}", "schemas:write", "/config/schemas/gone", everywhere=True),
    owner("GET", "/config/deliveries/{delivery:int}/body", "config:read secrets:read",
          "/config/deliveries/{delivery}/body"),
    owner("POST", "/config/deliveries/{tenant:str}/{delivery:int}/replay", "config:write",
          "/config/deliveries/owner/{delivery}/replay"),
    owner("POST", "/config/deliveries/{tenant:str}/{delivery:int}/replay", "mapping:write",
          "/config/deliveries/owner/{refused mapping}/replay"),
    Row("GET", "/config/search", "config:read", "/config/search?q=something"),
    owner("GET", "/config/search", "config:read", "/config/search?q=something&tenant=owner"),
    Row("GET", "/config/export", "config:read", "/config/export"),
    owner("GET", "/config/export", "config:read", "/config/export?tenant=owner"),
    Row("POST", "/config/import", "config:write mapping:write", "/config/import?history=heads&dry_run=true", 422,
        {"headers": {"Content-Type": "application/x-ndjson"}, "content": b"{}\n"}),
    Row("GET", "/mapping", "config:read", "/mapping/"),
    Row("GET", "/mapping/export", "config:read", "/mapping/export"),
    Row("GET", "/mapping/resolve", "config:read", "/mapping/resolve?account=1"),
    Row("GET", "/mapping/history", "config:read", "/mapping/history"),
    Row("POST", "/mapping", "mapping:write", "/mapping/", 200, {
        "json": {"mapping_data": {"accounts": {"1": {"account_id": "owner", "domain": "retail"}}}}}),
    Row("PATCH", "/mapping", "mapping:write", "/mapping/", 200, {"json": {"mapping_data": {}}}),
    owner("POST", "/mapping/rollback", "mapping:write", "/mapping/rollback", json={"version": 1, "tenant_id": "owner"}),
    owner("POST", "/odoo-webhook", "config:write", "/odoo-webhook/", json={
        "event_type": "company_metadata_sync", "account_id": "owner", "domain": "retail", "name": "Loja"}),
    owner("POST", "/odoo-webhook", "mapping:write", "/odoo-webhook/", json={
        "event_type": "mapping_sync",
        "mapping": {"chatwoot_account_id": 1, "internal_account_id": "owner", "domain": "retail"}}),
    owner("POST", "/odoo-webhook", "config:write", "/odoo-webhook/", json={
        "event_type": "credentials_sync", "account_id": "owner", "domain": "retail", "token": "t"}),
    owner("POST", "/odoo-webhook", "config:write", "/odoo-webhook/", json={
        "event_type": "credentials_sync", "deleted": True, "account_id": "owner", "domain": "services"}),
    owner("POST", "/odoo-webhook", "config:write", "/odoo-webhook/", json={
        "event_type": "document_sync", "account_id": "owner", "domain": "services", "config_type": "scheduling",
        "content": {"a": 1}}),
    owner("POST", "/odoo-webhook", "mapping:write", "/odoo-webhook/", json={
        "event_type": "mapping_sync", "complete": True, "account_id": "owner", "mappings": [
            {"chatwoot_account_id": 1, "domain": "retail"}]}),
    owner("POST", "/company-services/{tenant:str}/metadata", "config:write", "/company-services/owner/metadata",
          json={"yaml_content": "account_id: owner\n"}, headers={"X-Security-Token": "a-token"}),
    owner("GET", "/company-services/{tenant:str}/metadata", "config:read", "/company-services/owner/metadata"),
    owner("GET", "/config/secrets/{tenant:str}/{name:str}", "secrets:read", "/config/secrets/owner/password"),
    Row("GET", "/config/deliveries", "config:read", "/config/deliveries"),
    owner("GET", "/config/deliveries", "config:read", "/config/deliveries?tenant=owner"),
    owner("GET", "/mapping/history", "config:read", "/mapping/history?tenant=owner"),
    owner("GET", "/mapping/history/removed", "config:read", "/mapping/history/removed?tenant=owner"),
    owner("GET", "/audit", "admin", "/audit?tenant=owner"),
    Row("GET", "/config/tenants", "config:read", "/config/tenants"),
    owner("GET", "/config/tenants/{tenant:str}", "config:read", "/config/tenants/owner"),
    owner("GET", "/config/tenants/{tenant:str}/activity", "config:read", "/config/tenants/owner/activity"),
    Row("GET", "/config/values", "config:read", "/config/values?pointer=/a"),
    owner("GET", "/config/values", "config:read", "/config/values?pointer=/a&tenant=owner"),
    owner("GET", "/config/deliveries/{tenant:str}/{delivery:int}", "config:read",
          "/config/deliveries/owner/{delivery}"),
    owner("GET", "/config/tenants/{tenant:str}/webhook-secrets", "admin", "/config/tenants/owner/webhook-secrets"),
    owner("POST", "/config/tenants/{tenant:str}/webhook-secrets", "admin", "/config/tenants/owner/webhook-secrets", 201,
          json={}),
    owner("PUT", "/config/tenants/{tenant:str}/signature", "admin", "/config/tenants/owner/signature",
          json={"mode": "optional"}),
    owner("DELETE", "/config/tenants/{tenant:str}/secrets", "admin", "/config/tenants/owner/secrets"),
    owner("GET", "/config/tenants/{tenant:str}/pins", "config:read", "/config/tenants/owner/pins"),
    owner("PUT", "/config/tenants/{tenant:str}/pins/{name:str}", "config:write", "/config/tenants/owner/pins/run",
          json={"revision": 1}),
    owner("DELETE", "/config/tenants/{tenant:str}/pins/{name:str}", "config:write", "/config/tenants/owner/pins/gone"),
]  # fmt: skip


@pytest.fixture(scope="module")
def platform(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with shared_platform(databases, tmp_path_factory.mktemp("rights")) as running:
        write = running.client
        for config_type, text in (
            ("config", "a: 1\n"),
            ("gone", "a: 1\n"),
            ("credentials", "credentials: {password: x}\n"),
        ):
            posted = write.post(f"/configs/owner/retail/{config_type}", json={"yaml_content": text})
            assert posted.status_code == 200, posted.text
        for config_type, mode in (("guarded", "quarantine"), ("gone", "warn")):
            schema = {"schema": {"type": "object", "required": ["name"]}, "mode": mode}
            assert write.put(f"/config/schemas/{config_type}", json=schema).status_code in {200, 201}
        assert write.put("/configs/owner/retail/guarded", json={"password": "x"}).status_code == 202
        assert write.put("/config/tenants/owner/pins/gone", json={"revision": 1}).status_code == 200
        entry = {"accounts": {"1": {"account_id": "owner", "domain": "retail"}}}
        assert write.post("/mapping/", json={"mapping_data": entry}).status_code == 200
        refused = {"chatwoot_account_id": 1, "internal_account_id": "owner", "domain": "no domain"}
        event = {"event_type": "mapping_sync", "mapping": refused}
        assert write.post("/odoo-webhook/", json=event).status_code == 400
        yield running


def ask(client: httpx.Client, row: Row, path: str) -> httpx.Response:
    with client.stream(row.method, path, **row.arguments) as answer:
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):  # which never ends
            answer.read()
        return answer


def test_every_route_is_in_the_matrix() -> None:
    app = create_app(Host(environ={"DATABASE_URL": "postgresql://nobody@localhost/none"}))
    served = {
        (str(method), re.sub(IN_NAMED_DOMAINS, DOCUMENT, route.path))
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        if isinstance(handler, HTTPRouteHandler)
        for method in handler.http_methods
        if method != "OPTIONS"  # Litestar's own: it names the methods, and nothing else
        # Pages know people by their sessions: test_page_rights.py has their matrix.
        and route.path.split("/")[1] != "viewer"
    }
    assert served - {(row.method, row.template) for row in MATRIX} == set(), "add these routes to MATRIX"
    assert {(row.method, row.template) for row in MATRIX} - served == set(), "MATRIX names routes that are gone"


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: f"{row.method} {row.path} {row.right}")
def test_a_route_answers_whom_it_may(platform: RunningPlatform, row: Row) -> None:
    path = real_path(platform, row)
    if row.right == PUBLIC:
        assert ask(platform.as_key(None), row, path).status_code == row.status
        return
    for client in (platform.as_key(None), platform.as_key("wrong"), platform.as_key(new_token().text)):
        refused = ask(client, row, path)
        assert refused.status_code == 401
        assert refused.json()["detail"] == "Chave de API inválida ou não fornecida"
        assert refused.headers["www-authenticate"] == "ApiKey"
    needed = row.right.split() if row.right != ANY_KEY else []
    for missing in needed:
        lacking = ask(platform.with_rights(*(right for right in RIGHTS if right != missing)), row, path)
        assert (lacking.status_code, lacking.json()["right"]) == (403, missing)
    if row.of_tenant:
        stranger = ask(platform.with_rights(*RIGHTS, tenants=["other"]), row, path)
        assert stranger.status_code == 404
        assert "owner" not in stranger.text.replace(path.partition("?")[0], "").replace("tenant owner", "")
    if row.everywhere:
        bound = ask(platform.with_rights(*RIGHTS, tenants=["owner"]), row, path)
        assert bound.status_code in {403, 404}, bound.text
    reach = None if row.everywhere else ["owner"]
    answer = ask(platform.with_rights(*(needed or ["config:read"]), tenants=reach), row, path)
    assert answer.status_code == row.status, answer.text


def real_path(platform: RunningPlatform, row: Row) -> str:
    if "{key}" in row.path:
        body = {"name": "to be changed", "rights": ["admin"], "tenants": ["owner"]}
        return row.path.replace("{key}", platform.with_rights("admin").post("/keys", json=body).json()["id"])
    for place, outcome in (("{delivery}", "quarantined"), ("{refused mapping}", "refused")):
        if place in row.path:
            listed = platform.client.get("/config/deliveries?tenant=owner").json()
            (kept,) = [item["id"] for item in listed if (item["outcome"], item["replay_of"]) == (outcome, None)]
            return row.path.replace(place, str(kept))
    return row.path


def test_a_document_of_another_tenant_looks_as_one_that_is_not_there(platform: RunningPlatform) -> None:
    stranger = platform.with_rights(*RIGHTS, tenants=["other"])
    there, nowhere = (stranger.get(f"/configs/{tenant}/retail/config").json() for tenant in ("owner", "never-heard-of"))
    assert {name: value for name, value in there.items() if name not in {"detail", "instance", "request_id"}} == {
        name: value for name, value in nowhere.items() if name not in {"detail", "instance", "request_id"}
    }
    assert there["detail"].replace("owner", "T") == nowhere["detail"].replace("never-heard-of", "T")


def test_lists_show_the_callers_tenants_alone(platform: RunningPlatform) -> None:
    stranger = platform.with_rights(*RIGHTS, tenants=["other"])
    for path in ("/config/deliveries", "/config/tenants", "/mapping/history", "/audit", "/keys"):
        answer = stranger.get(path)
        assert answer.status_code == 200
        assert "owner" not in answer.text, path
    assert stranger.get("/mapping/").status_code == 404
    assert stranger.get("/mapping/resolve?account=1").status_code == 404
