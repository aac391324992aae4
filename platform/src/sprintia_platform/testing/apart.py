"""Coroutines that tests run to their end."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

ResultT = TypeVar("ResultT")


def run_apart(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run a coroutine in a thread of its own, and return its result.

    The test's own thread may have a loop that runs already, where `asyncio.run` is refused: Playwright's does for as
    long as its browser is open, and so does an asynchronous test.
    """
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, work).result()
