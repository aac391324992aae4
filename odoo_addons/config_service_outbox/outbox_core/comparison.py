"""The answer to `reconcile`, checked, so that whoever reads it need not."""

from typing import Any


def comparison_in(found: dict[str, Any]) -> dict[str, Any] | None:
    """Return the comparison within an answer, None when it is none.

    Returns:
        `{tenant_id, revision, equal, stale, missing, unknown, mapping_version, streams}`. Each of `stale`, `missing`
        and `unknown` lists `{domain, config_type, version, digest}`, `streams` lists `{stream, sequence}`. Of a service
        that does not tell them yet: no streams, and 0 for the mapping.
    """
    lists = ("stale", "missing", "unknown")
    if not all(_are_places(found.get(name)) for name in lists) or not isinstance(found.get("revision"), int):
        return None
    streams = found.get("streams", [])
    if not isinstance(streams, list) or not all(_is_stream(one) for one in streams):
        return None
    version = found.get("mapping_version")
    return {**found, "streams": streams, "mapping_version": version if isinstance(version, int) else 0}


def _are_places(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(place, dict)
        and isinstance(place.get("domain"), str)
        and isinstance(place.get("config_type"), str)
        and isinstance(place.get("version"), (int, type(None)))
        for place in value
    )


def _is_stream(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("stream"), str) and isinstance(value.get("sequence"), int)
