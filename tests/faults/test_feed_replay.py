"""A run that is replayed gets, byte for byte, the configuration that it had: after 50 changes, elsewhere, and later."""

import itertools
from collections.abc import Callable

import httpx
from sprintia_testing.platforms import RunningPlatform

TENANT = "account_1"
LATER_CHANGES = 51
YAML = {"Content-Type": "application/yaml"}
TEXTS = {
    "retail/config": "# preços de 2026\nprompt:   'Olá, José' \nprice: 1.10\nhours: 18:00\nbig: 12345678901234567890\n",
    "retail/prompts": "a: &x {k: [1, 2]}\nb: *x\n",
    "health/metadata": "",
}
PLACES = (*TEXTS, "default/config", "default/credentials")


def test_a_pinned_revision_is_the_same_to_the_byte_after_fifty_changes(
    run_platform: Callable[..., RunningPlatform],
) -> None:
    one, other = run_platform(), run_platform()
    write_everything(one.client, other.client)
    pinned = one.client.get(f"/configs/{TENANT}/bundle")
    revision = int(pinned.headers["x-config-revision"])
    had = everything_at(one.client, revision)
    assert had == everything_at(other.client, revision)
    assert had[f"bundle?revision={revision}"] == pinned.content
    for place, text in TEXTS.items():
        assert had[f"{place}/yaml?revision={revision}"] == text.encode()
    as_read = {place: one.client.get(f"/configs/{TENANT}/{place}/yaml").content for place in PLACES}
    assert as_read == {place: had[f"{place}/yaml?revision={revision}"] for place in PLACES}

    for number, client in zip(range(LATER_CHANGES), itertools.cycle([one.client, other.client]), strict=False):
        change_something(client, number)
    now = one.client.get(f"/configs/{TENANT}/bundle")
    assert int(now.headers["x-config-revision"]) == revision + LATER_CHANGES
    assert now.content != pinned.content
    assert one.client.get(f"/configs/{TENANT}/health/metadata").status_code == 404

    started_later = run_platform()
    for platform in (one, other, started_later):
        assert everything_at(platform.client, revision) == had


def write_everything(one: httpx.Client, other: httpx.Client) -> None:
    for client, (place, text) in zip(itertools.cycle([one, other]), TEXTS.items(), strict=False):
        sent(client.put(f"/configs/{TENANT}/{place}", content=text, headers=YAML))
    send_credentials(other, 0)
    send_mapping(one, 0)


def change_something(client: httpx.Client, number: int) -> None:
    """Make one change, of every kind in turn; the first ones take away what was pinned."""
    place = f"/configs/{TENANT}/{('retail/config', 'retail/prompts', f'retail/new_{number}')[number % 3]}"
    kind = number % 6
    if number == 0:
        sent(client.delete(f"/configs/{TENANT}/health/metadata"))
    elif kind in {0, 1}:
        sent(client.put(place, content=f"n: {number}\n", headers=YAML))
    elif kind == 2:
        sent(client.patch(place, json={"patched": number}))
    elif kind == 3:
        sent(client.post(place, json={"yaml_content": f"posted: {number}\n"}))
    elif kind == 4:
        send_credentials(client, number)
    else:
        send_mapping(client, number)


def send_credentials(client: httpx.Client, number: int) -> None:
    body = {
        "event_type": "credentials_sync", "account_id": TENANT, "token": "odoo", "odoo_password": f"senha-{number}",
        "qdrant_collection": f"collection_{number}",
    }  # fmt: skip
    sent(client.post("/odoo-webhook/", json=body))


def send_mapping(client: httpx.Client, number: int) -> None:
    mapping = {
        "chatwoot_account_id": "1", "internal_account_id": TENANT, "domain": "retail", "is_fallback": True,
        "sequence": number + 1,
    }  # fmt: skip
    sent(client.post("/odoo-webhook/", json={"event_type": "mapping_sync", "mapping": mapping}))


def everything_at(client: httpx.Client, revision: int) -> dict[str, bytes]:
    """The bundle, and each document as text and as JSON, as they stood at a revision."""
    paths = [f"bundle?revision={revision}"]
    paths += [f"{place}{form}?revision={revision}" for place in PLACES for form in ("", "/yaml")]
    return {path: sent(client.get(f"/configs/{TENANT}/{path}")).content for path in paths}


def sent(answer: httpx.Response) -> httpx.Response:
    assert answer.status_code == 200, answer.text
    return answer
