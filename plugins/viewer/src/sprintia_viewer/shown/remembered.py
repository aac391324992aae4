"""What was worked out lately, up to so many bytes: the same versions are looked at again and again."""

from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

ValueT = TypeVar("ValueT")


class Remembered(Generic[ValueT]):
    """Values by key; those that were not asked for longest go first. For several threads."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._values: OrderedDict[object, tuple[ValueT, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: object) -> ValueT | None:
        """The value, if it is still remembered."""
        with self._lock:
            if (found := self._values.get(key)) is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def put(self, key: object, value: ValueT, size: int) -> None:
        """Remember a value that takes about `size` bytes; one that is larger than all room is not remembered."""
        if size > self._most:
            return
        with self._lock:
            if (before := self._values.pop(key, None)) is not None:
                self._bytes -= before[1]
            self._values[key] = (value, size)
            self._bytes += size
            while self._bytes > self._most:
                _, (_, freed) = self._values.popitem(last=False)
                self._bytes -= freed
