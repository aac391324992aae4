"""The thread in which `SyncConfigClient` lets its asyncio client run."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from sprintia_config_client.client import ConfigClient

AnswerT = TypeVar("AnswerT")

Call = Callable[[ConfigClient], Coroutine[Any, Any, AnswerT]]


class Blocking:
    """Base of the parts of `SyncConfigClient`: how a call reaches the asyncio client, and its answer comes back."""

    def _run(self, call: Call[AnswerT]) -> AnswerT:
        raise NotImplementedError


class RunningClient:
    """The thread with the event loop, of one process: neither outlives a fork."""

    def __init__(self, client: ConfigClient) -> None:
        self.client = client
        self.pid = os.getpid()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._serve, name="sprintia-config-client", daemon=True)
        self.thread.start()

    def run(self, call: Coroutine[Any, Any, AnswerT]) -> AnswerT:
        """Let it run in the thread, and wait for its answer."""
        future = asyncio.run_coroutine_threadsafe(call, self.loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # Ctrl-C ends the request too
            raise

    def stop(self) -> None:
        with suppress(RuntimeError):  # the loop ended already
            self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
            self.loop.run_until_complete(self._end())
        finally:
            self.loop.close()

    async def _end(self) -> None:
        await self.client.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self.loop.shutdown_asyncgens()
        await self.loop.shutdown_default_executor()
