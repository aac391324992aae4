"""A tenant as a file and back in a browser: with script the file stays chosen from the check to the import."""

import pytest
from playwright.sync_api import Page, expect
from sprintia_testing.arrangements import Arrangement
from sprintia_testing.browser import Pages, Watch
from sprintia_testing.mending import Key, put, stands, written

from sprintia_viewer.accounts.users import Role
from sprintia_viewer.parts import Parts
from sprintia_viewer.web import links

EDITOR: Role = "editor"


def changed_since(arrangement: Arrangement, page: Page) -> tuple[Key, bytes]:
    """A document that changed after its tenant was exported, and the file of the export."""
    key = written(arrangement, "greeting: oi\n")
    page.goto(links.export(key[0]))
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the file").click()
    assert download.value.suggested_filename.startswith(f"{key[0]}-2")
    content = download.value.path().read_bytes()
    put(arrangement, key, "greeting: tchau\n")
    return key, content


def choose(page: Page, content: bytes) -> None:
    page.goto(links.import_())
    page.get_by_label("File").set_input_files({"name": "a.jsonl", "mimeType": "", "buffer": content})


@pytest.mark.parametrize("javascript", [True, False])
def test_what_the_file_would_do_is_seen_before_it_is_done(
    arrangement: Arrangement, pages: Pages, *, javascript: bool
) -> None:
    page = pages(language="en", role=EDITOR, javascript=javascript)
    key, content = changed_since(arrangement, page)
    choose(page, content)
    page.get_by_role("button", name="See what it would do").click()
    expect(page.get_by_text("Nothing was written yet")).to_be_visible()
    assert stands(arrangement, key) == (2, "greeting: tchau\n")
    if not javascript:
        expect(page.get_by_text("choose the same file once more")).to_be_visible()
        choose(page, content)
    page.get_by_role("button", name="Import it").click()
    expect(page.get_by_text("The file was imported")).to_be_visible()
    assert stands(arrangement, key) == (3, "greeting: oi\n")


def test_who_was_signed_out_meanwhile_is_led_to_sign_in(arrangement: Arrangement, pages: Pages, watch: Watch) -> None:
    watch.expect("401")
    who = arrangement.user(EDITOR)
    page = pages(language="en", role=who)
    key, content = changed_since(arrangement, page)
    choose(page, content)
    sessions = Parts.of(arrangement.viewer.host).sessions
    arrangement.viewer.run(lambda: sessions.close_all(who.id))
    page.get_by_role("button", name="Import it").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sign in")
    assert stands(arrangement, key) == (2, "greeting: tchau\n")
