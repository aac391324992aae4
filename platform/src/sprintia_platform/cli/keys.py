"""`sprintia keys`: for operators, who need no key to make one."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import click
import msgspec

from sprintia_platform.app import rights_of
from sprintia_platform.cli.runtime import fail, json_option, operator, run, running_host, show
from sprintia_platform.errors import StartupError
from sprintia_platform.host import Host
from sprintia_platform.http.body_faults import faults_of
from sprintia_platform.http.problems import Fault, Problem
from sprintia_platform.keys.callers import RIGHTS
from sprintia_platform.keys.controllers import NewKey, check_new_key
from sprintia_platform.keys.store import StoredKey, create_key, list_keys, revoke_key, rotate_key
from sprintia_platform.keys.tokens import NewToken


@click.group()
def keys() -> None:
    """Make, list, rotate and revoke API keys."""


@keys.command()
@click.argument("name")
@click.option(
    "--right", "rights", multiple=True, help=f"May be repeated: {', '.join(RIGHTS)}, or one that a plugin asks for."
)
@click.option("--all-rights", is_flag=True, help="Every right, those that plugins ask for included.")
@click.option("--tenant", "tenants", multiple=True, help="May be repeated; without it the key reaches every tenant.")
@click.option("--network", "networks", multiple=True, help="CIDR from where the key is valid; may be repeated.")
@click.option("--expires-in-days", type=click.IntRange(1, 3650), help="Without it the key does not expire.")
@json_option
def create(
    name: str, rights: tuple[str, ...], all_rights: bool, tenants: tuple[str, ...], networks: tuple[str, ...],
    expires_in_days: int | None, as_json: bool,
) -> None:  # fmt: skip
    r"""Make a key called NAME and show it, once.

    \b
    config:read    read configuration, secrets masked
    config:write   write documents, by API and by webhook
    mapping:write  write the Chatwoot mapping
    secrets:read   read secrets in clear
    schemas:write  set the schemas of document types
    users:act      act for a person, named by X-Acting-For
    admin          administer keys and read the audit log

    Odoo needs config:read, config:write and mapping:write; an agent needs config:read.
    """
    if not rights and not all_rights:
        raise click.UsageError("name at least one --right, or --all-rights")
    with running_host() as host:
        wanted = NewKey(
            name=name, rights=_rights(host, rights, everything=all_rights), tenants=list(tenants) or None,
            networks=list(networks), expires_in_days=expires_in_days,
        )  # fmt: skip
        _check(wanted)
        expires_at = datetime.now(UTC) + timedelta(days=expires_in_days) if expires_in_days else None

        async def make() -> NewToken:
            async with host.database.transaction("platform", "*") as connection:
                return await create_key(
                    connection, name=wanted.name, rights=wanted.rights, tenants=wanted.tenants,
                    networks=wanted.networks, expires_at=expires_at, actor=operator(),
                )  # fmt: skip

        token = run(host, make)
        _show_once(token, as_json=as_json)


@keys.command("list")
@json_option
def list_all(as_json: bool) -> None:
    """List every key, without its text."""
    with running_host() as host:

        async def read() -> list[StoredKey]:
            async with host.database.transaction("platform", read_only=True) as connection:
                return await list_keys(connection)

        columns = ("id", "name", "rights", "tenants", "expires_at", "revoked_at", "last_used_at")
        show(run(host, read), as_json=as_json, table=columns)


@keys.command()
@click.argument("key_id")
@click.option("--overlap-hours", type=click.IntRange(0, 24 * 90), default=24, show_default=True, help="How long.")
@json_option
def rotate(key_id: str, overlap_hours: int, as_json: bool) -> None:
    """Give the key KEY_ID a new text; the old one stays valid for the overlap."""
    with running_host() as host:

        async def renew() -> NewToken | None:
            async with host.database.transaction("platform", "*") as connection:
                return await rotate_key(connection, key_id, timedelta(hours=overlap_hours), actor=operator())

        token = run(host, renew)
        if token is None:
            fail(f"there is no active key {key_id!r}: see `sprintia keys list`")
        _show_once(token, as_json=as_json)


@keys.command()
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """End the key KEY_ID. Running servers follow within SPRINTIA_KEY_CACHE_SECONDS."""
    with running_host() as host:

        async def end() -> bool:
            async with host.database.transaction("platform", "*") as connection:
                return await revoke_key(connection, key_id, actor=operator())

        if not run(host, end):
            fail(f"there is no active key {key_id!r}: see `sprintia keys list`")
        click.echo(f"revoked {key_id}")


_OPTIONS = {"name": "NAME", "rights": "--right", "tenants": "--tenant", "networks": "--network"}


def _check(wanted: NewKey) -> None:
    """End the command with a line for each argument that cannot be taken."""
    faults: Sequence[Fault] = faults_of(NewKey, msgspec.to_builtins(wanted))
    if not faults:
        try:
            check_new_key(wanted)
        except Problem as problem:
            faults = problem.errors
    if faults:
        fail([f"{_argument(wanted, fault.pointer or '')}: {fault.text.en}" for fault in faults])


def _argument(wanted: NewKey, pointer: str) -> str:
    """Name the argument behind a place of the request that the same key would be asked for with."""
    _, field, *index = pointer.split("/")
    given = getattr(wanted, field)
    return f"{_OPTIONS[field]} {given[int(index[0])] if index else ''}".rstrip()


def _rights(host: Host, given: tuple[str, ...], *, everything: bool) -> list[str]:
    """The rights of a new key, each asked for by some route: a misspelt one would make a key that opens nothing."""
    known = {*RIGHTS, *rights_of(host)}
    if everything:
        return sorted(known)
    faults = [f"{right!r} is no right; there are: {', '.join(sorted(known))}" for right in sorted(set(given) - known)]
    if faults:
        raise StartupError(faults)
    return sorted(set(given))


def _show_once(token: NewToken, *, as_json: bool) -> None:
    show({"id": token.key_id, "key": token.text}, as_json=as_json)
