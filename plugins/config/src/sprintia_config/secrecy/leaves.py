"""Which leaves of a document are secret, what they are called, and how their values become bytes: one place for all.

The rule by the type of document:

* `credentials`: every scalar is secret, booleans and empty values too (an unknown meaning is no reason to show it),
  except the top-level scalars `account_id` and `domain`, which say whose document it is.
* any other type: a non-empty string or a number is secret when its key ends in a word of `_SECRET_ENDS`, whatever the
  case and the separators (`apiKey`, `API-KEY`, `db_password`, `accessToken2`). Booleans, nulls and "" are not: Odoo
  writes `false` for an empty field, and flags such as `ask_password: true` are not secrets.
  * Each string and number below such a key is secret too (`password: {value: …}`, `token: [a, b]`): it fails closed.
  * Plural keys (`secrets`, `api_keys`) hold secrets as strings, lists and mappings; a number directly under one
    counts something. Bare `tokens` is no such key: `max_tokens`, `stop_tokens` belong to language models.
  * A key that begins with `senha` or `segredo` holds secrets as plural keys do: in Portuguese the noun comes first.
  * A key whose last word is `ref` or `refs` names a secret instead of holding one: neither it nor what is below it is
    secret, not even below a secret key, because agents must read references in order to ask for the value.

It goes by keys and is the second wall, behind "secrets belong into `credentials`". It does not see a password inside a
URL, or under a key that does not say so.

Names. A leaf directly under the mapping `credentials` of a `credentials` document is called as its key, since
`*_ref` values name it so; unless the key could not stand in a URL or would look like the other form. Any other leaf is
`<config_type>:<dotted path>`, with `~0`, `~1`, `~2` for `~`, `.` and `/` in a key, `~3` for an empty key, and a hash
for what outgrows 200 bytes. A name depends on the leaf's own pointer alone, never on its neighbours: otherwise a new
neighbour could turn a mask that somebody holds into the name of another secret.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

from sprintia_config.secrecy.errors import SecrecyError
from sprintia_config.secrecy.redaction import Unprintable
from sprintia_platform.content.pointers import format_pointer
from sprintia_platform.content.values import Json, Number

CREDENTIALS = "credentials"
NAME_LABEL_BYTES = 200

JsonScalar: TypeAlias = str | bool | int | Number | None
# Keys of mappings as text, positions in lists as numbers.
Path: TypeAlias = tuple[str | int, ...]

_IDENTIFYING = frozenset({("account_id",), ("domain",)})
_SECRET_ENDS = (
    "password", "passwd", "pwd", "passphrase", "senha", "secret", "token", "apikey", "privatekey", "accesskey",
    "secretkey", "signingkey", "encryptionkey", "segredo", "chaveapi", "chavesecreta", "chaveprivada", "chavedeacesso",
    "tokendeacesso", "tokenacesso",
)  # fmt: skip
_PLURAL_ENDS = (
    "passwords", "passphrases", "senhas", "secrets", "apikeys", "privatekeys", "accesskeys", "secretkeys",
    "signingkeys", "encryptionkeys", "accesstokens", "apitokens", "authtokens", "bearertokens", "refreshtokens",
    "securitytokens",
)  # fmt: skip
# In Portuguese the noun comes first: senha_do_banco. What follows may make it a count (senha_tamanho_minimo: 8), so a
# number directly under such a key is none, as under a plural.
_FIRST_WORDS = ("senha", "segredo")
# Portuguese words that end as `senha` (password) does: resenha, a review; desenha, draws.
_NOT_SENHA = ("resenha", "resenhas", "desenha", "desenhas")
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W_]+")
_PLAIN_KEY = re.compile(r"[^/\x00-\x1f\x7f]+")
_ESCAPED = str.maketrans({"~": "~0", ".": "~1", "/": "~2"})


class ScalarKind(StrEnum):
    """JSON type of a leaf; the value is the tag that stands before a sealed value's text."""

    STRING = "s"
    INTEGER = "i"
    NUMBER = "n"
    BOOLEAN = "b"
    NULL = "z"


