"""Play Odoo with real request bodies for three tenants, then read back what an agent reads, and check every value.

Starts a private platform in a temporary folder and throws it away. With SPRINTIA_URL and SPRINTIA_KEY it fills the one
that runs there instead, by the parts of the story that the first key may tell: it has every right but admin. Tenants
that stand there already are left alone, unless SPRINTIA_DEMO_AGAIN is set. Exit status 1 when a value that comes
back is wrong.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx

SAMPLES = Path(__file__).resolve().parent.parent / "tests" / "samples"
SPRINTIA = str(Path(sys.executable).parent / "sprintia")
RIGHTS = ("config:read", "config:write", "secrets:read", "mapping:write", "admin")
STARTS_WITHIN = 120.0
ENDS_WITHIN = 60.0
NEST, FLAT, THIRD = "account_1", "123456", "account_3"
RULES = f"/configs/{THIRD}/retail/business_rules"


class DemoError(Exception):
    """The demo cannot go on; the message says why and what to do."""


class Server(NamedTuple):
    """Where the platform answers, and a key with all rights."""

    url: str
    key: str


class Story:
    """Tells each step in Portuguese and English, and remembers what was wrong."""

    def __init__(self) -> None:
        self.checked = self.wrong = self.steps = 0

    def step(self, portuguese: str, english: str) -> None:
        self.steps += 1
        print(f"\n{self.steps}. {portuguese}\n   {english}")

    def check(self, what: str, got: object, expected: object) -> None:
        self.checked += 1
        if got == expected:
            print(f"   ✔ {what}: {_short(got)}")
            return
        self.wrong += 1
        print(f"   ✘ {what}\n     esperado · expected: {_short(expected)}\n     recebido · got:      {_short(got)}")


class Odoo:
    """Posts as the Odoo addons do: with an id for each delivery, signed where a secret is known."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self.secrets: dict[str, str] = {}

    def deliver(self, tenant: str, body: bytes, delivery_id: str | None = None) -> httpx.Response:
        headers = {"Content-Type": "application/json", "webhook-id": delivery_id or f"msg_{uuid.uuid4().hex}"}
        if tenant in self.secrets:
            headers |= _signature(self.secrets[tenant], headers["webhook-id"], body)
        return self._http.post("/odoo-webhook/", content=body, headers=headers)


