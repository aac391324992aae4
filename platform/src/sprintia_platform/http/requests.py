"""The request class of every handler: JSON bodies are read strictly, whatever the handler."""

from typing import Any

from litestar import Request

from sprintia_platform.content.errors import ContentError
from sprintia_platform.content.json_reader import read_json
from sprintia_platform.content.values import Json, Number
from sprintia_platform.http import problems
from sprintia_platform.http.languages import Language, Text, preferred_language
from sprintia_platform.http.problems import Fault, Problem, ProblemType


class StrictRequest(Request[Any, Any, Any]):
    """A request whose `json()` refuses what Litestar's would let through.

    Refused with 415: a body that is not declared as JSON. Refused with 400 that says where: invalid UTF-8, nesting past
    the limit, a key given twice, NaN and Infinity, NUL, lone surrogates (RFC 8259, RFC 7493).
    """

    async def json(self) -> Any:
        state = self.scope["state"]
        if "json" not in state:
            self.expect_content_type("application/json")
            state["json"] = to_plain(read_body_json(self, await self.body()))
        return state["json"]

    @property
    def media_type(self) -> str:
        """The declared content type, without parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def expect_content_type(self, *accepted: str) -> str:
        """Return the declared content type.

        Raises:
            Problem: 415, when it is none of the accepted ones.
        """
        given = self.media_type
        if given in accepted:
            return given
        raise Problem(problems.UNSUPPORTED_MEDIA_TYPE, given=given[:100] or "(-)", expected=" / ".join(accepted))


def read_body_json(request: Request[Any, Any, Any], body: bytes) -> Json:
    """Read a body as exact JSON: numbers keep their letters.

    Raises:
        Problem: 400 with line and column.
    """
    try:
        return read_json(body)
    except ContentError as error:
        raise content_problem(error, preferred_language(request.headers.get("accept-language"))) from None


def content_problem(error: ContentError, language: Language, kind: ProblemType = problems.JSON_INVALID) -> Problem:
    """Say where a text is refused, and why."""
    return Problem(kind, errors=[content_fault(error)], reason=error.message("pt-BR" if kind.wire else language))


def content_fault(error: ContentError) -> Fault:
    text = Text(error.message("pt-BR"), error.message("en"))
    return Fault(code=error.code, text=text, pointer=error.pointer, line=error.line, column=error.column)


def to_plain(value: Json) -> Any:
    """Turn exact numbers into Python's, for bodies whose types a Struct declares."""
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [to_plain(item) for item in value]
    return float(value.text) if isinstance(value, Number) else value
