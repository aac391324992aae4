"""Who set what: each line with the version that last set it, and what is said where that is not known."""

from threading import Event, Thread

import pytest
from sprintia_testing.arrangements import Arrangement
from sprintia_testing.commands import CommandLineHere
from sprintia_testing.databases import TestDatabases

from sprintia_viewer.web import links

EN = {"language": "en"}
YAML = {"Content-Type": "application/yaml"}
KEY = ("blamed", "retail", "config")
SHORT = ("forgotten", "retail", "config")
BUSY = ("busy", "retail", "config")
SECRET = ("blamed", "retail", "credentials")
SENTINEL = "sentinel-of-a-blamed-secret"


def put(made: Arrangement, key: tuple[str, str, str], text: str) -> None:
    answer = made.config_client.put(f"/configs/{'/'.join(key)}", content=text.encode(), headers=YAML)
    assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def arrangement(arrangement: Arrangement) -> Arrangement:
    for number in range(1, 4):
        put(arrangement, KEY, f"# note\nfirst: 1\nsecond: {min(number, 2)}\nthird: {number}\n")
        put(arrangement, SHORT, f"same: 1\nnumber: {number}\n")
    put(arrangement, SECRET, f"plain: 1\ncredentials:\n  odoo: {SENTINEL}\n")
    put(arrangement, BUSY, "start: 1\n")
    TestDatabases.run(
        arrangement.config.database_url,
        "UPDATE config.document_version SET created_at = created_at - interval '9 days' WHERE tenant_id = $1",
        SHORT[0],
    )
    rule = {"SPRINTIA_CONFIG_RETENTION_VERSIONS": "1", "SPRINTIA_CONFIG_RETENTION_DAYS": "1"}
    command = CommandLineHere({**arrangement.config.environ, **rule, "SPRINTIA_PLUGINS": "config"})
    assert command.json("config", "retention", "--tenant", SHORT[0])[0]["versions"] == 2
    return arrangement


def test_each_line_names_the_version_that_last_set_it(arrangement: Arrangement) -> None:
    person = arrangement.person("viewer")
    data = person.get(links.blame(*KEY), params={"format": "json"}).json()
    assert [each["path"] and each["path"]["version"] for each in data["lines"]] == [None, 1, 2, 3]
    ages = [each["age"] for each in data["lines"]]
    assert ages[1] > ages[2] > ages[3] == 0, "the newest is the warmest"
    page = person.get(links.blame(*KEY), params=EN).text
    for number in (1, 2, 3):
        assert f'"{links.version(*KEY, number)}"' in page
    assert "<time" in page


def test_values_older_than_what_is_kept_are_said_to_be(arrangement: Arrangement) -> None:
    person = arrangement.person("viewer")
    page = person.get(links.blame(*SHORT), params=EN)
    assert page.status_code == 200, page.text
    assert "Only the versions from v3 on were looked at" in page.text
    data = person.get(links.blame(*SHORT), params={"format": "json"}).json()
    assert [each["path"]["version"] for each in data["lines"]] == [None, None], "v2 is gone: nobody knows what v3 set"
    compared = person.get(links.document(*SHORT, "diff"))
    assert compared.headers["location"] == links.difference(*SHORT, 3, 3), "there is nothing older to compare with"
    assert person.get(compared.headers["location"]).status_code == 200
    for gone in (1, 2):
        assert f'"{links.version(*SHORT, gone)}"' not in page.text
        assert links.difference(*SHORT, gone, gone + 1) not in page.text


def test_a_secret_has_an_age_and_no_value(arrangement: Arrangement) -> None:
    for role in ("viewer", "admin"):
        page = arrangement.person(role).get(links.blame(*SECRET), params=EN)
        assert page.status_code == 200, page.text
        assert SENTINEL not in page.text
        assert f'"{links.version(*SECRET, 1)}"' in page.text


def test_lines_and_versions_are_of_one_version_while_somebody_writes(arrangement: Arrangement) -> None:
    stop = Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            put(arrangement, BUSY, "".join(f"key_{number}_{line}: {number}\n" for line in range(3)))

    writer = Thread(target=write)
    writer.start()
    try:
        person = arrangement.person("viewer")
        for _ in range(25):
            data = person.get(links.blame(*BUSY), params={"format": "json"}).json()
            assert data["standing"] == data["blame"]["version"]
            assert all(each["path"] for each in data["lines"]), "a line without its version is one of another text"
    finally:
        stop.set()
        writer.join()


def test_a_deleted_or_unknown_document_has_no_blame(arrangement: Arrangement) -> None:
    answer = arrangement.person("viewer").get(links.blame("blamed", "retail", "unknown"))
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


def test_json_on_one_line_is_told_line_by_line(arrangement: Arrangement) -> None:
    key = ("blamed", "retail", "from-a-program")
    for number in (1, 2):
        answer = arrangement.config_client.put(f"/configs/{'/'.join(key)}", json={"same": 1.10, "number": number})
        assert answer.status_code == 200, answer.text
    lines = arrangement.person("viewer").get(links.blame(*key), params={"format": "json"}).json()["lines"]
    assert [line["path"] and line["path"]["version"] for line in lines] == [None, 1, 2, None]
