"""What an import did, and every line that it could not take."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import msgspec

from sprintia_platform import Text
from sprintia_platform.http.languages import Language

CHANGES_SHOWN = 1_000
PROBLEMS_SHOWN = 10_000
"""More than a person reads; the count goes on."""

Code: TypeAlias = Literal[
    "conflict", "not_continued", "masked", "erased", "content", "digest", "mask", "mapping", "mapping_taken",
    "tenant_out_of_reach", "schema",
]  # fmt: skip

TEXTS: dict[Code, Text] = {
    "conflict": Text(
        "esta versão já existe aqui com outro conteúdo; ela não foi alterada",
        "this version stands here already with another content; it was not changed",
    ),
    "not_continued": Text(
        "o arquivo não contém a versão que está aqui, com o mesmo conteúdo: o histórico não continua o daqui",
        "the file does not hold the version that stands here, with the same content: its history is not a continuation",
    ),
    "masked": Text(
        "os segredos estão mascarados no arquivo: exporte de novo com os segredos em claro",
        "the secrets are masked in the file: export again with secrets in clear",
    ),
    "erased": Text(
        "os segredos desta versão foram apagados aqui, e não voltam por importação",
        "the secrets of this version were erased here, and do not come back by an import",
    ),
    "content": Text("o conteúdo não pode ser lido: {reason_pt}", "the content cannot be read: {reason_en}"),
    "digest": Text("o conteúdo não corresponde ao seu digest", "the content does not match its digest"),
    "mask": Text("o conteúdo tem uma máscara no lugar de um segredo", "the content holds a mask instead of a secret"),
    "mapping": Text("o mapeamento não é válido, ou é de outro tenant", "the mapping is not valid, or another tenant's"),
    "mapping_taken": Text(
        "uma conta ou caixa de entrada já pertence a outro tenant aqui; nada deste tenant foi importado",
        "an account or inbox belongs to another tenant here; nothing of this tenant was imported",
    ),
    "schema": Text(
        "o documento não atende ao esquema do seu tipo aqui", "the document does not meet the schema of its type here"
    ),
    "tenant_out_of_reach": Text(
        "este tenant está fora do alcance de quem importa", "this tenant is out of reach for whoever imports"
    ),
}


class ImportProblem(msgspec.Struct, frozen=True, kw_only=True):
    """A line that was not taken, and why."""

    line: int
    tenant_id: str
    code: str
    message: str


class ImportedVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A new version of a document, or of the tenant's part of the mapping (then without domain and type)."""

    tenant_id: str
    domain: str | None
    config_type: str | None
    version: int


class Counts(msgspec.Struct, kw_only=True):
    """Lines: `written` became versions; `present` stood already; `older` are below what is still kept here."""

    written: int = 0
    present: int = 0
    older: int = 0

    def add(self, other: "Counts") -> None:
        self.written += other.written
        self.present += other.present
        self.older += other.older


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did. With problems, everything else was imported nevertheless.

    Attributes:
        dry_run: whether it only says what would be done.
        tenants: how many got something new.
        problem_count: of all problems; the first 10,000 are listed.
        changes: the first 1,000 new versions, where what stands in the file was written as new ones.
    """

    dry_run: bool
    tenants: int
    documents: Counts
    mappings: Counts
    problem_count: int
    problems: list[ImportProblem]
    changes: list[ImportedVersion]


@dataclass(frozen=True, slots=True)
class Trouble:
    """A problem before it is put into words."""

    line: int
    tenant_id: str
    code: Code
    reason: Text | None = None

    def show(self, language: Language) -> ImportProblem:
        reason = self.reason or Text("", "")
        message = TEXTS[self.code].show(language, reason_pt=reason.plain("pt-BR"), reason_en=reason.plain("en"))
        return ImportProblem(line=self.line, tenant_id=self.tenant_id, code=self.code, message=message)


@dataclass(slots=True)
class Outcome:
    """What was done so far, for one tenant or for all."""

    tenants: int = 0
    documents: Counts = field(default_factory=Counts)
    mappings: Counts = field(default_factory=Counts)
    troubles: list[Trouble] = field(default_factory=list)
    trouble_count: int = 0
    changes: list[ImportedVersion] = field(default_factory=list)

    def refuse(self, trouble: Trouble) -> None:
        self.trouble_count += 1
        if len(self.troubles) < PROBLEMS_SHOWN:
            self.troubles.append(trouble)

    def add(self, other: "Outcome") -> None:
        self.tenants += other.tenants
        self.documents.add(other.documents)
        self.mappings.add(other.mappings)
        self.troubles += other.troubles[: PROBLEMS_SHOWN - len(self.troubles)]
        self.trouble_count += other.trouble_count
        self.changes += other.changes[: CHANGES_SHOWN - len(self.changes)]

    def report(self, language: Language, *, dry_run: bool) -> ImportReport:
        return ImportReport(
            dry_run=dry_run, tenants=self.tenants, documents=self.documents, mappings=self.mappings,
            problem_count=self.trouble_count, problems=[trouble.show(language) for trouble in self.troubles],
            changes=self.changes,
        )  # fmt: skip
