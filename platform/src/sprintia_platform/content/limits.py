"""How much one document may hold: every bound in one place, with its reason."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what is read. Real documents are 0.5 to 4.4 KB, at most 7 deep, with at most 80 leaves.

    A *value* is a mapping, a list or a scalar in value position (keys are not counted). Values and characters are
    counted as the JSON view would show them: what an alias stands for counts each time that it is used.

    Attributes:
        max_bytes: size of the source text in UTF-8.
        max_depth: mappings and lists inside one another; a document that is one flat mapping has depth 1.
        max_values: values, aliases expanded. Also bounds the work of merge keys: a merge costs what its aliases count.
        max_characters: characters of keys and scalars, aliases expanded.
        max_aliases: uses of aliases (`*name`). They are legal; an Odoo module emits about ten.
        max_merges: mappings merged by `<<`.
        max_key_length: characters of one key.
        max_number_length: characters of one number. int() and str() of longer ones take quadratic time.
    """

    max_bytes: int = 1024 * 1024
    max_depth: int = 64
    max_values: int = 50_000
    max_characters: int = 4 * 1024 * 1024
    max_aliases: int = 1_000
    max_merges: int = 100
    max_key_length: int = 1_000
    max_number_length: int = 1_000


DEFAULT_LIMITS = Limits()
