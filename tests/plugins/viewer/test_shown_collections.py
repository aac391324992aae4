"""Tenants by collections: where each is enabled, and where a tenant's own documents disagree."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sprintia_config_client.contract import TenantValue
from sprintia_viewer.shown.collections import LONGEST_NAME, MOST_COLUMNS, matrix


def value(tenant: str, kind: str, given: object, domain: str = "retail") -> TenantValue:
    text = given if isinstance(given, str) else json.dumps(given)
    return TenantValue(
        tenant_id=tenant, domain=domain, config_type=kind, version=1, updated_at=datetime(2026, 1, 1, tzinfo=UTC),
        value_text=text,
    )  # fmt: skip


def test_a_tenant_whose_documents_disagree_drifts() -> None:
    found = matrix([
        value("a", "config", ["faq", "products"]), value("a", "metadata", ["products", "faq", "faq"]),
        value("b", "config", ["faq"]), value("b", "company_metadata", ["faq", "rules"]),
        value("c", "config", []), value("c", "metadata", ["faq"]),
    ])  # fmt: skip
    assert found.columns == ("faq", "products", "rules")
    assert [(row.tenant_id, row.drift) for row in found.rows] == [("a", False), ("b", True), ("c", True)]
    assert found.rows[1].documents == ("retail/config", "retail/company_metadata")
    assert found.rows[1].cells["rules"].enabled_in == ("retail/company_metadata",)
    assert (found.rows[1].cells["faq"].agreed, found.rows[1].cells["rules"].agreed) == (True, False)


@pytest.mark.parametrize(
    "odd",
    [None, 3, '"faq"', [1], [["faq"]], {"$secret": "x", "set": True}, ["a", None], "[", "", "1e999", "[" * 9_999],
)  # fmt: skip
def test_what_is_no_list_of_texts_is_named_and_breaks_nothing(odd: object) -> None:
    (row,) = matrix([value("a", "config", odd), value("a", "metadata", ["faq"])]).rows
    assert (row.unreadable, row.documents, list(row.cells), row.drift) == (
        ("retail/config",), ("retail/metadata",), ["faq"], False,
    )  # fmt: skip


def test_a_mapping_of_yes_and_no_counts_as_its_yes() -> None:
    (row,) = matrix([value("a", "config", {"faq": True, "rules": False, "other": "yes"})]).rows
    assert list(row.cells) == ["faq"]


def test_columns_are_bounded_and_the_rest_is_counted() -> None:
    names = [f"c{number:03d}" for number in range(MOST_COLUMNS + 3)]
    found = matrix([value("a", "config", names), value("b", "config", names[:1]), value("a", "metadata", names[:-1])])
    assert (len(found.columns), found.more_columns) == (MOST_COLUMNS, 3)
    assert [(len(row.cells), row.more, row.drift) for row in found.rows] == [(MOST_COLUMNS, 3, True), (1, 0, False)]
    assert all(set(row.cells) <= set(found.columns) for row in found.rows)


def test_endless_names_are_cut() -> None:
    assert [len(name) for name in matrix([value("a", "config", ["x" * 10_000])]).columns] == [LONGEST_NAME]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["config", "metadata"]),
                          st.lists(st.sampled_from(["faq", "rules", "", "é"])))))  # fmt: skip
def test_every_enabled_collection_has_its_cell(given_: list[tuple[str, str, list[str]]]) -> None:
    latest = {(tenant, kind): names for tenant, kind, names in given_}
    found = matrix([value(tenant, kind, names) for (tenant, kind), names in latest.items()])
    rows = {row.tenant_id: row for row in found.rows}
    for (tenant, kind), names in latest.items():
        for column in found.columns:
            cell = rows[tenant].cells.get(column)
            assert (cell is not None and f"retail/{kind}" in cell.enabled_in) is (column in names)
