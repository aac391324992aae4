"""Read what a line of an export holds, and say why it cannot be kept."""

from sprintia_config.contents.content import Content, digest_of
from sprintia_config.contents.places import digest_place
from sprintia_config.mapping import store
from sprintia_config.mapping.slices import MappingFaultsError, Slice, read_mapping
from sprintia_config.transfer.lines import DocumentLine, MappingLine
from sprintia_config.transfer.outcome import Code
from sprintia_platform import Text
from sprintia_platform.content.errors import ContentError
from sprintia_platform.content.json_reader import read_json


class RefusedError(Exception):
    """A line that cannot be kept."""

    def __init__(self, code: Code, reason: Text | None = None) -> None:
        super().__init__(code)
        self.code: Code = code
        self.reason = reason


def readable_content(line: DocumentLine) -> Content:
    """Read what a line holds.

    Raises:
        RefusedError: it cannot be kept.
    """
    if line.masked:
        raise RefusedError("masked")
    source = line.source or ""
    try:
        content = Content.from_json(source.encode()) if line.media == "json" else Content.from_yaml(source)
    except ContentError as error:
        raise RefusedError("content", Text(error.message("pt-BR"), error.message("en"))) from None
    if content.has_masks:
        raise RefusedError("mask")
    # With secrets the digest is keyed by the installation that wrote it; the file's own SHA-256 covers it.
    if not content.secrets(line.config_type) and digest_of(source, None, digest_place(line.key)) != line.digest:
        raise RefusedError("digest")
    return content


def readable_slice(line: MappingLine) -> Slice | None:
    """Read a slice, and check that it is this tenant's alone, in the form that is kept."""
    try:
        given = read_mapping(read_json(line.slice.encode())).slices
    except (ContentError, MappingFaultsError):
        return None
    part = given.pop(line.tenant_id, Slice())
    if given or part.to_text() != line.slice or store.digest_of(part) != line.digest:
        return None
    return part
