"""The bodies that Odoo really sends, beside what the replaced system (PyYAML, YAML 1.1) made of them."""

import json
from pathlib import Path

import pytest
import yaml

from sprintia_platform.content import json_view, read_json, read_yaml, to_json, write_yaml

SAMPLES = Path(__file__).parents[2] / "samples"
JSON_SAMPLES = sorted(SAMPLES.glob("*.json"))
YAML_SAMPLES = sorted(SAMPLES.glob("*.yaml"))
POSTED_YAML = [path for path in JSON_SAMPLES if "yaml_content" in json.loads(path.read_text("utf-8"))]


def test_the_samples_are_there() -> None:
    assert len(JSON_SAMPLES) >= 8
    assert len(YAML_SAMPLES) >= 2
    assert len(POSTED_YAML) >= 3


@pytest.mark.parametrize("path", JSON_SAMPLES, ids=lambda path: path.name)
def test_json_bodies_read_as_by_the_standard_library(path: Path) -> None:
    value = read_json(path.read_bytes())
    assert json.loads(to_json(value)) == json.loads(path.read_bytes())


@pytest.mark.parametrize("path", [*YAML_SAMPLES, *POSTED_YAML], ids=lambda path: path.name)
def test_yaml_reads_as_by_pyyaml(path: Path) -> None:
    """None of the samples has a scalar in which YAML 1.1 and 1.2 differ: 09:00 is a string to both, 18:00 is quoted."""
    text = path.read_text("utf-8")
    if path.suffix == ".json":
        text = read_json(text.encode())["yaml_content"]
    value = read_yaml(text)
    assert json.loads(to_json(json_view(value))) == yaml.safe_load(text)
    assert read_yaml(write_yaml(value)) == value
    assert yaml.safe_load(write_yaml(value)) == yaml.safe_load(text)


def test_numbers_of_the_samples_are_kept_to_the_letter() -> None:
    body = read_json((SAMPLES / "scheduling_post.json").read_bytes())
    assert '"duration":1.0,' in to_json(read_yaml(body["yaml_content"]))
    assert '"business_hours_start":9.0,' in to_json(read_json((SAMPLES / "webhook_company_metadata.json").read_bytes()))


def test_aliases_of_the_company_services_document_are_the_same_parts() -> None:
    document = read_yaml((SAMPLES / "company_services_document.yaml").read_text("utf-8"))
    assert document["modules"]["company_info"] is document["company_metadata"]["company_info"]
    assert document["modules"]["company_info"]["address"]["city"] == "São Paulo"
