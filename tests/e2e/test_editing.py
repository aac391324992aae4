"""The editor, written in as people write: whatever replaces several lines, the policy has nothing to refuse."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from sprintia_testing.accessibility import check_accessible
from sprintia_testing.arrangements import TOGETHER, Arrangement
from sprintia_testing.browser import Pages, Theme, Watch
from sprintia_testing.mending import written

from sprintia_viewer.web import links

TEXT = "a: 1\nb:\n  - 2  # two\n  - x: yes\nc: 3\n"
LINES = ["ControlOrMeta+Home", "ArrowDown", "Shift+ArrowDown", "Shift+ArrowDown", "Shift+End"]
REPLACED = "a: 1\nd: 4\nc: 3\n"


def typed(page: Page) -> None:
    page.keyboard.type("d: 4")


def inserted(page: Page) -> None:
    page.keyboard.insert_text("d: 4")


def pasted(page: Page) -> None:
    page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.setData("text/plain", "d: 4");
          const event = new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
          document.querySelector(".cm-content").dispatchEvent(event);
        }"""
    )


def deleted_by_menu(page: Page) -> None:
    page.evaluate("document.execCommand('delete')")
    page.keyboard.type("d: 4")


def cut(page: Page) -> None:
    page.keyboard.press("ControlOrMeta+x")
    page.keyboard.type("d: 4")


def composed(page: Page) -> None:
    """As a dead key or an input method writes: what is composed changes before it stands."""
    session = page.context.new_cdp_session(page)
    for text in ("d", "d:", "d: 4"):
        session.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})
    session.send("Input.insertText", {"text": "d: 4"})


def entered(page: Page) -> None:
    page.keyboard.press("Enter")
    page.keyboard.press("Backspace")
    page.keyboard.type("d: 4")


@TOGETHER
@pytest.mark.parametrize("act", [typed, inserted, pasted, deleted_by_menu, cut, composed, entered])
def test_lines_are_replaced(arrangement: Arrangement, pages: Pages, act: Callable[[Page], None]) -> None:
    page = pages(language="en", role="admin")
    page.goto(links.edit(*written(arrangement, TEXT)))
    page.locator(".cm-content").click()
    for key in LINES:
        page.keyboard.press(key)
    act(page)
    page.wait_for_function("text => document.querySelector('textarea[data-editor]').value === text", arg=REPLACED)
    page.keyboard.press("ControlOrMeta+z")
    page.wait_for_function("text => document.querySelector('textarea[data-editor]').value !== text", arg=REPLACED)


@TOGETHER
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_the_editor_opens_is_accessible(
    arrangement: Arrangement, pages: Pages, watch: Watch, theme: Theme
) -> None:
    watch.expect("422")
    page = pages(language="en", role="admin", theme=theme)
    page.goto(links.edit(*written(arrangement, TEXT)))
    page.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+f")
    page.locator(".cm-search").wait_for()
    page.keyboard.type("x")
    page.locator(".cm-searchMatch").first.wait_for()
    check_accessible(page)
    page.keyboard.press("Escape")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("a: 1\na: 2\n")
    page.get_by_role("button", name="Preview").click()
    page.locator(".cm-lint-marker").hover()
    page.locator(".cm-tooltip").wait_for()
    check_accessible(page)
    page.mouse.move(0, 0)
    page.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+Shift+M")
    page.locator(".cm-panel-lint").wait_for()
    check_accessible(page)
