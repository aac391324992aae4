"""Waiting until the other side hangs up, or until somebody in this process says that it is over."""

import asyncio
from collections.abc import Awaitable, Callable

Leaving = Callable[[], Awaitable[object]]
"""Returns when the one who waits is gone."""


class Sleep:
    """A wait that `wake` ends, in one task and without looking around."""

    __slots__ = ("_scope", "_woken")

    def __init__(self) -> None:
        self._scope: asyncio.Timeout | None = None
        self._woken = False

    def wake(self) -> None:
        """End the wait that is going on, else the next one."""
        self._woken = True
        scope, self._scope = self._scope, None
        if scope is not None:
            scope.reschedule(asyncio.get_running_loop().time())

    async def until(self, leaving: Leaving, seconds: float | None = None) -> bool:
        """Wait, at most so long; tells whether the one who waits is gone."""
        try:
            if self._woken:
                return False
            async with asyncio.timeout(seconds) as self._scope:
                await leaving()
        except TimeoutError:
            return False
        else:
            return True
        finally:
            self._scope, self._woken = None, False
