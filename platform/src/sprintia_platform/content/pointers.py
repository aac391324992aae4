"""JSON pointers (RFC 6901): how a place inside a document is named."""

from collections.abc import Iterable


def format_pointer(steps: Iterable[str | int]) -> str:
    """Write keys and list positions as a JSON pointer: `("a/b", 0)` is `/a~1b/0`, no steps are the empty text."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)


def parse_pointer(pointer: str) -> tuple[str, ...]:
    """Read a JSON pointer into its steps, list positions as their digits.

    Raises:
        ValueError: the text is neither empty nor begins with `/`, or holds a `~` that is not `~0` or `~1`.
    """
    if not pointer:
        return ()
    if not pointer.startswith("/"):
        raise ValueError("A JSON pointer is empty or begins with '/'.")
    return tuple(_step(token) for token in pointer[1:].split("/"))


def _step(token: str) -> str:
    if token.count("~") != token.count("~0") + token.count("~1"):
        raise ValueError("In a JSON pointer '~' stands only as '~0' (for '~') or '~1' (for '/').")
    # The order matters: '~01' is '~1', not '/'.
    return token.replace("~1", "/").replace("~0", "~")
