"""The commands `sprintia viewer ...`: links for signing in, and users, beside the servers, on the same database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from sprintia_platform.cli.arguments import TenantArgument
from sprintia_platform.cli.runtime import fail, json_option, operator, run, running_host, show
from sprintia_platform.cli.serve import default_port, url_of
from sprintia_viewer.accounts.errors import AccountError
from sprintia_viewer.accounts.links import LINK_HOURS, LinkRefused, Links
from sprintia_viewer.accounts.totp import remove_totp
from sprintia_viewer.accounts.users import RIGHTS, Role, User, Users
from sprintia_viewer.models import SCHEMA
from sprintia_viewer.settings import ViewerSettings
from sprintia_viewer.web import links as places

if TYPE_CHECKING:
    from sprintia_platform.host import Host

_PAGE = 200


def register(cli: click.Group, host: "Host") -> None:  # noqa: ARG001 - each command opens its own, with a database
    """Add the commands to the plugin's group."""
    cli.help = "Let people sign in to the pages, and keep them out."
    cli.add_command(sign_in_link)
    cli.add_command(users)


@click.command("sign-in-link")
@click.option("--user", "name", metavar="NAME", help="For NAME, to choose another password.")
@click.option("--new", "new_name", metavar="NAME", help="Make the user NAME, to choose a first password.")
@click.option("--role", type=click.Choice(tuple(RIGHTS)), help="What the new user may do; viewer without it.")
@click.option("--display-name", default="", help="How pages show the new user.")
@click.option(
    "--tenant", "tenants", multiple=True, type=TenantArgument(),
    help="A tenant that the new user reaches; may be repeated. All without it.",
)  # fmt: skip
@click.option(
    "--hours", type=click.IntRange(1, 24 * 14), default=LINK_HOURS, show_default=True, help="How long it is good."
)
@json_option
def sign_in_link(
    name: str | None, new_name: str | None, role: Role | None, display_name: str, tenants: tuple[str, ...], hours: int,
    *, as_json: bool,
) -> None:  # fmt: skip
    """Show a link that lets somebody choose a password, once; without options, it makes the first admin."""
    if name and new_name:
        raise click.UsageError("Give --user for somebody who is known, or --new.")
    if not new_name and (role or display_name or tenants):
        raise click.UsageError("--role, --display-name and --tenant are for --new.")
    with operated_host() as host:

        async def make() -> str:
            links = Links(host.database)
            if new_name:
                user = await Users(host.database).create(
                    name=new_name, role=role or "viewer", display_name=display_name, tenants=tenants or None,
                    by=operator(),
                )  # fmt: skip
                return await links.make("invite", user.id, hours, by=operator())
            if name:
                user = await _named(host, name)
                return await links.make("password_reset", user.id, hours, by=operator())
            try:
                return await links.make("first_admin", hours=hours, by=operator())
            except LinkRefused:
                fail("there is an admin already: name a user with --user NAME, or add --new NAME --role admin")

        address = _address(host) + places.welcome(run(host, make))
        if as_json:
            show({"url": address, "hours": hours}, as_json=True)
        else:
            click.echo(address)


@click.group()
def users() -> None:
    """The people who may sign in."""


@users.command("list")
@json_option
def list_users(*, as_json: bool) -> None:
    """List every user."""
    with operated_host() as host:

        async def read() -> list[User]:
            found, after = await Users(host.database).list(limit=_PAGE)
            while after is not None:
                more, after = await Users(host.database).list(after=after, limit=_PAGE)
                found += more
            return found

        show(
            run(host, read), as_json=as_json, nothing="(nobody: `sprintia viewer sign-in-link` makes the first admin)",
            table=("name", "display_name", "role", "tenants", "may_reveal", "has_totp", "disabled_at", "last_seen_at"),
        )  # fmt: skip


@users.command("disable")
@click.argument("name")
def disable(name: str) -> None:
    """Keep NAME out, at once: open sessions end."""
    _set_disabled(name, disabled=True)


@users.command("enable")
@click.argument("name")
def enable(name: str) -> None:
    """Let NAME in again."""
    _set_disabled(name, disabled=False)


@users.command("remove-second-factor")
@click.argument("name")
def remove_second_factor(name: str) -> None:
    """Let NAME, who lost phone and recovery codes, sign in with the password alone."""
    with operated_host() as host:

        async def remove() -> bool:
            user = await _named(host, name)
            return await remove_totp(host.database, user, by=operator())

        if not run(host, remove):
            fail(f"{name} has no second factor")
        click.echo(f"removed the second factor of {name}")


@contextmanager
def operated_host() -> Iterator["Host"]:
    """A host whose database runs; what an operator can mend ends the command with one line."""
    with running_host() as host:
        try:
            yield host
        except AccountError as error:
            fail(str(error))


def _set_disabled(name: str, *, disabled: bool) -> None:
    with operated_host() as host:

        async def change() -> None:
            user = await _named(host, name)
            await Users(host.database).change(user.id, disabled=disabled, by=operator())

        run(host, change)
        click.echo(f"{'disabled' if disabled else 'enabled'} {name}")


async def _named(host: "Host", name: str) -> User:
    user = await Users(host.database).named(name)
    if user is None:
        fail(f"there is no user {name}: see `sprintia viewer users list`")
    return user


def _address(host: "Host") -> str:
    """Where people reach the pages, as far as this machine knows."""
    settings = host.settings_of(SCHEMA, ViewerSettings)
    if settings.public_url is not None:
        return settings.public_url.rstrip("/")
    return url_of(host.settings, host.settings.port or default_port(host))
