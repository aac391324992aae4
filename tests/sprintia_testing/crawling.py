"""Pages read without a browser: their links and forms, and a walk over all of them."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx

_LINKS = {"a": "href", "link": "href", "script": "src", "img": "src", "source": "src", "iframe": "src"}
_ENRICHED = ("hx-get", "data-newer-url")  # what script fetches by itself
_NOT_FETCHED = {"dns-prefetch", "preconnect"}


@dataclass
class Form:
    """A form of a page: where it goes, how, and what stands in its fields."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    files: bool = False


class _Reader(HTMLParser):
    """Collects links, forms and ids."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.ids: list[str] = []
        self._select: str | None = None
        self._textarea: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.append(given["id"])
        wanted = _LINKS.get(tag)
        if wanted in given and given.get("rel") not in _NOT_FETCHED:
            self.links.append(given[wanted or ""])
        self.links.extend(given[name] for name in _ENRICHED if given.get(name))
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").lower()))
        elif tag in {"input", "select", "textarea"} and self.forms and given.get("name"):
            self._field(tag, given)
        elif tag == "option" and self._select and ("selected" in given or not self.forms[-1].fields[self._select]):
            self.forms[-1].fields[self._select] = given.get("value", "")

    def _field(self, tag: str, given: dict[str, str]) -> None:
        name, fields = given["name"], self.forms[-1].fields
        if given.get("type") == "file":
            self.forms[-1].files = True
        elif given.get("type") in {"checkbox", "radio"}:
            if "checked" in given:
                fields[name] = given.get("value", "on")
        elif given.get("type") not in {"submit", "button"}:
            fields[name] = given.get("value", "")
        self._select = name if tag == "select" else None
        self._textarea = name if tag == "textarea" else None

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = None
        elif tag == "textarea":
            self._textarea = None

    def handle_data(self, data: str) -> None:
        if self._textarea and self.forms:
            self.forms[-1].fields[self._textarea] += data


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader


def links_in(html: str) -> list[str]:
    """What the page links to or loads, as it is written there."""
    return _read(html).links


def forms_in(html: str) -> list[Form]:
    """The page's forms, in their order."""
    return _read(html).forms


def ids_in(html: str) -> list[str]:
    """The ids of the page's elements; one that comes twice is a fault."""
    return _read(html).ids


@dataclass
class Crawl:
    """What a walk met.

    Attributes:
        pages: the text of each HTML page, by path and query.
        statuses: of every address, followed redirects' included.
        linked_from: the page on which an address was first found.
        forms: each form's method and action, with the page that has it.
        outside: links to other hosts, which were not followed.
        left: how many addresses the bound left out.
    """

    pages: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    linked_from: dict[str, str] = field(default_factory=dict)
    forms: dict[tuple[str, str], str] = field(default_factory=dict)
    outside: dict[str, str] = field(default_factory=dict)
    left: int = 0

    def bad(self) -> list[str]:
        """Every address that answered with an error, and where the link to it stands."""
        return [
            f"{status} {address}, linked from {self.linked_from.get(address, '-')}"
            for address, status in self.statuses.items()
            if status >= 400
        ]


def crawl(
    client: httpx.Client,
    start: str | Iterable[str],
    *,
    most: int = 400,
    follow: Callable[[str], bool] = lambda _address: True,
) -> Crawl:
    """Follow every link of the same origin, breadth first, at most `most` addresses; forms are listed, never sent.

    `follow` says of a path and query whether to go there.
    """
    origin = str(client.base_url).rstrip("/")
    met = Crawl()
    waiting = deque([start] if isinstance(start, str) else start)
    known = set(waiting)
    while waiting and len(met.statuses) < most:
        address = waiting.popleft()
        for found in _visit(client, address, met):
            whole = urldefrag(urljoin(origin + address, found)).url
            if urlsplit(whole).scheme not in {"http", "https"}:
                continue
            if not whole.startswith(origin + "/"):
                met.outside.setdefault(whole, address)
                continue
            local = whole.removeprefix(origin)
            if local not in known and follow(local):
                known.add(local)
                met.linked_from[local] = address
                waiting.append(local)
    met.left = len(waiting)
    return met


def _visit(client: httpx.Client, address: str, met: Crawl) -> list[str]:
    """Read one address; return the links that it has."""
    answer = client.get(address)
    met.statuses[address] = answer.status_code
    if answer.is_redirect:
        return [answer.headers["Location"]]
    if not answer.headers.get("Content-Type", "").startswith("text/html"):
        return []
    met.pages[address] = answer.text
    reader = _read(answer.text)
    for form in reader.forms:
        met.forms.setdefault((form.method, form.action), address)
    return reader.links
