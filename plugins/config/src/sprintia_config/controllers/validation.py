"""`POST /configs/.../validate`: what a write would do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency

from sprintia_config import problems
from sprintia_config.comparison.answers import PathChange, counts, path_change
from sprintia_config.comparison.path_diff import Diff
from sprintia_config.comparison.service import Sides
from sprintia_config.comparison.views import read_fingerprints
from sprintia_config.contents.content import Content
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.controllers.intake import author_of, json_answer, language_of, to_response
from sprintia_config.documents import service
from sprintia_config.documents.service import Headers
from sprintia_config.documents.versions import Version, standing
from sprintia_config.schemas.enforcement import QuarantineError
from sprintia_config.secrecy.errors import MaskError
from sprintia_config.secrecy.leaves import secret_leaves
from sprintia_config.secrecy.masks import mask_names, restore
from sprintia_config.writing import Change, Writer
from sprintia_platform import Caller, Fault, Problem, Text, requires
from sprintia_platform.content.errors import ContentError
from sprintia_platform.content.values import Json
from sprintia_platform.http.documentation import documented_body
from sprintia_platform.http.languages import Language
from sprintia_platform.http.problems import BODY_INVALID
from sprintia_platform.http.requests import StrictRequest, content_fault, read_body_json

_MOST_CHANGES = 1000
_ABOUT_THE_CONTENT = {kind.code for kind in (problems.MASK_REFUSED, problems.PATCH_INVALID, problems.SCHEMA_NOT_MET)}

Result = Literal["created", "changed", "identical", "unknown", "quarantined", "refused"]


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """What is proposed: YAML text that replaces, or a JSON Merge Patch. Exactly one of both."""

    yaml_content: str | None
    patch: Json

    def given(self) -> Json:
        """The value that the caller sent.

        Raises:
            ContentError: the text cannot be read.
        """
        return self.patch if self.yaml_content is None else Content.from_yaml(self.yaml_content).value


class Validation(msgspec.Struct, frozen=True, kw_only=True):
    """What a write would do. Nothing was written.

    Attributes:
        valid: whether it would be written, or is there already.
        result: created, changed, identical, quarantined, refused; or unknown: identical or not, which only callers with
            `secrets:read` are told when secrets were sent, because it would tell whether a guess is right.
        version: the version that would stand then.
        current_version: the version that stands now.
        errors: what it would be refused or set aside for.
        warnings: what a schema that only warns finds.
        complete, counts, more, changes: what would differ from what stands, as `/diff` tells it.
    """

    valid: bool
    result: Result
    version: int | None
    current_version: int | None
    errors: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    complete: bool
    counts: dict[str, int]
    more: bool
    changes: list[PathChange]


class _UndoneError(Exception):
    """Ends the transaction of a dry run: whatever it wrote never was."""


@post(
    "/validate",
    guards=[requires("config:write")],
    tags=["comparison"],
    status_code=200,
    operation_class=documented_body('`{"yaml_content": "..."}` or `{"patch": {...}}`.', "application/json"),
)
async def validate_document(
    request: StrictRequest, key: NamedDependency[DocumentKey], writer: NamedDependency[Writer],
    caller: NamedDependency[Caller],
) -> Response[bytes]:  # fmt: skip
    """Tell what a write would do, and do nothing: `{"yaml_content": <as in POST>}` or `{"patch": <as in PATCH>}`.

    It runs the write itself and undoes it, so that it can say nothing else than the write would. `If-Match` and
    `If-None-Match` are looked at.
    """
    request.expect_content_type("application/json")
    proposal = _read_body(read_body_json(request, await request.body()))
    answer = await dry_run(request.headers, writer, caller, key, proposal, language_of(request))
    return to_response(json_answer(answer))


OF_ONE_DOCUMENT = (validate_document,)


async def dry_run(
    headers: Headers, writer: Writer, caller: Caller, key: DocumentKey, proposal: Proposal, language: Language
) -> Validation:
    """Tell what a write would do.

    Raises:
        Problem: what has nothing to do with the content, as the write would raise it.
    """
    try:
        given = proposal.given()
    except ContentError as error:
        return _refused(None, [content_fault(error)], language)
    async with _undone(writer, key, caller) as change:
        head = _standing(await standing(change, key))
        try:
            made = await _write(change, headers, key, proposal)
        except QuarantineError as refusal:
            return _refused(head, refusal.errors, language, "quarantined")
        except Problem as refusal:
            if refusal.kind.code not in _ABOUT_THE_CONTENT:
                raise
            return _refused(head, refusal.errors, language)
        return await _told(change, caller, key, head, made, given, language)


@asynccontextmanager
async def _undone(writer: Writer, key: DocumentKey, caller: Caller) -> AsyncIterator[Change]:
    """Open a write transaction that never commits."""
    with suppress(_UndoneError):
        async with writer.change(key.tenant, author_of(caller)) as change:
            yield change
            raise _UndoneError


async def _write(change: Change, headers: Headers, key: DocumentKey, proposal: Proposal) -> Version:
    if proposal.yaml_content is None:
        return await service.patch(change, headers, key, proposal.patch)
    return await service.replace(change, headers, key, Content.from_yaml(proposal.yaml_content))


async def _told(
    change: Change, caller: Caller, key: DocumentKey, head: Version | None, made: Version, given: Json,
    language: Language,
) -> Validation:  # fmt: skip
    clear = caller.has("secrets:read")
    prints = {}
    if clear and head is not None and head.has_secrets and made.has_secrets:
        prints = await read_fingerprints(change.connection, key, [head, made])
    revision = change.opening.revision
    found = Sides(key=key, source=head, target=made, fingerprints=prints, revision=revision).paths()
    result: Result = "created" if head is None else "identical" if made.version == head.version else "changed"
    if head is not None and head.has_secrets and not clear and not found.changes and _sends_secrets(key, given):
        result = "unknown"
    return _validation(
        result, head, found, version=None if result == "unknown" else made.version,
        warnings=[fault.show(language) for fault in change.warnings],
    )  # fmt: skip


def _sends_secrets(key: DocumentKey, given: Json) -> bool:
    """Whether a secret's value is in what was sent, and not only masks that keep what stands."""
    try:
        without_masks = restore(key.config_type, given, dict.fromkeys(mask_names(given)))
    except MaskError:
        return True
    return any(leaf.is_set for leaf in secret_leaves(key.config_type, without_masks))


