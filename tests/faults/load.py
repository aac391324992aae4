"""Senders that behave as Odoo's are told to: they keep a delivery's id over its attempts, and heed Retry-After."""

import hashlib
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from faults.history import Stored, Write
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import API_KEY, wait_until

HEADERS = {"X-API-Key": API_KEY}
TLS = ssl.create_default_context()
"""One for all clients: each of its own would cost 20 ms, though nobody here speaks TLS."""
GIVE_UP_AFTER = 60.0
LONGEST_PAUSE = 0.1
"""Retry-After speaks of seconds; a test has no time to be that polite."""


def persist(send: Callable[[], httpx.Response], note: Callable[[str], None] = lambda _outcome: None) -> httpx.Response:
    """Send until an answer other than 503 comes; `note` hears each attempt's status, or the error's name."""
    deadline = time.monotonic() + GIVE_UP_AFTER
    while True:
        try:
            answer = send()
        except httpx.TransportError as error:
            note(type(error).__name__)
        else:
            note(str(answer.status_code))
            if answer.status_code != 503:
                return answer
            assert int(answer.headers["Retry-After"]) > 0
            assert answer.headers["Content-Type"] == "application/problem+json"
        assert time.monotonic() < deadline, "no answer but 503 for a minute"
        time.sleep(LONGEST_PAUSE)  # the pause between attempts, which any sender makes


def content_of(delivery: str) -> str:
    return f"delivery: {delivery}\nlines:\n  - um\n  - dois\n"


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Load:
    """Writers in threads, each posting one distinct document after the other until the block ends.

    Attributes:
        writes: what each writer saw, for `history.violations`.
        outcomes: how often each status, and each kind of broken connection, was seen.
    """

    def __init__(self, url: str, *, writers: int = 6, documents: int = 2) -> None:
        self.url = url
        self.writes: list[Write] = []
        self.outcomes: Counter[str] = Counter()
        self._documents = documents
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._failures: list[BaseException] = []
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(writers)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        if error is None and self._failures:
            raise self._failures[0]

    @property
    def acknowledged(self) -> int:
        with self._lock:
            return sum(write.version is not None for write in self.writes)

    def wait_for(self, more: int) -> None:
        """Wait until so many further writes are acknowledged."""
        wanted = self.acknowledged + more
        wait_until(lambda: self._failures or self.acknowledged >= wanted, 60, f"{more} more acknowledged writes")
        if self._failures:
            raise self._failures[0]

    def _note(self, outcome: str) -> None:
        with self._lock:
            self.outcomes[outcome] += 1

    def _run(self, writer: int) -> None:
        try:
            with httpx.Client(base_url=self.url, headers=HEADERS, timeout=20, verify=TLS) as client:
                number = 0
                while not self._stopping.is_set():
                    number += 1
                    self._write(client, f"{writer}-{number}", f"tenant_{number % self._documents}")
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            self._failures.append(error)

    def _write(self, client: httpx.Client, delivery: str, tenant: str) -> None:
        text = content_of(delivery)
        started = time.monotonic()
        answer = persist(
            lambda: client.post(
                f"/configs/{tenant}/retail/config", json={"yaml_content": text}, headers={"webhook-id": delivery}
            ),
            self._note,
        )
        assert answer.status_code == 200, answer.text
        write = Write(
            document=tenant, delivery=delivery, digest=digest_of(text), started=started, ended=time.monotonic(),
            version=answer.json()["version"],
        )  # fmt: skip
        with self._lock:
            self.writes.append(write)


def stored_in(database_url: str, tenant: str | None = None) -> list[Stored]:
    """Every version of every document (of one tenant), with the delivery that its own transaction recorded."""
    rows = TestDatabases.run(
        database_url,
        "SELECT v.tenant_id, v.version, v.source, d.deliveries FROM config.document_version v "
        "JOIN LATERAL (SELECT array_agg(delivery_id) AS deliveries FROM config.delivery d "
        "WHERE d.tenant_id = v.tenant_id AND d.revision = v.revision) d ON true "
        "WHERE $1::text IS NULL OR v.tenant_id = $1",
        tenant,
    )
    for row in rows:
        assert row["deliveries"] is not None, f"version {row['version']} stands without its delivery"
        assert len(row["deliveries"]) == 1, f"version {row['version']} has several deliveries"
    return [
        Stored(
            document=row["tenant_id"], version=row["version"], delivery=row["deliveries"][0],
            digest=digest_of(row["source"]),
        )
        for row in rows
    ]  # fmt: skip


def embedded_url(data_dir: Path) -> str:
    """The embedded server itself, as its superuser, on the socket that its pid file names."""
    folder = (data_dir / "postgresql" / "postmaster.pid").read_text().splitlines()[4]
    return f"postgresql://sprintia@/sprintia?host={folder}"
