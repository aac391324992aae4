"""What an object that holds a key or a secret must not do by accident: print itself, or be written to a file."""

from typing import NoReturn, Self


class Unprintable:
    """Mix-in: `repr`, `str` and formatting show the class only; pickling is refused; copies are the object itself.

    The class must be immutable and must hold its secret in slots, so that `vars()` and log processors find nothing.
    Settings and webhook fields use the host's `Secret`; this is for keys and leaves.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: hidden>"

    def __str__(self) -> str:
        return repr(self)

    def __format__(self, format_spec: str, /) -> str:
        return format(repr(self), format_spec)

    def __reduce_ex__(self, protocol: object, /) -> NoReturn:
        raise TypeError(f"{type(self).__name__} holds a secret and cannot be pickled")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object, /) -> Self:
        # Litestar deep-copies routers with what they close over; an immutable key may be shared.
        return self
