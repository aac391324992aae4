"""The main job, end to end: Odoo posts, an agent reads."""

import json
from collections.abc import Callable

from sprintia_testing.platforms import RunningPlatform


def test_odoo_posts_and_an_agent_reads(platform: RunningPlatform, sample: Callable[[str], str]) -> None:
    posted = platform.client.post(
        "/odoo-webhook/",
        content=sample("webhook_credentials_nested_addon.json"),
        headers={"Content-Type": "application/json"},
    )
    assert posted.status_code == 200, posted.text
    agent = platform.with_rights("config:read", tenants=["account_1"])
    config = agent.get("/configs/account_1/retail/config").json()
    assert config["json_data"]["integrations"]["mcp"]["config"]["credential_ref"] == "account_1-00bfe67a"
    masked = agent.get("/configs/account_1/retail/credentials").json()
    assert masked["json_data"]["credentials"]["fb_token_account_1"] == {"$secret": "fb_token_account_1", "set": True}
    assert json.loads(sample("webhook_credentials_nested_addon.json"))["credentials"][
        "odoo_password"
    ] not in json.dumps(masked)
