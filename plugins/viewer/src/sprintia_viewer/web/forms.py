"""Forms as browsers send them, read into Structs."""

from typing import Any, TypeVar, get_origin
from urllib.parse import parse_qsl

import msgspec
from litestar import Request

from sprintia_platform import Problem
from sprintia_platform.http.problems import UNSUPPORTED_MEDIA_TYPE
from sprintia_viewer.problems import FORM_INVALID
from sprintia_viewer.web import uploads
from sprintia_viewer.web.uploads import Upload

FormT = TypeVar("FormT", bound=msgspec.Struct)

CSRF_FIELD = "csrf"
_MEDIA_TYPE = "application/x-www-form-urlencoded"
_MOST_FIELDS = 2_000
_UPLOAD = "upload"


class Nothing(msgspec.Struct, frozen=True):
    """A form of one button."""


def words_of(text: str) -> list[str]:
    """What stands on the lines of a field, or between its commas."""
    return text.replace(",", " ").split()


async def fields_of(request: Request[Any, Any, Any]) -> list[tuple[str, str]]:
    """The fields of a form, in their order; line ends are LF again, which browsers send as CRLF.

    Raises:
        Problem: 415 for another kind of body, 422 for one that cannot be read.
    """
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given == uploads.MEDIA_TYPE and request.route_handler.opt.get(uploads.TAKES_FILES):
        return _checked((await _upload_of(request)).fields)
    body = await request.body()
    if given != _MEDIA_TYPE:
        if not body and not given:
            return []
        raise Problem(UNSUPPORTED_MEDIA_TYPE, given=given[:100] or "(-)", expected=_MEDIA_TYPE)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Problem(FORM_INVALID, fields="?") from None
    return _checked(pairs)


async def file_of(request: Request[Any, Any, Any], name: str) -> bytes:
    """The file of a form's field; empty when none was chosen."""
    return (await _upload_of(request)).files.get(name, b"")


async def _upload_of(request: Request[Any, Any, Any]) -> Upload:
    state = request.scope["state"]
    if _UPLOAD not in state:  # the guard reads the form before the handler does
        state[_UPLOAD] = uploads.read_upload(await request.body(), request.headers.get("content-type", ""))
    upload: Upload = state[_UPLOAD]
    return upload


def _checked(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    if any("\0" in value for _, value in pairs):
        raise Problem(FORM_INVALID, fields="?")
    return [(name, value.replace("\r\n", "\n")) for name, value in pairs]


async def read_form(request: Request[Any, Any, Any], kind: type[FormT]) -> FormT:
    """Read a form into a Struct: a field that is a tuple takes every value of its name, any other one the only one.

    A checkbox that is not ticked is not sent: give such a field a default.

    Raises:
        Problem: 422, naming the fields that are missing, unknown or not what they should be.
    """
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    values: dict[str, Any] = {}
    wrong = set()
    for name, value in await fields_of(request):
        if name == CSRF_FIELD:
            continue
        if name not in fields:
            wrong.add(name)
        elif get_origin(fields[name].type) is tuple:
            values.setdefault(name, []).append(value)
        elif name in values:
            wrong.add(name)
        else:
            values[name] = value
    wrong |= {name for name, field in fields.items() if field.required and name not in values}
    if not wrong:
        try:
            return msgspec.convert(values, kind, strict=False)
        except msgspec.ValidationError as error:
            # The place is named, the value is not: it may be a password.
            wrong.add(str(error).rpartition("$.")[2].rstrip("`") or "?")
    raise Problem(FORM_INVALID, fields=", ".join(sorted(name[:100] for name in wrong)))
