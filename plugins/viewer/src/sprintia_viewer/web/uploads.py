"""Forms with a file: `multipart/form-data` (RFC 7578), read in memory alone, since a file may hold secrets in clear."""

from dataclasses import dataclass, field
from io import BytesIO
from typing import Final

from multipart import (  # type: ignore[import-untyped]  # it has annotations, and no py.typed
    MultipartError,
    MultipartParser,
    parse_options_header,
)

from sprintia_platform import Problem
from sprintia_viewer.problems import FORM_INVALID

MEDIA_TYPE: Final = "multipart/form-data"
LARGEST_FILE: Final = 32 * 1024**2
LARGEST_UPLOAD: Final = LARGEST_FILE + 64 * 1024
"""A form with such a file: what is around it is short."""
TAKES_FILES: Final = "takes_files"
"""In a handler's `opt`: its form may be one with files. Any other page refuses such a body."""

_MOST_PARTS = 16


@dataclass(slots=True)
class Upload:
    """A form that was read: its fields in their order, and its files by the name of their field."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "Upload(***)"


def read_upload(body: bytes, content_type: str) -> Upload:
    """Read a form with files.

    Raises:
        Problem: 422 for what cannot be read.
    """
    upload = Upload()
    try:
        boundary = parse_options_header(content_type)[1].get("boundary", "")
        parser = MultipartParser(
            BytesIO(body), boundary, len(body), strict=True, part_limit=_MOST_PARTS, spool_limit=LARGEST_UPLOAD,
            memory_limit=LARGEST_UPLOAD, disk_limit=0,
        )  # fmt: skip
        for part in parser:
            name = part.name or ""
            if part.filename is None:
                # Not `value`, which believes the form about its charset: browsers send that of the page.
                upload.fields.append((name, part.raw.decode()))
            else:
                upload.files[name] = part.raw
    except (MultipartError, ValueError):  # ValueError: text that is no UTF-8
        raise Problem(FORM_INVALID, fields="?") from None
    return upload
