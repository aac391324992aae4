"""Planted marks: no key and no secret comes out by printing, copying, pickling or failing."""

import base64
import copy
import json
import logging
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sprintia_config.secrecy import (
    DataKey,
    MasterKeyRing,
    MissingMasterKeyError,
    Place,
    SecrecyError,
    SecretLeaf,
    UnknownMaskError,
    WrappedKey,
    decode_scalar,
    restore,
    secret_leaves,
)

MARK = b"PLANTED-MARK-0123456789-abcdefgh"
VALUE = "planted value 4711"
PLACE = Place(purpose="secret", tenant_id="t", name="n")
# Every form in which the mark could come out.
FORMS = (MARK.decode(), base64.b64encode(MARK).decode(), MARK.hex(), VALUE, base64.b64encode(MARK).decode()[:16])


def clean(text: str) -> bool:
    return not any(form in text for form in FORMS)


def variables_in_our_frames(error: BaseException) -> str:
    """What error reporters send besides the message: the variables of each frame, of underlying errors too."""
    reported = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [frame for link in (reported, reported.__cause__, reported.__context__) if link for frame in link.stack]
    ours = [frame for frame in frames if "sprintia_config" in frame.filename]
    assert ours
    return repr([frame.locals for frame in ours])


def holders() -> list[Any]:
    return [DataKey(MARK), MasterKeyRing([("k1", MARK)]), secret_leaves("credentials", {"x": VALUE})[0]]


@pytest.mark.parametrize("holder", holders(), ids=lambda holder: type(holder).__name__)
@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        lambda it: f"{it}",
        lambda it: f"{it!r:>80}",
        lambda it: "%s %r" % (it, it),  # noqa: UP031 - this form is what is tested
        ascii,
        lambda it: repr([it, {"key": (it,)}]),
        lambda it: json.dumps({"it": it}, default=str),
        lambda it: repr(getattr(it, "__dict__", {})),
        lambda it: logging.LogRecord("n", 20, "p", 1, "%s", (it,), None).getMessage(),
        lambda it: str(AttributeError(f"no such thing on {it}")),
    ],
)
def test_printing_shows_no_secret(holder: Any, show: Callable[[Any], str]) -> None:
    text = show(holder)
    assert clean(text)


@pytest.mark.parametrize("holder", holders(), ids=lambda holder: type(holder).__name__)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickling_is_refused(holder: Any, protocol: int) -> None:
    with pytest.raises(TypeError, match="cannot be pickled") as caught:
        pickle.dumps({"nested": [holder]}, protocol)
    assert clean(str(caught.value))


@pytest.mark.parametrize("holder", holders()[:2], ids=lambda holder: type(holder).__name__)
def test_encoders_refuse_keys(holder: Any) -> None:
    for encode in (json.dumps, msgspec.json.encode, msgspec.msgpack.encode):
        with pytest.raises(TypeError) as caught:
            encode(holder)
        assert clean(str(caught.value))


@pytest.mark.parametrize("holder", holders(), ids=lambda holder: type(holder).__name__)
def test_copies_share_the_key(holder: Any) -> None:
    assert copy.copy(holder) is holder
    assert copy.deepcopy([holder])[0] is holder


def key_file_with(text: str, folder: Path) -> MasterKeyRing:
    path = folder / "master.keys"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    del text
    return MasterKeyRing.load_or_create(path)


