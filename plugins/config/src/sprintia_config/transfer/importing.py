"""Put the history of tenants into this installation: version numbers, times and authors stay as they were.

One transaction per tenant. An agent that reads meanwhile sees the tenant as it was, then as it is: never a state of
years ago on the way. What cannot be taken is left out line by line and reported; what fails (a route that belongs to
another tenant, an outage) leaves nothing of its tenant. Whatever was done before stays, and running the import again
goes on, because what stands already is recognised.

Revisions are this installation's own: each revision of the file gets the next number here, in the same order, under the
lock of the tenant's row.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from sprintia_config import problems
from sprintia_config.transfer.outcome import Outcome, Trouble
from sprintia_config.transfer.reading import ExportFile, Section
from sprintia_config.transfer.taking import Heads, History, Numbered
from sprintia_config.writing import Author, Change, Writer
from sprintia_platform import Problem


class Source(Protocol):
    """The history of one tenant, that can be read more than once."""

    @property
    def tenant_id(self) -> str: ...

    @property
    def number(self) -> int:
        """The line that stands for the tenant as a whole."""
        ...

    @property
    def has_mapping(self) -> bool: ...

    def lines(self) -> AsyncIterator[Numbered]:
        """The versions in order of revision, each with the number of its line."""
        ...


@dataclass(frozen=True, slots=True)
class FileSource:
    """A tenant's lines in an export."""

    file: ExportFile
    section: Section

    @property
    def tenant_id(self) -> str:
        return self.section.tenant_id

    @property
    def number(self) -> int:
        return self.section.number

    @property
    def has_mapping(self) -> bool:
        return self.section.has_mapping

    async def lines(self) -> AsyncIterator[Numbered]:
        for numbered in self.file.lines_of(self.section):
            yield numbered


class _DryRun(Exception):
    """Everything was tried: roll the transaction back, with what it would have done."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


class Importer:
    """Imports tenants one by one, on behalf of somebody.

    Args:
        writer: opens the transactions.
        author: who imports, for the audit log; the history keeps its own authors.
        dry_run: whether to try everything and keep nothing.
        taker: what becomes of the lines: `History` keeps them all, `Heads` writes the last ones as new versions.
    """

    def __init__(
        self, writer: Writer, author: Author, *, dry_run: bool = False, taker: "type[History | Heads] | None" = None
    ) -> None:
        self._writer = writer
        self._author = author
        self._dry_run = dry_run
        self._taker = taker or History

    async def take_all(self, sources: Iterable[Source]) -> Outcome:
        """Import every tenant.

        One whose route belongs to another tenant is tried again after all others: perhaps they let go of it.
        """
        total = Outcome()
        again: list[Source] = []
        for source in sources:
            outcome = await self.take(source)
            if outcome is None:
                again.append(source)
            else:
                total.add(outcome)
        for source in again:
            outcome = await self.take(source)
            if outcome is None:
                total.refuse(Trouble(source.number, source.tenant_id, "mapping_taken"))
            else:
                total.add(outcome)
        return total

    async def take(self, source: Source) -> Outcome | None:
        """Import one tenant, or nothing of it; None when a route belongs to another tenant."""
        try:
            async with self._change(source) as change:
                taken = self._taker(change)
                async for number, line in source.lines():
                    await taken.take(number, line)
                await taken.close()
                self._let_go_of_a_dry_run(taken.outcome)
                return taken.outcome
        except _DryRun as dry_run:
            return dry_run.outcome
        except Problem as problem:
            if problem.kind is problems.MAPPING_TAKEN:
                return None
            raise

    def _let_go_of_a_dry_run(self, outcome: Outcome) -> None:
        if self._dry_run:
            raise _DryRun(outcome)

    def _change(self, source: Source) -> AbstractAsyncContextManager[Change]:
        if source.has_mapping:
            return self._mapping_change(source.tenant_id)
        return self._writer.change(source.tenant_id, self._author)

    @asynccontextmanager
    async def _mapping_change(self, tenant_id: str) -> AsyncIterator[Change]:
        async with self._writer.mapping_transaction([tenant_id]) as transaction:
            yield await transaction.begin(tenant_id, self._author)
