"""What the bodies that are sent mean at the service: streams, places and versions, deletions."""

from collections.abc import Callable
from typing import Any

Body = dict[str, Any]
SEALED = "$sealed"


def is_deletion(body: Body) -> bool:
    """Tell whether a body only takes something away: a whole document, or each section that it names."""
    sections = body.get("sections")
    return bool(body.get("deleted")) or (bool(sections) and all(part is None for part in sections.values()))


def stream_of(body: Body) -> str:
    """Name the stream within which the service compares sequence numbers, as its `reconcile` names it."""
    event, domain = body["event_type"], body.get("domain") or "default"
    if event == "mapping_sync":
        return event
    if event == "document_sync":
        return f"{event}:{domain}:{body['config_type']}"
    return f"{event}:{domain}"


def opened(value: Any, open_sealed: Callable[[str], str]) -> Any:
    """Put the secrets in their places: `{"$sealed": text}` becomes what was sealed."""
    if isinstance(value, dict):
        if value.keys() == {SEALED}:
            return open_sealed(value[SEALED])
        return {name: opened(item, open_sealed) for name, item in value.items()}
    if isinstance(value, list):
        return [opened(item, open_sealed) for item in value]
    return value


def places_of(body: Body, answer: Body) -> list[Body]:
    """List the documents that a body is about, with the version that the service has of each now.

    Args:
        body: what was sent.
        answer: the parsed answer of 200.

    Returns:
        `{domain, config_type, version}` of each, with `shared: True` where others write to it, too (`config`);
        the mapping as `{mapping: True, version}`.
    """
    domain = body.get("domain") or "default"
    match body["event_type"]:
        case "credentials_sync":
            config = {"domain": domain, "config_type": "config", "version": answer.get("config_version")}
            version = answer.get("credentials_version")
            return [{**config, "shared": True}, {"domain": domain, "config_type": "credentials", "version": version}]
        case "mapping_sync":
            return [{"mapping": True, "version": answer.get("version")}]
        case _:
            place = {"domain": domain, "config_type": body.get("config_type"), "version": answer.get("version")}
            return [{**place, "shared": True} if body.get("sections") else place]
