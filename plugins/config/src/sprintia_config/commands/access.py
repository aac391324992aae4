"""How the commands reach the data: as the operator, through the services that the routes use, errors in one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from sprintia_config.admission import WriteQueue
from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.secrecy.errors import SecrecyError
from sprintia_config.vault import Vault
from sprintia_config.writing import Author, Writer
from sprintia_platform import Caller
from sprintia_platform.cli.runtime import fail, operator, running_host
from sprintia_platform.content.errors import ContentError

if TYPE_CHECKING:
    from sprintia_platform.host import Host

_LONGEST_MESSAGE = 500

TENANT = click.argument("tenant")
DOMAIN = click.argument("domain")
CONFIG_TYPE = click.argument("config_type", metavar="TYPE")


class Operator(Caller, frozen=True, kw_only=True):
    """The person at the command line, who reaches every tenant; secrets only where they are asked for."""

    @property
    def actor(self) -> str:
        return operator()


def the_operator(*, sees_secrets: bool = False) -> Operator:
    rights = {"config:read", "secrets:read"} if sees_secrets else {"config:read"}
    return Operator(key_id="cli", name="command line", rights=frozenset(rights))


def author(message: str = "") -> Author:
    return Author(operator(), "cli", message)


@contextmanager
def operated_host() -> Iterator["Host"]:
    """A host whose database runs; what an operator can mend ends the command with one line."""
    with running_host() as host:
        try:
            yield host
        except (ContentError, SecrecyError) as error:
            fail(str(error))


def open_writer(host: "Host", vault: Vault) -> Writer:
    return Writer(host.database, vault, WriteQueue(at_once=1, waiting=1, waiting_per_tenant=1))


def checked_key(tenant: str, domain: str, config_type: str) -> DocumentKey:
    """The document that the arguments name.

    Raises:
        Problem: one of them is no identifier.
    """
    check_identifiers(tenant=tenant, domain=domain, config_type=config_type)
    return DocumentKey(tenant, domain, config_type)


def _checked_message(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if len(value) > _LONGEST_MESSAGE:
        raise click.BadParameter(f"it has {len(value)} characters; the most are {_LONGEST_MESSAGE}")
    return value


message_option = click.option(
    "--message", default="", callback=_checked_message, help="Why, for the history; at most 500 characters."
)
