"""The ring: its text form, wrapping bound to key id and tenant, rotation."""

import base64
import hashlib
from pathlib import Path

import pytest

from sprintia_config.secrecy import (
    DataKey,
    DecryptionError,
    MasterKeyError,
    MasterKeyRing,
    MissingMasterKeyError,
    WrappedKey,
)


def encoded(key: bytes) -> str:
    return base64.b64encode(key).decode()


# The same in every worker: they stand in the names of tests.
OLD, NEW = hashlib.sha256(b"old").digest(), hashlib.sha256(b"new").digest()
TEXT = f"new:{encoded(NEW)}\nold:{encoded(OLD)}\n"


@pytest.mark.parametrize("separator", ["\n", " ", ",", ", ", "\r\n", "\t", " ,\n,"])
def test_entries_may_be_separated_as_one_likes(separator: str) -> None:
    ring = MasterKeyRing.parse(f"new:{encoded(NEW)}{separator}old:{encoded(OLD)}")
    assert ring.key_ids == ("new", "old")
    assert ring.current_id == "new"


def test_comments_are_left_out() -> None:
    assert MasterKeyRing.parse(f"# k9:abc\n{TEXT}# end").key_ids == ("new", "old")


def test_the_text_form_round_trips() -> None:
    ring = MasterKeyRing.parse(TEXT)
    again = MasterKeyRing.parse(ring.reveal())
    key = DataKey.generate()
    assert again.key_ids == ring.key_ids
    assert again.unwrap("t", ring.wrap("t", key)) == key


MARK = "Qm9tRGlhU2VncmVkb1BsYW50YWRv"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "no master key"),
        (" ,\n", "no master key"),
        ("# only a comment", "no master key"),
        (MARK, "entry 1 has no colon"),
        (f"new:{encoded(NEW)} {MARK}", "entry 2 has no colon"),
        (f"k1:{MARK}!", "entry 1 is not base64"),
        (f"k1:{MARK}é", "entry 1 is not base64"),
        (f"k1:{MARK}", "entry 1 has 21 bytes"),
        (f"k1:{MARK}{MARK}", "entry 1 has 42 bytes"),
        (f"{MARK}:{encoded(NEW)}", "id of entry 1"),
        (f":{encoded(NEW)}", "id of entry 1"),
        (f"k.1:{encoded(NEW)}", "id of entry 1"),
        (f"k1:{encoded(NEW)[:-1]}", "entry 1 is not base64"),
        (f"k1:k2:{encoded(NEW)}", "entry 1 is not base64"),
        (f"k1:{encoded(NEW)} k1:{encoded(OLD)}", "entries 1 and 2 have the same id"),
        (f"k1:{encoded(NEW)} k2:{encoded(NEW)}", "entries 1 and 2 hold the same key"),
        (f"k1:{encoded(bytes(32))}", "not random"),
        (f"k1:{encoded(b'abcd' * 8)}", "not random"),
    ],
)
def test_faults_are_named_by_place_and_cure_without_the_text(text: str, what: str) -> None:
    with pytest.raises(MasterKeyError) as caught:
        MasterKeyRing.parse(text)
    message = str(caught.value)
    assert message.startswith("SPRINTIA_CONFIG_MASTER_KEYS: ")
    assert what in message
    assert any(cure in message for cure in ("expected id:base64", "give each key its own", "remove one"))
    for secret in (MARK, encoded(NEW), encoded(OLD), encoded(NEW)[:20]):
        assert secret not in message


def test_a_key_with_stray_bits_at_its_end_is_refused() -> None:
    # 43 characters carry 258 bits: the last two must be zero, or the text was damaged.
    text = encoded(NEW)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    stray = text[:42] + alphabet[alphabet.index(text[42]) ^ 1] + "="
    with pytest.raises(MasterKeyError, match="as an encoder writes it"):
        MasterKeyRing.parse(f"k1:{stray}")


def test_wrap_and_unwrap() -> None:
    ring, key = MasterKeyRing.parse(TEXT), DataKey.generate()
    wrapped = ring.wrap("account_1", key)
    assert wrapped.key_id == "new"
    assert len(wrapped.ciphertext) == 61
    assert ring.unwrap("account_1", wrapped) == key
    assert ring.wrap("account_1", key) != wrapped


