"""What answers a form is a page like all others: nothing for axe to find, on a wide screen and on a phone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from sprintia_testing.accessibility import check_accessible
from sprintia_testing.arrangements import TOGETHER, Arrangement
from sprintia_testing.browser import DESKTOP, PHONE, Pages, Watch
from sprintia_testing.mending import Key, put, written

from sprintia_viewer.web import links

Act = Callable[[Arrangement, Page], None]


def document(arrangement: Arrangement) -> Key:
    return written(arrangement, "a: 1\n", "a: 2\n")


def secret(arrangement: Arrangement) -> Key:
    return written(arrangement, "credentials:\n  odoo: x\n", config_type="credentials")


def faults_in_a_text(arrangement: Arrangement, page: Page) -> None:
    page.goto(links.edit(*document(arrangement)))
    _write(page, "a: 1\na: 2\n")


def preview(arrangement: Arrangement, page: Page) -> None:
    page.goto(links.edit(*document(arrangement)))
    _write(page, "a: 3\nb: [1, 2]\n")


def saved_meanwhile(arrangement: Arrangement, page: Page) -> None:
    key = document(arrangement)
    page.goto(links.edit(*key))
    put(arrangement, key, "a: 4\n")
    _write(page, "a: 3\n")


def wrong_password(arrangement: Arrangement, page: Page) -> None:
    page.goto(links.secret(*secret(arrangement), "odoo"))
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Show the secret").click()


def no_export(arrangement: Arrangement, page: Page) -> None:
    page.goto(links.import_())
    page.get_by_label("File").set_input_files({"name": "a.jsonl", "mimeType": "", "buffer": b"no: export\n"})
    page.get_by_role("button", name="Import it").click()


def masked(arrangement: Arrangement, page: Page) -> None:
    key = secret(arrangement)
    page.goto(links.export(key[0]))
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the file").click()
    put(arrangement, key, "credentials:\n  odoo: y\n")
    page.goto(links.import_())
    page.get_by_label("File").set_input_files(download.value.path())
    page.get_by_role("button", name="See what it would do").click()


ACTS: dict[str, tuple[Act, str, str | None]] = {
    "faults in a text": (faults_in_a_text, ".note.error", "422"),
    "preview": (preview, "text=b", None),
    "saved meanwhile": (saved_meanwhile, ".note", "409"),
    "wrong password": (wrong_password, ".note.error", "403"),
    "no export": (no_export, ".note.error", "422"),
    "masked": (masked, "#problems", None),
}


@TOGETHER
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(("width", "theme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_axe_finds_nothing(
    arrangement: Arrangement, pages: Pages, watch: Watch, act: str, width: int, theme: str
) -> None:
    do, shown, status = ACTS[act]
    if status:
        watch.expect(status)
    page = pages(language="en", role="admin", width=width, theme=theme)
    do(arrangement, page)
    page.locator(shown).first.wait_for()
    check_accessible(page)


def _write(page: Page, text: str) -> None:
    """Write in the editor, and ask for the preview."""
    page.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(text)
    page.get_by_role("button", name="Preview").click()
