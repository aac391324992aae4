"""Business areas, and the domain under which an area's configuration stands at the service."""

import re
import unicodedata

DEFAULT_DOMAIN = "default"
OTHER = "other"
LONGEST_IDENTIFIER = 128

BUSINESS_AREAS = (
    ("retail", "Retail"),
    ("ecommerce", "E-commerce"),
    ("healthcare", "Healthcare"),
    ("education", "Education"),
    ("manufacturing", "Manufacturing"),
    ("services", "Services"),
    ("restaurant", "Restaurant"),
    ("financial", "Financial services"),
    ("technology", "Technology"),
    ("hospitality", "Hospitality"),
    ("real_estate", "Real estate"),
    (OTHER, "Other"),
)
"""`(value, English label)` of each choice; `other` asks for free text."""

_NOT_OF_IDENTIFIERS = re.compile(r"[^a-z0-9_.@-]+")
_IDENTIFIER = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.@-]{1,128}")


def domain_of(area: str | bool | None, other: str | bool | None = "") -> str:
    """Name the domain of a business area; the area `other` is named by its free text.

    The same text in other letters or accents names the same domain, so that two records for one business meet:
    `"Móveis e Decoração"` and `"moveis e decoracao"` are both `moveis_e_decoracao`.

    Args:
        area: a value of `BUSINESS_AREAS`; Odoo's `False` for none.
        other: the free text of the area `other`.

    Returns:
        A valid identifier; `default` when nothing is left of what was given.
    """
    return _identifier_of(str((other if area == OTHER else area) or ""))


def is_identifier(text: str) -> bool:
    """Tell whether the service takes a text as the name of a tenant, domain or config type."""
    return _IDENTIFIER.fullmatch(text) is not None


def _identifier_of(text: str) -> str:
    # Compatibility forms, too: a full-width letter or a ligature is the letter that people take it for.
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    joined = _NOT_OF_IDENTIFIERS.sub("_", plain).strip("_.")
    return joined[:LONGEST_IDENTIFIER].rstrip("_.") or DEFAULT_DOMAIN
