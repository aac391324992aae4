"""Mending a document: edit with a preview, roll back, delete, reveal; never on what somebody else saved meanwhile."""

import itertools
import re
from html import unescape
from typing import Any

import httpx
import pytest
from sprintia_testing.arrangements import PASSWORD, Arrangement
from sprintia_testing.crawling import forms_in

from sprintia_viewer.web import links

SENTINEL = "sentinel-of-a-mended-secret"
EN = {"language": "en"}
NUMBERS = itertools.count(1)


def written(arrangement: Arrangement, *texts: str) -> tuple[str, str, str]:
    """A document of its own with these versions."""
    key = (f"mended-{next(NUMBERS)}", "retail", "config")
    for text in texts:
        put(arrangement, key, text)
    return key


def put(arrangement: Arrangement, key: tuple[str, str, str], text: str) -> None:
    answer = arrangement.config_client.put(
        f"/configs/{'/'.join(key)}", content=text.encode(), headers={"Content-Type": "application/yaml"}
    )
    assert answer.status_code == 200, answer.text


def stands(arrangement: Arrangement, key: tuple[str, str, str]) -> tuple[int, str]:
    answer = arrangement.config_client.get(f"/configs/{'/'.join(key)}").json()
    return answer["version"], answer["yaml_content"]


def send(person: httpx.Client, place: str, **fields: Any) -> httpx.Response:
    """Fill in the form of a page that is sent to the same place, and send it as a browser does."""
    page = person.get(place)
    form = next(form for form in forms_in(page.text) if form.method == "post" and form.action == place)
    return person.post(place, data={**form.fields, **fields})


def browsed(text: str) -> str:
    """A text as a browser sends what stands in a textarea."""
    return re.sub(r"\r\n?|\n", "\r\n", text)


