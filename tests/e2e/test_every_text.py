"""Every text of every page goes through the catalogue: in a made-up language each one stands in brackets."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from sprintia_testing.arrangements import Arrangement, arranged
from sprintia_testing.databases import TestDatabases
from sprintia_testing.pages import NOT_FOUND, PAGES, TENANT, WITHOUT_TWIN
from sprintia_testing.shop import open_shop

OPEN, CLOSE = "⟦", "⟧"
DATA = {"code", "pre", "time", "script", "style", "title", "textarea", "option", "kbd", "desc", "text"}
"""Elements whose text is data, or is the same in every language."""
READ_ALOUD = ("aria-label", "placeholder", "alt")
# The same in every language: signs, numbers, names of formats and languages, times that Babel tells.
SAME = re.compile(
    r"""[\W\d_]*|Sprintia(\ [\d.]+)?|YAML|JSON|API|id|:?\ ?v\d+(\ ·(\ [\d-]{10}\ [\d:]{8})?)?|loja_[ab]/retail
    |admin-\d+@exemplo\.com\.br
    |(PT|EN)(:\ )?(Português\ \(Brasil\)|English)?|Português\ \(Brasil\)|English|(in\ )?\d+\ \w+(\ ago)?
    |[\d.,]+\ (B|kB)|[A-Z][a-z]{2}\ \d+,\ \d{4}""",
    re.VERBOSE,
)


class Texts(HTMLParser):
    """The texts of a page that a person reads or hears."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in READ_ALOUD and value]
        if tag in DATA:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if not self._open and data.strip():
            self.found.append(" ".join(data.split()))


NAMES_OF_KEYS = {"API_KEY", "test"}
"""Pages show them in the place of ids; they are no part of the twin."""


@pytest.fixture(scope="module")
def person(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("pseudo")
    with arranged("together", databases, folder, SPRINTIA_VIEWER_PSEUDO_LOCALE="true") as arrangement:
        open_shop(arrangement.config_client, TENANT)
        yield signed_in(arrangement)


def signed_in(arrangement: Arrangement) -> httpx.Client:
    return arrangement.person("admin")


def words_of(data: Any) -> Iterator[str]:
    """Every word of the values, not of their names: what a page shows of them is data."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key == "detail" and isinstance(value, dict):  # of an audit event: its names are data
                yield from re.findall(r"\w+", " ".join(value))
            yield from words_of(value)
    elif isinstance(data, list):
        for value in data:
            yield from words_of(value)
    else:
        yield from re.findall(r"\w+", str(data))


@pytest.mark.parametrize("name", sorted(PAGES.keys() - NOT_FOUND))
def test_no_text_was_forgotten(person: httpx.Client, name: str) -> None:
    page = person.get(PAGES[name])
    twin = None
    if name not in WITHOUT_TWIN:
        twin = person.get(PAGES[name] + ("&" if "?" in PAGES[name] else "?") + "format=json").json()
    texts = Texts()
    texts.feed(page.text)
    assert any(OPEN in text for text in texts.found)
    data = {*words_of(twin), *words_of(PAGES[name]), *NAMES_OF_KEYS}
    outside = [re.sub(f"{OPEN}[^{CLOSE}]*{CLOSE}?|^[^{OPEN}]*{CLOSE}", " ", text).strip() for text in texts.found]
    forgotten = [text for text in outside if not SAME.fullmatch(text) and not set(re.findall(r"\w+", text)) <= data]
    assert forgotten == []
