"""The content of documents: texts that came in (YAML, JSON) to values, and values to JSON and YAML text.

Pure code: no files, no SQL, no HTTP. Exact: what was sent is what is returned, numbers and strings to the letter. Safe:
whatever is read, the answer is a value within `Limits` or a `ContentError` that says what, where and what to do.
"""

from sprintia_platform.content.errors import Code, ContentError, Language
from sprintia_platform.content.json_reader import read_json
from sprintia_platform.content.limits import DEFAULT_LIMITS, Limits
from sprintia_platform.content.merge import is_empty, merge_filled, merge_patch
from sprintia_platform.content.pointers import format_pointer, parse_pointer
from sprintia_platform.content.values import Json, Number, check_limits, json_view, to_json
from sprintia_platform.content.yaml_reader import read_yaml
from sprintia_platform.content.yaml_writer import write_yaml

__all__ = [
    "DEFAULT_LIMITS",
    "Code",
    "ContentError",
    "Json",
    "Language",
    "Limits",
    "Number",
    "check_limits",
    "format_pointer",
    "is_empty",
    "json_view",
    "merge_filled",
    "merge_patch",
    "parse_pointer",
    "read_json",
    "read_yaml",
    "to_json",
    "write_yaml",
]
