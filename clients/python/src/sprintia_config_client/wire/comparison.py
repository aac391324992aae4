"""Differences, blame and dry runs, read from JSON."""

import msgspec

from sprintia_config_client.contract import Blame, Counts, Diff, Difference, PlacedDifference, Replay, Validation
from sprintia_config_client.errors import Fault
from sprintia_config_client.wire.records import read_record, text_of


class _Side(msgspec.Struct):
    version: int


class _Difference(msgspec.Struct, kw_only=True):
    operation: str
    pointer: str
    old_pointer: str | None = None
    old: msgspec.Raw = msgspec.Raw()
    new: msgspec.Raw = msgspec.Raw()
    secret: bool = False
    whole: bool = False
    domain: str | None = None
    config_type: str | None = None


class _Diff(msgspec.Struct, rename={"source": "from", "target": "to"}):
    tenant_id: str
    domain: str
    config_type: str
    source: _Side | None
    target: _Side | None
    complete: bool
    more: bool
    changes: list[_Difference]


class _Validation(msgspec.Struct):
    valid: bool
    result: str
    version: int | None
    current_version: int | None
    errors: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    complete: bool
    counts: Counts
    more: bool
    changes: list[_Difference]


class _Replay(msgspec.Struct):
    outcome: str
    status: int
    reason: str | None = None
    version: int | None = None
    revision: int | None = None
    faults: tuple[Fault, ...] = ()
    changes: list[_Difference] = []


def read_diff(body: bytes) -> Diff:
    """Read the answer of `.../diff`.

    Raises:
        msgspec.DecodeError: it is something else.
    """
    given = read_record(body, _Diff)
    return Diff(
        tenant_id=given.tenant_id, domain=given.domain, config_type=given.config_type,
        from_version=given.source.version if given.source else None,
        to_version=given.target.version if given.target else None, complete=given.complete, more=given.more,
        changes=tuple(_difference(change) for change in given.changes),
    )  # fmt: skip


def _difference(given: _Difference) -> Difference:
    return Difference(
        operation=given.operation, pointer=given.pointer, old_pointer=given.old_pointer, secret=given.secret,
        whole=given.whole, old_text=text_of(given.old) or None, new_text=text_of(given.new) or None,
    )  # fmt: skip


def _placed(given: _Difference) -> PlacedDifference:
    plain = msgspec.structs.asdict(_difference(given))
    return PlacedDifference(domain=given.domain, config_type=given.config_type, **plain)


def read_blame(body: bytes) -> Blame:
    return read_record(body, Blame)


def read_validation(body: bytes) -> Validation:
    """Read the answer of `.../validate`."""
    given = read_record(body, _Validation)
    return Validation(
        valid=given.valid, result=given.result, version=given.version, current_version=given.current_version,
        errors=given.errors, warnings=given.warnings, complete=given.complete, counts=given.counts, more=given.more,
        changes=tuple(_difference(change) for change in given.changes),
    )  # fmt: skip


def read_replay(body: bytes) -> Replay:
    """Read the answer of `.../replay`."""
    given = read_record(body, _Replay)
    return Replay(
        outcome=given.outcome, status=given.status, reason=given.reason, version=given.version,
        revision=given.revision, faults=given.faults, changes=tuple(_placed(change) for change in given.changes),
    )  # fmt: skip
