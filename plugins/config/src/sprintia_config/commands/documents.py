"""`sprintia config get|set|list|history|rollback`."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import click
import msgspec

from sprintia_config.commands.access import (
    CONFIG_TYPE,
    DOMAIN,
    TENANT,
    author,
    checked_key,
    message_option,
    open_writer,
    operated_host,
    the_operator,
)
from sprintia_config.contents.content import Content
from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.custody import open_standing_vault
from sprintia_config.documents import representation, service, versions
from sprintia_config.documents.bodies import decode
from sprintia_config.documents.service import Documents, Shown
from sprintia_config.documents.versions import Version
from sprintia_config.models import SCHEMA
from sprintia_config.tenants import is_known
from sprintia_config.writing import Change
from sprintia_platform.cli.runtime import fail, json_option, run, show
from sprintia_platform.content.errors import ContentError

_NUMBER = click.IntRange(1, 2**63 - 1)
_IN_LISTS = ("domain", "config_type", "version", "updated_at")
_IN_HISTORY = ("version", "created_at", "actor", "origin", "deleted", "message")


@click.command("get")
@TENANT
@DOMAIN
@CONFIG_TYPE
@click.option("--version", "number", type=_NUMBER, help="This version; without it, the one that stands.")
@click.option("--yaml/--json", "as_text", default=True, help="The text as it was received (default), or the record.")
@click.option("--show-secrets", is_flag=True, help="Secrets in clear; the audit log says who saw them.")
def get_document(
    tenant: str, domain: str, config_type: str, number: int | None, *, as_text: bool, show_secrets: bool
) -> None:
    """Print a document, secrets masked.

    TENANT, DOMAIN and TYPE name it, as in the path /configs/TENANT/DOMAIN/TYPE.
    """
    with operated_host() as host:
        key, caller = checked_key(tenant, domain, config_type), the_operator(sees_secrets=show_secrets)

        async def read() -> Shown:
            documents = Documents(host.database, await open_standing_vault(host))
            if number is None:
                return await documents.head(caller, key)
            return await documents.version(caller, key, number)

        version, keys, _ = run(host, read)
        if as_text:
            click.echo(representation.source_text(version, keys).encode(), nl=False)
        else:
            # Not json.dumps: the numbers of a document keep their letters.
            click.echo(msgspec.json.format(msgspec.json.encode(representation.full(version, keys))))


@click.command("set")
@TENANT
@DOMAIN
@CONFIG_TYPE
@click.argument("file")
@click.option(
    "--media", type=click.Choice(["yaml", "json"]), help="What FILE is; without it, JSON when its name ends in .json."
)
@click.option(
    "--if-version", type=click.IntRange(0, 2**63 - 1), help="Only while this version stands; 0: only if none does."
)
@message_option
@json_option
def set_document(
    tenant: str, domain: str, config_type: str, file: str, media: str | None, if_version: int | None, message: str,
    *, as_json: bool,
) -> None:  # fmt: skip
    """Replace a document by FILE (- for standard input); masks in it keep the secrets that stand.

    TENANT, DOMAIN and TYPE name it, as in the path /configs/TENANT/DOMAIN/TYPE. The same content again makes no new
    version.
    """
    with operated_host() as host:
        key = checked_key(tenant, domain, config_type)
        content = _content_of(file, media)

        async def write() -> tuple[Version, bool]:
            writer = open_writer(host, await open_standing_vault(host))
            async with writer.change(tenant, author(message)) as change:
                condition = await _condition(change, key, if_version)
                return await service.replace(change, condition, key, content), change.changed

        _show_written(*run(host, write), as_json=as_json)


@click.command("list")
@TENANT
@click.option("--domain", help="Only this domain.")
@json_option
def list_documents(tenant: str, domain: str | None, *, as_json: bool) -> None:
    """List the documents of TENANT that stand."""
    with operated_host() as host:
        check_identifiers(tenant=tenant, **({} if domain is None else {"domain": domain}))

        async def read() -> tuple[list[Version], bool]:
            async with host.database.transaction(SCHEMA, [tenant], read_only=True) as connection:
                return await versions.read_heads(connection, tenant, domain), await is_known(connection, tenant)

        heads, known = run(host, read)
        within = f"the tenant {tenant}" if domain is None else f"the domain {domain} of {tenant}"
        nothing = f"no document stands in {within}" if known else f"there is no tenant {tenant}"
        show(representation.heads(heads), as_json=as_json, table=_IN_LISTS, nothing=nothing)


@click.command("history")
@TENANT
@DOMAIN
@CONFIG_TYPE
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="How many, at most.")
@json_option
def show_history(tenant: str, domain: str, config_type: str, limit: int, *, as_json: bool) -> None:
    """List the versions of a document, newest first.

    TENANT, DOMAIN and TYPE name it, as in the path /configs/TENANT/DOMAIN/TYPE.
    """
    with operated_host() as host:
        key = checked_key(tenant, domain, config_type)

        async def read() -> list[Version]:
            async with host.database.transaction(SCHEMA, [tenant], read_only=True) as connection:
                return await versions.read_history(connection, key, before=None, limit=limit)

        items = [representation.history_item(version) for version in run(host, read)]
        nothing = f"there never was a document {tenant} {domain} {config_type}: see `sprintia config list {tenant}`"
        show(items, as_json=as_json, table=_IN_HISTORY, nothing=nothing)


@click.command("rollback")
@TENANT
@DOMAIN
@CONFIG_TYPE
@click.argument("version", type=_NUMBER)
@message_option
@json_option
def roll_back(tenant: str, domain: str, config_type: str, version: int, message: str, *, as_json: bool) -> None:
    """Let the content of VERSION stand again, as a new version.

    TENANT, DOMAIN and TYPE name the document, as in the path /configs/TENANT/DOMAIN/TYPE.
    """
    with operated_host() as host:
        key = checked_key(tenant, domain, config_type)

        async def write() -> tuple[Version, bool]:
            writer = open_writer(host, await open_standing_vault(host))
            async with writer.change(tenant, author(message or f"rollback to version {version}")) as change:
                return await service.roll_back(change, {}, key, version), change.changed

        _show_written(*run(host, write), as_json=as_json)


COMMANDS = (get_document, set_document, list_documents, show_history, roll_back)


def _content_of(file: str, media: str | None) -> Content:
    """Read the file; what cannot be read or kept ends the command."""
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        fail(f"{file} cannot be read ({error.strerror}): check the path and its rights")
    try:
        if (media or ("json" if file.endswith(".json") else "yaml")) == "json":
            return Content.from_json(data)
        return Content.from_yaml(decode(data))
    except ContentError as error:
        _refuse(file, error)


def _refuse(file: str, error: ContentError) -> NoReturn:
    fail(f"{'standard input' if file == '-' else file}: {error.message('en')}")


async def _condition(change: Change, key: DocumentKey, if_version: int | None) -> Mapping[str, str]:
    """Say "only while this version stands" as a request says it."""
    if if_version is None:
        return {}
    if if_version == 0:
        return {"if-none-match": "*"}
    wanted = await versions.read_version(change.connection, key, if_version)
    return {"if-match": representation.etag(wanted) if wanted else '"0-"'}


def _show_written(version: Version, changed: bool, *, as_json: bool) -> None:
    outcome = "applied" if changed else "identical"
    written = {
        "tenant_id": version.tenant_id, "domain": version.domain, "config_type": version.config_type,
        "version": version.version, "revision": version.revision, "outcome": outcome,
    }  # fmt: skip
    show(written, as_json=as_json)
