"""What can go wrong with secrets. No message holds a secret or a key: only names, pointers, key ids and the cure."""

from collections.abc import Iterable
from dataclasses import dataclass

_FAULTS_SHOWN = 20
_CHARACTERS_SHOWN = 200


class SecrecyError(Exception):
    """Base of every error that this package raises on purpose."""


class MasterKeyError(SecrecyError):
    """The master key ring or its file cannot be used: the start must stop, or a rotation is refused."""


class DecryptionError(SecrecyError):
    """A sealed value or a wrapped key does not open: wrong key, other place, or altered bytes."""


class MissingMasterKeyError(DecryptionError):
    """The ring lacks the master key that a data key was wrapped with.

    Attributes:
        key_id: id of the missing key, to be put back into the ring.
    """

    def __init__(self, message: str, key_id: str) -> None:
        super().__init__(message)
        self.key_id = key_id

    def __reduce__(self) -> tuple[type["MissingMasterKeyError"], tuple[str, str]]:
        # Exception's own __reduce__ passes the message alone, and unpickling in another process would fail.
        return type(self), (str(self), self.key_id)


@dataclass(frozen=True, slots=True)
class MaskFault:
    """One mask that cannot be kept.

    Attributes:
        pointer: where it stands in the written document (RFC 6901); "" is the whole document.
        name: the secret that it names; None where the mask is malformed, because what stands there may be anything.
        problem: what is wrong, without the pointer.
    """

    pointer: str
    name: str | None
    problem: str

    def __str__(self) -> str:
        return f"{shown(self.pointer) or 'the whole document'}: {self.problem}"


class MaskError(SecrecyError):
    """A written document holds masks that cannot be turned back into values.

    Attributes:
        faults: every such mask of the document, in document order; the message shows the first ones.
    """

    def __init__(self, faults: Iterable[MaskFault]) -> None:
        self.faults = tuple(faults)
        lines = [str(fault) for fault in self.faults[:_FAULTS_SHOWN]]
        if len(self.faults) > _FAULTS_SHOWN:
            lines.append(f"and {len(self.faults) - _FAULTS_SHOWN} more")
        super().__init__("; ".join(lines))

    def __reduce__(self) -> tuple[type["MaskError"], tuple[tuple[MaskFault, ...]]]:
        return type(self), (self.faults,)


class MalformedMaskError(MaskError):
    """A mapping with the key `$secret` is not a mask as the platform writes them."""


class UnknownMaskError(MaskError):
    """A mask names a secret that does not stand."""


class MisplacedMaskError(MaskError):
    """A mask stands where its value would be readable by everybody."""


def shown(text: str) -> str:
    """Text from a document, fit for a message: one line, bounded, no control characters."""
    cut = text if len(text) <= _CHARACTERS_SHOWN else f"{text[:_CHARACTERS_SHOWN]}…"
    return cut if cut.isprintable() else cut.encode("unicode_escape").decode("ascii")
