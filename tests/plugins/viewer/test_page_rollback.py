"""Rolling back and deleting against what goes wrong: other tabs, forms sent twice, refusals, strangers."""

import pytest
from sprintia_testing.arrangements import TOGETHER, Arrangement
from sprintia_testing.mending import form_at, put, stands, written

from sprintia_viewer.web import links

EN = {"language": "en"}
SENTINEL = "sentinel-of-a-secret-that-came-back"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def test_the_preview_says_what_it_will_do(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\n", "a: 2\nb: 3\n")
    page = arrangement.person("editor").get(links.rollback(*key, 1), params=EN)
    assert "becomes a new version. It is in effect at once" in page.text
    data = arrangement.person("editor").get(links.rollback(*key, 1), params={"format": "json"}).json()
    assert {(each["operation"], each["pointer"], each["new_text"]) for each in data["diff"]["changes"]} == {
        ("changed", "/a", "1"), ("removed", "/b", None),
    }  # fmt: skip
    assert stands(arrangement, key) == (2, "a: 2\nb: 3\n"), "looking changes nothing"


@pytest.mark.parametrize("number", [2, 3])
def test_content_that_stands_needs_no_rollback(arrangement: Arrangement, number: int) -> None:
    key = written(arrangement, "a: 1\n", "a: 2\n", "a: 1\n")
    page = arrangement.person("editor").get(links.rollback(*key, 1 if number == 2 else 3), params=EN)
    assert "This content stands already." in page.text
    assert links.rollback(*key, 1) + '"' not in page.text


def test_a_form_sent_twice_rolls_back_once(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\n", "a: 2\n")
    editor, place = arrangement.person("editor"), links.rollback(*key, 1)
    fields = form_at(editor.get(place), place).fields
    assert editor.post(place, data=fields).status_code == 303
    again = editor.post(place, data=fields, params=EN)
    assert again.headers.get("location") == links.document(*key), again.text
    assert "Nothing was changed" in editor.get(links.document(*key), params=EN).text
    assert stands(arrangement, key) == (3, "a: 1\n")


def test_of_two_tabs_the_later_looks_again(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\n", "a: 2\n", "a: 3\n")
    editor = arrangement.person("editor")
    places = links.rollback(*key, 1), links.rollback(*key, 2)
    first, second = (form_at(editor.get(place), place).fields for place in places)
    assert editor.post(places[0], data=first).status_code == 303
    late = editor.post(places[1], data={**second, "reason": HOSTILE}, params=EN)
    assert late.status_code == 409
    assert "Nothing was rolled back." in late.text
    assert HOSTILE not in late.text
    assert form_at(late, places[1]).fields["reason"] == HOSTILE, "what was typed stays"
    assert stands(arrangement, key) == (4, "a: 1\n")
    assert editor.post(places[1], data=form_at(late, places[1]).fields).status_code == 303
    assert stands(arrangement, key) == (5, "a: 2\n")
    assert HOSTILE not in editor.get(links.history(*key)).text


def test_what_was_deleted_meanwhile_is_told(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\n", "a: 2\n")
    editor, place = arrangement.person("editor"), links.rollback(*key, 1)
    fields = form_at(editor.get(place), place).fields
    assert arrangement.config_client.delete(f"/configs/{'/'.join(key)}").status_code == 200
    late = editor.post(place, data=fields)
    assert late.status_code == 409
    assert stands(arrangement, key) is None
    assert editor.post(place, data=form_at(late, place).fields).status_code == 303
    assert stands(arrangement, key) == (4, "a: 1\n")


def test_a_deletion_is_no_version_to_roll_back_to(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\n")
    assert arrangement.config_client.delete(f"/configs/{'/'.join(key)}").status_code == 200
    put(arrangement, key, "a: 3\n")
    editor = arrangement.person("editor")
    assert editor.get(links.rollback(*key, 2)).status_code == 404
    fields = {**form_at(editor.get(links.rollback(*key, 1)), links.rollback(*key, 1)).fields}
    assert editor.post(links.rollback(*key, 2), data=fields).status_code == 404
    assert stands(arrangement, key) == (3, "a: 3\n")


def test_secrets_come_back_unseen(arrangement: Arrangement) -> None:
    old, new = (f"credentials:\n  odoo: {SENTINEL}-{number}\n" for number in (1, 2))
    key = written(arrangement, old, new, config_type="credentials")
    editor, place = arrangement.person("admin"), links.rollback(*key, 1)
    page = editor.get(place)
    assert SENTINEL not in page.text
    assert editor.post(place, data=form_at(page, place).fields).status_code == 303
    assert stands(arrangement, key) == (3, old)


@pytest.mark.parametrize("mode", ["reject", "quarantine"])
def test_what_a_newer_schema_refuses_does_not_come_back(arrangement: Arrangement, mode: str) -> None:
    key = written(arrangement, "open: nine\n", "open: 9\n", config_type=f"rolled-{mode}")
    schema = {"type": "object", "properties": {"open": {"type": "integer"}}}
    answer = arrangement.config_client.put(f"/config/schemas/{key[2]}", json={"schema": schema, "mode": mode})
    assert answer.status_code in {200, 201}, answer.text
    editor, place = arrangement.person("editor"), links.rollback(*key, 1)
    refused = editor.post(place, data={**form_at(editor.get(place), place).fields, "reason": "why"}, params=EN)
    assert refused.status_code == 422, refused.text
    assert "/open" in refused.text
    assert form_at(refused, place).fields["reason"] == "why"
    assert stands(arrangement, key) == (2, "open: 9\n")


@pytest.mark.parametrize("fields", [{"base": "0"}, {"base": "x"}, {"base": ""}, {"reason": "x" * 501}, {"more": "x"}])
@TOGETHER
def test_what_is_no_form_of_this_page_is_refused(arrangement: Arrangement, fields: dict[str, str]) -> None:
    key = written(arrangement, "a: 1\n", "a: 2\n")
    editor, place = arrangement.person("editor"), links.rollback(*key, 1)
    answer = editor.post(place, data={**form_at(editor.get(place), place).fields, **fields})
    assert answer.status_code == 422
    assert stands(arrangement, key) == (2, "a: 2\n")


def test_deleting_takes_the_name_and_what_was_seen(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\n")
    editor, place = arrangement.person("editor"), links.delete(*key)
    fields = form_at(editor.get(place), place).fields
    for typed in ("", "CONFIG", HOSTILE):
        answer = editor.post(place, data={**fields, "typed": typed})
        assert answer.status_code in {409, 422}
        assert HOSTILE not in answer.text
    put(arrangement, key, "a: 2\n")
    late = editor.post(place, data={**fields, "typed": key[2]}, params=EN)
    assert late.status_code == 409
    assert "somebody saved meanwhile" in late.text
    assert stands(arrangement, key) == (2, "a: 2\n")
    sent = {**form_at(late, place).fields, "typed": f" {key[2]} "}
    assert editor.post(place, data=sent).status_code == 303
    assert stands(arrangement, key) is None
    again = editor.post(place, data=sent)
    assert again.status_code == 409, "a form sent twice deletes once"
    history = arrangement.config_client.get(f"/configs/{'/'.join(key)}/history").json()
    assert [item["version"] for item in history] == [3, 2, 1]
    assert history[0]["actor"].startswith(f"user:{arrangement.role('editor').name}")
    assert "deleted already" in editor.get(place, params=EN).text


@pytest.mark.parametrize("below", [("rollback", 1), ("delete",)])
def test_who_has_no_business_here_changes_nothing(arrangement: Arrangement, below: tuple[object, ...]) -> None:
    key = written(arrangement, "a: 1\n", "a: 2\n")
    place = links.document(*key, *below)
    fields = {"base": "2", "typed": key[2]} if below == ("delete",) else {"base": "2"}
    bound = arrangement.person(arrangement.user("editor", tenants=["another"]))
    token = form_at(bound.get(links.home()), links.sign_out()).fields["csrf"]
    assert bound.get(place).status_code == 404
    assert bound.post(place, data={**fields, "csrf": token}).status_code == 404
    assert arrangement.stranger().get(place).status_code == 303
    assert arrangement.stranger().post(place, data=fields).status_code == 401
    editor = arrangement.person("editor")
    for wrong in ({}, {"csrf": token}, {"csrf": ""}):
        assert editor.post(place, data={**fields, **wrong}).status_code == 403
    good = form_at(editor.get(place), place).fields
    answer = editor.post(place, data={**good, **fields}, headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 403
    assert stands(arrangement, key) == (2, "a: 2\n")


@pytest.mark.parametrize("below", [("rollback", 1), ("delete",)])
def test_what_never_was_is_not_there(arrangement: Arrangement, below: tuple[object, ...]) -> None:
    editor = arrangement.person("editor")
    assert editor.get(links.document("nobody", "retail", "config", *below)).status_code == 404
