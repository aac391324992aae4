"""`sprintia config export|import`."""

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

import click

from sprintia_config.commands.access import author, open_writer, operated_host
from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.custody import open_standing_vault
from sprintia_config.transfer.exporting import Export, chosen, export_lines, missing_tenants
from sprintia_config.transfer.importing import FileSource, Importer
from sprintia_config.transfer.outcome import ImportReport
from sprintia_config.transfer.reading import read_export
from sprintia_config.transfer.spool import Spool
from sprintia_config.transfer.taking import Heads, History
from sprintia_platform.cli.runtime import fail, json_option, operator, run, show

_CHUNK = 1024 * 1024


@click.command("export")
@click.option("--tenant", "tenants", multiple=True, metavar="T", help="Only this tenant; may be repeated.")
@click.option("--secrets", is_flag=True, help="Secrets in clear; the audit log says so. Keep the file safe.")
@click.option("--output", required=True, metavar="FILE", help="Where to write; - for standard output.")
def export_configuration(tenants: tuple[str, ...], *, secrets: bool, output: str) -> None:
    """Write tenants' whole configuration, with its history, as JSON lines.

    Without --secrets, versions that hold secrets carry masks, and cannot be imported elsewhere. A file appears under
    its name only when it is whole.
    """
    with operated_host() as host:
        for tenant in tenants:
            check_identifiers(tenant=tenant)
        export = Export(scope="*", tenants=chosen(tenants), clear=secrets, actor=operator())

        async def write() -> None:
            vault = await open_standing_vault(host)
            if missing := await missing_tenants(host.database, export):
                fail([f"there is no tenant {tenant}" for tenant in missing])
            with _whole_file(output) as file:
                async for line in export_lines(host.database, vault, export):
                    file.write(line)

        run(host, write)


@click.command("import")
@click.option("--input", "source", required=True, metavar="FILE", help="What to read; - for standard input.")
@click.option("--dry-run", is_flag=True, help="Try everything, keep nothing, and say what would be done.")
@click.option(
    "--history", type=click.Choice(["full", "heads"]), default="full", show_default=True,
    help="With version numbers, times and authors as they were; or only what stands, as new versions.",
)  # fmt: skip
@json_option
def import_configuration(source: str, history: Literal["full", "heads"], *, dry_run: bool, as_json: bool) -> None:
    """Read what `sprintia config export` wrote.

    What stands here already is recognised, so that an import can be repeated; nothing is ever overwritten. Each line
    that cannot be taken is reported, and the exit status is then 1, though everything else was imported.
    """
    with operated_host() as host:

        async def read() -> ImportReport:
            importer = Importer(
                open_writer(host, await open_standing_vault(host)), author(), dry_run=dry_run,
                taker=Heads if history == "heads" else History,
            )  # fmt: skip
            with Spool() as spool:
                file = await read_export(_chunks(source), spool)
                outcome = await importer.take_all(FileSource(file, part) for part in file.sections if part.count)
            return outcome.report("en", dry_run=dry_run)

        report = run(host, read)
        show_report(report, as_json=as_json)
        if report.problem_count:
            sys.exit(1)


COMMANDS = (export_configuration, import_configuration)


def show_report(report: ImportReport, *, as_json: bool) -> None:
    """Print what was done; for people, problems go to standard error."""
    if as_json:
        show(report, as_json=True)
        return
    would = "would be " if report.dry_run else ""
    for name, counts in (("documents", report.documents), ("mapping", report.mappings)):
        click.echo(
            f"{name}: {counts.written} version(s) {would}written, {counts.present} stood already, "
            f"{counts.older} older than what is kept"
        )
    for problem in report.problems:
        click.echo(f"sprintia: line {problem.line}: {problem.tenant_id}: {problem.message}", err=True)
    unlisted = report.problem_count - len(report.problems)
    if unlisted:
        click.echo(f"sprintia: and {unlisted} more problems", err=True)


@contextmanager
def _whole_file(output: str) -> Iterator[IO[bytes]]:
    """A file that bears its name only when everything is in it; readable by its owner alone."""
    if output == "-":
        yield sys.stdout.buffer
        return
    path = Path(output)
    part = path.with_name(f"{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        part.touch(mode=0o600, exist_ok=False)
        with part.open("wb") as file:
            yield file
        part.replace(path)
    except OSError as error:
        if error.filename is None:  # not about this file
            raise
        fail(f"{output} cannot be written ({error.strerror}): check the path and its rights")
    finally:
        part.unlink(missing_ok=True)


async def _chunks(source: str) -> AsyncIterator[bytes]:
    try:
        file = sys.stdin.buffer if source == "-" else Path(source).open("rb")  # noqa: ASYNC230, SIM115 - nothing else runs here
    except OSError as error:
        fail(f"{source} cannot be read ({error.strerror}): check the path and its rights")
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk
