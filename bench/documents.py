"""The documents of the benchmarks: 3.4 KB each, grown out of a real one, and how databases are filled with them."""

import json
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import httpx

from bench.load import Answer, Exchange, WrongAnswer, fetch, get_request
from bench.processes import BOOTSTRAP_KEY, DatabaseUrls, as_owner
from sprintia_config.contents.content import Content
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.search.texts import searched_text
from sprintia_platform.database.connections import Connection

SIZE = 3_400
TENANT, DOMAIN, TYPE = "account_1", "retail", "config"
TYPES = (TYPE, "metadata", "scheduling", "business_rules", "company_metadata")
"""What a tenant of real life has."""

_SAMPLE = Path(__file__).resolve().parent.parent / "tests" / "samples" / "retail_account_1_config.yaml"
_RULE = """- name: Regra {number:02d}
  description: Pedidos acima de R$ {amount},00 têm frete grátis para a região {number:02d}; avise o cliente.
  active: true
"""


def document_text(comment: str) -> str:
    """A document of 3.4 KB as YAML: the sample, with business rules; told apart by a comment, which JSON has not."""
    text = f"# {comment}\n{_SAMPLE.read_text(encoding='utf-8').rstrip()}\nbusiness_rules:\n"
    number = 1
    while len((text + _RULE).encode()) < SIZE:
        text += _RULE.format(number=number, amount=50 * number)
        number += 1
    return text


def document_path(tenant: str, domain: str = DOMAIN, config_type: str = TYPE) -> str:
    return f"/configs/{quote(tenant)}/{domain}/{config_type}"


def put_documents(port: int, tenant: str = TENANT) -> dict[str, str]:
    """Write a tenant's documents as callers do, and return their texts by type."""
    texts = {config_type: document_text(f"{tenant} {config_type}") for config_type in TYPES}
    headers = {"X-API-Key": BOOTSTRAP_KEY, "Content-Type": "application/yaml"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as client:
        for config_type, text in texts.items():
            path = document_path(tenant, config_type=config_type)
            client.put(path, content=text.encode()).raise_for_status()
    return texts


def expected_json(text: str) -> object:
    """What the JSON of a document must say."""
    return json.loads(Content.from_yaml(text).view(TYPE))


def read_and_check(port: int, path: str, key: str, text: str) -> Exchange:
    """Read a document as JSON, see that it holds the text that was written, and expect these bytes from now on.

    Raises:
        WrongAnswer: it is another one.
    """
    request = get_request(path, key)
    answer = expect(fetch(port, request), 200)
    said = json.loads(answer.body)
    if said["yaml_content"] != text or said["json_data"] != expected_json(text):
        raise WrongAnswer(f"{path} is not the document that was written: {answer.body[:300]!r}")
    return Exchange(request, 200, answer.body)


def expect(answer: Answer, status: int) -> Answer:
    if answer.status != status:
        raise WrongAnswer(f"answered {answer.status}, not {status}: {answer.body[:300]!r}")
    return answer


class Filling(NamedTuple):
    """How much a database of the growth benchmarks holds: each count grows by the same factor."""

    factor: int

    @property
    def documents(self) -> int:
        """Of the tenant `documents`. A thousand fit into the memory that one tenant may take of the snapshot's."""
        return self.factor

    @property
    def versions(self) -> int:
        """Of the one document of the tenant `versions`; a page of history is 50."""
        return 50 * self.factor

    @property
    def tenants(self) -> int:
        """With one document each, `tenant_1` and on."""
        return 4 * self.factor


def fill(urls: DatabaseUrls, filling: Filling) -> None:
    """Fill a database by SQL, as its owner, and as `sprintia_config.documents.versions` would: rows and their ids.

    Thousands of writes a second are not what is measured here, and audit and deliveries are not read. A document's text
    is `grown_text(...)`, with the same JSON view for all. Search has a text for each head, in its trigram index.
    """

    async def work(connection: Connection) -> None:
        async with connection.transaction():
            await connection.execute("SET LOCAL sprintia.tenants = '*'")
            await connection.execute("SET LOCAL synchronous_commit = off")
            await _fill_tenant(connection, "documents", filling.documents, 1)
            await _fill_tenant(connection, "versions", 1, filling.versions)
            await _fill_tenants(connection, filling.tenants)
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute("CHECKPOINT")

    as_owner(urls, work)


def grown_text(number: int) -> str:
    """The text of the document, version or tenant of this number."""
    return f"# {number}\n" + _GROWN


_GROWN = document_text("as of the growth benchmarks")
_MADE = "'bench', 'import', '', now() - interval '1 day'"
_SOURCE = "'# ' || number || E'\\n' || $2"
_VERSION_COLUMNS = (
    "tenant_id, domain, config_type, version, revision, media, source, view, digest, deleted, actor, origin, message, "
    "created_at"
)
_CONTENT = f"'yaml', {_SOURCE}, $3, encode(sha256(convert_to({_SOURCE}, 'UTF8')), 'hex'), false, {_MADE}"


async def _fill_tenant(connection: Connection, tenant: str, documents: int, versions: int) -> None:
    """One tenant: many documents (`config`, `config_2` and on) of one version, or one of many versions."""
    await connection.execute(
        "INSERT INTO config.tenant (tenant_id, revision) VALUES ($1, $2)", tenant, documents * versions
    )
    place = "number, 1" if versions == 1 else "1, number"
    await connection.execute(
        f"INSERT INTO config.document_version ({_VERSION_COLUMNS}) "
        f"SELECT $1, '{DOMAIN}', {_type('document')}, version, number, {_CONTENT} FROM ("
        f"SELECT number, {place} FROM generate_series(1, $4::bigint) AS number) AS made (number, document, version)",
        tenant, _GROWN, _view(), documents * versions,
    )  # fmt: skip
    await _fill_heads(connection, "tenant_id = $1", tenant)


async def _fill_tenants(connection: Connection, count: int) -> None:
    """Many tenants of one document each."""
    await connection.execute(
        "INSERT INTO config.tenant (tenant_id, revision) "
        "SELECT 'tenant_' || number, 1 FROM generate_series(1, $1::bigint) AS number",
        count,
    )
    await connection.execute(
        f"INSERT INTO config.document_version ({_VERSION_COLUMNS}) "
        f"SELECT $1 || number, '{DOMAIN}', '{TYPE}', 1, 1, {_CONTENT} FROM generate_series(1, $4::bigint) AS number",
        "tenant_", _GROWN, _view(), count,
    )  # fmt: skip
    await _fill_heads(connection, "starts_with(tenant_id, $1)", "tenant_")


async def _fill_heads(connection: Connection, where: str, value: str) -> None:
    await connection.execute(
        "INSERT INTO config.document (tenant_id, domain, config_type, version) "
        "SELECT tenant_id, domain, config_type, max(version) FROM config.document_version "
        f"WHERE {where} GROUP BY tenant_id, domain, config_type",
        value,
    )
    searched = searched_text(DocumentKey("t", "d", "c"), Content.from_yaml(_GROWN).value).partition("\n")[2]
    await connection.execute(
        "INSERT INTO config.head_search (tenant_id, domain, config_type, searched, indexed) "
        "SELECT tenant_id, domain, config_type, tenant_id || '/' || domain || '/' || config_type || E'\\n' || $2, true "
        f"FROM config.document WHERE {where}",
        value, searched,
    )  # fmt: skip


def _type(number: str) -> str:
    return f"CASE {number} WHEN 1 THEN '{TYPE}' ELSE '{TYPE}_' || {number} END"


def _view() -> str:
    return Content.from_yaml(_GROWN).view(TYPE)