def _signature(secret: str, delivery_id: str, body: bytes) -> dict[str, str]:
    """Sign as Standard Webhooks asks: HMAC-SHA256 over id, time and body."""
    stamp = str(int(time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{delivery_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {"webhook-timestamp": stamp, "webhook-signature": f"v1,{base64.b64encode(mac).decode()}"}


def play(server: Server) -> Story:
    """Tell the whole story on a running platform."""
    story = Story()
    with httpx.Client(base_url=server.url, headers={"X-API-Key": server.key}, timeout=30) as http:
        odoo = Odoo(http)
        register_signing(story, http, odoo)
        send_credentials(story, odoo)
        send_company_and_routes(story, odoo)
        send_company_services(story, http)
        repeat_a_delivery(story, odoo)
        read_as_an_agent(story, http)
        resolve_routes(story, http)
        show_history_and_roll_back(story, http)
    return story


def fill(server: Server) -> Story:
    """Tell, on a platform that somebody uses, what leaves sample data there and asks for no admin."""
    story = Story()
    with httpx.Client(base_url=server.url, headers={"X-API-Key": server.key}, timeout=30) as http:
        odoo = Odoo(http)
        leave_others_alone(http)
        send_credentials(story, odoo)
        send_company_and_routes(story, odoo)
        send_company_services(story, http)
        resolve_routes(story, http)
        show_history_and_roll_back(story, http)
    return story


def leave_others_alone(http: httpx.Client) -> None:
    """Stop before anything is written when one of the tenants may be somebody's own."""
    for tenant in (NEST, FLAT, THIRD):
        found = http.get(f"/config/tenants/{tenant}")
        if found.is_success and not os.environ.get("SPRINTIA_DEMO_AGAIN"):
            raise DemoError(
                f"o tenant {tenant} já existe ali; para gravar nele assim mesmo: AGAIN=1 · "
                f"there is a tenant {tenant} already; to write to it all the same: AGAIN=1"
            )
        if found.status_code != httpx.codes.NOT_FOUND:
            _must(found, "the key needs config:read, config:write and mapping:write for every tenant")


def register_signing(story: Story, http: httpx.Client, odoo: Odoo) -> None:
    story.step(
        f"O tenant {NEST} passa a assinar o que envia; sem assinatura, nada entra.",
        f"From now on the tenant {NEST} signs what it sends; unsigned, nothing gets in.",
    )
    made = http.post(f"/config/tenants/{NEST}/webhook-secrets", json={"overlap_hours": 0})
    _must(made, "the key needs all rights, admin included: see `sprintia keys create --help`")
    _must(http.put(f"/config/tenants/{NEST}/signature", json={"mode": "required"}))
    unsigned = odoo.deliver(NEST, sample("webhook_credentials_nested_addon.json"))
    story.check("sem assinatura · unsigned", unsigned.status_code, 401)
    odoo.secrets[NEST] = made.json()["secret"]


def send_credentials(story: Story, odoo: Odoo) -> None:
    story.step(
        "O Odoo envia as credenciais de dois tenants: uma no formato do addon, outra no formato plano.",
        "Odoo sends the credentials of two tenants: one in the addon's form, one in the flat form.",
    )
    for tenant, name in {NEST: "webhook_credentials_nested_addon.json", FLAT: "webhook_credentials_flat.json"}.items():
        answer = odoo.deliver(tenant, sample(name))
        story.check(f"{tenant}: resposta · answer", _said(answer), (200, "Credenciais sincronizadas com sucesso"))


def send_company_and_routes(story: Story, odoo: Odoo) -> None:
    story.step(
        "O Odoo envia os dados da empresa e as rotas do Chatwoot.",
        "Odoo sends the company's data and the routes of Chatwoot.",
    )
    company = odoo.deliver(FLAT, sample("webhook_company_metadata.json"))
    expected = (200, "Metadados da empresa sincronizados com sucesso")
    story.check(f"{FLAT}: empresa · company", _said(company), expected)
    for tenant, name in {NEST: "webhook_mapping_addon.json", FLAT: "webhook_mapping_doc.json"}.items():
        answer = odoo.deliver(tenant, sample(name))
        story.check(f"{tenant}: rotas · routes", _said(answer), (200, "Mapeamento sincronizado com sucesso"))


def send_company_services(story: Story, http: httpx.Client) -> None:
    story.step(
        f"O terceiro tenant, {THIRD}, usa outros addons: metadados com token, regras de negócio e agendamento.",
        f"The third tenant, {THIRD}, uses other addons: metadata with a token, business rules and scheduling.",
    )
    body = sample("company_services_post.json").replace(NEST.encode(), THIRD.encode())
    token = {"X-Security-Token": "5f0c2f5e-0000-4000-8000-000000000000", "Content-Type": "application/json"}
    path = f"/company-services/{THIRD}/metadata"
    story.check("metadados · metadata", http.post(path, content=body, headers=token).status_code, 200)
    wrong = http.post(path, content=body, headers=token | {"X-Security-Token": "outro"})
    story.check("com outro token · with another token", wrong.status_code, 401)
    for path, name in {
        RULES: "business_rules_config_post.json", f"/configs/{THIRD}/retail/scheduling": "scheduling_post.json",
    }.items():  # fmt: skip
        sent = json.loads(sample(name))
        story.check(f"POST {path}", http.post(path, json=sent).status_code, 200)
        story.check("os mesmos bytes · the same bytes", http.get(f"{path}/yaml").text == sent["yaml_content"], True)


def repeat_a_delivery(story: Story, odoo: Odoo) -> None:
    story.step(
        "A rede cai depois da entrega e o Odoo repete: a resposta é a mesma, palavra por palavra.",
        "The network breaks after a delivery and Odoo repeats it: the answer is the same, word for word.",
    )
    body, delivery_id = sample("webhook_credentials_nested_addon.json"), f"msg_{uuid.uuid4().hex}"
    first, again = (odoo.deliver(NEST, body, delivery_id) for _ in range(2))
    story.check("a mesma resposta · the same answer", again.content == first.content, True)
    story.check("marcada como repetida · marked as repeated", again.headers.get("idempotency-replayed"), "true")
    other = odoo.deliver(NEST, body.replace(b"Aurora", b"Boreal"), delivery_id)
    story.check("o mesmo id, outro corpo · the same id, another body", other.status_code, 409)


def read_as_an_agent(story: Story, http: httpx.Client) -> None:
    story.step(
        f"Um agente com uma chave que só lê {NEST} busca a configuração; os segredos vêm mascarados.",
        f"An agent whose key only reads {NEST} fetches the configuration; secrets come masked.",
    )
    sent = json.loads(sample("webhook_credentials_nested_addon.json"))["credentials"]
    with _reader(http, "config:read") as agent:
        heads = agent.get(f"/configs/{NEST}").json()
        story.check("documentos · documents", [head["config_type"] for head in heads], ["config", "credentials"])
        config = agent.get(f"/configs/{NEST}/retail/config").json()["json_data"]
        odoo = {"url": sent["odoo_url"], "db": sent["odoo_db"], "username": sent["odoo_username"]}
        expected = {"type": "odoo-mcp", "config": odoo | {"credential_ref": sent["token"]}}
        story.check("como chegar ao Odoo · how to reach Odoo", config["integrations"]["mcp"], expected)
        story.check("coleção · collection", config["integrations"]["qdrant"]["collection"], sent["qdrant_collection"])
        masked = agent.get(f"/configs/{NEST}/retail/credentials").json()["json_data"]["credentials"]
        story.check("senha · password", masked[sent["token"]], {"$secret": sent["token"], "set": True})
        story.check("um segredo, sem o direito · a secret without the right", _secret(agent, sent["token"])[0], 403)
        story.check("outro tenant · another tenant", agent.get(f"/configs/{THIRD}/retail/scheduling").status_code, 404)
    story.step(
        "O conector do Odoo tem o direito de ler segredos, e lê um; a auditoria registra quem leu.",
        "The Odoo connector may read secrets, and reads one; the audit log says who did.",
    )
    with _reader(http, "secrets:read") as connector:
        secret = _secret(connector, sent["token"])
    story.check("segredo correto · secret as sent (not shown)", secret == (200, sent["odoo_password"]), True)
    newest = http.get("/audit", params={"tenant": NEST, "limit": 1}).json()["events"][0]
    story.check("auditoria · audit", (newest["action"], newest["target"]), ("secret.read", "retail/credentials"))
    company = http.get(f"/configs/{FLAT}/default/metadata").json()["json_data"]
    posted = json.loads(sample("webhook_company_metadata.json"))
    for name in ("name", "description", "business_area"):
        story.check(f"{FLAT}: {name}", company[name], posted[name])
    third = http.get(f"/company-services/{THIRD}/metadata").json()["json_data"]
    story.check(f"{THIRD}: name", third["name"], "Loja Aurora")
    story.check(f"{THIRD}: token no documento · token in the document", "security_token" in third, False)


def resolve_routes(story: Story, http: httpx.Client) -> None:
    story.step("Chega uma conversa no Chatwoot: quem responde?", "A conversation comes in at Chatwoot: who answers?")
    for query, rule, tenant in (
        ({"account": "1"}, "account", NEST),
        ({"inbox": "12345"}, "inbox", FLAT),
        ({"account": "1", "phone": "+5511999999999"}, "special_number", NEST),
    ):
        found = http.get("/mapping/resolve", params=query).json()
        story.check(", ".join(f"{name} {value}" for name, value in query.items()), _route(found), (rule, tenant))


def show_history_and_roll_back(story: Story, http: httpx.Client) -> None:
    story.step(
        "Alguém muda as regras de negócio por engano; o histórico mostra, e a versão anterior volta.",
        "Somebody changes the business rules by mistake; the history shows it, and the version before comes back.",
    )
    good = http.get(RULES).json()
    bad = http.patch(RULES, json={"enabled_collections": None, "company_name": "Loja Errada"}).json()
    story.check("nova versão · new version", bad["version"], good["version"] + 1)
    story.check("o engano · the mistake", bad["json_data"].get("company_name"), "Loja Errada")
    back = http.post(f"{RULES}/rollback", json={"version": good["version"], "message": "engano"}).json()
    story.check("conteúdo de volta · content is back", back["yaml_content"] == good["yaml_content"], True)
    history = http.get(f"{RULES}/history", params={"limit": 3}).json()
    story.check(
        "histórico · history", [(item["version"], item["origin"]) for item in history],
        [(back["version"], "rollback"), (bad["version"], "api"), (good["version"], good["origin"])],
    )  # fmt: skip
    for item in history:
        print(f"     v{item['version']}  {item['created_at']}  {item['origin']:<9} {item['actor']}  {item['message']}")


def sample(name: str) -> bytes:
    """A real request body."""
    return (SAMPLES / name).read_bytes()


def _said(answer: httpx.Response) -> tuple[int, Any]:
    body = answer.json()
    return answer.status_code, body.get("message", body.get("detail"))


def _route(found: dict[str, Any]) -> tuple[Any, Any]:
    return found.get("rule"), found.get("tenant_id")


def _secret(reader: httpx.Client, name: str) -> tuple[int, Any]:
    answer = reader.get(f"/config/secrets/{NEST}/{name}")
    return answer.status_code, answer.json().get("value")


@contextlib.contextmanager
def _reader(http: httpx.Client, right: str) -> Iterator[httpx.Client]:
    """A client with a key of its own, for one tenant, that ends with the block."""
    made = http.post("/keys", json={"name": f"demo {right}", "rights": [right], "tenants": [NEST]})
    _must(made)
    with httpx.Client(base_url=http.base_url, headers={"X-API-Key": made.json()["key"]}, timeout=30) as reader:
        yield reader
    http.delete(f"/keys/{made.json()['id']}")


def _must(answer: httpx.Response, cure: str = "see its detail") -> None:
    if answer.is_error:
        raise DemoError(f"{answer.request.url.path} answered {answer.status_code} ({answer.text[:300]}): {cure}")


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 160 else f"{text[:159]}…"


def running_server() -> Server | None:
    """The platform that the caller names; None when a private one is wanted."""
    url, key = os.environ.get("SPRINTIA_URL"), os.environ.get("SPRINTIA_KEY")
    if bool(url) != bool(key):
        raise DemoError("diga URL e KEY, ou nenhum dos dois · give both URL and KEY, or neither")
    return Server(url.rstrip("/"), key) if url and key else None


@contextlib.contextmanager
def private_server() -> Iterator[Server]:
    """A platform for the length of the block."""
    with tempfile.TemporaryDirectory(prefix="sprintia-demo-") as folder:
        Path(folder).chmod(0o755)  # run as root, PostgreSQL has an account of its own, which must get through
        with _private_server(Path(folder)) as server:
            yield server


@contextlib.contextmanager
def _private_server(folder: Path) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SPRINTIA_", "OTEL_"))}
    for name in ("DATABASE_URL", "DATABASE_URL_FILE", "API_KEY", "API_KEY_FILE"):
        clean.pop(name, None)
    environ = clean | {
        "SPRINTIA_HOST": "127.0.0.1", "SPRINTIA_PORT": str(port), "SPRINTIA_DATA_DIR": str(folder / "data"),
        "SPRINTIA_DRAIN_SECONDS": "0",
    }  # fmt: skip
    print(f"Subindo uma plataforma própria em {url} · starting a private platform ...", flush=True)
    log = folder / "serve.log"
    with log.open("wb") as output:
        process = subprocess.Popen([SPRINTIA, "serve", "--first-run"], env=environ, stdout=output, stderr=output)
    try:
        _wait_until_ready(url, process, log)
        yield Server(url, _all_rights_key(environ))
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/health/ready", timeout=2).is_success:
                return
        time.sleep(0.1)
    last = log.read_text(encoding="utf-8", errors="replace").strip()[-2000:]
    raise DemoError(f"the platform did not start within {STARTS_WITHIN:g} s; it said:\n{last}")


def _all_rights_key(environ: dict[str, str]) -> str:
    command = [SPRINTIA, "keys", "create", "demo", "--json"]
    for right in RIGHTS:
        command += ["--right", right]
    made = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if made.returncode:
        raise DemoError(f"no key could be made: {made.stderr.strip()}")
    key: str = json.loads(made.stdout)["key"]
    return key


def main() -> int:
    """Play the story; 1 when a value was wrong, or when it could not be told to its end."""
    try:
        running = running_server()
        if running is not None:
            print(
                f"{running.url}: a demo grava nos tenants {NEST}, {FLAT} e {THIRD} · the demo writes to these tenants"
            )
            story = fill(running)
        else:
            with private_server() as server:
                story = play(server)
    except (DemoError, httpx.HTTPError, httpx.InvalidURL, KeyError, ValueError) as error:
        print(f"demo: {error or type(error).__name__}", file=sys.stderr)
        return 1
    print(f"\n{story.checked} valores conferidos, {story.wrong} errados · values checked, wrong")
    if running is not None:
        print(f"Veja nas páginas · see it in the pages: {running.url}/viewer/t/{NEST}")
    else:
        print(
            "A plataforma da demo foi apagada; nada disto está no seu servidor. Para gravar exemplos nele:\n"
            "The demo's platform is gone; nothing of it is in your server. To put samples there:\n"
            "  make demo URL=http://127.0.0.1:8000 KEY=sprk_..."
        )
    return 1 if story.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
