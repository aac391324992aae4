"""Writers and readers of the feed: they go from one server to the other whenever one fails them, and note it all."""

import asyncio
import itertools
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Self

import msgspec
from faults.feed_history import Item, Made, Reading, Sent
from faults.load import digest_of
from faults.raw_http import Answer, Connection

BROKEN = (OSError, asyncio.IncompleteReadError)
"""How a connection to a process that was killed ends."""
PAUSE = 0.1
"""Between two attempts, as any sender and reader makes it."""
SILENCE = 40.0
"""No answer, and no heartbeat, takes so long."""
LAST = "the_last"
"""The type of the document that is written last of all: who sees it has seen everything."""


class Servers:
    """Where the servers are, and what was heard of them.

    Attributes:
        ports: of the servers, which keep theirs when they are started again.
        outcomes: how often each status, and each kind of broken connection, was met.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        self.ports = ports
        self.outcomes: Counter[str] = Counter()

    def note(self, who: str, outcome: object) -> None:
        self.outcomes[f"{who}: {outcome if isinstance(outcome, int) else type(outcome).__name__}"] += 1


class Traveller:
    """One client with at most one connection, to one server after the other."""

    def __init__(self, servers: Servers, first: int, key: str, *, limit: int = 65_536) -> None:
        self.servers = servers
        self._current = first % len(servers.ports)
        self._key, self._limit = key, limit
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()

    async def connection(self) -> Connection:
        if self._connection is None:
            port = self.servers.ports[self._current]
            self._connection = await Connection.to(port, self._key, limit=self._limit)
        return self._connection

    def move_on(self) -> None:
        """Hang up and go to the next server."""
        self.hang_up()
        self._current = (self._current + 1) % len(self.servers.ports)

    def hang_up(self) -> None:
        if self._connection is not None:
            self._connection.writer.close()
            self._connection = None

    async def ask(self, method: str, path: str, value: Any = None, **headers: str) -> Answer:
        """Send one request and read its answer; any of `BROKEN` tells that there will be none."""
        async with asyncio.timeout(SILENCE):
            answer = await (await self.connection()).exchange(method, path, value, **headers)
        if answer.headers.get("connection") == "close":
            self.hang_up()
        return answer


class Ledger:
    """What all writers sent, and how much of it was acknowledged; each number is given once.

    Attributes:
        sent: every write.
        changes: how many are acknowledged.
        revisions: the highest one by tenant that any answer told.
        numbers: what makes each write another one.
    """

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.changes = 0
        self.revisions: dict[str, int] = {}
        self.numbers = itertools.count(1)
        self._moved = asyncio.Event()

    def note(self, sent: Sent) -> None:
        self.sent.append(sent)
        if sent.acknowledged:
            self.changes += len(sent.made)
            self.revisions[sent.tenant] = max(self.revisions.get(sent.tenant, 0), sent.revision or 0)
        self._moved.set()

    async def reach(self, changes: int) -> None:
        """Wait until so many changes are acknowledged."""
        while self.changes < changes:
            self._moved.clear()
            await self._moved.wait()


class Writer:
    """Makes one change of a tenant after the other, of every kind that there is.

    It keeps the id of every other write over its attempts until it is answered; the rest it gives up when they fail, so
    that nobody knows what became of them.
    """

    def __init__(self, servers: Servers, ledger: Ledger, tenant: str, index: int, key: str, seed: int) -> None:
        self._traveller = Traveller(servers, index, key)
        self._ledger, self.tenant = ledger, tenant
        self._chance = random.Random(seed)  # noqa: S311 - what to write next, no secret

    async def write_until(self, done: Callable[[], bool]) -> None:
        kinds = [self._put, self._post, self._patch, self._delete, self._credentials, self._metadata,
                 self._mapping_event, self._mapping_post]  # fmt: skip
        with self._traveller:
            while not done():
                number = next(self._ledger.numbers)
                [make] = self._chance.choices(kinds, [34, 15, 15, 6, 15, 5, 5, 5])
                await make(number, keeps_id=number % 2 == 0)

    async def write_last(self) -> int:
        """Write the document that tells readers that it is the last, and return its revision."""
        with self._traveller:
            answer = await self._send("PUT", f"/configs/{self.tenant}/{LAST}/{LAST}", {}, "last")
        assert answer is not None
        said = answer.json()
        made = Made(place=f"{LAST}/{LAST}", digest=digest_of("{}"), version=said["version"])
        now = time.monotonic()
        self._ledger.note(
            Sent(tenant=self.tenant, made=(made,), acknowledged=True, revision=said["revision"], started=now, ended=now)
        )
        return int(said["revision"])

    def _document(self) -> str:
        return f"retail/document_{self._chance.randrange(4)}"

    async def _put(self, number: int, *, keeps_id: bool) -> None:
        place, value = self._document(), {"number": number}
        unsure = Made(place=place, digest=digest_of(json.dumps(value)))
        await self._document_write("PUT", place, value, unsure, number, keeps_id=keeps_id)

    async def _post(self, number: int, *, keeps_id: bool) -> None:
        place, text = self._document(), f"number: {number}\nlines:\n  - um\n"
        unsure = Made(place=place, digest=digest_of(text))
        await self._document_write("POST", place, {"yaml_content": text}, unsure, number, keeps_id=keeps_id)

    async def _patch(self, number: int, *, keeps_id: bool) -> None:
        place = self._document()
        await self._document_write("PATCH", place, {"patched": number}, Made(place=place), number, keeps_id=keeps_id)

    async def _delete(self, number: int, *, keeps_id: bool) -> None:
        place = self._document()
        unsure = Made(place=place, digest="", deleted=True)
        await self._document_write("DELETE", place, None, unsure, number, keeps_id=keeps_id)

    async def _document_write(
        self, method: str, place: str, value: Any, unsure: Made, number: int, *, keeps_id: bool
    ) -> None:
        def told(answer: Answer) -> tuple[tuple[Made, ...], int]:
            said = answer.json()
            assert unsure.digest in {None, said["digest"]}, said
            made = Made(place=place, digest=said["digest"], version=said["version"], deleted=unsure.deleted)
            return (made,), said["revision"]

        path = f"/configs/{self.tenant}/{place}"
        await self._write(method, path, value, (unsure,), told, number, keeps_id=keeps_id)

    async def _credentials(self, number: int, *, keeps_id: bool) -> None:
        body = {
            "event_type": "credentials_sync", "account_id": self.tenant, "token": "token", "qdrant_collection":
            f"collection_{number}", "odoo_password": f"senha-{number}",
        }  # fmt: skip
        places = {"default/config": "config_version", "default/credentials": "credentials_version"}
        await self._event(body, places, number, keeps_id=keeps_id)

    async def _metadata(self, number: int, *, keeps_id: bool) -> None:
        body = {"event_type": "company_metadata_sync", "account_id": self.tenant, "name": f"Loja {number}"}
        await self._event(body, {"default/metadata": "metadata_version"}, number, keeps_id=keeps_id)

    async def _mapping_event(self, number: int, *, keeps_id: bool) -> None:
        mapping = {
            "chatwoot_account_id": f"c-{self.tenant}", "internal_account_id": self.tenant, "domain": "retail",
            "is_fallback": True, "sequence": number,
        }  # fmt: skip
        body = {"event_type": "mapping_sync", "mapping": mapping}
        await self._event(body, {"mapping": "version"}, number, keeps_id=keeps_id)

    async def _event(self, body: Any, versions: dict[str, str], number: int, *, keeps_id: bool) -> None:
        def told(answer: Answer) -> tuple[tuple[Made, ...], None]:
            said = answer.json()
            return tuple(Made(place=place, version=said[field]) for place, field in versions.items()), None

        unsure = tuple(Made(place=place) for place in versions)
        await self._write("POST", "/odoo-webhook/", body, unsure, told, number, keeps_id=keeps_id)

    async def _mapping_post(self, number: int, *, keeps_id: bool) -> None:
        entry = {"account_id": self.tenant, "domain": "retail"}
        mapping = {
            "accounts": {f"c-{self.tenant}": entry}, "inboxes": {}, "fallbacks": [{**entry, "sequence": number}],
            "special_numbers": [],
        }  # fmt: skip

        def told(answer: Answer) -> tuple[tuple[Made, ...], int]:
            # Of a key of one tenant, these are that tenant's.
            version, revision = int(answer.headers["x-config-version"]), int(answer.headers["x-config-revision"])
            return (Made(place="mapping", version=version),), revision

        unsure = (Made(place="mapping"),)
        await self._write("POST", "/mapping/", {"mapping_data": mapping}, unsure, told, number, keeps_id=keeps_id)

    async def _write(
        self, method: str, path: str, value: Any, unsure: tuple[Made, ...],
        told: Callable[[Answer], tuple[tuple[Made, ...], int | None]], number: int, *, keeps_id: bool,
    ) -> None:  # fmt: skip
        started = time.monotonic()
        answer = await self._send(method, path, value, f"delivery-{number}" if keeps_id else None)
        if answer is not None and answer.status == 404 and method == "DELETE":
            return  # somebody else had deleted it
        made, revision = told(answer) if answer is not None else (unsure, None)
        self._ledger.note(
            Sent(
                tenant=self.tenant, made=made, acknowledged=answer is not None, revision=revision, started=started,
                ended=time.monotonic(),
            )
        )  # fmt: skip

    async def _send(self, method: str, path: str, value: Any, delivery: str | None) -> Answer | None:
        """Send until it is answered, or, without an id for the delivery, once; None when nobody knows the outcome."""
        headers = {"webhook_id": delivery} if delivery else {}
        deadline = time.monotonic() + 2 * SILENCE
        while True:
            try:
                answer = await self._traveller.ask(method, path, value, **headers)
            except BROKEN as error:
                self._traveller.servers.note("writer", error)
            else:
                self._traveller.servers.note("writer", answer.status)
                if answer.status != 503:
                    assert answer.status == 200 or (answer.status, method) == (404, "DELETE"), answer
                    return answer
            self._traveller.move_on()
            assert time.monotonic() < deadline, "no answer from either server"
            await asyncio.sleep(PAUSE)  # as any sender pauses
            if delivery is None:
                return None


class Reader:
    """Follows one tenant from its first change to the last; goes on where it was, on whichever server.

    Attributes:
        name: for messages.
        slow: it takes little at once, and its time over it.
        pause: how long it lets changes gather.
        items: all that it saw, as it saw it.
        moves: how often it went on elsewhere.
    """

    def __init__(
        self, servers: Servers, tenant: str, name: str, index: int, key: str, canon: dict[Item, Item], *,
        slow: bool = False, pause: float = 0.0,
    ) -> None:  # fmt: skip
        # A slow one holds little: what it does not fetch stays the server's.
        self.traveller = Traveller(servers, index, key, limit=2048 if slow else 65_536)
        self.tenant, self.name, self.slow, self.pause = tenant, name, slow, pause
        self.items: list[Item] = []
        self.moves = 0
        self._canon = canon
        self._chance = random.Random(index)  # noqa: S311 - when to move, no secret

    @property
    def position(self) -> int:
        """The revision up to which it has seen everything."""
        return self.items[-1].revision if self.items else 0

    @property
    def reading(self) -> Reading:
        return Reading(reader=self.name, tenant=self.tenant, items=self.items)

    async def follow(self) -> None:
        """Read until the last document was seen."""
        with self.traveller:
            while not self._is_done():
                try:
                    await self.read_on()
                except BROKEN as error:
                    self.traveller.servers.note("reader", error)
                    await asyncio.sleep(PAUSE)  # as any reader pauses
                self.moves += 1
                self.traveller.move_on()

    async def read_on(self) -> None:
        """Read from one server until it fails, or until it is time to move."""
        raise NotImplementedError

    def _is_done(self) -> bool:
        return bool(self.items) and self.items[-1].config_type == LAST

    def _saw(self, item: Item) -> None:
        # Readers see equal things: one of each is kept, or a long run would not fit into memory.
        self.items.append(self._canon.setdefault(item, item))

    def _would_move(self) -> bool:
        return self._chance.random() < 0.01


class Poller(Reader):
    """Asks for `/changes`, page after page, and waits for the next change there."""

    since = 0

    async def read_on(self) -> None:
        limit = 5 if self.slow else 500
        while not self._is_done() and not self._would_move():
            path = f"/configs/{self.tenant}/changes?since={self.since}&wait=10&limit={limit}"
            answer = await self.traveller.ask("GET", path)
            self.traveller.servers.note("poller", answer.status)
            if answer.status != 200:
                assert answer.status == 503, answer
                await asyncio.sleep(PAUSE)  # as any reader pauses
                return
            page = msgspec.json.decode(answer.body, type=_Page)
            for item in page.changes:
                self._saw(item)
            self.since = page.revision
            await asyncio.sleep(0.01 if self.slow else self.pause)  # its own pace


class _Page(msgspec.Struct):
    revision: int
    changes: list[Item]


class EventReader(Reader):
    """Reads `/events` as a browser does: it comes back with the last id that it got (WHATWG HTML, section 9.2).

    It takes each event as it comes, and remembers nothing else.
    """

    last_id = ""

    async def read_on(self) -> None:
        connection = await self.traveller.connection()
        headers = {"Last_Event_ID": self.last_id} if self.last_id else {}
        connection.send("GET", f"/configs/{self.tenant}/events", **headers)
        async with asyncio.timeout(SILENCE):
            answer = await connection.head()
        self.traveller.servers.note("event reader", answer.status)
        if answer.status != 200:
            assert answer.status == 503, answer
            await asyncio.sleep(PAUSE)  # as any reader pauses
            return
        async for fields in events_of(connection):
            self.last_id = fields.get("id", self.last_id)
            if fields.get("event") == "change":
                self._saw(msgspec.json.decode(fields["data"], type=Item))
                if self._is_done() or self._would_move():
                    return
                if self.slow:
                    await asyncio.sleep(0.002)  # its own pace


async def events_of(connection: Connection) -> AsyncIterator[dict[str, str]]:
    """The events of a stream, each as its fields; comments are heartbeats, which must not fail to come."""
    chunks = connection.chunks()
    pending = b""
    while (chunk := await _within(SILENCE, anext(chunks, None))) is not None:
        *blocks, pending = (pending + chunk).split(b"\n\n")
        for block in blocks:
            lines = [line for line in block.decode().split("\n") if not line.startswith(":")]
            yield dict(line.split(": ", 1) for line in lines)


async def _within(seconds: float, awaited: Awaitable[bytes | None]) -> bytes | None:
    async with asyncio.timeout(seconds):
        return await awaited
