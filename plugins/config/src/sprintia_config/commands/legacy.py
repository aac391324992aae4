"""`sprintia config import-legacy`: move in from the replaced system."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import asyncpg
import click
import msgspec
from cryptography.fernet import Fernet

from sprintia_config.commands.access import author, open_writer, operated_host
from sprintia_config.custody import open_standing_vault
from sprintia_config.legacy.database import LegacyDatabase
from sprintia_config.legacy.documents import Conversion
from sprintia_config.legacy.encryption import read_keys
from sprintia_config.legacy.findings import HEADINGS, Finding, Findings
from sprintia_config.legacy.folder import CurrentState, LegacyFolder
from sprintia_config.transfer.importing import Importer
from sprintia_config.transfer.outcome import Counts, Outcome
from sprintia_config.transfer.taking import History
from sprintia_platform.cli.runtime import fail, json_option, run, show
from sprintia_platform.database.urls import asyncpg_dsn, parse_database_url, shown
from sprintia_platform.settings import read_secret

if TYPE_CHECKING:
    from sprintia_platform.host import Host

KEY_VARIABLE = "CREDENTIAL_ENCRYPTION_KEY"
"""Where the AI stack had its key."""

_CONNECT_SECONDS = 10
Replaced: TypeAlias = LegacyDatabase | LegacyFolder


class LegacyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an import from the replaced system did, and what it leaves to a person."""

    dry_run: bool
    tenants: int
    documents: Counts
    mappings: Counts
    needs_a_person: list[Finding]

    @property
    def left_out(self) -> bool:
        """Whether something was not imported at all."""
        return any(finding.kind == "left_out" for finding in self.needs_a_person)


@click.command("import-legacy")
@click.option("--database", "database_url", metavar="URL", help="The replaced system's PostgreSQL.")
@click.option(
    "--folder", type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Its folder of YAML, the one that holds `domains` and chatwoot_mapping.yaml.",
)  # fmt: skip
@click.option(
    "--encryption-key-file", type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help=f"A file with the key of its encrypted values, one key a line; else {KEY_VARIABLE} is used.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Try everything, keep nothing, and say what would be done.")
@json_option
def import_legacy(
    database_url: str | None, folder: Path | None, encryption_key_file: Path | None, *, dry_run: bool, as_json: bool
) -> None:
    """Import from the replaced system, with its history and times; ends with a list of what needs a person.

    It only reads there. Run it with --dry-run first. It can be repeated: what stands here already is recognised, what
    was added there since is imported, and what somebody wrote here is never overwritten. The exit status is 1 when
    something was left out.
    """
    if (database_url is None) == (folder is None):
        raise click.UsageError("Give either --database URL or --folder FOLDER.")
    keys = _keys(encryption_key_file)
    with operated_host() as host:
        report = run(host, lambda: _import(host, database_url, folder, keys, dry_run=dry_run))
        _show(report, as_json=as_json)
        if report.left_out:
            sys.exit(1)


COMMANDS = (import_legacy,)


async def _import(
    host: "Host", database_url: str | None, folder: Path | None, keys: tuple[Fernet, ...], *, dry_run: bool
) -> LegacyReport:
    findings = Findings()
    conversion = Conversion(keys, findings)
    writer = open_writer(host, await open_standing_vault(host))
    if folder is not None:
        files = LegacyFolder(folder, conversion, findings)
        if not files.open():
            fail(f"{folder} holds neither a folder `domains` nor a file chatwoot_mapping.yaml or .json")
        importer = Importer(writer, author(), dry_run=dry_run, taker=CurrentState)
        return _report(await importer.take_all(files.tenants()), files, findings, dry_run=dry_run)
    async with _legacy_connection(database_url or "") as connection:
        tables = LegacyDatabase(connection, conversion, findings)
        if not await tables.open():
            fail("the database of --database has neither crew_configurations nor chatwoot_mapping")
        importer = Importer(writer, author(), dry_run=dry_run, taker=History)
        return _report(await importer.take_all(await tables.tenants()), tables, findings, dry_run=dry_run)


def _report(outcome: Outcome, replaced: Replaced, findings: Findings, *, dry_run: bool) -> LegacyReport:
    for trouble in outcome.troubles:
        place = f"{trouble.tenant_id}, {replaced.place_of(trouble.line)}" if trouble.line else trouble.tenant_id
        findings.note("left_out", place, trouble.show("en").message)
    unlisted = outcome.trouble_count - len(outcome.troubles)
    if unlisted:
        findings.note("left_out", "and more", f"{unlisted} further problems")
    return LegacyReport(
        dry_run=dry_run, tenants=outcome.tenants, documents=outcome.documents, mappings=outcome.mappings,
        needs_a_person=findings.sorted(),
    )  # fmt: skip


@asynccontextmanager
async def _legacy_connection(url: str) -> AsyncIterator["asyncpg.Connection"]:
    """A snapshot of the replaced system's database that can only be read."""
    parsed = parse_database_url(url)
    try:
        connection: asyncpg.Connection = await asyncpg.connect(asyncpg_dsn(parsed), timeout=_CONNECT_SECONDS)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        fail(f"{shown(parsed)}, the database of --database, does not let us in ({type(error).__name__}): check the URL")
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield connection
    finally:
        await connection.close()


def _keys(file: Path | None) -> tuple[Fernet, ...]:
    if file is not None:
        text, name = file.read_text(encoding="utf-8"), str(file)
    else:
        secret = read_secret(KEY_VARIABLE, os.environ)
        text, name = secret.reveal() if secret else "", KEY_VARIABLE
    try:
        return read_keys(text)
    except ValueError:
        fail(f"{name} holds no Fernet key: it is 32 bytes in base64, 44 characters")


def _show(report: LegacyReport, *, as_json: bool) -> None:
    if as_json:
        show(report, as_json=True)
        return
    would = "would be " if report.dry_run else ""
    click.echo(f"{report.tenants} tenant(s) {would}changed")
    for name, counts in (("documents", report.documents), ("mapping", report.mappings)):
        click.echo(f"{name}: {counts.written} version(s) {would}imported, {counts.present} stood already")
    for kind, heading in HEADINGS.items():
        found = [finding for finding in report.needs_a_person if finding.kind == kind]
        if found:
            click.echo(f"\n{heading} ({len(found)}):")
            for finding in found:
                click.echo(f"  {finding.place}: {finding.what}")
