"""Who may write now: a short queue per tenant, so that one busy tenant takes neither the pool nor the others' time.

Refusing at once is kinder than refusing after seconds: a sender that is told to come back can, one that waits cannot.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from sprintia_platform.http.problems import OVERLOADED, unavailable


class WriteQueue:
    """Bounded admission of write transactions, in order of arrival within a tenant.

    Args:
        at_once: transactions that run at the same time; below the pool's size, so that reads keep connections.
        waiting: writes that may be in the queue, in all.
        waiting_per_tenant: the same for one tenant.
        patience: seconds that a write may be in the queue. Without such a bound, writes that each run into the timeout
            of a silent database would make the last in the queue wait for the sum of them.
    """

    def __init__(self, at_once: int, waiting: int, waiting_per_tenant: int, patience: float = 5.0) -> None:
        self._patience = patience
        self._slots = asyncio.Semaphore(at_once)
        self._most = waiting
        self._most_per_tenant = waiting_per_tenant
        self._count = 0
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """Wait for one's turn among the writes of the same key.

        Raises:
            Problem: 503 with Retry-After: at once when too many wait already, or when its own wait took too long.
        """
        if self._count >= self._most or self._counts[key] >= self._most_per_tenant:
            raise unavailable(OVERLOADED, 1)
        self._count += 1
        self._counts[key] += 1
        try:
            async with AsyncExitStack() as held:
                try:
                    async with asyncio.timeout(self._patience):
                        # First the turn, then the slot: whoever waits for its tenant's turn holds no slot.
                        await held.enter_async_context(self._turns[key])
                        await held.enter_async_context(self._slots)
                except TimeoutError:
                    raise unavailable(OVERLOADED, 1) from None
                yield
        finally:
            self._count -= 1
            self._counts[key] -= 1
            if not self._counts[key]:
                del self._counts[key], self._turns[key]
