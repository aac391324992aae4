"""HTTP/1.1 by hand: for a thousand connections at once, and for requests that stop in the middle."""

import asyncio
import json
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

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, port: int) -> "Connection":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    def send(self, method: str, path: str, body: bytes = b"", *, sent: int | None = None, **headers: str) -> None:
        """Write a request, or only the first `sent` bytes of its body."""
        lines = [
            f"{method} {path} HTTP/1.1", "Host: localhost", f"X-API-Key: {API_KEY}", "Content-Type: application/json",
            f"Content-Length: {len(body)}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
        ]  # fmt: skip
        self.writer.write("\r\n".join([*lines, "", ""]).encode() + body[:sent])

    async def answer(self) -> Answer:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return Answer(int(head[0].split()[1]), headers, body)

    async def exchange(self, method: str, path: str, value: Any = None, **headers: str) -> Answer:
        self.send(method, path, b"" if value is None else json.dumps(value).encode(), **headers)
        return await self.answer()
