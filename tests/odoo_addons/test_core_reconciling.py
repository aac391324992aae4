"""What bodies mean at the service, and what a comparison with it means for a document."""

from typing import Any

import pytest
from outbox_core.reconciling import Held, Told, Verdict, verdict
from outbox_core.wire import is_deletion, opened, places_of, stream_of

STREAM = "document_sync:retail:business_rules"
PLACE = {"domain": "retail", "config_type": "business_rules", "version": 4}
KEY = ("retail", "business_rules")


def told(sequence: int | None = 7, version: int | None = 4, mapping: int = 0) -> Told:
    sequences = {} if sequence is None else {STREAM: sequence}
    return Told(sequences, {} if version is None else {KEY: version}, mapping)


@pytest.mark.parametrize(
    ("answer", "expected", "theirs"),
    [
        (told(), Verdict.equal, 7), (told(version=5), Verdict.changed, 7), (told(sequence=8), Verdict.newer, 8),
        (told(sequence=9, version=9), Verdict.newer, 9), (told(sequence=6), Verdict.lost, 6),
        (told(sequence=6, version=3), Verdict.lost, 6), (told(sequence=0, version=None), Verdict.lost, 0),
        # a key that never sent: versions alone tell
        (told(sequence=None), Verdict.equal, 0), (told(sequence=None, version=3), Verdict.lost, 0),
        (told(sequence=None, version=None), Verdict.lost, 0), (told(sequence=None, version=5), Verdict.equal, 0),
    ],
)  # fmt: skip
def test_one_document(answer: Told, expected: Verdict, theirs: int) -> None:
    assert verdict(Held(STREAM, 7, 7, [PLACE]), answer) == (expected, theirs)


def test_what_is_queued_and_not_sent_is_not_lost() -> None:
    assert verdict(Held(STREAM, 9, 7, [PLACE]), told()) == (Verdict.equal, 7)
    assert verdict(Held(STREAM, 9, 7, [PLACE]), told(sequence=8, version=5)) == (Verdict.changed, 8)


def test_a_deletion_that_stands_is_equal() -> None:
    gone = Held(STREAM, 7, 7, [PLACE], deleted=True)
    assert verdict(gone, told(version=None)) == (Verdict.equal, 7)
    assert verdict(gone, told(version=5)) == (Verdict.changed, 7)


def test_the_mapping_and_two_documents_of_one_event() -> None:
    mapping = Held("mapping_sync", 2, 2, [{"mapping": True, "version": 3}])
    assert verdict(mapping, Told({"mapping_sync": 2}, {}, 3)) == (Verdict.equal, 2)
    assert verdict(mapping, Told({"mapping_sync": 2}, {}, 4)) == (Verdict.changed, 2)
    assert verdict(mapping, Told({}, {}, 0)) == (Verdict.lost, 0)
    two = Held(STREAM, 7, 7, [PLACE, {"domain": "retail", "config_type": "config", "version": 2}])
    assert verdict(two, Told({STREAM: 7}, {KEY: 4, ("retail", "config"): 3}, 0)) == (Verdict.changed, 7)
    assert verdict(two, Told({}, {KEY: 4}, 0)) == (Verdict.lost, 0)


def test_what_others_write_to_a_shared_document_is_no_change_of_ours() -> None:
    shared = Held(STREAM, 7, 7, [{**PLACE, "shared": True}])
    assert verdict(shared, told(version=5)) == (Verdict.equal, 7)
    assert verdict(shared, told(sequence=6, version=5)) == (Verdict.lost, 6)
    assert verdict(shared, told(sequence=None, version=3)) == (Verdict.lost, 0)


@pytest.mark.parametrize(
    ("body", "stream"),
    [
        ({"event_type": "credentials_sync", "domain": "retail"}, "credentials_sync:retail"),
        ({"event_type": "credentials_sync"}, "credentials_sync:default"),
        ({"event_type": "mapping_sync", "domain": "retail"}, "mapping_sync"),
        ({"event_type": "document_sync", "domain": "d", "config_type": "c"}, "document_sync:d:c"),
    ],
)  # fmt: skip
def test_streams(body: dict[str, Any], stream: str) -> None:
    assert stream_of(body) == stream


def test_places() -> None:
    taken = {"config_version": 2, "credentials_version": 3, "version": 4}
    assert places_of({"event_type": "credentials_sync", "domain": "retail"}, taken) == [
        {"domain": "retail", "config_type": "config", "version": 2, "shared": True},
        {"domain": "retail", "config_type": "credentials", "version": 3},
    ]
    sections = {"event_type": "document_sync", "domain": "retail", "config_type": "config", "sections": {"a": 1}}
    assert places_of(sections, taken) == [{"domain": "retail", "config_type": "config", "version": 4, "shared": True}]
    assert places_of({"event_type": "mapping_sync"}, taken) == [{"mapping": True, "version": 4}]
    assert places_of({"event_type": "document_sync", "domain": "retail", "config_type": "business_rules"}, taken) == [
        PLACE
    ]


def test_deletions() -> None:
    assert is_deletion({"deleted": True})
    assert not is_deletion({"deleted": False})
    assert not is_deletion({})
    assert is_deletion({"sections": {"company_metadata": None, "enabled_collections": None}})
    assert not is_deletion({"sections": {"company_metadata": None, "enabled_collections": []}})


def test_only_what_is_sealed_is_opened() -> None:
    body = {"a": {"$sealed": "x"}, "b": [{"$sealed": "y"}], "c": {"$sealed": "z", "more": 1}, "d": 5}
    assert opened(body, str.upper) == {"a": "X", "b": ["Y"], "c": {"$sealed": "z", "more": 1}, "d": 5}
