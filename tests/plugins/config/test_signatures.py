"""Signed webhooks: Standard Webhooks, and the form of the addon before this platform; and what a tenant asks for."""

import base64
import json
import time
from collections.abc import Callable

import httpx
import pytest
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.problems import assert_problem
from sprintia_testing.signing import legacy_signature, new_secret, signature, signed_headers

JSON = {"Content-Type": "application/json"}


class Tenant:
    """A tenant, its signing secret, and somebody who sends in its name."""

    def __init__(self, client: httpx.Client, administrator: httpx.Client, name: str) -> None:
        self.name, self.client, self.administrator = name, client, administrator
        self.secret = new_secret()
        self.body = json.dumps(
            {"event_type": "credentials_sync", "account_id": name, "token": "t", "name": "São Paulo", "n": 1.50}
        ).encode()
        self._numbers = iter(range(1, 10_000))

    def add_secret(self, secret: str | None = None, **options: int) -> dict[str, str]:
        body = {"secret": secret} if secret else {}
        answer = self.administrator.post(f"/config/tenants/{self.name}/webhook-secrets", json=body | options)
        assert answer.status_code == 201, answer.text
        assert answer.headers["cache-control"] == "no-store"
        shown: dict[str, str] = answer.json()
        return shown

    def ask_for(self, mode: str) -> None:
        answer = self.administrator.put(f"/config/tenants/{self.name}/signature", json={"mode": mode})
        assert (answer.status_code, answer.json()) == (200, {"mode": mode})

    def signed(self, secret: str | None = None, at: float | None = None) -> dict[str, str]:
        return signed_headers(secret or self.secret, self.body, f"{self.name}-{next(self._numbers)}", at)

    def send(self, headers: dict[str, str], body: bytes | None = None) -> httpx.Response:
        return self.client.post("/odoo-webhook/", content=self.body if body is None else body, headers=JSON | headers)

    def refused(self, headers: dict[str, str], body: bytes | None = None) -> str:
        details = set()
        for language in ("pt-BR", "en"):
            answer = self.send(headers | {"Accept-Language": language}, body)
            details.add(assert_problem(answer, 401, "signature_refused")["detail"])
        assert len(details) == 2
        return " ".join(details)


@pytest.fixture
def signing(served: RunningPlatform, administrator: httpx.Client, tenant: str) -> Tenant:
    made = Tenant(served.client, administrator, tenant)
    made.add_secret(made.secret)
    return made


def test_a_signed_delivery_is_taken(signing: Tenant) -> None:
    assert signing.send(signing.signed()).status_code == 200
    signing.ask_for("required")
    assert signing.send(signing.signed()).status_code == 200


def test_the_example_of_the_specification() -> None:
    """Our signer against the published vector, so that it cannot be wrong in the same way as our verifier."""
    made = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_tenant_that_requires_a_signature_refuses_what_has_none(signing: Tenant) -> None:
    assert signing.send({}).status_code == 200
    signing.ask_for("required")
    assert "webhook-signature" in signing.refused({})
    for left_out in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        signing.refused({name: value for name, value in signing.signed().items() if name != left_out})
    signing.ask_for("optional")
    assert signing.send({}).status_code == 200
    signing.ask_for("inherit")
    assert signing.send({}).status_code == 200


def test_the_platform_may_require_signatures_of_everybody(run_platform: Callable[..., RunningPlatform]) -> None:
    shared = [new_secret(), new_secret()]
    running = run_platform(
        SPRINTIA_CONFIG_WEBHOOK_SIGNATURE="required", SPRINTIA_CONFIG_WEBHOOK_SECRETS=" ".join(shared)
    )
    tenant = Tenant(running.client, running.with_rights(), "account_1")
    tenant.refused({})
    for secret in shared:
        assert tenant.send(tenant.signed(secret)).status_code == 200
    tenant.ask_for("optional")
    assert tenant.send({}).status_code == 200


def test_an_unsigned_field_is_not_the_only_wall(signing: Tenant) -> None:
    """A signature that is sent is checked, even where none is asked for."""
    wrong = signing.signed(new_secret())
    signing.refused(wrong)