@dataclass(frozen=True, slots=True, repr=False)
class SecretLeaf(Unprintable):
    """A secret value in a document. It does not print or pickle its value.

    Attributes:
        path: keys and positions from the root.
        name: what the secret is called, unique within the document.
        value: the string itself, or the JSON text of any other scalar (`null`, `true`, `1.10` to the letter).
        kind: its JSON type, so that `scalar` gives back exactly what stood there.
    """

    path: Path
    name: str
    value: str = field(repr=False)
    kind: ScalarKind

    @property
    def pointer(self) -> str:
        """Where it stands (RFC 6901). Made on demand: many leaves can share one very long key."""
        return format_pointer(self.path)

    @property
    def is_set(self) -> bool:
        """False for null and "": the name stands without a value."""
        return self.kind is not ScalarKind.NULL and not (self.kind is ScalarKind.STRING and not self.value)

    @property
    def scalar(self) -> JsonScalar:
        """The JSON value."""
        return _scalar(self.kind, self.value)

    @property
    def plaintext(self) -> bytes:
        """The bytes to seal; `decode_scalar` reads them."""
        return encode_scalar(self.scalar)

    def __repr__(self) -> str:
        return f"<SecretLeaf {self.name!r}: hidden>"


class _KeyKind(StrEnum):
    PLAIN = "plain"
    SECRET = "secret"  # noqa: S105 - a kind of key, not a password
    PLURAL = "plural"
    REFERENCE = "reference"


def secret_leaves(config_type: str, value: Json) -> list[SecretLeaf]:
    """List the secret leaves of a document, in document order, by the rules at the top of this module.

    Args:
        config_type: type of the document; `credentials` has its own rule.
        value: the whole document.
    """
    labels: dict[Path, str] = {(): ""}
    found = _everything(value) if config_type == CREDENTIALS else _under_secret_keys(value)
    return [SecretLeaf(path, _name(config_type, path, labels), *_text_of(scalar)) for path, scalar in found]


def encode_scalar(scalar: JsonScalar) -> bytes:
    """Bytes of a scalar with its type, to be sealed or fingerprinted: "1", 1 and the literal 1.0 all differ."""
    text, kind = _text_of(scalar)
    return (kind + text).encode("utf-8", "surrogatepass")


def decode_scalar(plaintext: bytes) -> JsonScalar:
    """Read what `encode_scalar` wrote.

    Raises:
        SecrecyError: the bytes are not from there.
    """
    try:
        return _scalar(ScalarKind(plaintext[:1].decode("ascii")), plaintext[1:].decode("utf-8", "surrogatepass"))
    except ValueError:
        pass
    # Outside the handler, and without the variable: the decoding error and error reporters would carry the plaintext.
    del plaintext
    raise SecrecyError("an opened secret is no scalar: it was sealed for another purpose, or by a newer release")


def _everything(value: Json) -> Iterator[tuple[Path, JsonScalar]]:
    stack: list[tuple[Path, Json]] = [((), value)]
    while stack:
        path, node = stack.pop()
        if isinstance(node, dict):
            stack.extend(((*path, key), node[key]) for key in reversed(node))
        elif isinstance(node, list):
            stack.extend(((*path, index), node[index]) for index in reversed(range(len(node))))
        elif path not in _IDENTIFYING:
            yield path, node


def _under_secret_keys(value: Json) -> Iterator[tuple[Path, JsonScalar]]:
    # Each entry carries what its own key says and whether a key above it says that all is secret.
    stack: list[tuple[Path, Json, _KeyKind, bool]] = [((), value, _KeyKind.PLAIN, False)]
    while stack:
        path, node, own, above = stack.pop()
        below = own is not _KeyKind.REFERENCE and (above or own is not _KeyKind.PLAIN)
        if isinstance(node, dict):
            stack.extend(((*path, key), node[key], _kind_of_key(key), below) for key in reversed(node))
        elif isinstance(node, list):
            stack.extend(((*path, index), node[index], _KeyKind.PLAIN, below) for index in reversed(range(len(node))))
        elif isinstance(node, str):
            if below and node:
                yield path, node
        elif node is None or isinstance(node, bool):
            continue
        elif below and (above or own is not _KeyKind.PLURAL):
            yield path, node


