"""Which event a body is, and whose."""

from typing import Literal

from sprintia_config import problems
from sprintia_config.webhook.fields import Body, flag, identifier, invalid, is_empty, mapping, required
from sprintia_platform import Problem
from sprintia_platform.content.values import Json

Event = Literal["credentials_sync", "mapping_sync", "company_metadata_sync", "document_sync"]
EVENTS: tuple[Event, ...] = ("credentials_sync", "mapping_sync", "company_metadata_sync", "document_sync")
_BY_NAME: dict[str, Event] = {event: event for event in EVENTS}
_BY_SOURCE: dict[Json, Event] = {"credentials": "credentials_sync", "channel_mapping": "mapping_sync"}


def event_of(body: Body) -> Event:
    """Tell the event: by `event_type`, then by the keys `credentials` and `mapping`, then by `source`.

    Raises:
        Problem: 400.
    """
    named = body.get("event_type")
    if not is_empty(named):
        if not isinstance(named, str) or named not in _BY_NAME:
            raise Problem(problems.EVENT_UNKNOWN)
        return _BY_NAME[named]
    if "credentials" in body:
        return "credentials_sync"
    if "mapping" in body:
        return "mapping_sync"
    source = body.get("source")
    if isinstance(source, str) and source in _BY_SOURCE:
        return _BY_SOURCE[source]
    raise Problem(problems.EVENT_UNKNOWN)


def tenant_of(event: Event, body: Body) -> str:
    """Tell whose event it is.

    Raises:
        Problem: 400 when the body does not say, or says two things.
    """
    if event == "mapping_sync" and not is_whole_mapping(body):
        given = mapping(required(body, "mapping"), "mapping")
        required(given, "chatwoot_account_id")
        return identifier(required(given, "internal_account_id"), "internal_account_id")
    tenant = identifier(required(flattened(body) if event == "credentials_sync" else body, "account_id"), "account_id")
    if not is_empty(body.get("account_id")) and identifier(body["account_id"], "account_id") != tenant:
        raise invalid("account_id aparece com dois valores", "account_id stands there with two values")
    return tenant


def is_whole_mapping(body: Body) -> bool:
    """Tell whether a `mapping_sync` says all that the tenant maps, and not one account and inbox.

    Raises:
        Problem: 400.
    """
    whole = flag(body, "complete") or flag(body, "deleted")
    return whole or "mappings" in body


def flattened(body: Body) -> dict[str, Json]:
    """Make one form of both forms of `credentials_sync`: the nested part counts before what stands beside it."""
    nested = mapping(body.get("credentials"), "credentials")
    return {**body, **{name: value for name, value in nested.items() if not is_empty(value) or name not in body}}
