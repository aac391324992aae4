"""Static files: read once, served from memory, at addresses that change with their content.

An address holds the file's hash, so that a browser may keep it for ever and never mixes two releases. What is served is
looked up among the names that were read at the start: no path is ever put together from a request.
"""

import gzip
from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from hashlib import sha256, sha384
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sprintia_platform import Problem, public
from sprintia_platform.http.problems import NOT_FOUND
from sprintia_viewer.web.links import ROOT

MEDIA_TYPES = {
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "png": "image/png",
    "woff2": "font/woff2",
    "txt": "text/plain",
    "md": "text/markdown",
    "json": "application/json",
}
_COMPRESSED_ALREADY = {"png", "woff2"}
_HASH_LENGTH = 16
_FOR_EVER = "public, max-age=31536000, immutable"


class StaticFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it is served.

    Attributes:
        address: with the hash of the content.
        integrity: for `integrity="…"` (Subresource Integrity).
        zipped: the content by gzip; None where that saves nothing.
    """

    address: str
    etag: str
    integrity: str
    media_type: str
    content: bytes
    zipped: bytes | None


class Assets:
    """The files below a folder, by their path in it; by default the viewer's own."""

    def __init__(self, folder: Traversable | None = None) -> None:
        self._files = dict(_read(folder)) if folder is not None else _own()
        self._by_address = {file.address: file for file in self._files.values()}

    def asset(self, path: str) -> str:
        """The address of a file, for templates."""
        return self._file(path).address

    def integrity(self, path: str) -> str:
        """`sha384-…` of a file, for templates."""
        return self._file(path).integrity

    def served_at(self, address: str) -> StaticFile | None:
        """The file at an address; None when there is none, or had another content."""
        return self._by_address.get(address)

    def _file(self, path: str) -> StaticFile:
        try:
            return self._files[path]
        except KeyError:
            msg = f"no static file {path!r}: there are {', '.join(sorted(self._files))}"
            raise LookupError(msg) from None


@cache
def _own() -> dict[str, StaticFile]:
    return dict(_read(files("sprintia_viewer") / "static"))


def _read(folder: Traversable, below: str = "") -> Iterator[tuple[str, StaticFile]]:
    for entry in folder.iterdir():
        path = f"{below}{entry.name}"
        if entry.is_dir():
            yield from _read(entry, f"{path}/")
        elif entry.name.rpartition(".")[2] in MEDIA_TYPES:
            yield path, _static_file(path, entry.read_bytes())


def _static_file(path: str, content: bytes) -> StaticFile:
    name, _, extension = path.rpartition(".")
    digest = sha256(content).hexdigest()[:_HASH_LENGTH]
    zipped = None if extension in _COMPRESSED_ALREADY else gzip.compress(content, mtime=0)
    return StaticFile(
        address=f"{ROOT}/static/{name}.{digest}.{extension}",
        etag=f'"{digest}"',
        integrity=f"sha384-{b64encode(sha384(content).digest()).decode()}",
        media_type=MEDIA_TYPES[extension],
        content=content,
        zipped=zipped if zipped is not None and len(zipped) < len(content) else None,
    )


def static_handler(assets: Assets) -> HTTPRouteHandler:
    """The route that serves these files."""

    @get(
        f"{ROOT}/static/{{path:path}}",
        opt=public("style and script of the sign-in page too; the same for everybody"),
        include_in_schema=False,
    )
    async def serve_static(request: Request[Any, Any, Any], path: FromPath[str]) -> Response[bytes]:
        """Serve a static file from memory."""
        address = f"{ROOT}/static/{path.lstrip('/')}"
        file = assets.served_at(address)
        if file is None:
            raise Problem(NOT_FOUND, path=address)
        headers = {"Cache-Control": _FOR_EVER, "ETag": file.etag, "Vary": "Accept-Encoding"}
        if _is_known(request.headers.get("if-none-match", ""), file.etag):
            return Response(b"", status_code=304, headers=headers)
        if file.zipped is not None and _takes_gzip(request.headers.get("accept-encoding", "")):
            zipped = {**headers, "Content-Encoding": "gzip"}
            return Response(file.zipped, media_type=file.media_type, headers=zipped)
        return Response(file.content, media_type=file.media_type, headers=headers)

    return serve_static


def _is_known(if_none_match: str, etag: str) -> bool:
    """Whether the browser has it: `*` or one of the tags, weak or strong (RFC 9110, 13.1.2)."""
    given = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in given or etag in given


def _takes_gzip(accept_encoding: str) -> bool:
    for part in accept_encoding.lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() in {"gzip", "*"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