def test_another_tenants_row_does_not_unwrap() -> None:
    ring = MasterKeyRing.parse(TEXT)
    with pytest.raises(DecryptionError, match="account_2"):
        ring.unwrap("account_2", ring.wrap("account_1", DataKey.generate()))


def test_a_row_under_another_key_id_does_not_unwrap() -> None:
    ring = MasterKeyRing([("a", OLD), ("b", NEW)])
    wrapped = ring.wrap("t", DataKey.generate())
    with pytest.raises(DecryptionError):
        ring.unwrap("t", WrappedKey("b", wrapped.ciphertext))
    # Not even when both ids stand for one key, in two rings: the id itself is bound.
    with pytest.raises(DecryptionError):
        MasterKeyRing([("b", OLD)]).unwrap("t", WrappedKey("b", wrapped.ciphertext))


def test_a_missing_master_key_is_named() -> None:
    wrapped = MasterKeyRing([("gone", OLD)]).wrap("account_1", DataKey.generate())
    with pytest.raises(MissingMasterKeyError, match=r"'gone'.*put that key back") as caught:
        MasterKeyRing([("here", NEW)]).unwrap("account_1", wrapped)
    assert caught.value.key_id == "gone"


def test_a_replaced_key_under_the_same_id_fails_closed() -> None:
    wrapped = MasterKeyRing([("k1", OLD)]).wrap("account_1", DataKey.generate())
    with pytest.raises(DecryptionError, match="replaced key file"):
        MasterKeyRing([("k1", NEW)]).unwrap("account_1", wrapped)


def test_every_flipped_bit_of_a_wrapped_key_is_found() -> None:
    ring = MasterKeyRing.parse(TEXT)
    wrapped = ring.wrap("t", DataKey.generate())
    for position in range(len(wrapped.ciphertext) * 8):
        altered = bytearray(wrapped.ciphertext)
        altered[position // 8] ^= 1 << position % 8
        with pytest.raises(DecryptionError):
            ring.unwrap("t", WrappedKey(wrapped.key_id, bytes(altered)))


@pytest.mark.parametrize("length", [0, 1, 12, 60, 62])
def test_a_wrapped_key_of_another_length_is_refused(length: int) -> None:
    ring = MasterKeyRing.parse(TEXT)
    ciphertext = ring.wrap("t", DataKey.generate()).ciphertext + b"\0"
    with pytest.raises(DecryptionError):
        ring.unwrap("t", WrappedKey("new", ciphertext[:length]))


def test_rotation_wraps_with_the_new_key_and_reads_the_old() -> None:
    ring, key = MasterKeyRing.parse(TEXT), DataKey.generate()
    before = ring.wrap("t", key)
    rotated = ring.with_new_key()
    assert rotated.key_ids[1:] == ring.key_ids
    assert ring.key_ids == ("new", "old")
    assert rotated.unwrap("t", before) == key
    assert rotated.needs_rewrap(before)
    after = rotated.wrap("t", rotated.unwrap("t", before))
    assert not rotated.needs_rewrap(after)
    with pytest.raises(MissingMasterKeyError):
        ring.unwrap("t", after)


def test_each_rotation_has_its_own_id() -> None:
    ring = MasterKeyRing.parse(TEXT)
    assert len({ring.with_new_key().current_id for _ in range(100)}) == 100


def test_retiring_a_key() -> None:
    ring = MasterKeyRing.parse(TEXT)
    assert ring.without_key("old").key_ids == ("new",)
    with pytest.raises(MasterKeyError, match="current"):
        ring.without_key("new")
    with pytest.raises(MasterKeyError, match="no master key 'other'"):
        ring.without_key("other")


@pytest.mark.parametrize("keys", [[], [("k1", b"short")], [("", OLD)], [("k1", OLD), ("k1", NEW)]])
def test_a_ring_made_in_code_is_checked_too(keys: list[tuple[str, bytes]]) -> None:
    with pytest.raises(MasterKeyError):
        MasterKeyRing(keys)


def test_the_file_is_named_where_it_is_at_fault(tmp_path: Path) -> None:
    path = tmp_path / "master.keys"
    path.write_text("broken")
    path.chmod(0o600)
    with pytest.raises(MasterKeyError, match=f"the key file {path}: entry 1 has no colon"):
        MasterKeyRing.load_or_create(path)
