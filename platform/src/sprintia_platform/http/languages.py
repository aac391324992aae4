"""Which language an answer speaks: Brazilian Portuguese unless the caller prefers English."""

import re
from typing import Literal, NamedTuple

Language = Literal["pt-BR", "en"]

_WEIGHT = re.compile(r"\s*[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*", re.ASCII)


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
        if primary in {"pt", "en", "*"}:
            weights[primary] = max(weights.get(primary, 0.0), _weight(rest))
    others = weights.get("*", 0.0)
    return "en" if weights.get("en", others) > weights.get("pt", others) else "pt-BR"


def _weight(parameters: str) -> float:
    if not parameters:
        return 1.0
    match = _WEIGHT.fullmatch(parameters)
    return float(match[1]) if match else 0.0  # what nobody can read is no wish