@lru_cache(maxsize=4096)  # documents share their keys; without it this is most of the cost of masking
def _kind_of_key(key: str) -> _KeyKind:
    plain = key if key.isascii() else unicodedata.normalize("NFKC", key)
    words = _WORD.findall(_WORD_START.sub("_", plain).casefold())
    if words and words[-1] in {"ref", "refs"}:
        return _KeyKind.REFERENCE
    # Separators go (api-key, api_key, apiKey), and a number at the end too: access_token_2.
    joined = "".join(words).rstrip("0123456789")
    if joined.endswith(_NOT_SENHA) and words[-1] not in {"senha", "senhas"}:
        return _KeyKind.PLAIN
    if joined.endswith(_SECRET_ENDS):
        return _KeyKind.SECRET
    begins = len(words) > 1 and words[0] in _FIRST_WORDS
    return _KeyKind.PLURAL if begins or joined.endswith(_PLURAL_ENDS) else _KeyKind.PLAIN


def _name(config_type: str, path: Path, labels: dict[Path, str]) -> str:
    if config_type == CREDENTIALS and len(path) == 2 and path[0] == CREDENTIALS:
        key = path[1]
        if isinstance(key, str) and _is_plain_name(key):
            return key
    return f"{config_type}:{_label(path, labels)}"


def _is_plain_name(key: str) -> bool:
    """Tell whether a key can be a name as it is: fit for a URL segment and an index, and never like another leaf's."""
    return (
        _PLAIN_KEY.fullmatch(key) is not None
        and key not in {".", ".."}
        and not key.startswith(f"{CREDENTIALS}:")
        and len(key.encode("utf-8", "surrogatepass")) <= NAME_LABEL_BYTES
    )


def _label(path: Path, labels: dict[Path, str]) -> str:
    """Write the dotted path. `labels` keeps what was made, so that a long key above many leaves is read once."""
    known = len(path)
    while path[:known] not in labels:
        known -= 1
    label = labels[path[:known]]
    for end in range(known, len(path)):
        label = _bounded((f"{label}." if end else "") + _escaped(path[end]))
        labels[path[: end + 1]] = label
    return label


def _escaped(token: str | int) -> str:
    # An empty key needs a sign of its own, or the path of one empty key would be written as the path of the root.
    return str(token).translate(_ESCAPED) or "~3"


def _bounded(label: str) -> str:
    """Give the label, or its hash when it outgrows an index of the database; an escape can never look like one."""
    encoded = label.encode("utf-8", "surrogatepass")
    return label if len(encoded) <= NAME_LABEL_BYTES else f"~h{hashlib.sha256(encoded).hexdigest()}"


def _text_of(scalar: JsonScalar) -> tuple[str, ScalarKind]:
    if isinstance(scalar, str):
        return scalar, ScalarKind.STRING
    if scalar is None:
        return "null", ScalarKind.NULL
    if isinstance(scalar, bool):
        return ("true" if scalar else "false"), ScalarKind.BOOLEAN
    if isinstance(scalar, Number):
        return scalar.text, ScalarKind.NUMBER
    return str(scalar), ScalarKind.INTEGER


def _scalar(kind: ScalarKind, text: str) -> JsonScalar:
    match kind:
        case ScalarKind.STRING:
            return text
        case ScalarKind.INTEGER:
            return int(text)
        case ScalarKind.NUMBER:
            return Number(text)
        case ScalarKind.BOOLEAN:
            return text == "true"
        case ScalarKind.NULL:
            return None
