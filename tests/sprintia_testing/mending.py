"""Documents of their own, and forms filled in as a browser fills them in, for the pages that change something."""

import itertools
import re
from html.parser import HTMLParser

import httpx

from sprintia_testing.arrangements import Arrangement
from sprintia_testing.crawling import Form, forms_in

Key = tuple[str, str, str]

_NUMBERS = itertools.count(1)


def put(arrangement: Arrangement, key: Key, text: str) -> None:
    """Store a text as somebody else does."""
    answer = arrangement.config_client.put(
        f"/configs/{'/'.join(key)}", content=text.encode(), headers={"Content-Type": "application/yaml"}
    )
    assert answer.status_code == 200, answer.text


def written(arrangement: Arrangement, *texts: str, config_type: str = "config") -> Key:
    """A document of its own, of a tenant of its own, with these versions."""
    key = (f"tended-{next(_NUMBERS)}", "retail", config_type)
    for text in texts:
        put(arrangement, key, text)
    return key


def stands(arrangement: Arrangement, key: Key) -> tuple[int, str] | None:
    """The version that stands and its text, secrets in clear; None where nothing does."""
    answer = arrangement.config_client.get(f"/configs/{'/'.join(key)}")
    if answer.status_code == 404:
        return None
    assert answer.status_code == 200, answer.text
    found = answer.json()
    return found["version"], found["yaml_content"]


def form_at(page: httpx.Response, action: str) -> Form:
    """The form of a page that is sent there."""
    found = [form for form in forms_in(page.text) if form.method == "post" and form.action == action]
    assert len(found) == 1, f"{page.status_code}: {page.text}"
    return found[0]


def text_in(page: httpx.Response, field: str = "f-text") -> str:
    """What a browser has in a textarea: HTML knows one kind of line end, and drops the first one of the element."""
    reader = _Area(field)
    reader.feed(page.text)
    reader.close()
    assert reader.parts is not None, page.text
    return re.sub(r"\r\n?", "\n", "".join(reader.parts)).removeprefix("\n")


def as_sent(text: str) -> str:
    """The same as a browser sends it."""
    return re.sub(r"\r\n?|\n", "\r\n", text)


class _Area(HTMLParser):
    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.parts: list[str] | None = None
        self._wanted, self._inside = wanted, False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "textarea" and dict(attrs).get("id") == self._wanted:
            self.parts, self._inside = [], True

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "textarea"

    def handle_data(self, data: str) -> None:
        if self._inside and self.parts is not None:
            self.parts.append(data)
