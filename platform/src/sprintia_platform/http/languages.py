"""Which language an answer speaks: Brazilian Portuguese unless the caller prefers English."""

from collections.abc import Callable
from typing import Literal, NamedTuple

Language = Literal["pt-BR", "en"]


class Text(NamedTuple):
    """One sentence in both languages, with `{name}` places that are filled when it is shown."""

    pt: str
    en: str

    def plain(self, language: Language) -> str:
        """The sentence as it stands, for texts without places to fill."""
        return self.pt if language == "pt-BR" else self.en

    def show(self, language: Language, **values: object) -> str:
        return self.plain(language).format(**values)


def preferred_language(accept_language: str | None) -> Language:
    """Choose by `Accept-Language` (RFC 9110, section 12.5.4): the acceptable one with the higher weight."""
    weights: dict[str, float] = {}
    for part in (accept_language or "").split(",")[:20]:
        tag, _, rest = part.strip().partition(";")
        primary = tag.strip().lower().partition("-")[0]
        if primary in {"pt", "en"}:
            weights[primary] = max(weights.get(primary, 0.0), _weight(rest))
    return "en" if weights.get("en", 0.0) > weights.get("pt", 0.0) else "pt-BR"


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    parse: Callable[[str], float] = float
    try:
        return min(max(parse(value), 0.0), 1.0)
    except ValueError:
        return 0.0
