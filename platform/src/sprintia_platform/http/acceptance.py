"""What a caller would rather read: a page for people, or JSON for programs (RFC 9110, section 12.5.1)."""

import re

_WEIGHT = re.compile(r"[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.ASCII)
_MOST_RANGES = 20
_JSON = ("application/json", "application/problem+json")


def prefers_html(accept: str | None) -> bool:
    """Tell whether `Accept` asks for HTML rather than JSON: browsers do; `*/*`, and nothing at all, do not."""
    weights = _weights(accept or "")
    return _weight_of("text/html", weights) > max(_weight_of(media_type, weights) for media_type in _JSON)


def _weights(accept: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for part in accept.split(",")[:_MOST_RANGES]:
        media_range, *parameters = (piece.strip() for piece in part.split(";"))
        weights[media_range.lower()] = max(weights.get(media_range.lower(), 0.0), _weight(parameters))
    return weights


def _weight(parameters: list[str]) -> float:
    given = [parameter for parameter in parameters if parameter[:2].lower() == "q="]
    if not given:
        return 1.0
    match = _WEIGHT.fullmatch(given[0])
    return float(match[1]) if match else 0.0  # what nobody can read is no wish


def _weight_of(media_type: str, weights: dict[str, float]) -> float:
    """The weight of the most specific range that covers the type."""
    ranges = (media_type, f"{media_type.partition('/')[0]}/*", "*/*")
    return next((weights[media_range] for media_range in ranges if media_range in weights), 0.0)