def test_two_secrets_are_valid_while_one_is_being_replaced(signing: Tenant) -> None:
    newer = signing.add_secret(overlap_hours=1)["secret"]
    assert newer.startswith("whsec_")
    assert signing.send(signing.signed()).status_code == 200
    assert signing.send(signing.signed(newer)).status_code == 200
    # A sender in rotation signs with both; either place will do.
    for order in ([signing.secret, new_secret()], [new_secret(), signing.secret]):
        headers = signing.signed()
        both = [
            signature(secret, headers["webhook-id"], headers["webhook-timestamp"], signing.body) for secret in order
        ]
        assert signing.send(headers | {"webhook-signature": " ".join(both)}).status_code == 200
    newest = signing.add_secret(overlap_hours=0)["secret"]
    signing.refused(signing.signed())
    signing.refused(signing.signed(newer))
    assert signing.send(signing.signed(newest)).status_code == 200
    listed = signing.administrator.get(f"/config/tenants/{signing.name}/webhook-secrets").json()
    assert [set(item) for item in listed] == [{"id", "created_at", "not_after"}] * 3
    assert [item["not_after"] is None for item in listed] == [False, False, True]


@pytest.mark.parametrize(("offset", "accepted"), [(0, True), (-280, True), (280, True), (-320, False), (320, False)])
def test_the_window_is_five_minutes_to_either_side(signing: Tenant, offset: int, accepted: bool) -> None:
    headers = signing.signed(at=time.time() + offset)
    if accepted:
        assert signing.send(headers).status_code == 200
    else:
        assert "5 min" in signing.refused(headers)