def shown_text(page: str) -> str:
    found = re.search(r'<textarea id="f-text"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL)
    assert found, page
    return unescape(found[1])


def test_an_edit_is_previewed_and_then_saved(arrangement: Arrangement) -> None:
    key = written(arrangement, "# hours\nopen: 08:00\n")
    editor = arrangement.person("editor")
    text = "# hours\nopen: 09:00\n"
    preview = send(editor, links.edit(*key), text=browsed(text), action="preview", message="summer")
    assert preview.status_code == 200, preview.text
    assert "/<wbr>open" in preview.text
    assert stands(arrangement, key)[0] == 1
    saved = send(editor, links.edit(*key), text=browsed(text), action="save", message="summer")
    assert (saved.status_code, saved.headers["location"]) == (303, links.document(*key))
    assert stands(arrangement, key) == (2, text)
    newest = arrangement.config_client.get(f"/configs/{'/'.join(key)}/history").json()[0]
    assert newest["message"] == "summer"
    assert newest["actor"].startswith(f"user:{arrangement.role('editor').name}")
    assert "Saved as version 2." in editor.get(links.document(*key), params=EN).text
    assert "Saved as version 2." not in editor.get(links.document(*key), params=EN).text


@pytest.mark.parametrize(
    "text", ["a: 1\n", "a: 1", "\na: 1\n", "\n\n# x\na: 1\n\n", "a: 1\r\nb: 2\r\n", "a: 1\r\nb: 2\nc: 3", "a: ' é '\n"]
)
def test_what_was_not_edited_comes_back_to_the_byte(arrangement: Arrangement, text: str) -> None:
    key = written(arrangement, text)
    editor = arrangement.person("editor")
    shown = shown_text(editor.get(links.edit(*key)).text)
    answer = send(editor, links.edit(*key), text=browsed(shown), action="save")
    assert answer.status_code == 303, answer.text
    assert stands(arrangement, key) == (1, text)


def test_line_ends_stay_what_they_were(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\r\nb: 2\r\n")
    assert (
        send(arrangement.person("editor"), links.edit(*key), text="a: 1\r\nb: 3\r\n", action="save").status_code == 303
    )
    assert stands(arrangement, key) == (2, "a: 1\r\nb: 3\r\n")


def test_a_new_document_is_written(arrangement: Arrangement) -> None:
    key = (f"mended-{next(NUMBERS)}", "retail", "fresh")
    saved = send(arrangement.person("editor"), links.edit(*key), text="a: 1\n", action="save")
    assert saved.status_code == 303, saved.text
    assert stands(arrangement, key) == (1, "a: 1\n")


@pytest.mark.parametrize(("text", "line"), [("a: 1\nb: [\n", 3), ("a: 1\na: 2\n", 2), ("a: 1\n\tb: 2\n", 2)])
@pytest.mark.parametrize("action", ["preview", "save"])
def test_what_cannot_be_read_says_in_which_line(arrangement: Arrangement, text: str, line: int, action: str) -> None:
    key = written(arrangement, "a: 1\n")
    answer = send(arrangement.person("editor"), links.edit(*key), text=text, action=action)
    assert answer.status_code == 422, answer.text
    assert shown_text(answer.text) == text
    assert f'"line": {line}' in unescape(answer.text)
    assert stands(arrangement, key) == (1, "a: 1\n")


def test_nobody_saves_over_what_they_have_not_seen(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\n")
    editor = arrangement.person("editor")
    page = editor.get(links.edit(*key))
    form = next(form for form in forms_in(page.text) if form.method == "post" and form.action == links.edit(*key))
    put(arrangement, key, "a: 2\n")
    late = editor.post(links.edit(*key), data={**form.fields, "text": "a: 3\n", "action": "save"})
    assert late.status_code == 409
    assert shown_text(late.text) == "a: 3\n"
    assert links.difference(*key, 1, 2) in late.text
    assert stands(arrangement, key) == (2, "a: 2\n")
    again = next(form for form in forms_in(late.text) if form.method == "post" and form.action == links.edit(*key))
    saved = editor.post(links.edit(*key), data={**again.fields, "text": "a: 3\n", "action": "save"})
    assert saved.status_code == 303
    assert stands(arrangement, key) == (3, "a: 3\n")


def test_masks_keep_their_secrets(arrangement: Arrangement) -> None:
    key = written(arrangement, f"odoo:\n  password: {SENTINEL}\nplain: 1\n")
    editor = arrangement.person("editor")
    page = editor.get(links.edit(*key))
    assert SENTINEL not in page.text
    changed = shown_text(page.text).replace("plain: 1", "plain: 2")
    assert send(editor, links.edit(*key), text=browsed(changed), action="save").status_code == 303
    assert stands(arrangement, key)[0] == 2
    kept = arrangement.config.with_rights().get(f"/configs/{'/'.join(key)}").json()
    assert kept["json_data"] == {"odoo": {"password": SENTINEL}, "plain": 2}


def test_what_was_written_survives_the_end_of_the_session(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\n")
    editor = arrangement.person(arrangement.user("editor"))
    form = next(form for form in forms_in(editor.get(links.edit(*key)).text) if form.action == links.edit(*key))
    text = "a: <b>long thought</b>\n"
    other = editor.post(links.edit(*key), data={**form.fields, "csrf": "0" * 64, "text": text, "action": "save"})
    assert other.status_code == 403
    assert unescape(other.text).count("a: <b>long thought</b>") == 1
    editor.cookies.clear()
    ended = editor.post(links.edit(*key), data={**form.fields, "text": text, "action": "save"})
    assert ended.status_code == 401
    assert "&lt;b&gt;long thought" in ended.text
    assert stands(arrangement, key)[0] == 1


def test_a_large_text_can_be_edited(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\n")
    text = "".join(f"key_{number}: 'ç {number}'\n" for number in range(30_000))
    assert 600_000 < len(text.encode()) < 1_000_000
    saved = send(arrangement.person("editor"), links.edit(*key), text=browsed(text), action="save")
    assert saved.status_code == 303, saved.text[:500]
    assert stands(arrangement, key) == (2, text)


def test_a_rollback_is_previewed_and_makes_a_new_version(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\n", "a: 2\n", "a: 3\n")
    editor = arrangement.person("editor")
    page = editor.get(links.rollback(*key, 1), params=EN)
    assert "/<wbr>a" in page.text
    answer = send(editor, links.rollback(*key, 1), reason="it was right")
    assert (answer.status_code, answer.headers["location"]) == (303, links.document(*key))
    assert stands(arrangement, key) == (4, "a: 1\n")
    newest = arrangement.config_client.get(f"/configs/{'/'.join(key)}/history").json()[0]
    assert (newest["origin"], newest["message"]) == ("rollback", "it was right")
    assert "Version 1 stands again, as version 4." in editor.get(links.document(*key), params=EN).text
    assert "This content stands already." in editor.get(links.rollback(*key, 1), params=EN).text


def test_a_rollback_is_of_what_was_seen(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\n", "a: 2\n")
    editor = arrangement.person("editor")
    place = links.rollback(*key, 1)
    form = next(form for form in forms_in(editor.get(place).text) if form.action == place)
    put(arrangement, key, "a: 3\n")
    late = editor.post(place, data={**form.fields, "reason": "x"})
    assert late.status_code == 409
    assert stands(arrangement, key) == (3, "a: 3\n")


def test_a_deleted_document_comes_back(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\n")
    editor = arrangement.person("editor")
    assert send(editor, links.delete(*key), typed="another").status_code == 409
    assert stands(arrangement, key)[0] == 1
    assert send(editor, links.delete(*key), typed="config").status_code == 303
    assert editor.get(links.document(*key)).status_code == 410
    assert send(editor, links.rollback(*key, 1)).status_code == 303
    assert stands(arrangement, key) == (3, "a: 1\n")


@pytest.mark.parametrize("number", [0, 9, 2**70])
def test_what_never_was_cannot_come_back(arrangement: Arrangement, number: int) -> None:
    key = written(arrangement, "a: 1\n")
    assert arrangement.person("editor").get(links.rollback(*key, number)).status_code == 404


def test_who_may_only_read_changes_nothing(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\n", "a: 2\n")
    viewer = arrangement.person("viewer")
    for place in (links.edit(*key), links.rollback(*key, 1), links.delete(*key)):
        assert viewer.get(place).status_code == 403
        fields = {"base": 2, "text": "x: 1", "action": "save", "typed": "config", "csrf": csrf_of(viewer)}
        assert viewer.post(place, data=fields).status_code == 403
    assert stands(arrangement, key) == (2, "a: 2\n")


def csrf_of(person: httpx.Client) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', person.get(links.home()).text)
    assert found
    return found[1]


def test_a_secret_is_shown_to_who_proves_to_be_there(arrangement: Arrangement) -> None:
    key = (written(arrangement, "a: 1\n")[0], "retail", "credentials")
    put(arrangement, key, f"credentials:\n  odoo: {SENTINEL}\n")
    somebody = arrangement.user("admin")
    admin, place = arrangement.person(somebody), links.secret(*key, "odoo")
    for wrong in ("", "not the password"):
        answer = send(admin, place, password=wrong)
        assert answer.status_code == 403
        assert SENTINEL not in answer.text
    shown = send(admin, place, password=PASSWORD)
    assert shown.status_code == 200, shown.text
    assert SENTINEL in shown.text
    assert shown.headers["cache-control"] == "no-store"
    again = send(admin, place)  # within five minutes, by the renewed session
    assert SENTINEL in again.text
    assert SENTINEL not in admin.get(place).text
    assert SENTINEL not in admin.get(place, params={"format": "json"}).text
    events = arrangement.config.with_rights().get("/audit", params={"tenant": key[0]}).json()["events"]
    assert [event["action"] for event in events if event["actor"].startswith(f"user:{somebody.name}")] == [
        "secret.read",
        "secret.read",
    ]
    gone = send(admin, links.secret(*key, "nothing"))
    assert gone.status_code == 404
    assert admin.get(links.home()).status_code == 200


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_who_may_not_reveal_is_refused(arrangement: Arrangement, role: str) -> None:
    key = (written(arrangement, "a: 1\n")[0], "retail", "credentials")
    put(arrangement, key, f"credentials:\n  odoo: {SENTINEL}\n")
    person = arrangement.person(role)
    assert person.get(links.secret(*key, "odoo")).status_code == 403
    answer = person.post(links.secret(*key, "odoo"), data={"password": PASSWORD, "csrf": csrf_of(person)})
    assert answer.status_code == 403
    assert SENTINEL not in answer.text
