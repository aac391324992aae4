"""Compare versions of documents, and walk their history."""

import asyncio
from dataclasses import dataclass
from typing import Final

from sprintia_config.comparison.answers import (
    BlameAnswer,
    DiffAnswer,
    blamed_path,
    counts,
    path_change,
    version_item,
)
from sprintia_config.comparison.blame import Blame
from sprintia_config.comparison.path_diff import Change, Diff, diff
from sprintia_config.comparison.paths import Path, part
from sprintia_config.comparison.text_diff import TextDiff, unified
from sprintia_config.comparison.views import Secrets, is_mask, read_fingerprints
from sprintia_config.contents.content import read_view
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.documents import versions
from sprintia_config.documents.horizon import version_gone
from sprintia_config.documents.service import not_found
from sprintia_config.documents.versions import Version
from sprintia_config.models import SCHEMA
from sprintia_platform import Caller
from sprintia_platform.content.values import Json
from sprintia_platform.content.yaml_writer import write_yaml
from sprintia_platform.database.connections import Connection, Database

PAGE_OF_HISTORY: Final = 20
MOST_CHARACTERS_READ: Final = 2_000_000
MOST_CHARACTERS_OF_POINTERS: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Two versions to compare; one without content (deleted, or none at all) has nothing in common with any other.

    Attributes:
        key: the document that `target` belongs to.
        source, target: before and after.
        fingerprints: of their secrets, by version; empty where they must not or cannot be compared.
        revision: of the tenant, when they were read.
    """

    key: DocumentKey
    source: Version | None
    target: Version | None
    fingerprints: dict[int, dict[str, bytes]]
    revision: int

    def compared(self, limit: int) -> DiffAnswer:
        """Compare path by path; lists at most `limit` changes."""
        found = self.paths()
        return DiffAnswer(
            **_names(self.key), source=version_item(self.source), target=version_item(self.target),
            text_changed=self._text_changed(), secrets_compared=bool(self.fingerprints), complete=found.complete,
            counts=counts(found), more=len(found.changes) > limit,
            changes=[path_change(change) for change in found.changes[:limit]],
        )  # fmt: skip

    def paths(self) -> Diff:
        """The changes between the masked views."""
        secrets = Secrets()
        old, new = (_content(side) for side in (self.source, self.target))
        if old is None or new is None:
            return _appeared_or_vanished(old, new)
        views = read_view(old.view), read_view(new.view)
        for version, view in zip((old, new), views, strict=True):
            secrets.read(view, self.fingerprints.get(version.version, {}))
        return diff(*views, atom=secrets.atom)

    def text(self) -> TextDiff:
        """Compare line by line: as received or, where either holds secrets, the masked view written as YAML."""
        as_received = not any(side is not None and side.has_secrets for side in (self.source, self.target))
        old, new = (_text(side, as_received=as_received) for side in (self.source, self.target))
        return unified(old, new, _name(self.source), _name(self.target))

    def _text_changed(self) -> bool | None:
        old, new = _content(self.source), _content(self.target)
        if (old is not None and old.has_secrets) or (new is not None and new.has_secrets):
            return None
        return (old.source if old else None) != (new.source if new else None)


class Comparisons:
    """Reads what is to be compared. Comparing itself is work for a thread: the worst takes half a second."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def versions(self, caller: Caller, key: DocumentKey, source: int | None, target: int | None) -> Sides:
        """Two versions of one document: by default the head, and the version before `target`.

        Raises:
            Problem: 404 for a version that is not there, 410 for one that retention has removed.
        """
        async with self._database.transaction(SCHEMA, [key.tenant], read_only=True) as connection:
            revision = await versions.read_revision(connection, key.tenant)
            after = await _wanted(connection, key, target)
            if source is None:
                before = await _before(connection, key, after)
            else:
                before = await _wanted(connection, key, source)
            fingerprints = {}
            if before is not None and before.has_secrets and after.has_secrets and caller.has("secrets:read"):
                fingerprints = await read_fingerprints(connection, key, [before, after])
        return Sides(key=key, source=before, target=after, fingerprints=fingerprints, revision=revision)

    async def heads(self, key: DocumentKey, other: DocumentKey, target: int | None) -> Sides:
        """The head of another document against a version of this one. Secrets of two documents are never compared.

        Raises:
            Problem: 404 when either is not there.
        """
        async with self._database.transaction(SCHEMA, {key.tenant, other.tenant}, read_only=True) as connection:
            revision = await versions.read_revision(connection, key.tenant)
            after = await _wanted(connection, key, target)
            before = await _wanted(connection, other, None)
        return Sides(key=key, source=before, target=after, fingerprints={}, revision=revision)

    async def blame(
        self, caller: Caller, key: DocumentKey, target: int | None, most_versions: int
    ) -> tuple[BlameAnswer, int]:
        """Find since when each value of a version stands, looking back over at most `most_versions` versions.

        With it comes the tenant's revision when the newest of them was read.

        Raises:
            Problem: 404 when there is no such version, or it is a deletion.
        """
        with_secrets = caller.has("secrets:read")
        walk: _Walk | None = None
        before = None if target is None else target + 1
        revision = 0
        while walk is None or not (walk.ended or walk.seen >= most_versions):
            async with self._database.transaction(SCHEMA, [key.tenant], read_only=True) as connection:
                if walk is None:
                    revision = await versions.read_revision(connection, key.tenant)
                    newest = await _wanted(connection, key, target)
                    if newest.deleted:
                        raise not_found(key, newest.version)
                    page = [newest]
                else:
                    limit = min(PAGE_OF_HISTORY, most_versions - walk.seen)
                    page = await versions.read_views(connection, key, before=before, limit=limit)
                prints = await read_fingerprints(connection, key, page) if with_secrets else {}
            if walk is None:
                walk = await asyncio.to_thread(_Walk, page[0], prints)
            else:
                await asyncio.to_thread(walk.show, page, prints)
            before = walk.oldest.version
        return await asyncio.to_thread(walk.answer, key, secrets_compared=with_secrets), revision


