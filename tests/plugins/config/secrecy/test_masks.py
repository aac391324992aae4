"""A mask hides its value, comes back as that value, and is never saved."""

import contextlib
import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sprintia_config.secrecy import (
    JsonScalar,
    MalformedMaskError,
    MaskError,
    MisplacedMaskError,
    UnknownMaskError,
    contains_mask,
    mask,
    restore,
    secret_leaves,
)
from sprintia_platform.content.values import Json, Number

numbers = st.from_regex(
    r"-?(0|[1-9][0-9]{0,3})(\.[0-9]{1,3}([eE][-+]?[0-9]{1,3})?|[eE][0-9]{1,2})", fullmatch=True
).map(Number)
scalars = st.none() | st.booleans() | st.integers() | numbers | st.text(max_size=12)
keys = st.text(max_size=5) | st.sampled_from(["password", "token", "account_id", "credentials", "secrets", "x_ref"])
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=20
)
types = st.sampled_from(["credentials", "config"])

CREDENTIALS: Json = {
    "account_id": "account_1",
    "credentials": {"fb_token": "T0P", "pin": Number("1.10"), "big": 9007199254740993, "empty": "", "none": None},
}


def standing_in(config_type: str, value: Json) -> dict[str, JsonScalar]:
    return {leaf.name: leaf.scalar for leaf in secret_leaves(config_type, value)}


def exact(value: Json) -> Any:
    """A form in which 1, True and 1.0 differ, and the order of keys counts."""
    if isinstance(value, dict):
        return [(key, exact(item)) for key, item in value.items()]
    if isinstance(value, list):
        return ["list", *map(exact, value)]
    return type(value), value


@given(types, documents)
def test_a_mask_sent_back_is_the_value(config_type: str, value: Json) -> None:
    before = copy.deepcopy(value)
    masked = mask(config_type, value)
    restored = restore(config_type, masked, standing_in(config_type, value))
    assert exact(restored) == exact(before)
    assert exact(value) == exact(before)
    assert not contains_mask(restored)
    if not secret_leaves(config_type, value):
        assert masked is value


@given(types, documents)
def test_masking_leaves_no_secret_leaf(config_type: str, value: Json) -> None:
    masked = mask(config_type, value)
    assert contains_mask(masked) == bool(secret_leaves(config_type, value))
    for leaf in secret_leaves(config_type, masked):
        # What is found in a masked document is inside of masks: a name, or the flag.
        assert leaf.path[-1] in {"$secret", "set"}


# Masks of every kind of wrongness, at random places among honest values.
bad_masks = st.fixed_dictionaries(
    {"$secret": st.sampled_from(["fb_token", "pin", "unknown", ""]) | documents},
    optional={"set": st.booleans() | documents, "other": documents},
)
hostile = st.recursive(
    scalars | bad_masks,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys | st.just("$secret"), inner, max_size=3),
    max_leaves=12,
)


@given(types, hostile)
def test_no_mask_is_ever_saved(config_type: str, value: Json) -> None:
    before = copy.deepcopy(value)
    standing = standing_in("credentials", CREDENTIALS)
    with contextlib.suppress(MaskError):
        restored = restore(config_type, value, standing)
        assert not contains_mask(restored)
        # Whatever was asked for, no standing value has come to stand in clear.
        assert "T0P" not in str(exact(mask(config_type, restored)))
    assert exact(value) == exact(before)


def test_the_shape_of_masks() -> None:
    assert mask("credentials", CREDENTIALS) == {
        "account_id": "account_1",
        "credentials": {
            "fb_token": {"$secret": "fb_token", "set": True},
            "pin": {"$secret": "pin", "set": True},
            "big": {"$secret": "big", "set": True},
            "empty": {"$secret": "empty", "set": False},
            "none": {"$secret": "none", "set": False},
        },
    }


def test_a_document_without_masks_is_returned_itself() -> None:
    assert restore("credentials", CREDENTIALS, {}) is CREDENTIALS


def test_some_values_may_be_new_and_others_kept() -> None:
    written: Json = {"credentials": {"fb_token": "new", "pin": {"$secret": "pin", "set": True}}}
    restored = restore("credentials", written, standing_in("credentials", CREDENTIALS))
    assert restored == {"credentials": {"fb_token": "new", "pin": Number("1.10")}}


@pytest.mark.parametrize("flag", [True, False])
def test_the_flag_is_for_the_reader(flag: bool) -> None:
    written: Json = {"credentials": {"a": {"$secret": "a", "set": flag}, "b": {"$secret": "b", "set": flag}}}
    assert restore("credentials", written, {"a": "", "b": "x"}) == {"credentials": {"a": "", "b": "x"}}


