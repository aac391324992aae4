"""One caller's requests: what is sent, and what is made of the answer."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import httpx

from sprintia_config_client.refusals import unreadable
from sprintia_config_client.transport import Transport

AnswerT = TypeVar("AnswerT")


class Asking:
    """Base of the parts of `ConfigClient`: it asks the service, and remembers nothing."""

    _transport: Transport

    async def _read(
        self, path: str, read: Callable[[bytes], AnswerT], params: Mapping[str, Any] | None = None, wait: float = 0.0
    ) -> AnswerT:
        return understood(await self._transport.get(path, params, wait=wait), read)


def understood(response: httpx.Response, read: Callable[[bytes], AnswerT]) -> AnswerT:
    """Read an answer's body.

    Raises:
        Unavailable: it is not what a config service says.
    """
    try:
        return read(response.content)
    except ValueError as error:  # msgspec's errors and those of UTF-8 are ValueErrors
        raise unreadable(response, error) from error
