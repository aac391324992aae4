"""YAML text to a value: YAML 1.2.2, core schema (section 10.3.2), with bounds on everything that a text can ask for."""

import re
from typing import Final

import yaml
from yaml._yaml import CParser  # the events of libyaml without a Loader's composer and constructor

from sprintia_platform.content.composer import Composer
from sprintia_platform.content.errors import ContentError
from sprintia_platform.content.limits import DEFAULT_LIMITS, Limits
from sprintia_platform.content.messages import Code
from sprintia_platform.content.positions import position_at
from sprintia_platform.content.values import Json

BYTE_ORDER_MARK: Final = "\ufeff"

# What libyaml's reader refuses, found here first because libyaml tells the place in bytes. And U+0085, U+2028 and
# U+2029: characters like others in YAML 1.2, but line breaks to libyaml (YAML 1.1), which would fold them away.
_REFUSED: Final = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
# libyaml compares each %TAG line with all before it: 0.9 MB of them is 8 seconds before the first event (measured).
# Tags are refused anyway.
_TAG_DIRECTIVE: Final = re.compile("(?:^|[\n\r])%TAG[ \t]")

# What libyaml's messages mean to a writer of a document; the first that is part of the message decides.
_PROBLEMS: Final[tuple[tuple[str, Code], ...]] = (
    ("found a tab", "tab"),
    ("mapping values are not allowed", "misplaced_colon"),
    ("could not find expected ':'", "missing_colon"),
    ("are not allowed in this context", "indentation"),
    ("did not find expected key", "indentation"),
    ("did not find expected '-'", "indentation"),
    ("did not find expected ',' or", "unclosed_bracket"),
    ("found unexpected end of stream", "unclosed_quote"),
    ("found unexpected document indicator", "unclosed_quote"),
    ("found invalid Unicode character escape", "lone_surrogate"),
    ("unknown escape character", "bad_escape"),
    ("did not find expected hex", "bad_escape"),
    ("cannot start any token", "reserved_character"),
    ("undefined tag handle", "tag"),
    ("%TAG", "tag"),
    ("%YAML", "directive"),
    ("incompatible YAML document", "directive"),
    ("directive", "directive"),
)


def read_yaml(text: str, limits: Limits = DEFAULT_LIMITS) -> Json:
    """Read the one document of a YAML text; a text without content is None.

    Scalars follow `scalars.resolve_plain`; quoted ones are strings. Keys are strings as written (`1:` is "1", `true:`
    is "true", `~:` is "null"). Aliases share the object that they repeat, so treat values as immutable. `<<` merges a
    mapping or a list of them: keys of the mapping itself win, then those of the earlier mapping. A byte order mark at
    the start is accepted, as are `---`, `...` and `%YAML`.

    Raises:
        ContentError: and nothing else, whatever the text is. With line and column unless the text as a whole is too
            large; `code` says what: duplicate keys, tags, several documents, NUL, limits, syntax (see `Code`).
    """
    text = text.removeprefix(BYTE_ORDER_MARK)
    _check_characters(text, limits)
    try:
        return _compose(text, limits)
    except yaml.MarkedYAMLError as error:
        raise _translated(error, text) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ContentError("syntax") from None
    except MemoryError:
        raise ContentError("too_large", limit=limits.max_bytes) from None


def _compose(text: str, limits: Limits) -> Json:
    parser = CParser(text)
    composer = Composer(limits)
    # One at a time: the parser must not read ahead of the depth limit.
    while (event := parser.get_event()) is not None:
        composer.take(event)
    return composer.root


def _check_characters(text: str, limits: Limits) -> None:
    # The first comparison spares the encoding of what is too large in any case.
    if len(text) > limits.max_bytes or len(text.encode("utf-8", "surrogatepass")) > limits.max_bytes:
        raise ContentError("too_large", limit=limits.max_bytes)
    if found := _REFUSED.search(text):
        line, column = position_at(text, found.start())
        raise ContentError(_character_code(found[0]), line=line, column=column)
    if found := _TAG_DIRECTIVE.search(text):
        line, column = position_at(text, text.index("%", found.start()))
        raise ContentError("tag", line=line, column=column)


def _character_code(character: str) -> Code:
    if character == "\0":
        return "nul"
    return "lone_surrogate" if "\ud800" <= character <= "\udfff" else "control_character"


def _translated(error: yaml.MarkedYAMLError, text: str) -> ContentError:
    code = _problem_code(error)
    start, end = error.context_mark, error.problem_mark
    # What does not end is mended where it begins; libyaml points at where it gave up.
    is_open = code in {"unclosed_quote", "missing_colon", "directive"} or (
        code == "unclosed_bracket" and end is not None and not text[end.index :].strip()
    )
    mark = start if is_open and start is not None else end or start
    if mark is None:
        return ContentError(code)
    if code == "reserved_character" and text[mark.index : mark.index + 1] == "\t":
        code = "tab"
    return ContentError(code, line=mark.line + 1, column=mark.column + 1)


def _problem_code(error: yaml.MarkedYAMLError) -> Code:
    if "tag" in (error.context or ""):
        return "tag"
    for part, code in _PROBLEMS:
        if part in (error.problem or ""):
            return code
    return "syntax"
