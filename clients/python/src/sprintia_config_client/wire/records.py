"""Reading an answer into a record: what it holds beyond the record is ignored."""

from typing import TypeVar

import msgspec

RecordT = TypeVar("RecordT")


def read_record(body: bytes, record: type[RecordT]) -> RecordT:
    """Read an answer whose members are the record's.

    Raises:
        msgspec.DecodeError: it is something else.
    """
    return msgspec.json.decode(body, type=record)


def text_of(raw: msgspec.Raw) -> str:
    """The letters of a part of an answer; empty where it was not there."""
    return bytes(raw).decode()
