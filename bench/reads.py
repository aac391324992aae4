"""Reads from memory, 304 and uncached reads, each beside its reference."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from bench import load
from bench.documents import (
    TENANT,
    TYPE,
    document_path,
    expect,
    expected_json,
    put_documents,
    read_and_check,
)
from bench.load import Answer, Exchange, WrongAnswer, fetch, get_request
from bench.measuring import Comparison, Plan, Row, Side, compare, fast_enough, of_interest
from bench.processes import Cluster, DatabaseUrls, Server, make_keys, platform, raw_reference, read_reference
from sprintia_config.settings import ConfigSettings

CACHED = {"cached document": 0.75, "cached yaml": 0.75, "cached bundle": 0.75, "304 not modified": 0.85}
UNCACHED = "uncached read"
RESOLVED, MANY_KEYS = "resolved bundle, beside the plain one", "1,000 keys, beside one"
NAMES = (*CACHED, UNCACHED, RESOLVED, MANY_KEYS)

_SNAPSHOT_OFF = {"SPRINTIA_CONFIG_SNAPSHOT_BYTES": "0"}


def run(cluster: Cluster, plan: Plan) -> Iterator[Row]:
    """Measure on a database with one tenant, of five documents."""
    if not any(plan.wants(name) for name in NAMES):
        return
    urls = cluster.make_database("reads")
    with platform(cluster, urls) as server:
        texts = put_documents(server.port)
        key = make_keys(urls, tenants=[TENANT])[0]
        for name, least in CACHED.items():
            if plan.wants(name):
                yield fast_enough(name, least, _beside_raw(cluster, plan, server, _exchange(name, server, key, texts)))
        if plan.wants(RESOLVED):
            yield from _resolved(cluster, plan, server, key, texts)
        if plan.wants(MANY_KEYS):
            yield of_interest(MANY_KEYS, _many_keys(cluster, plan, server, urls, texts[TYPE]))
    if plan.wants(UNCACHED):
        yield fast_enough(UNCACHED, 0.6, _uncached(cluster, plan, urls, texts[TYPE]), with_database=True)


def _exchange(name: str, server: Server, key: str, texts: dict[str, str]) -> Exchange:
    """The request of a benchmark, with an answer that was found to be right."""
    path = document_path(TENANT)
    document = read_and_check(server.port, path, key, texts[TYPE])
    if name == "cached document":
        return document
    if name == "cached yaml":
        return Exchange(get_request(f"{path}/yaml", key), 200, texts[TYPE].encode())
    if name == "cached bundle":
        return _bundle(server, key, texts)
    etag = fetch(server.port, document.request).header("etag")
    return Exchange(get_request(path, key, if_none_match=etag), 304, b"")


def _bundle(server: Server, key: str, texts: dict[str, str]) -> Exchange:
    request = get_request(f"/configs/{TENANT}/bundle", key)
    body = expect(fetch(server.port, request), 200).body
    held = {document["config_type"]: document["json_data"] for document in json.loads(body)["documents"]}
    if held != {config_type: expected_json(text) for config_type, text in texts.items()}:
        raise WrongAnswer(f"the bundle is not what was written: {body[:300]!r}")
    return Exchange(request, 200, body)


def _beside_raw(cluster: Cluster, plan: Plan, server: Server, exchange: Exchange) -> Comparison:
    """Measure beside a raw ASGI application that gives the same answer, headers and all, to the same request."""
    load.check(server.port, [exchange] * 3, server.name)
    answer = fetch(server.port, exchange.request)
    with raw_reference(cluster, answer) as raw:
        load.check(raw.port, [exchange], raw.name)
        _require_same_headers(answer, fetch(raw.port, exchange.request))
        return compare(plan, cluster, Side(server, [exchange]), Side(raw, [exchange]))


def _require_same_headers(own: Answer, reference: Answer) -> None:
    """Both answers must cost the same to send; the date alone is of its own second."""
    shown, expected = (sorted(pair for pair in one.headers if pair[0] != "date") for one in (reference, own))
    if shown != expected:
        raise WrongAnswer(f"the reference's headers are not the platform's: {shown}, not {expected}")


def _resolved(cluster: Cluster, plan: Plan, server: Server, key: str, texts: dict[str, str]) -> Iterator[Row]:
    plain = _bundle(server, key, texts)
    request = get_request(f"/configs/{TENANT}/bundle?resolve=true", key)
    resolved = Exchange(request, 200, expect(fetch(server.port, request), 200).body)
    if resolved.body == plain.body:
        raise WrongAnswer("this platform does not know ?resolve=true")
    load.check(server.port, [resolved] * 3, server.name)
    yield of_interest(RESOLVED, compare(plan, cluster, Side(server, [resolved]), Side(server, [plain]), database=True))


def _many_keys(cluster: Cluster, plan: Plan, server: Server, urls: DatabaseUrls, text: str) -> Comparison:
    """The same read with a thousand keys in turn: each has to be known, and to be checked."""
    keys = make_keys(urls, 50 if plan.quick else 1000, [TENANT])
    exchanges = [read_and_check(server.port, document_path(TENANT), key, text) for key in keys]
    return compare(plan, cluster, Side(server, exchanges), Side(server, exchanges[:1]), database=True)


@contextmanager
def _without_snapshot(cluster: Cluster, urls: DatabaseUrls) -> Iterator[Server]:
    known = {field.name for field in msgspec.structs.fields(ConfigSettings)}
    settings = _SNAPSHOT_OFF if "snapshot_bytes" in known else {}
    with platform(cluster, urls, "platform without snapshot", **settings) as server:
        yield server


def _uncached(cluster: Cluster, plan: Plan, urls: DatabaseUrls, text: str) -> Comparison:
    """Measure reads that each ask PostgreSQL, beside the same SQL in a bare route."""
    key = make_keys(urls, tenants=[TENANT])[0]
    with _without_snapshot(cluster, urls) as server, read_reference(cluster, urls) as bare:
        exchange = read_and_check(server.port, document_path(TENANT), key, text)
        for side in (server, bare):
            load.check(side.port, [exchange] * 3, side.name)
        return compare(plan, cluster, Side(server, [exchange]), Side(bare, [exchange]), database=True)
