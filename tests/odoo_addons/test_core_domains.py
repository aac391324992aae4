"""Business areas become domains that the service takes, and the same business the same one."""

import pytest
from outbox_core.domains import BUSINESS_AREAS, domain_of, is_identifier

from sprintia_config.contents.identifiers import is_identifier as service_takes

HOSTILE = [
    "Móveis & Decoração", "  PET   shop ", "../../etc/passwd", "..", ".", "_base", "a" * 500, "é" * 200, "\0", "\ud800",
    "loja\nnova", "çãõ", "\ufb01nanças", "\uff2c\uff4f\uff4a\uff41", "İstanbul", "ß", "日本語", "👩‍🍳",
    "a/b?c#d", "-", "@", "__", "x" * 127 + ". y",
]  # fmt: skip


def test_the_twelve_areas_stand_for_themselves() -> None:
    values = [value for value, _label in BUSINESS_AREAS]
    assert len(values) == len(set(values)) == 12
    assert all(domain_of(value, "ignored") == value for value in values if value != "other")


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("Móveis & Decoração", "moveis_decoracao"), ("moveis  decoracao", "moveis_decoracao"),
        (" PET shop ", "pet_shop"), ("Furniture", "furniture"), ("_base", "base"), ("..", "default"),
        ("\uff2c\uff4f\uff4a\uff41", "loja"), ("\ufb01nanças", "financas"), ("", "default"), (None, "default"),
        (False, "default"), ("日本語", "default"), ("a@b.com", "a@b.com"),
    ],
)  # fmt: skip
def test_free_text(text: str | bool | None, domain: str) -> None:
    assert domain_of("other", text) == domain


@pytest.mark.parametrize("area", [False, None, ""])
def test_no_area_is_the_default_domain(area: str | bool | None) -> None:
    assert domain_of(area, "left from before") == "default"


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_is_typed_the_service_takes_the_domain(text: str) -> None:
    domain = domain_of("other", text)
    assert service_takes(domain)
    assert domain != "_base"
    assert domain_of("other", domain) == domain


@pytest.mark.parametrize("text", [*HOSTILE, "", "a", "a b", "account_1", "a" * 128, "a" * 129, "a\n"])
def test_an_identifier_is_what_the_service_takes_for_one(text: str) -> None:
    assert is_identifier(text) == service_takes(text)
