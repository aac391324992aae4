"""Passwords: which are taken, and how they are kept (Argon2id, RFC 9106, with the parameters that OWASP names).

A check takes 19 MiB and some 30 ms of a core. Two run at once in a process, whoever asks; a few more may wait; further
ones are refused, so that a burst of them takes neither the memory nor the cores from everything else.
"""

import asyncio
import base64
import re
import secrets
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from sprintia_viewer.accounts.errors import AccountError, Busy

SHORTEST = 12
LONGEST = 200

_ResultT = TypeVar("_ResultT")
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16)
_LONGEST_TYPED = 4 * LONGEST  # a letter with its accents is up to four code points before NFC
_AT_ONCE = 2
_WAITING = 16
_RETRY_AFTER = 2
# What is left of a guessable password without these is short. Folded as `_folded` does.
_WORDS = (
    "sprintia", "odoo", "chatwoot", "password", "passwort", "passphrase", "senha", "minhasenha", "secret", "segredo",
    "admin", "administrator", "administrador", "root", "user", "usuario", "login", "guest", "test", "teste", "demo",
    "welcome", "bemvindo", "default", "change", "changeme", "mudar", "trocar", "letmein", "iloveyou", "teamo",
    "monkey", "dragon", "master", "sunshine", "princess", "football", "futebol", "baseball", "superman", "batman",
    "shadow", "michael", "trustno", "starwars", "whatever", "flamengo", "corinthians", "palmeiras", "brasil", "brazil",
    "jesus", "deus", "amor", "familia", "company", "empresa", "server", "system", "sistema", "access", "acesso",
    "january", "february", "summer", "winter", "spring", "autumn", "janeiro", "fevereiro", "verao", "inverno",
)  # fmt: skip
_RUNS = (
    "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "01234567890", "qazwsxedcrfvtgbyhnujm",
    "1qaz2wsx3edc4rfv5tgb6yhn", "1q2w3e4r5t6y7u8i9o0p",
)  # fmt: skip
_SHORTEST_RUN = 3
_LEFT = 6
_LEET = str.maketrans("@4301!$57", "aaeoiisst")


class PasswordRefused(AccountError):
    """A password that is not taken: `code` is too_short, too_long or guessable."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


def check_password(password: str, *names: str) -> None:
    """Refuse what could be guessed by somebody who knows these names of the user, and what is too short or too long.

    Raises:
        PasswordRefused: naming which.
    """
    if len(_normal(password[:_LONGEST_TYPED])) < SHORTEST:
        raise PasswordRefused("too_short", "A password has at least 12 characters: a few words are easy to keep.")
    if len(password) > _LONGEST_TYPED or len(_normal(password)) > LONGEST:
        raise PasswordRefused("too_long", "A password has at most 200 characters.")
    if _is_guessable(password, names):
        raise PasswordRefused("guessable", "This password is easy to guess: choose words that others do not expect.")


async def hash_password(password: str) -> str:
    """Make what is kept of a password.

    Raises:
        Busy: too many wait.
    """
    return await _GATE.run(lambda: _HASHER.hash(_bytes(password)))


async def verify_password(hashed: str | None, password: str) -> bool:
    """Whether this is the password. Where there is no hash (nobody has the name), the same work is done for a no.

    Raises:
        Busy: too many wait.
    """
    return await _GATE.run(lambda: _matches(hashed or _NOBODYS, password)) and hashed is not None


def is_outdated(hashed: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(hashed)


class Gate:
    """Lets a few pieces of work run at once in threads, and a few more wait."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._most = at_once + waiting
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="passwords")
        self._lock = threading.Lock()
        self._inside = 0

    async def run(self, work: Callable[[], _ResultT]) -> _ResultT:
        """Run it when there is room.

        Raises:
            Busy: too many wait.
        """
        with self._lock:
            if self._inside >= self._most:
                raise Busy(_RETRY_AFTER)
            self._inside += 1
        future = self._threads.submit(work)
        # Not when the caller is done: one who goes away leaves the work behind, running.
        future.add_done_callback(self._left)
        return await asyncio.wrap_future(future)

    def _left(self, _future: "Future[_ResultT]") -> None:
        with self._lock:
            self._inside -= 1


_GATE = Gate(_AT_ONCE, _WAITING)
"""Of this process: its memory and its cores are what the gate protects."""


def _nobodys() -> str:
    """A hash in the form of today's that no password has: salt and hash are random."""
    salt, made = (base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32))
    return f"$argon2id$v=19$m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}${salt}${made}"


_NOBODYS = _nobodys()


def _matches(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, _bytes(password))
    except (VerificationError, InvalidHashError):
        return False


def _normal(password: str) -> str:
    return unicodedata.normalize("NFC", password)


def _bytes(password: str) -> bytes:
    # The same letters are typed as other code points on other systems; a lone surrogate must not become a crash.
    # What nobody could have set is wrong as the empty password is, which nobody could have set either.
    return _normal(password if len(password) <= _LONGEST_TYPED else "").encode("utf-8", "surrogatepass")


def _is_guessable(password: str, names: tuple[str, ...]) -> bool:
    plain = _folded(password)
    words = {_folded(part) for name in names for part in (name, *re.split(r"[\W_]+", name))} | set(_WORDS)
    return any(_is_little(_without(text, words)) for text in (plain, plain.translate(_LEET)))


def _folded(text: str) -> str:
    """Small letters without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _without(text: str, words: set[str]) -> str:
    """What no word and no run of neighbours accounts for."""
    for word in sorted((word for word in words if len(word) > 2), key=len, reverse=True):
        text = text.replace(word, " ")
    kept = [True] * len(text)
    for run in (*_RUNS, *(run[::-1] for run in _RUNS)):
        steps = set(pairwise(run))
        start = 0
        for place in range(1, len(text) + 1):
            if place == len(text) or (text[place - 1], text[place]) not in steps:
                if place - start >= _SHORTEST_RUN:
                    kept[start:place] = [False] * (place - start)
                start = place
    return "".join(character for character, keep in zip(text, kept, strict=True) if keep)


def _is_little(left: str) -> bool:
    # A year and a sign behind a known word are the first that is tried; so is one key, held down.
    letters = re.sub(r"\s|(19|20)\d\d", "", left)
    return len(letters) < _LEFT or len(set(letters)) < _LEFT - 2
