"""The edit page against what goes wrong: others who save, sessions that end, texts refused, large or hostile."""

import re
import time
from typing import Any

import httpx
import pytest
from sprintia_testing.arrangements import TOGETHER, Arrangement, arranged
from sprintia_testing.databases import TestDatabases
from sprintia_testing.mending import Key, as_sent, form_at, put, stands, text_in, written

from sprintia_viewer.shown.laid_out import laid_out
from sprintia_viewer.web import links

EN = {"language": "en"}
FORM = "application/x-www-form-urlencoded"
SENTINEL = "sentinel-of-an-edited-secret"
HOSTILE = '</textarea><script>alert(1)</script><img src=x onerror=alert(1)><b hx-get="/x">&amp;&#10;{{ 7 * 7 }}'


class Tab:
    """An editor that is open in a browser: it sends what it was loaded with, whatever happens meanwhile."""

    def __init__(self, person: httpx.Client, key: Key) -> None:
        self._person, self._place = person, links.edit(*key)
        self.page = person.get(self._place, params=EN)

    def press(self, action: str, text: str | None = None, **fields: Any) -> httpx.Response:
        given = form_at(self.page, self._place).fields
        typed = as_sent(text_in(self.page) if text is None else text)
        self.page = self._person.post(self._place, params=EN, data={**given, "text": typed, "action": action, **fields})
        return self.page


@pytest.mark.parametrize(
    ("stored", "typed", "expected"),
    [
        ("a: 1\r\nb: 2\r\n", "a: 1\nb: 3\n", "a: 1\r\nb: 3\r\n"),
        ("a: 1\r\nb: 2", "a: 1\nb: 2\nc: 3", "a: 1\r\nb: 2\r\nc: 3"),
        ("a: 1\nb: 2\n", "a: 1\nb: 3\n", "a: 1\nb: 3\n"),
        ("a: 1\nb: 2", "a: 1\nb: 3", "a: 1\nb: 3"),
        ("a: 1\r\nb: 2\nc: 3\n", "a: 1\nb: 2\nc: 4\n", "a: 1\r\nb: 2\nc: 4\n"),
        ("a: 1\r\nb: 2\nc: 3\n", "a: 2\nb: 2\nc: 3\n", "a: 2\r\nb: 2\nc: 3\n"),
        ("a: 1\nb: 2\r\nc: 3\r\n", "x: 0\na: 1\nb: 2\nc: 3\n", "x: 0\r\na: 1\nb: 2\r\nc: 3\r\n"),
        ("a: 1\r\nb: 2\rc: 3\n", "a: 1\nc: 3\n", "a: 1\r\nc: 3\n"),
        ("a: 1\r\n", "", ""),
    ],
)
def test_an_edit_changes_no_line_end(arrangement: Arrangement, stored: str, typed: str, expected: str) -> None:
    key = written(arrangement, stored)
    assert Tab(arrangement.person("editor"), key).press("save", typed).status_code == 303
    assert stands(arrangement, key) == (2, expected)


@pytest.mark.parametrize(
    "stored",
    ["", "\n", "\r\n", "\n\n", "\r\na: 1\r\n", "a: 1\r\n\r\n", "a: |\n  x \n\n", "a: ' \u00a0é'\n", "\ufeffa: 1\n"],
)
def test_what_was_not_edited_is_no_new_version(arrangement: Arrangement, stored: str) -> None:
    key = written(arrangement, stored)
    tab = Tab(arrangement.person("editor"), key)
    assert "Nothing: the same content stands already." in tab.press("preview").text
    assert tab.press("save").status_code == 303
    assert stands(arrangement, key) == (1, stored)
    assert "Nothing was changed" in arrangement.person("editor").get(links.document(*key), params=EN).text


