"""Plays Odoo for one company: the real request bodies, so that pages have something to show.

Each secret is a text of its own that stands nowhere else: a test greps pages, answers and logs for it.
"""

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

SAMPLES = Path(__file__).parents[1] / "samples"
DOMAIN = "retail"
_SAMPLE_TOKEN = "5f0c2f5e-0000-4000-8000-000000000000"
DEEP_PATH = ("integrations", "shipping", "carriers", "express", "contract")
HOSTILE = (
    "<script>document.title='planted'</script>",
    "<img src=x onerror=\"document.title='planted'\">",
    "<b hx-get='/viewer/sign-in' hx-trigger='load'>planted</b>",
    "\"><svg onload=document.title='planted'>",
    "{{ 7 * 7 }} ${7 * 7} <!-- --> ]]> &lt;",
)


@dataclass
class Shop:
    """A company whose Odoo has posted everything.

    Attributes:
        tenant: its id.
        account, inbox, phone: of Chatwoot; they lead to this tenant alone.
        secrets: each secret's name in the credentials, and its value.
        security_token: of the company services, a secret that stands in no document.
        deep: a value that stands deep in its configuration, and nowhere else.
        versions: of `config`, the newest number.
    """

    client: httpx.Client
    tenant: str
    account: str
    inbox: str
    phone: str
    secrets: dict[str, str] = field(default_factory=dict)
    security_token: str = ""
    deep: str = ""
    versions: int = 0

    @property
    def deep_pointer(self) -> str:
        return "/" + "/".join(DEEP_PATH)

    @property
    def sentinels(self) -> list[str]:
        """What no page, no log and no answer may hold that was not asked for a secret."""
        return [*self.secrets.values(), self.security_token]

    def path(self, config_type: str = "config") -> str:
        return f"/configs/{self.tenant}/{DOMAIN}/{config_type}"

    def deliver(self, body: Any, *, expected: int = 200) -> httpx.Response:
        """Post a webhook as the addon does, with an id of its own."""
        answer = self.client.post("/odoo-webhook/", json=body, headers={"webhook-id": f"msg_{secrets.token_hex(12)}"})
        assert answer.status_code == expected, f"{answer.status_code}: {answer.text}"
        return answer

    def change(self, patch: Any, config_type: str = "config") -> dict[str, Any]:
        """Merge something into a document, as an administrator's script does."""
        answer = self.client.patch(self.path(config_type), json=patch)
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        if config_type == "config":
            self.versions = made["version"]
        return made

    def credentials(self, **fields: str) -> dict[str, Any]:
        """The body of a credentials delivery, with the shop's secrets."""
        body = sample("webhook_credentials_nested_addon.json")
        token = f"{self.tenant}-00bfe67a"
        given = {name: value for name, value in body["credentials"].items() if name not in _SECRET_FIELDS}
        given |= {"token": token, "odoo_db": self.tenant, "redis_prefix": self.tenant}
        given |= {name: self.secrets[_name_of(name, self.tenant, token)] for name in _SECRET_FIELDS}
        return body | {"account_id": self.tenant, "token": token, "credentials": given | fields}


_SECRET_FIELDS = {
    "odoo_password": "{token}",
    "facebook_app_secret": "fb_secret_{tenant}",
    "facebook_access_token": "fb_token_{tenant}",
    "instagram_client_secret": "ig_secret_{tenant}",
    "instagram_access_token": "ig_token_{tenant}",
    "mercado_livre_client_secret": "ml_secret_{tenant}",
    "mercado_livre_access_token": "ml_token_{tenant}",
}
"""Fields of the addon's body that are secrets, and how the credentials document calls each."""


def _name_of(field_name: str, tenant: str, token: str) -> str:
    return _SECRET_FIELDS[field_name].format(tenant=tenant, token=token)


def sample(name: str) -> Any:
    """A real request body."""
    return json.loads((SAMPLES / name).read_text(encoding="utf-8"))


def open_shop(client: httpx.Client, tenant: str) -> Shop:
    """Post everything of one company: credentials, company, services, rules, scheduling, routes, and one refused.

    Its `config` has several versions by several ways: webhook, API, rollback.
    """
    number = secrets.randbelow(9 * 10**8) + 10**8
    token = f"{tenant}-00bfe67a"
    shop = Shop(client, tenant, account=str(number), inbox=str(number + 1), phone=f"+55119{number}")
    shop.secrets = {_name_of(name, tenant, token): f"sentinel-{name}-{secrets.token_hex(8)}" for name in _SECRET_FIELDS}
    shop.security_token = f"sentinel-security-{secrets.token_hex(8)}"
    shop.deep = f"contrato-{secrets.token_hex(6)}"
    shop.deliver(shop.credentials())
    shop.deliver(sample("webhook_company_metadata.json") | {"account_id": tenant, "domain": DOMAIN})
    _post_documents(shop)
    _post_routes(shop)
    _change_config(shop)
    incomplete = shop.credentials()
    del incomplete["token"], incomplete["credentials"]["token"]
    shop.deliver(incomplete, expected=400)
    return shop


def plant(client: httpx.Client, tenant: str, config_type: str = "config") -> None:
    """Store a document with something hostile as each key and each value: a page must show it as text."""
    values = {text: [text, {"value": text}] for text in HOSTILE}
    answer = client.put(
        f"/configs/{tenant}/{DOMAIN}/{config_type}", json={"name": HOSTILE[0], "description": HOSTILE[1], **values}
    )
    assert answer.status_code == 200, answer.text


def _post_documents(shop: Shop) -> None:
    services = sample("company_services_post.json")
    text = services["yaml_content"].replace("account_1", shop.tenant)
    services["yaml_content"] = text.replace(_SAMPLE_TOKEN, shop.security_token)
    headers = {"X-Security-Token": shop.security_token}
    answer = shop.client.post(f"/company-services/{shop.tenant}/metadata", json=services, headers=headers)
    assert answer.status_code == 200, answer.text
    for config_type, name in {
        "business_rules": "business_rules_config_post.json", "scheduling": "scheduling_post.json",
    }.items():  # fmt: skip
        answer = shop.client.post(shop.path(config_type), json=sample(name))
        assert answer.status_code == 200, answer.text


def _post_routes(shop: Shop) -> None:
    body = sample("webhook_mapping_addon.json")
    body["mapping"] |= {
        "chatwoot_account_id": shop.account, "chatwoot_inbox_id": shop.inbox, "internal_account_id": shop.tenant,
        "special_whatsapp_numbers": [{"number": shop.phone, "crew": "analytics"}],
    }  # fmt: skip
    shop.deliver(body | {"account_id": shop.tenant, "token": f"{shop.tenant}-00bfe67a"})


def _change_config(shop: Shop) -> None:
    nested: Any = shop.deep
    for name in reversed(DEEP_PATH):
        nested = {name: nested}
    good = shop.change(nested)
    shop.change({"name": "Loja Errada", "enabled_collections": ["business_rules"]})
    back = shop.client.post(
        f"{shop.path()}/rollback", json={"version": good["version"], "message": "O nome estava errado"}
    )
    assert back.status_code == 200, back.text
    shop.change({"description": "Moda, acessórios e presentes"})