ENCODED = base64.b64encode(MARK).decode()
FAILURES: list[Callable[[Path], object]] = [
    lambda _: MasterKeyRing.parse(ENCODED),
    lambda _: MasterKeyRing.parse(f"{ENCODED}:k1"),
    lambda _: MasterKeyRing.parse(f"k1:{ENCODED}!"),
    lambda _: MasterKeyRing.parse(f"k1:{ENCODED}{ENCODED}"),
    lambda _: MasterKeyRing.parse(f"k1:{ENCODED} k1:{ENCODED}"),
    lambda _: MasterKeyRing.parse(f"k1:{ENCODED} k2:{ENCODED}"),
    lambda _: MasterKeyRing([("k1", MARK), ("k2", MARK)]),
    lambda _: MasterKeyRing([("k1", MARK + MARK)]),
    lambda _: DataKey(MARK + MARK),
    lambda _: MasterKeyRing([("k1", MARK)]).unwrap("t", WrappedKey("k2", b"")),
    lambda _: MasterKeyRing([("k1", MARK)]).unwrap("t", WrappedKey("k1", b"\x01" * 61)),
    lambda _: MasterKeyRing([("k1", MARK)]).without_key("k1"),
    lambda _: DataKey(MARK).open(DataKey.generate().seal(VALUE.encode(), PLACE), PLACE),
    lambda _: DataKey(MARK).open(b"", PLACE),
    lambda folder: key_file_with(f"k1:{ENCODED}!", folder),
    lambda folder: key_file_with(f"{ENCODED}", folder),
    lambda folder: key_file_with(f"k1:{ENCODED} k1:{ENCODED}", folder),
    lambda folder: key_file_with(f"k1:{ENCODED} \N{SNOWMAN}", folder),
    lambda folder: MasterKeyRing([("k1", MARK)]).save(folder / ("too-long-for-a-copy" * 13)),
    lambda _: decode_scalar(b"i" + VALUE.encode()),
    lambda _: decode_scalar(VALUE.encode() + b"\xff"),
]


@pytest.mark.parametrize("number", range(len(FAILURES)))
def test_failing_shows_no_secret(number: int, tmp_path: Path) -> None:
    with pytest.raises(SecrecyError) as caught:
        FAILURES[number](tmp_path)
    error = caught.value
    assert clean(str(error))
    assert clean(repr(error))
    assert clean("".join(traceback.format_exception(error)))
    assert clean(pickle.dumps(error).decode("latin-1"))
    assert clean(variables_in_our_frames(error))


def test_refusals_of_undecodable_bytes_carry_no_other_error(tmp_path: Path) -> None:
    # A UnicodeDecodeError has the whole content as an attribute, and the chain of errors would take it along.
    path = tmp_path / "master.keys"
    path.write_bytes(b"k1:" + ENCODED.encode() + b"\xff")
    path.chmod(0o600)
    for fail in (lambda: MasterKeyRing.load_or_create(path), lambda: decode_scalar(VALUE.encode() + b"\xff")):
        with pytest.raises(SecrecyError) as caught:
            fail()
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None


def test_mask_errors_show_names_only() -> None:
    with pytest.raises(UnknownMaskError) as caught:
        restore("credentials", {"a": VALUE, "b": {"$secret": "n", "set": True}}, {"other": VALUE})
    assert clean("".join(traceback.format_exception(caught.value)))
    assert clean(repr(caught.value))


def test_errors_survive_the_way_between_processes() -> None:
    with pytest.raises(MissingMasterKeyError) as missing:
        MasterKeyRing([("k1", MARK)]).unwrap("t", WrappedKey("k2", b""))
    again = pickle.loads(pickle.dumps(missing.value))  # noqa: S301 - our own bytes
    assert (str(again), again.key_id) == (str(missing.value), "k2")
    with pytest.raises(UnknownMaskError) as unknown:
        restore("credentials", {"$secret": "n", "set": True}, {})
    assert pickle.loads(pickle.dumps(unknown.value)).faults == unknown.value.faults  # noqa: S301 - our own bytes


def test_the_leaf_names_itself() -> None:
    leaf: SecretLeaf = secret_leaves("credentials", {"x": VALUE})[0]
    assert "credentials:x" in repr(leaf)


@pytest.mark.parametrize("holder", holders(), ids=lambda holder: type(holder).__name__)
def test_what_is_shown_instead_says_so(holder: Any) -> None:
    assert type(holder).__name__ in repr(holder)
    assert "hidden" in str(holder)