@pytest.mark.parametrize(
    "bad",
    [
        {"$secret": "fb_token"},
        {"$secret": "fb_token", "set": "true"},
        {"$secret": "fb_token", "set": 1},
        {"$secret": "fb_token", "set": True, "more": 1},
        {"$secret": "fb_token", "more": True},
        {"$secret": 7, "set": True},
        {"$secret": None, "set": True},
        {"$secret": ["fb_token"], "set": True},
        {"$secret": {"$secret": "fb_token", "set": True}, "set": True},
        {"$secret": "fb_token", "set": {"$secret": "fb_token", "set": True}},
        '{"$secret": "fb_token", "set": true}',
        "{$secret: fb_token, set: true}",
        ' { "$secret" : "fb_token"}',
        "{'$secret': 'fb_token', 'set': True}",
        '{\\"$secret\\": \\"fb_token\\"}',
    ],
)
@pytest.mark.parametrize("wrap", [lambda bad: bad, lambda bad: [[bad]], lambda bad: {"deep": [{"er": bad}]}])
def test_malformed_masks_are_refused_wherever_they_stand(bad: Json, wrap: Any) -> None:
    written: Json = {"ok": "x", "credentials": {"a/b": wrap(bad)}}
    with pytest.raises(MalformedMaskError) as caught:
        restore("credentials", written, {"fb_token": "T0P"})
    assert len(caught.value.faults) == 1
    assert caught.value.faults[0].pointer.startswith("/credentials/a~1b")
    assert caught.value.faults[0].name is None
    assert caught.value.faults[0].pointer in str(caught.value)


def test_malformed_masks_are_refused_in_clear_places_too() -> None:
    with pytest.raises(MalformedMaskError):
        restore("config", {"name": {"$secret": "x"}}, {})


def test_every_unknown_mask_is_listed() -> None:
    written: Json = {
        "credentials": {"a": {"$secret": "nope", "set": True}, "fb_token": {"$secret": "fb_token", "set": True}},
        "list": [{"$secret": "neither", "set": False}],
    }
    with pytest.raises(UnknownMaskError) as caught:
        restore("credentials", written, {"fb_token": "T0P"})
    assert [(fault.pointer, fault.name) for fault in caught.value.faults] == [
        ("/credentials/a", "nope"),
        ("/list/0", "neither"),
    ]
    assert "'nope'" in str(caught.value)
    assert "/list/0" in str(caught.value)
    assert "T0P" not in str(caught.value)


@pytest.mark.parametrize(
    ("config_type", "written"),
    [
        ("credentials", {"account_id": {"$secret": "s", "set": True}}),
        ("credentials", {"domain": {"$secret": "s", "set": True}}),
        ("config", {"name": {"$secret": "s", "set": True}}),
        ("config", {"password_ref": {"$secret": "s", "set": True}}),
        ("config", {"token": {"name_ref": {"$secret": "s", "set": True}}}),
        ("config", [{"$secret": "s", "set": True}]),
        ("config", {"$secret": "s", "set": True}),
        ("config", {"password": {"$secret": "empty", "set": False}}),
        ("config", {"max_secrets": {"$secret": "number", "set": True}}),
    ],
)
def test_a_mask_cannot_bring_its_value_to_a_readable_place(config_type: str, written: Json) -> None:
    with pytest.raises(MisplacedMaskError) as caught:
        restore(config_type, written, {"s": "T0P", "empty": "", "number": 7})
    assert len(caught.value.faults) == 1
    assert "T0P" not in str(caught.value)


def test_a_mask_may_move_between_secret_places() -> None:
    # The first of two tokens was taken out by somebody who cannot read them.
    value: Json = {"token": ["first", "second"]}
    masked: Any = mask("config", value)
    restored = restore("config", {"token": masked["token"][1:]}, standing_in("config", value))
    assert restored == {"token": ["second"]}


def test_one_part_in_two_places_changes_in_each_alone() -> None:
    shared: Json = {"user": "u", "password": "p"}
    value: Json = {"a": shared, "b": shared, "c": [shared]}
    masked: Any = mask("config", value)
    assert masked["a"]["password"]["$secret"] == "config:a.password"
    assert masked["b"]["password"]["$secret"] == "config:b.password"
    assert masked["c"][0]["password"]["$secret"] == "config:c.0.password"
    assert shared == {"user": "u", "password": "p"}


def test_what_is_unchanged_is_shared() -> None:
    value: Any = {"big": {"list": [1, 2, 3]}, "token": "t"}
    masked: Any = mask("config", value)
    assert masked["big"] is value["big"]
    assert list(masked) == ["big", "token"]


def test_a_document_that_is_one_secret() -> None:
    assert mask("credentials", "T0P") == {"$secret": "credentials:", "set": True}
    assert restore("credentials", {"$secret": "credentials:", "set": True}, {"credentials:": "T0P"}) == "T0P"


def test_many_faults_make_a_short_message() -> None:
    written: Json = [{"$secret": f"{number}\n" + "x" * 1000, "set": True} for number in range(500)]
    with pytest.raises(UnknownMaskError) as caught:
        restore("credentials", written, {})
    assert len(caught.value.faults) == 500
    assert len(str(caught.value)) < 10_000
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith("and 480 more")
