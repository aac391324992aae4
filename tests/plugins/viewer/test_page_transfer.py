"""A whole tenant as a file and back, on the pages: who may, what is asked for, what is told, and hostile files."""

import json
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import httpx
import pytest
from sprintia_testing.arrangements import PASSWORD, TOGETHER, Arrangement
from sprintia_testing.mending import Key, form_at, put, stands, written

from sprintia_viewer.accounts.users import Role
from sprintia_viewer.web import links, uploads

EN = {"language": "en"}
SENTINEL = "sentinel-of-an-exported-secret"
PART = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\n'
CHARSET = PART.format("csrf").removesuffix("\r\n") + "Content-Type: text/plain; charset={}\r\n\r\nx\r\n--b--"
TEXT = "credentials:\n  odoo: {}\nport: 8069\n"


def credentials(arrangement: Arrangement) -> Key:
    """A document with a secret, beside one without."""
    key = written(arrangement, TEXT.format(SENTINEL), config_type="credentials")
    put(arrangement, (key[0], "retail", "config"), "greeting: oi\n")
    return key


def exported(person: httpx.Client, tenant: str, **fields: str) -> httpx.Response:
    place = links.export(tenant)
    return person.post(place, data={**form_at(person.get(place), place).fields, **fields})


def confirmed(arrangement: Arrangement) -> httpx.Client:
    """An admin who gave the password a moment ago."""
    admin = arrangement.person(arrangement.user("admin"))
    fields = form_at(admin.get(links.confirm()), links.confirm()).fields
    assert admin.post(links.confirm(), data={**fields, "password": PASSWORD}).status_code == 303
    return admin


def sent(
    person: httpx.Client, content: bytes, action: str = "take", language: str = "en", **fields: str
) -> httpx.Response:
    place = links.import_()
    data = {**form_at(person.get(place), place).fields, "action": action, **fields}
    return person.post(place, data=data, files={"file": ("a.jsonl", content)}, params={"language": language})


def reported(page: httpx.Response) -> dict[str, str]:
    """The facts of the report, by their names."""
    assert page.status_code == 200, page.text
    parts = [part for part in page.text.split("<dt>")[1:] if not part.startswith("<")]
    return {part.partition("</dt>")[0]: part.partition("<dd>")[2].partition("</dd>")[0] for part in parts}


def test_the_file_is_whole_and_masked(arrangement: Arrangement) -> None:
    tenant, *_ = credentials(arrangement)
    viewer = arrangement.person(arrangement.role("viewer"))
    assert links.export(tenant) in viewer.get(links.tenant(tenant)).text
    answer = exported(viewer, tenant)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="{tenant}-2')
    assert answer.headers["cache-control"] == "no-store"
    kinds = [json.loads(line)["kind"] for line in answer.content.splitlines()]
    assert kinds == ["header", "tenant", "document", "document", "end"]
    assert SENTINEL not in answer.text


def test_secrets_are_for_who_may_see_them_and_proves_to_be_there(arrangement: Arrangement) -> None:
    tenant, *_ = credentials(arrangement)
    viewer = arrangement.person(arrangement.role("viewer"))
    assert 'name="secrets"' not in viewer.get(links.export(tenant)).text
    refused = exported(viewer, tenant, secrets="true")
    assert (refused.status_code, SENTINEL in refused.text) == (403, False)
    lead = exported(arrangement.person(arrangement.user("admin")), tenant, secrets="true")
    assert (lead.status_code, SENTINEL in lead.text) == (303, False)
    assert lead.headers["location"].startswith("/viewer/confirm?next=")
    assert SENTINEL in exported(confirmed(arrangement), tenant, secrets="true").text
    audit = arrangement.config_client.get("/audit", params={"tenant": tenant}).json()["events"]
    assert any(entry["action"] == "config.export" and "user:admin-" in entry["actor"] for entry in audit), audit


def test_what_stood_comes_back_in_the_persons_name(arrangement: Arrangement) -> None:
    key = credentials(arrangement)
    admin = confirmed(arrangement)
    content = exported(admin, key[0], secrets="true").content
    put(arrangement, key, TEXT.format("another"))
    editor = arrangement.person(arrangement.role("editor"))
    dry = sent(editor, content, "check")
    assert "Nothing was written yet" in dry.text
    assert stands(arrangement, key) == (2, TEXT.format("another"))
    done = sent(editor, content)
    wanted = {
        "Tenants with something new": "1", "Documents with a new version": "1",
        "Documents that stand as in the file": "1", "Parts of the mapping with a new version": "0",
        "Lines not taken": "0",
    }  # fmt: skip
    assert reported(dry) == reported(done) == wanted
    for page in (dry, done):
        assert SENTINEL not in page.text
        assert f'href="{links.document(*key)}"' in page.text
        assert "v2 → v3" in page.text
    assert [links.difference(*key, 2, 3) in page.text for page in (dry, done)] == [False, True]
    assert stands(arrangement, key) == (3, TEXT.format(SENTINEL))
    newest = arrangement.config_client.get(f"/configs/{'/'.join(key)}/history").json()[0]
    assert newest["actor"].startswith("user:editor-")
    assert newest["origin"] == "import"
    again = sent(editor, content)
    assert reported(again)["Documents with a new version"] == "0"
    assert "There is nothing to change" in again.text


