"""What became of an import."""

import msgspec


class ImportProblem(msgspec.Struct, frozen=True, kw_only=True):
    """A line that was not taken.

    Attributes:
        line: its number in the file, from 1.
        tenant_id: whose it is.
        code: for programs.
        message: for people.
    """

    line: int
    tenant_id: str
    code: str
    message: str


class ImportCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many `written` became versions, and how many were `present` already."""

    written: int = 0
    present: int = 0


class ImportedVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A new version of a document, or of the tenant's part of the mapping (then without domain and type)."""

    tenant_id: str
    domain: str | None
    config_type: str | None
    version: int


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did, or would do. With problems, everything else was imported nevertheless.

    Attributes:
        dry_run: whether nothing was kept.
        tenants: how many got something new.
        documents: of theirs.
        mappings: of their parts of the Chatwoot mapping.
        problem_count: of all problems.
        problems: the first 10,000.
        changes: the first 1,000 new versions, where what stands in the file was written as new ones.
    """

    dry_run: bool
    tenants: int
    documents: ImportCounts
    mappings: ImportCounts
    problem_count: int
    problems: tuple[ImportProblem, ...]
    changes: tuple[ImportedVersion, ...] = ()
