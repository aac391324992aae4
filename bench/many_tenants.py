"""A database as a large installation has it after years: ten thousand tenants, a hundred thousand versions."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from bench.documents import DOMAIN, TYPE, document_text
from bench.processes import DatabaseUrls, as_owner
from sprintia_config.contents.content import Content
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.mapping.slices import Slice
from sprintia_config.mapping.store import digest_of
from sprintia_config.search.texts import searched_text
from sprintia_platform.database.connections import Connection

OLD = "loja_00000"
"""The tenant whose one document has thousands of versions."""
SECOND_TYPE = "metadata"
_VERSIONS_OF_OTHERS = {TYPE: 7, SECOND_TYPE: 2}
_DELIVERIES = 3
_COLLECTIONS = ("catalogo", "politicas", "perguntas", "campanhas", "lojas")
_YEARS = timedelta(days=700)

Row = tuple[Any, ...]


class Installation(NamedTuple):
    """How much there is: so many tenants, the first of them with a document of so many versions."""

    tenants: int = 10_000
    old_versions: int = 10_009

    @property
    def versions(self) -> int:
        return self.old_versions + (self.tenants - 1) * sum(_VERSIONS_OF_OTHERS.values())

    def fill(self, urls: DatabaseUrls) -> None:
        """Write the rows that years of writes would have left: by COPY, in less than a minute.

        The hashes of the audit log are none: nothing that reads a page looks at more than one of them.
        """

        async def work(connection: Connection) -> None:
            async with connection.transaction():
                await connection.execute("SET LOCAL sprintia.tenants = '*'")
                await connection.execute("SET LOCAL synchronous_commit = off")
                for table, columns, rows in self._tables():
                    schema, _, name = table.partition(".")
                    await connection.copy_records_to_table(name, schema_name=schema, columns=columns, records=rows)
            await connection.execute("VACUUM (ANALYZE)")
            await connection.execute("CHECKPOINT")

        as_owner(urls, work)

    def _tables(self) -> Iterator[tuple[str, tuple[str, ...], Iterator[Row]]]:
        key = ("tenant_id", "domain", "config_type")
        yield "config.tenant", ("tenant_id", "revision"), self._tenants()
        yield (
            "config.document_version",
            (*key, "version", "revision", "media", "source", "view", "digest", "deleted", "actor", "origin", "message",
             "created_at"),
            self._versions(),
        )  # fmt: skip
        yield "config.document", (*key, "version"), self._heads()
        yield "config.head_search", (*key, "searched", "indexed"), self._searched()
        yield (
            "config.mapping_version",
            ("tenant_id", "version", "revision", "slice", "digest", "actor", "origin", "message", "created_at"),
            self._slices(),
        )
        yield (
            "config.mapping_entry", ("tenant_id", "kind", "position", "key", "domain", "crew", "sequence"),
            self._routes(),
        )  # fmt: skip
        yield (
            "config.delivery",
            ("tenant_id", "sender", "delivery_id", "route", "event", "request_digest", "outcome", "status", "reason",
             "revision", "received_at"),
            self._deliveries(),
        )  # fmt: skip
        yield (
            "platform.audit_event",
            ("tenant_id", "seq", "at", "actor", "action", "target", "detail", "request_id", "hash"), self._events(),
        )  # fmt: skip

    def names(self) -> Iterator[str]:
        """The tenants, the old one first."""
        return (f"loja_{number:05d}" for number in range(self.tenants))

    def counts_of(self, tenant: str) -> dict[str, int]:
        """How many versions each document of a tenant has."""
        return {TYPE: self.old_versions} if tenant == OLD else _VERSIONS_OF_OTHERS

    def _tenants(self) -> Iterator[Row]:
        return ((tenant, sum(self.counts_of(tenant).values()) + 1) for tenant in self.names())

    def _every_version(self) -> Iterator[tuple[str, str, int, int, datetime]]:
        """Tenant, type, version, revision, and when."""
        now = datetime.now(UTC)
        for tenant in self.names():
            revision = 0
            counts = self.counts_of(tenant)
            pause = _YEARS / sum(counts.values())
            for config_type, versions in counts.items():
                for version in range(1, versions + 1):
                    revision += 1
                    yield tenant, config_type, version, revision, now - _YEARS + revision * pause - _apart(tenant)

    def _versions(self) -> Iterator[Row]:
        for tenant, config_type, version, revision, at in self._every_version():
            text = _TEXT.of(tenant, version)
            yield (
                tenant, DOMAIN, config_type, version, revision, "yaml", text, _VIEW.of(tenant, version),
                hashlib.sha256(text.encode()).hexdigest(), False, *_made(version), at,
            )  # fmt: skip

    def _heads(self) -> Iterator[Row]:
        for tenant in self.names():
            for config_type, versions in self.counts_of(tenant).items():
                yield tenant, DOMAIN, config_type, versions

    def _searched(self) -> Iterator[Row]:
        for tenant, domain, config_type, version in self._heads():
            yield (
                tenant, domain, config_type, f"{tenant}/{domain}/{config_type}\n{_SEARCHED.of(tenant, version)}", True
            )  # fmt: skip

    def _slices(self) -> Iterator[Row]:
        for tenant in self.names():
            part, revision = _slice(tenant), sum(self.counts_of(tenant).values()) + 1
            yield tenant, 1, revision, part.to_text(), digest_of(part), *_made(1), datetime.now(UTC)

    def _routes(self) -> Iterator[Row]:
        for tenant in self.names():
            part = _slice(tenant)
            for kind, keys in (("account", part.accounts), ("inbox", part.inboxes)):
                for position, key in enumerate(keys):
                    yield tenant, kind, position, key, DOMAIN, "atendimento", None
            for position, entry in enumerate(part.special_numbers):
                yield tenant, "number", position, entry["number"], DOMAIN, "diretoria", None

    def _deliveries(self) -> Iterator[Row]:
        now = datetime.now(UTC)
        for number in range(_DELIVERIES * self.tenants):
            tenant, refused = f"loja_{number % self.tenants:05d}", number % 97 == 0
            yield (
                tenant, "key:odoo", f"delivery-{number}", "odoo-webhook", "credentials_sync", b"",
                *(("refused", 400, "yaml_invalid") if refused else ("applied", 200, None)), None if refused else 1,
                now - timedelta(seconds=_DELIVERIES * self.tenants - number),
            )  # fmt: skip

    def _events(self) -> Iterator[Row]:
        for tenant, config_type, version, revision, at in self._every_version():
            detail = f'{{"version":{version},"revision":{revision}}}'
            yield (
                tenant, revision, at, _made(version)[0], "document.write", f"{DOMAIN}/{config_type}", detail,
                "bench-request", b"\x00" * 32,
            )  # fmt: skip


class _Pattern(NamedTuple):
    """A text with places for what differs between tenants and versions."""

    text: str

    def of(self, tenant: str, version: int) -> str:
        return (
            self.text.replace("TENANTHERE", tenant)
            .replace("DEEPHERE", deep_value(tenant))
            .replace("VERSIONHERE", f"escrito na vez {version}")
            .replace("TENTHHERE", f"um valor de dez em dez vezes: {version // 10}")
            .replace("COLLECTIONHERE", _COLLECTIONS[int(tenant[-5:]) % len(_COLLECTIONS)])
        )


def deep_value(tenant: str) -> str:
    """A value deep in the configuration of this tenant, and of no other."""
    return f"gerente-{tenant[-5:]}@lojas.example"


_OWN = """
escalation:
  levels:
  - name: TENANTHERE
    contacts:
    - role: gerente
      email: DEEPHERE
      note: VERSIONHERE
  policy: TENTHHERE