def _refused(
    head: Version | None, faults: list[Fault] | tuple[Fault, ...], language: Language, result: Result = "refused"
) -> Validation:
    return _validation(result, head, Diff([]), errors=[fault.show(language) for fault in faults])


def _validation(
    result: Result, head: Version | None, found: Diff, *, version: int | None = None,
    errors: list[dict[str, Any]] | None = None, warnings: list[dict[str, Any]] | None = None,
) -> Validation:  # fmt: skip
    return Validation(
        valid=result not in {"refused", "quarantined"}, result=result, version=version,
        current_version=head.version if head else None, errors=errors or [], warnings=warnings or [],
        complete=found.complete, counts=counts(found), more=len(found.changes) > _MOST_CHANGES,
        changes=[path_change(change) for change in found.changes[:_MOST_CHANGES]],
    )  # fmt: skip


def _standing(head: Version | None) -> Version | None:
    return None if head is None or head.deleted else head


def _read_body(body: Json) -> Proposal:
    """Read the body; by hand, because a patch keeps the letters of its numbers.

    Raises:
        Problem: 422 with every fault.
    """
    given = body if isinstance(body, dict) else {}
    faults = [
        Fault(code="unknown", pointer=f"/{name}", text=Text("não é um campo deste corpo", "is no field of this body"))
        for name in given.keys() - {"yaml_content", "patch"}
    ]
    if len(given.keys() & {"yaml_content", "patch"}) != 1:
        text = Text("envie yaml_content ou patch, um dos dois", "send yaml_content or patch, one of both")
        faults.append(Fault(code="missing", pointer="", text=text))
    yaml_content = given.get("yaml_content")
    if "yaml_content" in given and not isinstance(yaml_content, str):
        faults.append(Fault(code="type", pointer="/yaml_content", text=Text("esperado: texto", "expected: text")))
    if faults:
        raise Problem(BODY_INVALID, errors=faults, count=len(faults))
    return Proposal(yaml_content=yaml_content if isinstance(yaml_content, str) else None, patch=given.get("patch"))
