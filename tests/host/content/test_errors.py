"""The messages of `ContentError`: complete in both languages, and without content."""

import string
from typing import get_args

import pytest

from sprintia_platform.content import Code, ContentError, read_json, read_yaml
from sprintia_platform.content.messages import CATALOGUE

SECRET = "s3nha-Muito-Secreta"


def test_every_code_has_texts_in_both_languages() -> None:
    assert set(CATALOGUE) == set(get_args(Code))
    for texts in CATALOGUE.values():
        assert set(texts) == {"en", "pt-BR"}
        assert texts["en"] != texts["pt-BR"]


@pytest.mark.parametrize("code", get_args(Code))
def test_both_languages_name_the_same_facts(code: Code) -> None:
    named = [
        {name for part in text for _, name, *_ in string.Formatter().parse(part) if name}
        for text in CATALOGUE[code].values()
    ]
    assert named[0] == named[1] <= {"limit", "key"}
    error = ContentError(code, line=3, column=7, limit=64, key="chave")
    assert "(line 3, column 7)" in error.message("en") == str(error)
    assert "(linha 3, coluna 7)" in error.message("pt-BR")
    assert "{" not in error.message("en").replace("[ or {", "").replace("{}", "")


def test_a_message_says_what_where_and_what_to_do() -> None:
    with pytest.raises(ContentError) as caught:
        read_yaml("a: 1\na: 2")
    assert str(caught.value) == (
        "The key 'a' stands twice in the same mapping (line 2, column 1). Keep one of the two."
    )
    assert caught.value.message("pt-BR") == (
        "A chave 'a' aparece duas vezes no mesmo mapeamento (linha 2, coluna 1). Mantenha só uma das duas."
    )


def test_a_fault_without_a_place_names_none() -> None:
    assert "line" not in str(ContentError("too_large", limit=10))


def test_a_key_is_shown_short_and_printable() -> None:
    with pytest.raises(ContentError) as caught:
        read_json(b'{"\\n\\u001b[31m' + b"k" * 500 + b'": 1, "\\n\\u001b[31m' + b"k" * 500 + b'": 2}')
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "text",
    [
        f"a: {SECRET}\na: {SECRET}",
        f"password: '{SECRET}",
        f'password: "{SECRET}\\q"',
        f"password: @{SECRET}",
        f"password: !{SECRET} x",
        f"password: *{SECRET}",
        f"password: {SECRET}: x",
        f"password: [{SECRET}",
        f"- {SECRET}\n{SECRET}",
        f"%{SECRET}\n---\n",
        f"? [{SECRET}]\n: 1",
        f"{SECRET * 100}: 1",
        f"{{<<: {SECRET}}}",
        f"{SECRET}\0",
        f"{SECRET}\n---\n{SECRET}",
        f"a: {SECRET} &x {{b: c}}",
    ],
)
def test_no_message_holds_content(text: str) -> None:
    with pytest.raises(ContentError) as caught:
        read_yaml(text)
    assert_silent(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        f'{{"a": "{SECRET}", "a": "{SECRET}"}}',
        f'{{"a": {SECRET}}}',
        f'{{"a": "{SECRET}\\q"}}',
        f'{{"a": "{SECRET}',
        f'["{SECRET}"] {SECRET}',
        f'["{SECRET}", NaN]',
        f'["{SECRET}\\ud800"]',
        f'["{SECRET}\\u0000"]',
        f'["{SECRET}\t"]',
        f'{{"{SECRET * 100}": 1}}',
    ],
)
def test_no_message_about_json_holds_content(text: str) -> None:
    with pytest.raises(ContentError) as caught:
        read_json(text.encode())
    assert_silent(caught.value)


def assert_silent(error: ContentError) -> None:
    shown = f"{error} {error!r} {error.message('pt-BR')} {error.__cause__}"
    assert SECRET not in shown
    assert error.__suppress_context__ or error.__context__ is None
