"""The audit log: asked by what it shows, by action and by day, and told in the reader's language."""

import csv
import json
import re
from datetime import UTC, datetime, timedelta
from html import escape
from html.parser import HTMLParser
from io import StringIO
from typing import Any

import httpx
import pytest
from sprintia_testing.arrangements import Arrangement
from sprintia_testing.mending import form_at, written
from sprintia_testing.shop import open_shop

from sprintia_viewer.web import links


@pytest.fixture(scope="module")
def arrangement(arrangement: Arrangement) -> Arrangement:
    open_shop(arrangement.config_client, "loja-aurora")
    return arrangement


class Cells(HTMLParser):
    """The texts of the table of events, as a person reads them."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = self._inside or (tag == "table" and ("id", "events") in attrs)

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "table"

    def handle_data(self, data: str) -> None:
        if self._inside and data.strip():
            self.texts.append(data.strip())


def events(person: httpx.Client, **query: str) -> list[dict[str, Any]]:
    answer = person.get(links.audit(), params={**query, "format": "json"})
    assert answer.status_code == 200, answer.text
    return [shown["event"] for shown in answer.json()["events"]]


def rolled_back(arrangement: Arrangement) -> str:
    """The name of an editor who rolled something back."""
    key = written(arrangement, "a: 1\n", "a: 2\n")
    somebody = arrangement.user("editor")
    editor, address = arrangement.person(somebody), links.rollback(*key, 1)
    assert editor.post(address, data=form_at(editor.get(address), address).fields).status_code == 303
    return somebody.name


def test_a_person_is_found_by_the_name_whatever_key_stood_between(arrangement: Arrangement) -> None:
    name, admin = rolled_back(arrangement), arrangement.person("admin")
    found = events(admin, actor=name)
    assert {"document.write", "session.open"} <= {event["action"] for event in found}
    assert {event["actor"].partition("/")[0] for event in found} == {f"user:{name}"}
    assert events(admin, actor=f"user:{name}")
    assert events(admin, actor=name[:-1]) == []


def test_a_key_is_found_by_its_name(arrangement: Arrangement) -> None:
    admin = arrangement.person("admin")
    (actor,) = {event["actor"] for event in events(admin, tenant="loja-aurora", action="document.write")}
    name = "API_KEY" if actor == "key:bootstrap" else "test"
    assert {event["actor"] for event in events(admin, actor=name, tenant="loja-aurora")} == {actor}


def test_days_count_in_the_zone_of_the_person_and_both_are_included(arrangement: Arrangement) -> None:
    admin = arrangement.person("admin")
    zone_day = datetime.now(UTC) - timedelta(hours=3)  # of São Paulo
    today, before, after = (f"{zone_day + timedelta(days=days):%Y-%m-%d}" for days in (0, -1, 1))
    everything = events(admin, tenant="loja-aurora")
    assert events(admin, tenant="loja-aurora", since=before, until=after) == everything
    assert events(admin, tenant="loja-aurora", until=f"{zone_day - timedelta(days=2):%Y-%m-%d}") == []
    assert events(admin, tenant="loja-aurora", since=f"{zone_day + timedelta(days=2):%Y-%m-%d}") == []
    assert {event["seq"] for event in events(admin, tenant="loja-aurora", since=today, until=today)} <= {
        event["seq"] for event in everything
    }
    for extreme in ("0001-01-01", "9999-12-31"):
        assert admin.get(links.audit(since=extreme, until=extreme)).status_code == 200


@pytest.mark.parametrize("wrong", ["yesterday", "22/11/2026", "2026-13-01", "<img src=x onerror=alert(1)>", "1" * 200])
def test_what_is_no_day_is_told_at_its_field(arrangement: Arrangement, wrong: str) -> None:
    page = arrangement.person("admin").get(links.audit(), params={"since": wrong, "language": "en"})
    assert (page.status_code, "This is no day" in page.text) == (422, True)
    assert "<img src=x" not in page.text


def test_in_portuguese_nothing_is_told_as_programs_write_it(arrangement: Arrangement) -> None:
    arrangement.user("viewer", may_reveal=True)
    page = arrangement.person("admin").get(links.audit())
    cells = Cells()
    cells.feed(page.text)
    read = "\n".join(cells.texts)
    assert "Documento gravado" in read
    assert "Usuário criado" in read
    assert "Versão" in cells.texts
    actions = {event["action"] for event in events(arrangement.person("admin"))}
    for code in (*actions, "True", "False", "None", "may_reveal", "tenants None", "['"):
        assert code not in cells.texts
    assert not re.search(r"\bTrue\b|\bFalse\b|\bNone\b|\['", read)
    assert re.search(r"sim|não", read)
    assert 'title="document.write"' in page.text, "the log's own word is there for who searches by it"


def test_an_action_is_chosen_by_its_name(arrangement: Arrangement) -> None:
    admin = arrangement.person("admin")
    page = admin.get(links.audit(action="document.write")).text
    assert '<option value="document.write" selected>Documento gravado</option>' in page
    unknown = admin.get(links.audit(action="other.action")).text
    assert '<option value="other.action" selected>other.action</option>' in unknown
    assert {event["action"] for event in events(admin, action="document.write")} == {"document.write"}


def test_an_event_tells_its_details_in_words(arrangement: Arrangement) -> None:
    admin = arrangement.person("admin")
    created = next(event for event in events(admin, action="user.create"))
    page = admin.get(links.audit("-", created["seq"])).text
    assert "vê segredos" in page
    assert "True" not in page


def test_a_write_leads_to_what_it_changed(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\n", "a: 2\n")
    assert arrangement.config_client.delete(f"/configs/{'/'.join(key)}").status_code == 200
    admin = arrangement.person("admin")
    shown = admin.get(links.audit(), params={"tenant": key[0], "format": "json"}).json()["events"]
    assert [each["event"]["action"] for each in shown] == ["document.delete", "document.write", "document.write"]
    assert shown[2]["changes"] is None, "the first version changed nothing"
    listed = admin.get(links.audit(), params={"tenant": key[0]}).text
    for each, right in ((shown[0], 3), (shown[1], 2)):
        assert f'href="{each["changes"]}"' in listed
        assert f'href="{each["changes"]}"' in admin.get(each["page"]).text
        lead = admin.get(each["changes"])
        assert lead.headers["location"] == links.difference(*key, right - 1, right)
        assert admin.get(lead.headers["location"]).status_code == 200


def test_a_file_holds_what_the_list_does(arrangement: Arrangement) -> None:
    admin = arrangement.person("admin")
    asked = {"tenant": "loja-aurora", "action": "document.write"}
    page = admin.get(links.audit(), params=asked).text
    assert f'href="{escape(links.audit(**asked, format="csv"))}"' in page
    answer = admin.get(links.audit(), params=asked | {"format": "csv"})
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    rows = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))
    listed = events(admin, **asked)
    assert [(row["tenant_id"], int(row["seq"]), row["hash"]) for row in rows] == [
        (each["tenant_id"], each["seq"], each["hash"]) for each in listed
    ]
    assert [json.loads(row["detail"]) for row in rows] == [each["detail"] for each in listed]
    bound = arrangement.person(arrangement.user("admin", tenants=["another"]))
    assert len(list(csv.reader(StringIO(bound.get(links.audit(), params=asked | {"format": "csv"}).text)))) == 1
