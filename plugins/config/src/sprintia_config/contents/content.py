"""A document's content on its way in: the text as received, its value, and what of it is secret."""

import hashlib
from dataclasses import dataclass
from typing import Literal

from sprintia_config.secrecy.envelope import DataKey, Place
from sprintia_config.secrecy.leaves import SecretLeaf, secret_leaves
from sprintia_config.secrecy.masks import contains_mask, mask
from sprintia_platform.content.json_reader import read_json
from sprintia_platform.content.limits import DEFAULT_LIMITS, Limits
from sprintia_platform.content.values import Json, to_json
from sprintia_platform.content.yaml_reader import read_yaml
from sprintia_platform.content.yaml_writer import write_yaml

Media = Literal["yaml", "json"]

# A mask is a level deeper than the scalar that it stands for.
_VIEW_LIMITS = Limits(max_bytes=2**30, max_depth=DEFAULT_LIMITS.max_depth + 1, max_values=2**30, max_characters=2**30)


@dataclass(frozen=True, slots=True)
class Content:
    """What a document holds: `source` is the text exactly as received, `value` what it says."""

    source: str
    media: Media
    value: Json

    @classmethod
    def from_yaml(cls, text: str) -> "Content":
        """Read YAML text.

        Raises:
            ContentError: with line and column.
        """
        return cls(text, "yaml", read_yaml(text))

    @classmethod
    def from_json(cls, data: bytes) -> "Content":
        """Read JSON bytes.

        Raises:
            ContentError: with line and column.
        """
        value = read_json(data)
        return cls(data.decode(), "json", value)

    @classmethod
    def from_value(cls, value: Json, media: Media = "yaml") -> "Content":
        """Write a value that was put together here: merged, or with masks replaced by what stands."""
        return cls(write_yaml(value) if media == "yaml" else to_json(value), media, value)

    @property
    def has_masks(self) -> bool:
        return contains_mask(self.value)

    def secrets(self, config_type: str) -> list[SecretLeaf]:
        return secret_leaves(config_type, self.value)

    def view(self, config_type: str) -> str:
        """The JSON text that may stand in clear: masks in the place of secrets."""
        return to_json(mask(config_type, self.value))


def read_source(source: str, media: str) -> Json:
    """Read a stored text again."""
    return read_json(source.encode()) if media == "json" else read_yaml(source)


def read_view(view: str | None) -> Json:
    """Read a stored JSON view. What was stored was within the limits, and masks are larger than what they stand for."""
    return read_json((view or "null").encode(), _VIEW_LIMITS)


def digest_of(source: str, key: DataKey | None, place: Place) -> str:
    """Tell contents apart: SHA-256 of the bytes, in hex.

    Of a text with secrets it is a keyed one: nobody without the key can test guesses against it.
    """
    if key is None:
        return hashlib.sha256(source.encode()).hexdigest()
    return key.fingerprint(source.encode(), place).hex()