def test_what_a_save_sent_twice_has_done_is_no_conflict(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\n")
    editor = arrangement.person("editor")
    first, second = Tab(editor, key), Tab(editor, key)
    assert first.press("save", "a: 2\n").status_code == 303
    again = second.press("save", "a: 2\n")
    assert (again.status_code, again.headers.get("location")) == (303, links.document(*key)), again.text
    assert stands(arrangement, key) == (2, "a: 2\n")


def test_of_two_tabs_the_later_looks_first(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\nb: 1\n")
    editor, other = arrangement.person("editor"), arrangement.person("admin")
    mine, theirs = Tab(editor, key), Tab(other, key)
    assert theirs.press("save", "a: 1\nb: theirs\n").status_code == 303
    late = mine.press("preview", "a: mine\nb: 1\n")
    assert late.status_code == 409, "told before it is saved"
    assert text_in(late) == "a: mine\nb: 1\n"
    changed = mine.press("preview", "a: mine\nb: 1\n", base=1)
    assert links.difference(*key, 1, 2) in changed.text
    assert _rows(changed, "meanwhile") == ["/b"]
    assert _rows(changed, "changes") == ["/a", "/b"]
    put(arrangement, key, "a: 1\nb: third\n")
    assert mine.press("save", "a: mine\nb: 1\n").status_code == 409, "looking once is for one version"
    assert mine.press("save", "a: mine\nb: 1\n").status_code == 303
    assert stands(arrangement, key) == (4, "a: mine\nb: 1\n")


def test_what_was_deleted_meanwhile_is_told_and_can_be_written_anew(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\n")
    tab = Tab(arrangement.person("editor"), key)
    assert arrangement.config_client.delete(f"/configs/{'/'.join(key)}").status_code == 200
    late = tab.press("save", "a: 2\n")
    assert late.status_code == 409
    assert "The document was deleted meanwhile." in late.text
    assert text_in(late) == "a: 2\n"
    assert stands(arrangement, key) is None
    assert tab.press("save", "a: 2\n").status_code == 303
    assert stands(arrangement, key) == (3, "a: 2\n")


def test_what_was_created_meanwhile_is_told(arrangement: Arrangement) -> None:
    key = (written(arrangement, "a: 1\n")[0], "retail", "fresh")
    tab = Tab(arrangement.person("editor"), key)
    put(arrangement, key, "theirs: 1\n")
    late = tab.press("save", "mine: 1\n")
    assert late.status_code == 409
    assert "version 0" not in late.text
    assert stands(arrangement, key) == (1, "theirs: 1\n")


@pytest.mark.parametrize("base", ["99", "0", str(2**63 - 1)])
def test_a_base_that_never_was_is_a_conflict_and_keeps_the_text(arrangement: Arrangement, base: str) -> None:
    key = written(arrangement, "a: 1\n")
    late = Tab(arrangement.person("editor"), key).press("save", "a: 2\n", base=base)
    assert late.status_code == 409, late.text
    assert text_in(late) == "a: 2\n"
    assert stands(arrangement, key) == (1, "a: 1\n")


@pytest.mark.parametrize("base", ["-1", "x", "", str(2**63), "1.5"])
@TOGETHER
def test_what_is_no_base_is_refused(arrangement: Arrangement, base: str) -> None:
    key = written(arrangement, "a: 1\n")
    tab = Tab(arrangement.person("editor"), key)
    assert tab.press("save", "a: 2\n", base=base).status_code == 422
    assert stands(arrangement, key) == (1, "a: 1\n")


def test_masks_that_stay_keep_their_secrets(arrangement: Arrangement) -> None:
    key = written(arrangement, f"# kept\npassword: {SENTINEL}\nplain: 1\n")
    tab = Tab(arrangement.person("admin"), key)
    assert SENTINEL not in tab.page.text
    assert "are lost when you save" in tab.page.text
    changed = text_in(tab.page).replace("plain: 1", "plain: 2")
    preview = tab.press("preview", changed)
    assert preview.status_code == 200, preview.text
    assert SENTINEL not in preview.text
    assert tab.press("save", changed).status_code == 303
    kept = arrangement.config_client.get(f"/configs/{'/'.join(key)}").json()
    assert kept["json_data"] == {"password": SENTINEL, "plain": 2}


@pytest.mark.parametrize(
    "place",
    [
        "password: {$secret: guessed, set: true}", "password: {$secret: 1}", "shown: {$secret: password, set: true}",
        """password: '{"$secret": "password", "set": true}'""",
    ],
)  # fmt: skip
@pytest.mark.parametrize("action", ["preview", "save"])
def test_a_wrong_mask_is_explained_where_it_stands(arrangement: Arrangement, place: str, action: str) -> None:
    key = written(arrangement, f"password: {SENTINEL}\nplain: 1\n")
    answer = Tab(arrangement.person("editor"), key).press(action, f"plain: 1\n{place}\n")
    assert answer.status_code == 422, answer.text
    assert "/password" in answer.text or "/shown" in answer.text
    assert "Line 2" in answer.text
    assert text_in(answer) == f"plain: 1\n{place}\n"
    assert SENTINEL not in answer.text
    assert stands(arrangement, key) == (1, f"password: {SENTINEL}\nplain: 1\n")


@pytest.mark.parametrize("mode", ["reject", "quarantine"])
@pytest.mark.parametrize("action", ["preview", "save"])
def test_what_a_schema_refuses_is_told_by_key_and_line(arrangement: Arrangement, mode: str, action: str) -> None:
    key = written(arrangement, "name: x\nhours: {open: 8}\n", config_type=f"{mode}-{action}")
    _schema(arrangement, key[2], mode)
    text = "name: x\nhours:\n  open: nine\n"
    answer = Tab(arrangement.person("editor"), key).press(action, text)
    assert answer.status_code == 422, answer.text
    assert "/hours/open" in answer.text
    assert "Line 3" in answer.text
    assert text_in(answer) == text
    told = "would be put into quarantine" if action == "preview" else "was put into quarantine"
    assert (told in answer.text) == (mode == "quarantine")
    assert 'value="save"' not in answer.text
    assert stands(arrangement, key) == (1, "name: x\nhours: {open: 8}\n")


def test_what_a_schema_warns_of_can_be_saved(arrangement: Arrangement) -> None:
    key = written(arrangement, "hours: {open: 8}\n", config_type="warned")
    _schema(arrangement, key[2], "warn")
    tab = Tab(arrangement.person("editor"), key)
    preview = tab.press("preview", "hours:\n  open: nine\n")
    assert preview.status_code == 200
    assert "Line 2" in preview.text
    assert 'value="save"' in preview.text
    assert tab.press("save", "hours:\n  open: nine\n").status_code == 303


@TOGETHER
def test_many_faults_in_a_large_text_are_told_soon(arrangement: Arrangement) -> None:
    key = written(arrangement, "0: {open: 1}\n", config_type="faulty")
    schema = {"additionalProperties": {"properties": {"open": {"type": "integer"}}}}
    answer = arrangement.config_client.put(f"/config/schemas/{key[2]}", json={"schema": schema, "mode": "reject"})
    assert answer.status_code in {200, 201}, answer.text
    text = "".join(f"k{number}:\n  open: nine\n" for number in range(8_000))
    began = time.monotonic()
    answer = Tab(arrangement.person("editor"), key).press("preview", text)
    assert answer.status_code == 422
    assert "Line 2" in answer.text
    assert time.monotonic() - began < 10


def test_markup_in_a_text_stays_text(arrangement: Arrangement) -> None:
    key = written(arrangement, f"a: '{HOSTILE}'\n")
    tab = Tab(arrangement.person("editor"), key)
    assert text_in(tab.page) == f"a: '{HOSTILE}'\n"
    for text in (f"a: 1\nb: '{HOSTILE}'\n", f"'{HOSTILE}': 1\n", f"a: [{HOSTILE}\n"):
        answer = tab.press("preview", text, message=HOSTILE)
        for planted in ("<script>alert", "<img src=x", "<b hx-get"):
            assert planted not in answer.text
        assert text_in(answer) == text


@pytest.mark.parametrize(("tenants", "status"), [(["another"], 404), (None, 200)])
def test_another_tenants_document_is_not_there(
    arrangement: Arrangement, tenants: list[str] | None, status: int
) -> None:
    key = written(arrangement, "a: 1\n")
    person = arrangement.person(arrangement.user("editor", tenants=tenants))
    assert person.get(links.edit(*key)).status_code == status
    assert person.get(links.edit(key[0], "retail", "fresh")).status_code == status
    token = form_at(person.get(links.home()), links.sign_out()).fields["csrf"]
    for action in ("preview", "save"):
        sent = {"csrf": token, "base": "1", "text": "a: 1\n", "action": action}
        answer = person.post(links.edit(*key), data=sent)
        assert (answer.status_code == 404) == (status == 404), answer.text
    assert stands(arrangement, key) == (1, "a: 1\n")


@pytest.mark.parametrize("headers", [{"Origin": "https://elsewhere.example"}, {"Origin": "null"}])
@TOGETHER
def test_a_form_of_another_site_is_not_taken(arrangement: Arrangement, headers: dict[str, str]) -> None:
    key = written(arrangement, "a: 1\n")
    editor, place = arrangement.person("editor"), links.edit(*key)
    fields = {**form_at(editor.get(place), place).fields, "text": "a: 2\n", "action": "save"}
    for person in (editor, arrangement.stranger()):
        answer = person.post(place, data=fields, headers=headers)
        assert answer.status_code == 403
        assert "a: 2" not in answer.text, "what another site wrote is not shown as one's own"
    assert stands(arrangement, key) == (1, "a: 1\n")


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"{}", "application/json"), (b"text=%ff", FORM), (b"text=%00", FORM), (b"text=a&text=b", FORM), (b"", "")],
)
@TOGETHER
def test_a_stranger_is_told_to_sign_in_whatever_was_sent(arrangement: Arrangement, body: bytes, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = arrangement.stranger().post(links.edit("a", "b", "c"), content=body, headers=headers)
    assert answer.status_code == 401


def test_what_was_written_survives_the_end_of_the_session(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\n")
    editor = arrangement.person(arrangement.user("editor"))
    tab = Tab(editor, key)
    editor.cookies.clear()
    text = f"\n\n# a long thought\na: '{HOSTILE}'"
    ended = tab.press("save", text)
    assert ended.status_code == 401
    assert text_in(ended, "written") == text
    assert "<script>alert" not in ended.text
    assert ended.headers["cache-control"] == "no-store"
    assert links.sign_in(next=links.edit(*key)) in ended.text
    assert stands(arrangement, key) == (1, "a: 1\n")


@TOGETHER
def test_what_is_too_large_is_told_with_its_bound(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\n")
    tab = Tab(arrangement.person("editor"), key)
    answer = tab.press("save", f"a: {'x' * (4 * 1024**2)}\n")
    assert answer.status_code == 413
    assert "1048576" not in answer.text, "the bound of other pages"
    assert "4194304" in answer.text.replace(",", "").replace(".", "").replace("\u202f", "")


def test_a_text_over_the_services_bound_is_explained_and_kept(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\n")
    text = f"a: {'x' * (1024**2 + 1)}\n"
    answer = Tab(arrangement.person("editor"), key).press("preview", text)
    assert answer.status_code in {413, 422}
    assert text_in(answer) == text
    assert stands(arrangement, key) == (1, "a: 1\n")


@pytest.mark.parametrize("action", ["preview", "save"])
def test_what_was_written_survives_an_outage(
    databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory, action: str
) -> None:
    with arranged("split", databases, tmp_path_factory.mktemp("outage")) as arrangement:
        key = written(arrangement, "a: 1\n")
        tab = Tab(arrangement.person("editor"), key)
        arrangement.config.stop()
        answer = tab.press(action, "a: a long thought\n")
        assert answer.status_code == 503
        assert text_in(answer) == "a: a long thought\n"


def _rows(page: httpx.Response, table: str) -> list[str]:
    """The keys that a table of changes lists."""
    body = re.search(rf'<table id="{table}".*?</table>', page.text, re.DOTALL)
    assert body, page.text
    return [re.sub(r"<[^>]*>", "", row) for row in re.findall(r'class="pointer">(.*?)</span>', body[0])]


def _schema(arrangement: Arrangement, config_type: str, mode: str) -> None:
    hours = {"type": "object", "properties": {"open": {"type": "integer"}}}
    schema = {"type": "object", "properties": {"hours": hours}}
    answer = arrangement.config_client.put(f"/config/schemas/{config_type}", json={"schema": schema, "mode": mode})
    assert answer.status_code in {200, 201}, answer.text


def test_json_on_one_line_is_offered_in_lines(arrangement: Arrangement) -> None:
    key = ("edited-json", "retail", "config")
    place = f"/configs/{'/'.join(key)}"
    headers = {"Content-Type": "application/json"}
    assert arrangement.config_client.put(place, content='{"a":1.10,"b":[2]}', headers=headers).status_code == 200
    editor = arrangement.person("editor")
    data = editor.get(links.edit(*key), params={"format": "json"}).json()
    assert data["text"] == '{"a":1.10,"b":[2]}', "nobody's text is changed unasked"
    laid = editor.get(data["on_one_line"] + "&format=json").json()
    assert laid["text"] == '{\n  "a": 1.10,\n  "b": [\n    2\n  ]\n}\n'
    assert laid["on_one_line"] is None


@pytest.mark.parametrize(
    "text", ["a: 1\n", "{a: 1}", '{"a": 1}\n{"b": 2}', '{"a"', "[]", '{\n"a": 1}', "[" * 5_000, ""]
)
def test_only_json_on_one_line_is_laid_out(text: str) -> None:
    assert laid_out(text) is None