"""
_TEXT = _Pattern(
    document_text("as of the benchmark of pages").replace("\n- support_documents\n", "\n- COLLECTIONHERE\n").rstrip()
    + _OWN
)
_CONTENT = Content.from_yaml(_TEXT.text)
_VIEW = _Pattern(_CONTENT.view(TYPE))
# Search looks at letters without accents and capitals; what is put in has neither.
_SEARCHED = _Pattern(
    searched_text(DocumentKey("t", "d", "c"), _CONTENT.value)
    .partition("\n")[2]
    .replace("tenanthere", "TENANTHERE")
    .replace("deephere", "DEEPHERE")
    .replace("versionhere", "VERSIONHERE")
    .replace("tenthhere", "TENTHHERE")
    .replace("collectionhere", "COLLECTIONHERE")
)


def _apart(tenant: str) -> timedelta:
    """Tenants do not all change at once."""
    return timedelta(minutes=int(tenant[-5:]) % 1440)


def _made(version: int) -> tuple[str, str, str]:
    """Who, by which way, and why."""
    return ("user:ana", "api", "ajuste pedido pela loja") if version % 5 == 0 else ("key:odoo", "webhook", "")


def _slice(tenant: str) -> Slice:
    number = int(tenant[-5:])
    entry = {"account_id": tenant, "domain": DOMAIN, "crew": "atendimento"}
    return Slice(
        accounts={str(100_000 + number): dict(entry)},
        inboxes={str(500_000 + number): dict(entry)},
        special_numbers=(
            {"account_id": tenant, "number": f"55119{number:08d}", "domain": DOMAIN, "crew": "diretoria"},
        ),
    )
