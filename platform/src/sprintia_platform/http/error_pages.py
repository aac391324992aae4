"""Problems as pages for people, made by the plugin below whose prefixes they come up.

A plugin that gives `Routes(error_page=...)` is asked for every problem that a browser would get there, the host's own
included: unknown paths, bodies that are too large, outages, what nobody expected. The page is made without waiting for
anything, because it may be about the very thing that one would wait for. Programs get problem+json as everywhere.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import structlog
from litestar.types import HTTPScope

from sprintia_platform.http.acceptance import prefers_html
from sprintia_platform.http.languages import Language
from sprintia_platform.http.problems import Problem, instance_of

if TYPE_CHECKING:
    from sprintia_platform.host import Host

log = structlog.get_logger("sprintia.http")

MEDIA_TYPE = "text/html; charset=utf-8"
_HOSTS_OWN = frozenset({"content-type", "content-length", "transfer-encoding", "connection"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFault:
    """One fault of several; `pointer` (RFC 6901) or `line` and `column` (from 1) say where."""

    code: str
    message: str
    pointer: str | None = None
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownProblem:
    """What a page may show of a problem: sentences for people, never the text of an exception.

    They may hold what the caller sent (a path, a value): a page escapes them as everything else.

    Attributes:
        status: the HTTP status.
        code: the kind of problem, a stable name.
        title: what kind of problem this is.
        detail: what is wrong here and what to do.
        errors: single faults, each with its place.
        path: what was asked for, percent-encoded.
        request_id: what the log calls this request.
    """

    status: int
    code: str
    title: str
    detail: str
    errors: tuple[ShownFault, ...] = ()
    path: str
    request_id: str
    _problem: Problem = field(repr=False, compare=False)

    @classmethod
    def of(cls, problem: Problem, language: Language, *, path: str, request_id: str) -> Self:
        """Say it in a language. A page is no wire: what programs always get in Portuguese is translated too."""
        faults = (
            ShownFault(
                code=fault.code, message=fault.text.plain(language), pointer=fault.pointer, line=fault.line,
                column=fault.column,
            )
            for fault in problem.errors
        )  # fmt: skip
        return cls(
            status=problem.kind.status, code=problem.kind.code, title=problem.kind.title.show(language),
            detail=problem.kind.detail.show(language, **problem.values), errors=tuple(faults), path=path,
            request_id=request_id, _problem=problem,
        )  # fmt: skip

    def in_language(self, language: Language) -> "ShownProblem":
        """The same in another language, for a page that knows better than `Accept-Language` what its reader speaks."""
        return ShownProblem.of(self._problem, language, path=self.path, request_id=self.request_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorDocument:
    """A page: the HTML in UTF-8, and the headers that belong to it, such as `Content-Security-Policy`.

    `Content-Language` is the caller's unless the headers say otherwise. The problem's status and its own headers, such
    as `Retry-After`, are kept whatever the page says.
    """

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


ErrorPage = Callable[[HTTPScope, ShownProblem, Language], ErrorDocument | None]
"""Makes the page of a problem, in the language that the caller prefers; None leaves it to problem+json."""


def error_document(
    host: "Host", scope: HTTPScope, problem: Problem, language: Language, request_id: str
) -> ErrorDocument | None:
    """Return the page that answers this request, with every header; None when the caller gets problem+json."""
    found = _page_of(host, scope["path"])
    if found is None or not prefers_html(_accept(scope)):
        return None
    name, page = found
    try:
        shown = ShownProblem.of(problem, language, path=instance_of(scope), request_id=request_id)
        document = page(scope, shown, language)
        return None if document is None else _completed(document, problem, language)
    except Exception as error:
        log.error("error_page_failed", plugin=name, exc_info=error)  # noqa: TRY400 - without values
        return None


def _page_of(host: "Host", path: str) -> tuple[str, ErrorPage] | None:
    for name, given in host.contributions.items():
        routes = given.routes
        if routes is not None and routes.error_page is not None and routes.covers(path):
            return name, routes.error_page
    return None


def _accept(scope: HTTPScope) -> str:
    return ",".join(value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"accept")


def _completed(document: ErrorDocument, problem: Problem, language: Language) -> ErrorDocument:
    if not isinstance(document.body, bytes):
        raise TypeError("the body of an ErrorDocument is bytes")
    given = {name.lower(): value for name, value in document.headers.items() if name.lower() not in _HOSTS_OWN}
    headers = {"content-language": language, "vary": "Accept, Accept-Language", **given}
    headers |= {name.lower(): value for name, value in problem.headers.items()}
    for name, value in headers.items():  # here, where a fault still leads to problem+json
        (name + value).encode("latin-1")
        if any(sign in name + value for sign in "\r\n\0"):
            raise ValueError("a header of an ErrorDocument has a line break")
    return ErrorDocument(body=document.body, headers=headers)