class _Walk:
    """One walk through a document's history, from a version to older ones."""

    def __init__(self, newest: Version, prints: dict[int, dict[str, bytes]]) -> None:
        self._secrets = Secrets()
        self._newest, self._view = newest, read_view(newest.view)
        self._previous = self._view, prints.get(newest.version, {})
        self._secrets.read(*self._previous)
        self._blame: Blame[Version] = Blame(self._view, newest, self._secrets.atom)
        self.oldest = newest
        self.seen = 1
        self._characters = len(newest.view or "")
        self.ended = self._is_first(newest)

    def show(self, page: list[Version], prints: dict[int, dict[str, bytes]]) -> None:
        """Go back over some versions; `ended` is true when it is of no use to go on."""
        self.ended = not page  # what is older was removed from the history
        for version in page:
            if version.version != self.oldest.version - 1:
                self.ended = True  # removed in between, before one that is pinned
                return
            self._characters += len(version.view or "")
            if self._blame.settled or self._characters > MOST_CHARACTERS_READ:
                self.ended = True
                return
            self.seen += 1
            self.oldest = version
            if version.deleted:
                self._blame.nothing_older()
                self.ended = True
                return
            self._show(version, prints)
            self.ended = self._is_first(version)

    def _show(self, version: Version, prints: dict[int, dict[str, bytes]]) -> None:
        current = read_view(version.view), prints.get(version.version, {})
        self._secrets.forget()
        self._secrets.read(*self._previous)
        self._secrets.read(*current)
        self._blame.show(current[0], version)
        self._previous = current

    def _is_first(self, version: Version) -> bool:
        if version.version > 1:
            return False
        self._blame.nothing_older()
        return True

    def answer(self, key: DocumentKey, *, secrets_compared: bool) -> BlameAnswer:
        paths, characters = [], 0
        complete = self._blame.settled
        for path, version in self._blame.leaves():
            characters += _length(path)
            if characters > MOST_CHARACTERS_OF_POINTERS:
                complete = False
                break
            paths.append(blamed_path(path, secret=is_mask(_at(self._view, path)), version=version))
        return BlameAnswer(
            **_names(key), version=self._newest.version, oldest_version_read=self.oldest.version, complete=complete,
            secrets_compared=secrets_compared, paths=paths,
        )  # fmt: skip


async def _wanted(connection: Connection, key: DocumentKey, number: int | None) -> Version:
    if number is None:
        found = await versions.read_head(connection, key)
    else:
        found = await versions.read_version(connection, key, number)
    if found is None and number is not None and (removed := await version_gone(connection, key, number)):
        raise removed
    if found is None:
        raise not_found(key, number)
    return found


async def _before(connection: Connection, key: DocumentKey, after: Version) -> Version | None:
    """The version before another; None where a history begins.

    Raises:
        Problem: 410 when retention has removed it: what changed is not known any more.
    """
    found = await versions.read_version(connection, key, after.version - 1)
    if found is None and (removed := await version_gone(connection, key, after.version - 1)):
        raise removed
    return found


def _content(version: Version | None) -> Version | None:
    return None if version is None or version.deleted else version


def _appeared_or_vanished(old: Version | None, new: Version | None) -> Diff:
    changes = []
    if old is not None:
        changes.append(Change("removed", (), None, old=read_view(old.view)))
    if new is not None:
        changes.append(Change("added", None, (), new=read_view(new.view)))
    return Diff(changes)


def _text(version: Version | None, *, as_received: bool) -> str:
    content = _content(version)
    if content is None:
        return ""
    return (content.source or "") if as_received else write_yaml(read_view(content.view))


def _name(version: Version | None) -> str:
    if version is None:
        return "(none)"
    path = f"{version.tenant_id}/{version.domain}/{version.config_type}"
    return f"{path} version {version.version}" + (" (deleted)" if version.deleted else "")


def _names(key: DocumentKey) -> dict[str, str]:
    return {"tenant_id": key.tenant, "domain": key.domain, "config_type": key.config_type}


def _length(path: Path) -> int:
    return sum(len(step) + 1 if isinstance(step, str) else 7 for step in path)


def _at(view: Json, path: Path) -> Json:
    for step in path:
        view = part(view, step)
    return view
