"""The mapping as values: parting it by tenant and putting it together loses and invents nothing."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sprintia_config.mapping.slices import Slice, patched, read_mapping, union, union_text
from sprintia_platform.content.values import to_json

TENANTS = st.sampled_from(["account_1", "account_2", "123456", "z"])
KEYS = st.text("0123456789abc-", min_size=1, max_size=4).filter(lambda key: key not in {"None", "False", "null"})
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
EXTRAS = st.dictionaries(st.sampled_from(["crew", "nota", "vip"]), WORDS, max_size=2)
SETTINGS = settings(max_examples=50, deadline=None)


@st.composite
def entries(draw: st.DrawFn, **more: st.SearchStrategy[Any]) -> dict[str, Any]:
    known = {"account_id": draw(TENANTS), "domain": draw(st.sampled_from(["retail", "default"]))}
    return draw(EXTRAS) | known | {name: draw(strategy) for name, strategy in more.items()}


MAPPINGS = st.fixed_dictionaries(
    {
        "accounts": st.dictionaries(KEYS, entries(), max_size=6),
        "inboxes": st.dictionaries(KEYS, entries(), max_size=6),
        "fallbacks": st.lists(entries(sequence=st.integers(-(2**31), 2**31 - 1)), max_size=6),
        "special_numbers": st.lists(entries(number=st.from_regex(r"\+[0-9]{3,20}", fullmatch=True)), max_size=6),
    }
)


def by_tenant(items: list[dict[str, Any]]) -> list[str]:
    return sorted(to_json(item) for item in items)


@SETTINGS
@given(MAPPINGS)
def test_the_parts_of_the_union_are_what_was_sent(sent: dict[str, Any]) -> None:
    given_mapping = read_mapping(sent)
    whole = union(given_mapping.slices)
    assert whole["accounts"] == sent["accounts"]
    assert whole["inboxes"] == sent["inboxes"]
    for section in ("fallbacks", "special_numbers"):
        assert by_tenant(whole[section]) == by_tenant(sent[section])  # type: ignore[arg-type]
        # Within a tenant the order is the sender's.
        for tenant, part in given_mapping.slices.items():
            assert list(getattr(part, section)) == [entry for entry in sent[section] if entry["account_id"] == tenant]
    for tenant, part in given_mapping.slices.items():
        every = [*part.accounts.values(), *part.inboxes.values(), *part.fallbacks, *part.special_numbers]
        assert every
        assert {entry["account_id"] for entry in every} == {tenant}


@SETTINGS
@given(MAPPINGS)
def test_reading_what_was_put_together_gives_the_same_parts(sent: dict[str, Any]) -> None:
    slices = read_mapping(sent).slices
    assert read_mapping(union(slices)).slices == slices


@SETTINGS
@given(MAPPINGS)
def test_the_text_of_the_union_is_the_union_as_text(sent: dict[str, Any]) -> None:
    slices = read_mapping(sent).slices
    assert union_text({tenant: part.to_text() for tenant, part in slices.items()}) == to_json(union(slices)).encode()


def test_the_text_of_the_union_keeps_every_digit() -> None:
    entry = '{"account_id":"a","domain":"d","weight":1.10,"zero":-0,"large":9007199254740993,"wide":1e400}'
    text = f'{{"accounts":{{"1":{entry}}},"inboxes":{{}},"fallbacks":[{entry}],"special_numbers":[]}}'
    assert union_text({"a": text}) == text.encode() == to_json(union({"a": Slice.from_text(text)})).encode()


@SETTINGS
@given(MAPPINGS)
def test_a_stored_part_reads_back_the_same(sent: dict[str, Any]) -> None:
    for part in read_mapping(sent).slices.values():
        assert Slice.from_text(part.to_text()) == part
        assert Slice.from_text(part.to_text()).to_text() == part.to_text()


@SETTINGS
@given(MAPPINGS, MAPPINGS)
def test_a_patch_gives_what_it_says_and_keeps_the_rest(standing: dict[str, Any], change: dict[str, Any]) -> None:
    before = read_mapping(standing).slices
    after = patched(before, read_mapping(change))
    whole = union(after)
    for section in ("accounts", "inboxes"):
        assert whole[section] == standing[section] | change[section]
        owned = [key for part in after.values() for key in getattr(part, section)]
        assert len(owned) == len(set(owned))  # each key has one owner
    for section in ("fallbacks", "special_numbers"):
        named = {entry["account_id"] for entry in change[section]}
        kept = [entry for entry in standing[section] if entry["account_id"] not in named]
        assert by_tenant(whole[section]) == by_tenant(kept + change[section])  # type: ignore[arg-type]


@SETTINGS
@given(MAPPINGS, MAPPINGS)
def test_a_patch_twice_is_a_patch_once(standing: dict[str, Any], change: dict[str, Any]) -> None:
    once = patched(read_mapping(standing).slices, read_mapping(change))
    twice = patched(once, read_mapping(change))
    assert {tenant: part.to_text() for tenant, part in once.items()} == {
        tenant: part.to_text() for tenant, part in twice.items()
    }


@SETTINGS
@given(MAPPINGS, st.data())
def test_null_removes_the_key_and_nothing_else(standing: dict[str, Any], data: st.DataObject) -> None:
    gone = data.draw(st.lists(st.sampled_from([*standing["accounts"], "zz"]), unique=True))
    change = read_mapping({"accounts": dict.fromkeys(gone)}, allow_null=True)
    whole = union(patched(read_mapping(standing).slices, change))
    assert whole["accounts"] == {key: entry for key, entry in standing["accounts"].items() if key not in gone}
    assert whole["inboxes"] == standing["inboxes"]
