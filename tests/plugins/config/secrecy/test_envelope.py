"""A sealed value opens at its own place under its own key, and nowhere else."""

from dataclasses import fields, replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sprintia_config.secrecy import DataKey, DecryptionError, Place, SecrecyError

PLACE = Place(
    purpose="secret", tenant_id="account_1", domain="retail", config_type="credentials", name="fb_token", version=3
)
KEY = DataKey(bytes(range(32)))

places = st.builds(
    Place,
    purpose=st.text(max_size=8),
    tenant_id=st.text(max_size=8),
    domain=st.text(max_size=8),
    config_type=st.text(max_size=8),
    name=st.text(max_size=8),
    version=st.none() | st.integers(min_value=0),
)


@given(st.binary(max_size=500), places)
@example(b"", PLACE)
def test_what_was_sealed_opens_at_its_place(plaintext: bytes, place: Place) -> None:
    sealed = KEY.seal(plaintext, place)
    assert KEY.open(sealed, place) == plaintext
    assert len(sealed) == len(plaintext) + 29


@given(places, places)
@example(replace(PLACE, domain="a", config_type="bc"), replace(PLACE, domain="ab", config_type="c"))
@example(replace(PLACE, version=None), replace(PLACE, version=0))
@example(replace(PLACE, name="1", version=None), replace(PLACE, name="", version=1))
def test_a_moved_value_does_not_open(home: Place, elsewhere: Place) -> None:
    sealed = KEY.seal(b"value", home)
    if home == elsewhere:
        assert KEY.open(sealed, elsewhere) == b"value"
    else:
        assert home.encode() != elsewhere.encode()
        with pytest.raises(DecryptionError):
            KEY.open(sealed, elsewhere)


@pytest.mark.parametrize("field", [field.name for field in fields(Place)])
def test_each_field_of_the_place_is_bound(field: str) -> None:
    elsewhere = replace(PLACE, **{field: 4 if field == "version" else "other"})
    with pytest.raises(DecryptionError):
        KEY.open(KEY.seal(b"value", PLACE), elsewhere)


def test_every_flipped_bit_is_found() -> None:
    sealed = KEY.seal(b"hunter2", PLACE)
    for position in range(len(sealed) * 8):
        altered = bytearray(sealed)
        altered[position // 8] ^= 1 << position % 8
        with pytest.raises(DecryptionError):
            KEY.open(bytes(altered), PLACE)


def test_every_cut_and_every_addition_is_found() -> None:
    sealed = KEY.seal(b"hunter2", PLACE)
    for damaged in [sealed[:length] for length in range(len(sealed))] + [sealed + b"\0", b"\0" + sealed]:
        with pytest.raises(DecryptionError):
            KEY.open(damaged, PLACE)


def test_a_later_format_is_named_as_such() -> None:
    with pytest.raises(DecryptionError, match="newer"):
        KEY.open(b"\x02" + KEY.seal(b"x", PLACE)[1:], PLACE)


def test_another_key_does_not_open() -> None:
    with pytest.raises(DecryptionError):
        DataKey.generate().open(KEY.seal(b"value", PLACE), PLACE)


def test_sealing_twice_gives_different_bytes() -> None:
    nonces = {KEY.seal(b"value", PLACE)[1:13] for _ in range(1000)}
    assert len(nonces) == 1000


def test_fingerprints_compare_versions() -> None:
    assert KEY.fingerprint(b"value", PLACE) == KEY.fingerprint(b"value", replace(PLACE, version=4))
    assert KEY.fingerprint(b"value", PLACE) != KEY.fingerprint(b"other", PLACE)
    assert len(KEY.fingerprint(b"", PLACE)) == 32


@pytest.mark.parametrize("field", [field.name for field in fields(Place) if field.name != "version"])
def test_equal_values_at_two_places_do_not_show_as_equal(field: str) -> None:
    assert KEY.fingerprint(b"value", PLACE) != KEY.fingerprint(b"value", replace(PLACE, **{field: "other"}))


def test_fingerprints_differ_by_key() -> None:
    assert KEY.fingerprint(b"value", PLACE) != DataKey.generate().fingerprint(b"value", PLACE)


def test_the_place_cannot_be_continued_by_the_value() -> None:
    # If place and value were merely joined, a longer name and a shorter value could give one message.
    assert KEY.fingerprint(b"bc", replace(PLACE, name="a")) != KEY.fingerprint(b"c", replace(PLACE, name="ab"))


def test_sealing_and_fingerprint_keys_are_pinned() -> None:
    # Known answer: a change of label, encoding or derivation would make every stored row unreadable.
    assert PLACE.encode() == (
        b"sprintia-config place 1"
        b"s\0\0\0\0\0\0\0\x06secret"
        b"s\0\0\0\0\0\0\0\x09account_1"
        b"s\0\0\0\0\0\0\0\x06retail"
        b"s\0\0\0\0\0\0\0\x0bcredentials"
        b"s\0\0\0\0\0\0\0\x08fb_token"
        b"i\0\0\0\0\0\0\0\x013"
    )
    sealed = bytes.fromhex("01ad96e6daf0dd30bb6b35fcebf7b1931dd29435f1b54be9534d6f4e76213dee93313894")
    assert KEY.open(sealed, PLACE) == b"hunter2"
    assert (
        KEY.fingerprint(b"hunter2", PLACE).hex() == "0ca79479c0a05311a3c8da7f55ddb305b91e70deb02246c1fed8e45f9ba2e397"
    )


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_key_material_has_32_bytes(length: int) -> None:
    with pytest.raises(SecrecyError, match=f"not {length}"):
        DataKey(b"k" * length)


def test_keys_compare_by_material() -> None:
    assert DataKey(bytes(range(32))) == KEY
    assert hash(DataKey(bytes(range(32)))) == hash(KEY)
    assert DataKey.generate() != DataKey.generate()
    assert bytes(range(32)) != KEY


def test_the_message_says_where() -> None:
    with pytest.raises(DecryptionError, match="secret of account_2/retail/credentials/fb_token, version 3"):
        KEY.open(KEY.seal(b"value", PLACE), replace(PLACE, tenant_id="account_2"))


def test_a_hostile_place_stays_one_short_line() -> None:
    place = replace(PLACE, name="a\nERROR forged log line" + "x" * 10_000)
    with pytest.raises(DecryptionError) as caught:
        KEY.open(b"\x01" * 60, place)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_lone_surrogates_are_no_crash() -> None:
    place = replace(PLACE, name="\ud800")
    assert KEY.open(KEY.seal(b"value", place), place) == b"value"
