"""What an answer of the service means for the event that was sent, and for the queue behind it."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from .backoff import retry_after
from .reasons import reason as told
from .redaction import redacted

LONGEST_REASON = 2_000
_PROBLEM = "urn:sprintia:problem:"
_MOST_FAULTS = 20

_AWAY = frozenset({408, 425, 429, 502, 503, 504})
_NOT_ALLOWED = frozenset({401, 403})
# A proxy says so of each path while the service behind it starts anew. The service itself says why.
_AWAY_IF_FOREIGN = frozenset({404, 405, 410, 421})
_MOVED_FOR_GOOD = frozenset({301, 308})
_INFO = (
    "tenant_id", "domain", "config_type", "version", "config_version", "credentials_version", "metadata_version",
    "digest", "timestamp",
)  # fmt: skip
# Controls, marks that turn the direction of text, and halves of surrogate pairs: PostgreSQL refuses some, and others
# make a reason look like another one.
_UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+")


class Outcome(Enum):
    """What became of a delivery.

    Attributes:
        sent: the service has it.
        superseded: the service has a later one; nothing is left to do.
        retry_host: the service cannot be reached now: nothing gets through, this one neither.
        retry_event: the service failed at this one: others may get through meanwhile.
        paused: a person must mend the settings first: the key, its rights, or the address.
        dead: it can never be taken as it is.
    """

    sent = "sent"
    superseded = "superseded"
    retry_host = "retry_host"
    retry_event = "retry_event"
    paused = "paused"
    dead = "dead"


@dataclass(frozen=True)
class Answer:
    """An answer, or the lack of one.

    Attributes:
        outcome: what it means.
        status: of HTTP; 0 when there was no answer.
        retry_after: seconds that the service asks to wait, at most an hour.
        reason: for people, without a secret, at most 2,000 characters; `""` for what was taken.
        request_id: by which the service's operator finds it.
        info: of what was taken: the service's `version`, `config_version`, `digest` and the like.
        sequence: the last number that the service took in this stream, where it says so.
        code: of a problem of the service, without its prefix, or of `reasons`; `""` else.
    """

    outcome: Outcome
    status: int = 0
    retry_after: float | None = None
    reason: str = ""
    request_id: str = ""
    info: dict[str, Any] = field(default_factory=dict)
    sequence: int | None = None
    code: str = ""


def classify(
    status: int,
    headers: Mapping[str, str],
    body: bytes | None,
    *,
    language: str = "",
    secrets: Iterable[str] = (),
    now: datetime | None = None,
) -> Answer:
    """Judge an answer to a delivery.

    Args:
        status: of HTTP.
        headers: of the answer, found in any letters.
        body: of the answer; None when it was too long or its coding unknown.
        language: of reasons that are not the service's.
        secrets: what a reason must not show, should the answer repeat what was sent.
        now: the time from which `Retry-After` counts.
    """
    found = json_object(body)
    common: dict[str, Any] = {
        "status": status,
        "request_id": _clean(str(headers.get("X-Request-ID") or ""))[:64],
        "retry_after": retry_after(headers.get("Retry-After"), now or datetime.now(tz=timezone.utc)),  # noqa: UP017 - 3.10
    }
    if 200 <= status < 300:
        return _taken(found, common, language)
    if 300 <= status < 400:
        outcome = Outcome.paused if status in _MOVED_FOR_GOOD else Outcome.retry_host
        target = _target(headers.get("Location"))
        return Answer(outcome, reason=told("redirect", language, target), code="redirect", **common)
    ours = _is_ours(found)
    outcome = _refusal(status, ours=ours)
    if not ours:
        code = "foreign" if outcome is Outcome.retry_host else "unexplained"
        return Answer(outcome, reason=told(code, language, status), code=code, **common)
    explained = redacted(_explained(found), secrets) or told("unexplained", language, status)
    return Answer(outcome, reason=explained[:LONGEST_REASON], code=_code(found), **common)


def without_answer(code: str, language: str = "", more: object = "") -> Answer:
    """Tell of a delivery that got no answer: nobody knows whether it was taken, and its id makes a repetition safe."""
    return Answer(Outcome.retry_host, reason=told(code, language, more)[:LONGEST_REASON], code=code)


def json_object(body: bytes | None) -> dict[str, Any]:
    """Read a JSON object; empty for all that is none: what comes from outside may be anything."""
    if not body:
        return {}
    try:
        value = json.loads(body.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):  # also of UTF-8, and of numbers with thousands of digits
        return {}
    return value if isinstance(value, dict) else {}


def _taken(found: dict[str, Any], common: dict[str, Any], language: str) -> Answer:
    if found.get("success") is not True:
        # A captive portal says 200 to everything. What it swallowed was not sent.
        text = told("foreign", language, common["status"])
        return Answer(Outcome.retry_host, reason=text, code="foreign", **common)
    outcome = Outcome.superseded if found.get("superseded") is True else Outcome.sent
    info = {name: found[name] for name in _INFO if _is_plain(found.get(name))}
    sequence = found.get("sequence")
    number = sequence if isinstance(sequence, int) and not isinstance(sequence, bool) and sequence >= 0 else None
    return Answer(outcome, info=info, sequence=number, **common)


def _refusal(status: int, *, ours: bool) -> Outcome:
    if status in _AWAY or status < 200 or status >= 600 or (status in _AWAY_IF_FOREIGN and not ours):
        return Outcome.retry_host
    if status in _NOT_ALLOWED:
        return Outcome.paused
    return Outcome.retry_event if status >= 500 else Outcome.dead


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _is_ours(found: dict[str, Any]) -> bool:
    return isinstance(found.get("detail"), str) or str(found.get("type", "")).startswith(_PROBLEM)


def _code(found: dict[str, Any]) -> str:
    kind = found.get("type")
    return _clean(kind.removeprefix(_PROBLEM))[:100] if isinstance(kind, str) and kind.startswith(_PROBLEM) else ""


def _explained(found: dict[str, Any]) -> str:
    """Put the problem's `detail` and its faults, with their places, in one text."""
    detail = found.get("detail")
    parts = [detail if isinstance(detail, str) else ""]
    faults = found.get("errors")
    for fault in (faults if isinstance(faults, list) else [])[:_MOST_FAULTS]:
        if isinstance(fault, dict) and isinstance(fault.get("message"), str):
            place = fault.get("pointer")
            parts.append(f"{place}: {fault['message']}" if isinstance(place, str) and place else fault["message"])
    return _clean("; ".join(part[:LONGEST_REASON] for part in parts if part))


def _target(location: str | None) -> str:
    """Name the host of a redirect: the rest may hold tokens."""
    try:
        parts = urlsplit(_clean(location or ""))
        return f"{parts.scheme}://{parts.hostname}"[:200] if parts.scheme and parts.hostname else "another path"
    except ValueError:
        return "another place"


def _is_plain(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and len(value) <= 200 and not _UNSHOWN.search(value))


def _clean(text: str) -> str:
    return _UNSHOWN.sub(" ", text).strip()
