"""A JSON text that stands on one line, as programs send it, in lines that a person can read and change."""

import msgspec


def laid_out(text: str) -> str | None:
    """The same JSON on lines of its own, numbers as they were written; None of any other text."""
    stripped = text.strip()
    if "\n" in stripped or stripped[:1] not in {"{", "["}:
        return None
    try:
        laid = msgspec.json.format(stripped, indent=2) + "\n"
    except (msgspec.DecodeError, RecursionError):  # YAML in its flow style
        return None
    return laid if laid.strip() != stripped else None
