"""docs/ai-stack.md: its code runs as it stands there, in its order."""

import re
import subprocess
import sys
from pathlib import Path

from sprintia_testing.platforms import RunningPlatform

PAGE = Path(__file__).parents[2] / "docs" / "ai-stack.md"
SAMPLES = Path(__file__).parents[1] / "samples"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# What the page only defines is called too.
FOLLOWED = """
import threading

assert password == "a-password"
started = config.bundle("account_1").revision
config.watch = lambda account, watch=config.watch: watch(account, since=started)
follower = threading.Thread(target=follow, args=["account_1"])
follower.start()
config.patch("account_1", "retail", "config", {"news": "yes"})
follower.join(20)
assert not follower.is_alive()
"""


def test_the_code_of_the_page_runs(platform: RunningPlatform, tmp_path: Path) -> None:
    folder = tmp_path / "config" / "domains" / "retail" / "account_1"
    folder.mkdir(parents=True)
    sample = (SAMPLES / "retail_account_1_config.yaml").read_text()
    (folder / "config.yaml").write_text(sample)
    entry = {"account_id": "account_1", "domain": "retail"}
    credentials = {"credentials": {"account_1-00bfe67a": "a-password"}}
    assert platform.client.put("/configs/account_1/retail/credentials", json=credentials).status_code == 200
    platform.client.patch("/mapping/", json={"mapping_data": {"accounts": {"1": entry}}})
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert len(blocks) >= 10
    program = tmp_path / "page.py"
    program.write_text("\n\n".join([*blocks[:-1], FOLLOWED, blocks[-1]]), encoding="utf-8")
    environ = {
        "CONFIG_SERVICE_URL": platform.url, "CONFIG_SERVICE_API_KEY": platform.environ["API_KEY"],
        "CONFIG_SERVICE_SNAPSHOT_KEY": "A" * 43 + "=", "HOME": str(tmp_path), "PYTHONIOENCODING": "utf-8",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-W", "error", str(program)], cwd=tmp_path, env=environ, timeout=60, check=False,
        capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for line in (
        "account_1/retail/config: version 1",
        "account_1 retail None account",
        "America/Sao_Paulo ['domain', 'tenant']",
        "09:00 to 18:00",
        "retail/config is now version 4, by key:bootstrap",
        "Olá! Como posso ajudar?",
        "run 4711 of account_1 at revision 3, digest ",
    ):
        assert line in done.stdout, done.stdout
    assert platform.client.get("/configs/account_1/retail/config/version/1").json()["yaml_content"] == sample
    stored = platform.client.get("/configs/account_1/retail/config").json()["json_data"]
    assert stored["company_metadata"]["customer_service"]["greeting_message"] == "Oi!"
    assert list((tmp_path / ".cache" / "sprintia-config").glob("*.snapshot"))


def test_every_setting_that_is_read_is_on_the_page() -> None:
    from sprintia_config_client import settings

    page = PAGE.read_text(encoding="utf-8")
    read = set(re.findall(r'"(CONFIG_SERVICE_[A-Z_]+)"', Path(settings.__file__).read_text(encoding="utf-8")))
    assert read
    assert not [name for name in sorted(read) if name not in page]
