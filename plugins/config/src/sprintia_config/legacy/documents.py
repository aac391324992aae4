"""Turn a document of the replaced system into what is kept here: the same text, its secrets decrypted."""

from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring

import yaml
from cryptography.fernet import Fernet

from sprintia_config.contents.content import Content
from sprintia_config.legacy.encryption import PREFIX, Opened, open_value
from sprintia_config.legacy.findings import Findings
from sprintia_config.legacy.readings import differences, read_as_before
from sprintia_config.secrecy.leaves import Path, ScalarKind, SecretLeaf, secret_leaves
from sprintia_platform.content.errors import ContentError
from sprintia_platform.content.pointers import format_pointer
from sprintia_platform.content.values import Json, json_view
from sprintia_platform.content.yaml_reader import read_yaml


class Conversion:
    """Converts the documents of one import.

    Args:
        keys: what opens encrypted values.
        findings: collects what a person must look at.
    """

    def __init__(self, keys: Sequence[Fernet], findings: Findings) -> None:
        self._keys = keys
        self._findings = findings

    def convert(self, text: str, config_type: str, before: Json | None, place: str, document: str) -> str | None:
        """Return the text to be kept; None when it cannot be.

        Args:
            text: as it was stored.
            config_type: its type, which tells what is secret.
            before: the replaced system's JSON view of it; None where it kept none.
            place: which row or file this is, for findings.
            document: which document it is a version of: what is true of many versions is said once.
        """
        try:
            value = read_yaml(text)
        except ContentError as error:
            return self._rewritten(text, config_type, before, place, error)
        self._compare(text, config_type, value, before, document)
        return self._opened(text, config_type, value, document)

    def _rewritten(
        self, text: str, config_type: str, before: Json | None, place: str, error: ContentError
    ) -> str | None:
        try:
            content = Content.from_value(read_as_before(text) if before is None else before)
            read_yaml(content.source)
        except (ValueError, ContentError):
            self._findings.note("left_out", place, error.message("en"))
            return None
        self._findings.note("rewritten", place, error.message("en"))
        return self._opened(content.source, config_type, content.value, place)

    def _compare(self, text: str, config_type: str, value: Json, before: Json | None, document: str) -> None:
        view: Json = value
        if before is None:
            try:
                before = read_as_before(text)
            except ValueError:
                self._findings.note("reading", document, "could not be read at all, and can be now")
                return
        else:
            view = json_view(value)
        secret = {leaf.path for leaf in secret_leaves(config_type, value)}
        for pointer, what in differences(before, view, secret.__contains__):
            self._findings.note("reading", document, f"{pointer or '(the whole)'}: {what}")

    def _opened(self, text: str, config_type: str, value: Json, document: str) -> str:
        """Replace each encrypted secret by what it says; it is sealed here when it is stored."""
        opened: dict[Path, str] = {}
        changed: dict[str, str] = {}
        leaves = secret_leaves(config_type, value)
        for leaf in leaves:
            found = self._opened_secret(leaf, document)
            if found is not None and found.value != leaf.value:
                opened[leaf.path], changed[leaf.value] = found.value, found.value
        self._note_elsewhere(value, {leaf.path for leaf in leaves}, document)
        if not opened:
            return text
        wanted = _with_values(value, opened)
        try:
            shorter = _with_scalars(text, changed)
            if read_yaml(shorter) == wanted:
                return shorter
        except (ContentError, yaml.YAMLError):
            pass
        return Content.from_value(wanted).source

    def _opened_secret(self, leaf: SecretLeaf, document: str) -> Opened | None:
        """What a secret says, where it says something; notes how it had been kept."""
        if not leaf.is_set or (leaf.kind is not ScalarKind.STRING and leaf.kind is not ScalarKind.INTEGER
                               and leaf.kind is not ScalarKind.NUMBER):  # fmt: skip
            return None
        if leaf.kind is not ScalarKind.STRING or not leaf.value.startswith(PREFIX):
            self._findings.note("rotate", document, leaf.pointer)
            return None
        found = open_value(leaf.value, self._keys)
        if found.state == "plain":
            self._findings.note("rotate", document, leaf.pointer)
        elif found.state == "locked":
            self._findings.note("locked", document, leaf.pointer)
        return found

    def _note_elsewhere(self, value: Json, secret: set[Path], document: str) -> None:
        pending: list[tuple[Path, Json]] = [((), value)]
        while pending:
            path, node = pending.pop()
            if isinstance(node, dict):
                pending.extend(((*path, key), member) for key, member in node.items())
            elif isinstance(node, list):
                pending.extend(((*path, index), member) for index, member in enumerate(node))
            elif isinstance(node, str) and node.startswith(PREFIX) and path not in secret:
                self._findings.note("encrypted_elsewhere", document, format_pointer(path))


def _with_values(value: Json, values: Mapping[Path, str], path: Path = ()) -> Json:
    # Recursion is bounded: a value that was read is at most 64 deep.
    if path in values:
        return values[path]
    if isinstance(value, dict):
        return {key: _with_values(member, values, (*path, key)) for key, member in value.items()}
    if isinstance(value, list):
        return [_with_values(member, values, (*path, index)) for index, member in enumerate(value)]
    return value


def _with_scalars(text: str, replacements: Mapping[str, str]) -> str:
    """Replace scalars in a text and leave every other character: comments, order and quotes stay."""
    spans = [
        (event.start_mark.index, event.end_mark.index, replacements[event.value])
        for event in yaml.parse(text, Loader=yaml.CSafeLoader)
        if isinstance(event, yaml.ScalarEvent) and event.value in replacements and event.start_mark and event.end_mark
    ]
    for start, end, value in reversed(spans):
        text = text[:start] + encode_basestring(value) + text[end:]
    return text
