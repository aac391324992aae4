"""HTTP/1.1 by hand: for a thousand connections at once, and for requests that stop in the middle."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Self

from sprintia_testing.platforms import API_KEY


@dataclass
class Answer:
    """One response: header names in lower case."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """One connection to a server on this machine; `async with await Connection.to(port)`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str = API_KEY) -> None:
        self.reader, self.writer = reader, writer
        self.key = key

    @classmethod
    async def to(cls, port: int, key: str = API_KEY, *, limit: int = 65_536) -> "Connection":
        """Connect; `limit` is how many bytes may lie here unread before the server has to wait."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=limit), key)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    def send(self, method: str, path: str, body: bytes = b"", *, sent: int | None = None, **headers: str) -> None:
        """Write a request, or only the first `sent` bytes of its body."""
        lines = [
            f"{method} {path} HTTP/1.1", "Host: localhost", f"X-API-Key: {self.key}", "Content-Type: application/json",
            f"Content-Length: {len(body)}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
        ]  # fmt: skip
        self.writer.write("\r\n".join([*lines, "", ""]).encode() + body[:sent])

    async def answer(self) -> Answer:
        answer = await self.head()
        answer.body = await self.reader.readexactly(int(answer.headers.get("content-length", 0)))
        return answer

    async def head(self) -> Answer:
        """Read an answer up to its body."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        return Answer(int(head[0].split()[1]), headers)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Read a body that comes in chunks until it ends (RFC 9112, section 7.1)."""
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            yield (await self.reader.readexactly(size + 2))[:-2]
        await self.reader.readexactly(2)

    async def exchange(self, method: str, path: str, value: Any = None, **headers: str) -> Answer:
        self.send(method, path, b"" if value is None else json.dumps(value).encode(), **headers)
        return await self.answer()