def test_masked_secrets_replace_nothing_and_are_told(arrangement: Arrangement) -> None:
    key = credentials(arrangement)
    editor = arrangement.person(arrangement.role("editor"))
    content = exported(editor, key[0]).content
    put(arrangement, key, TEXT.format("another"))
    page = sent(editor, content)
    assert reported(page)["Lines not taken"] == "1"
    assert "the secrets are masked in the file" in page.text
    assert f"{key[1]} / {key[2]}" in page.text, "which document it is"
    assert stands(arrangement, key) == (2, TEXT.format("another"))


def test_a_file_that_is_cut_or_altered_is_refused_by_line(arrangement: Arrangement) -> None:
    key = credentials(arrangement)
    editor = arrangement.person(arrangement.role("editor"))
    content = exported(editor, key[0]).content
    put(arrangement, (key[0], "retail", "config"), "greeting: tchau\n")
    for broken in (content[: len(content) // 2], content.replace(b"greeting: oi", b"greeting: ai"), b"no: export\n"):
        page = sent(editor, broken)
        assert page.status_code == 422
        assert "Nothing was imported" in page.text
        assert "line " in page.text
    assert stands(arrangement, (key[0], "retail", "config")) == (2, "greeting: tchau\n")


def test_who_is_bound_to_tenants_imports_nothing_else(arrangement: Arrangement) -> None:
    key = credentials(arrangement)
    content = exported(confirmed(arrangement), key[0], secrets="true").content
    put(arrangement, key, TEXT.format("another"))
    bound = arrangement.person(arrangement.user("editor", tenants=["another"]))
    assert bound.get(links.export(key[0])).status_code == 404
    token = form_at(bound.get(links.home()), links.sign_out()).fields["csrf"]
    assert bound.post(links.export(key[0]), data={"csrf": token}).status_code == 404
    page = sent(bound, content)
    assert reported(page)["Lines not taken"] == "1"
    assert stands(arrangement, key) == (2, TEXT.format("another"))


@TOGETHER
def test_an_empty_field_is_told(arrangement: Arrangement) -> None:
    editor = arrangement.person(arrangement.role("editor"))
    page = sent(editor, b"")
    assert page.status_code == 422
    assert "Choose a file" in page.text
    assert "Escolha um arquivo" in sent(editor, b"", language="pt-BR").text


@TOGETHER
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\n"),
        ("multipart/form-data; boundary=b", PART.format("csrf").encode() + b"\xff\r\n--b--"),
        ("multipart/form-data; boundary=b", (PART.format("a") + "1\r\n").encode() * 40 + b"--b--"),
        ("multipart/form-data; boundary=" + "b" * 300, b"--b--"),
        *(
            ("multipart/form-data; boundary=b", CHARSET.format(name).encode())
            for name in ("of-nobody", "rot13", "hex", "utf-16")
        ),
    ],
)  # fmt: skip
def test_what_is_no_form_is_refused(arrangement: Arrangement, content_type: str, body: bytes) -> None:
    editor = arrangement.person(arrangement.role("editor"))
    answer = editor.post(links.import_(), content=body, headers={"Content-Type": content_type})
    assert answer.status_code in {403, 422}, answer.text


@TOGETHER
@pytest.mark.parametrize(("role", "status"), [(None, 401), ("viewer", 403)])
def test_of_who_may_not_import_no_file_is_read(arrangement: Arrangement, role: Role | None, status: int) -> None:
    person = arrangement.person(arrangement.role(role)) if role else arrangement.stranger()
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in person.cookies.jar)
    headers = {
        "Content-Type": "multipart/form-data; boundary=b", "Content-Length": str(uploads.LARGEST_FILE),
        "Origin": arrangement.viewer_url, "Cookie": cookies,
    }  # fmt: skip
    with closing(HTTPConnection(urlsplit(arrangement.viewer_url).netloc, timeout=10)) as connection:
        connection.request("POST", links.import_(), headers=headers)
        assert connection.getresponse().status == status, "before anything of the file came"


@TOGETHER
def test_a_form_of_another_session_is_refused_and_other_pages_take_no_files(arrangement: Arrangement) -> None:
    key = credentials(arrangement)
    editor, other = arrangement.person(arrangement.user("editor")), arrangement.person(arrangement.user("editor"))
    content = exported(editor, key[0]).content
    stolen = form_at(other.get(links.import_()), links.import_()).fields["csrf"]
    assert sent(editor, content, csrf=stolen).status_code == 403
    place = links.export(key[0])
    fields = form_at(editor.get(place), place).fields
    assert editor.post(place, data=fields, files={"file": ("a", b"a")}).status_code == 415


@TOGETHER
def test_a_larger_file_is_refused(arrangement: Arrangement) -> None:
    editor = arrangement.person(arrangement.role("editor"))
    answer = sent(editor, b"a" * (uploads.LARGEST_UPLOAD + 1))
    assert answer.status_code == 413