def test_a_signature_is_bound_to_id_time_and_every_byte_of_the_body(signing: Tenant) -> None:
    headers = signing.signed()
    signing.refused(headers | {"webhook-id": headers["webhook-id"] + "x"})
    signing.refused(headers | {"webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)})
    for place in range(len(signing.body)):
        flipped = bytearray(signing.body)
        flipped[place] ^= 1
        answer = signing.send(headers, bytes(flipped))
        # Before the signature can be asked for, the body must say whose it is.
        assert answer.status_code in {400, 401, 404}, (place, answer.text)
        if answer.status_code == 401:
            assert_problem(answer, 401, "signature_refused")
    for body in (signing.body + b" ", b" " + signing.body, json.dumps(json.loads(signing.body), indent=1).encode()):
        signing.refused(headers, body)
    assert signing.send(headers).status_code == 200


def test_every_byte_of_the_signature_counts(signing: Tenant) -> None:
    headers = signing.signed()
    raw = bytearray(base64.b64decode(headers["webhook-signature"].removeprefix("v1,")))
    for place in range(len(raw)):
        flipped = bytearray(raw)
        flipped[place] ^= 0x80
        wrong = "v1," + base64.b64encode(flipped).decode()
        assert_problem(signing.send(headers | {"webhook-signature": wrong}), 401, "signature_refused")
    for short in (raw[:-1], raw[:1], b"", raw + b"\0"):
        wrong = "v1," + base64.b64encode(short).decode()
        assert_problem(signing.send(headers | {"webhook-signature": wrong}), 401, "signature_refused")


@pytest.mark.parametrize(
    "malformed",
    [
        "", "v1", "v1,", ",", "v2,{good}", "v1a,{good}", "{good}", "v1,!!!", "v1,=", "v1,{good}=", "V1,{good}",
        "v1,\xe9\xff", "v1;{good}", "x" * 5000, " ".join(["v1,AAAA"] * 500), "v1, {good}", "v1,{good},v1",
    ],
)  # fmt: skip
def test_malformed_signatures_are_401(signing: Tenant, malformed: str) -> None:
    headers = signing.signed()
    good = headers["webhook-signature"].removeprefix("v1,")
    answer = signing.client.post(
        "/odoo-webhook/", content=signing.body,
        headers=[*((name.encode(), value.encode()) for name, value in headers.items() if name != "webhook-signature"),
                 (b"webhook-signature", malformed.replace("{good}", good).encode("latin-1"))],
    )  # fmt: skip
    assert_problem(answer, 401, "signature_refused")


@pytest.mark.parametrize(
    "timestamp", ["", "now", "1.5", "-1", "9" * 13, "9" * 400, "0x10", "١٢٣", "1e9", "0", "99999999999"]
)
def test_malformed_timestamps_are_401(signing: Tenant, timestamp: str) -> None:
    headers = [(name.encode(), (timestamp if name == "webhook-timestamp" else value).encode())
               for name, value in signing.signed().items()]  # fmt: skip
    answer = signing.client.post("/odoo-webhook/", content=signing.body, headers=headers)
    assert_problem(answer, 401, "signature_refused")


def test_a_tenant_without_secrets_says_so(served: RunningPlatform, administrator: httpx.Client, tenant: str) -> None:
    made = Tenant(served.client, administrator, tenant)
    assert "no signing secret" in made.refused(made.signed())
    made.ask_for("required")
    made.refused({})


def test_another_tenants_secret_signs_nothing_here(signing: Tenant) -> None:
    other = Tenant(signing.client, signing.administrator, f"{signing.name}-other")
    other.add_secret(other.secret)
    signing.refused(signing.signed(other.secret))


def test_a_refusal_is_listed_and_shows_no_signature(signing: Tenant) -> None:
    headers = signing.signed(new_secret())
    signing.refused(headers)
    newest = signing.client.get("/config/deliveries", params={"tenant": signing.name}).json()[0]
    assert (newest["outcome"], newest["status"], newest["delivery_id"]) == ("refused", 401, headers["webhook-id"])
    assert "assinatura" in newest["reason"]
    assert headers["webhook-signature"] not in json.dumps(newest)


# --- the addon before this platform


def test_the_legacy_signature_where_a_tenant_is_set_to_it(signing: Tenant) -> None:
    secret = "um-segredo-antigo-ção"
    signing.add_secret(secret)
    header = legacy_signature(secret, signing.body)
    signing.ask_for("legacy")
    assert signing.send({"X-Webhook-Signature": header}).status_code == 200
    # The order of keys and the spaces are not signed: the addon signed its own dump and another library sent the body.
    reordered = json.dumps(dict(reversed(json.loads(signing.body).items())), separators=(",", ":"), ensure_ascii=False)
    assert signing.send({"X-Webhook-Signature": header.upper()}, reordered.encode()).status_code == 200
    assert signing.send(signing.signed()).status_code == 200  # the new form is always accepted
    signing.refused({})
    for wrong in ("", "x", header[:-1], header[:-1] + ("0" if header[-1] != "0" else "1"), "sha256", "0" * 64):
        signing.refused({"X-Webhook-Signature": wrong})
    changed = signing.body.replace(b"1.5", b"1.6")
    signing.refused({"X-Webhook-Signature": header}, changed)


def test_the_legacy_signature_of_an_aurora_body(
    run_platform: Callable[..., RunningPlatform], sample: Callable[[str], str]
) -> None:
    running = run_platform()
    tenant = Tenant(running.client, running.with_rights(), "account_1")
    tenant.add_secret("old-shared-secret")
    tenant.ask_for("legacy")
    body = sample("webhook_credentials_nested_addon.json").encode()
    header = {"X-Webhook-Signature": legacy_signature("old-shared-secret", body)}
    assert tenant.send(header, body).status_code == 200
    tenant.refused(header, body.replace(b"Aurora", b"Aurore"))


def test_the_legacy_signature_counts_for_nothing_elsewhere(signing: Tenant) -> None:
    signing.ask_for("required")
    signing.refused({"X-Webhook-Signature": legacy_signature(signing.secret, signing.body)})


# --- who may say how a tenant signs


def test_only_an_administrator_of_the_tenant_sets_signing(served: RunningPlatform, tenant: str) -> None:
    path = f"/config/tenants/{tenant}"
    for client, status, code in (
        (served.client, 403, "forbidden"), (served.with_rights("admin", tenants=["other"]), 404, "tenant_not_found"),
    ):  # fmt: skip
        assert_problem(client.get(f"{path}/webhook-secrets"), status, code)
        assert_problem(client.post(f"{path}/webhook-secrets", json={}), status, code)
        assert_problem(client.put(f"{path}/signature", json={"mode": "optional"}), status, code)


@pytest.mark.parametrize(
    ("rest", "body"),
    [
        ("webhook-secrets", {"secret": "short"}), ("webhook-secrets", {"secret": "x" * 300}),
        ("webhook-secrets", {"overlap_hours": -1}), ("webhook-secrets", {"overlap_hours": 10**6}),
        ("webhook-secrets", {"other": 1}), ("signature", {}), ("signature", {"mode": "sometimes"}),
        ("signature", {"mode": "legacy", "other": 1}),
    ],
)  # fmt: skip
def test_bad_settings_of_signing_are_refused(signing: Tenant, rest: str, body: dict[str, object]) -> None:
    method = "POST" if rest == "webhook-secrets" else "PUT"
    answer = signing.administrator.request(method, f"/config/tenants/{signing.name}/{rest}", json=body)
    assert_problem(answer, 422, "body_invalid")
