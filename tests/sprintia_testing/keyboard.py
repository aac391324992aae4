"""A person without a mouse: Tab until what is wanted has the focus, then Enter."""

from playwright.sync_api import Page

_MOST_STOPS = 120
# The name as a reader of the screen would hear it, in the ways that our pages give one.
_FOCUSED = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const said = (part) => {
    const copy = part?.cloneNode(true);
    copy?.querySelectorAll("[aria-hidden=true], input, select, textarea").forEach((silent) => silent.remove());
    return copy?.textContent ?? "";
  };
  const texts = (ids) => ids.split(" ").map((id) => said(document.getElementById(id))).join(" ");
  const labels = [...(element.labels ?? [])].map(said).join(" ");
  const by = element.getAttribute("aria-labelledby");
  const name = (by && texts(by)) || element.getAttribute("aria-label") || labels || said(element)
    || element.getAttribute("value") || element.getAttribute("title") || "";
  return name.replace(/\\s+/g, " ").trim();
}"""


def focused(page: Page) -> str | None:
    """The name of what has the focus; None when nothing has."""
    name: str | None = page.evaluate(_FOCUSED)
    return name


def tab_to(page: Page, name: str, *, back: bool = False) -> None:
    """Press Tab until the element of this name has the focus; fail when it never gets it."""
    passed: list[str] = []
    for _ in range(_MOST_STOPS):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        here = focused(page)
        if here == name:
            return
        passed.append(here or "(nothing)")
        if len(passed) > 2 and passed[:2] == passed[-2:] and len(set(passed)) > 1:
            break  # once round
    raise AssertionError(f"the keyboard does not reach {name!r}; it passes {list(dict.fromkeys(passed))}")


def press(page: Page, name: str, key: str = "Enter") -> None:
    """Go to the element of this name by Tab, and press a key there."""
    tab_to(page, name)
    page.keyboard.press(key)


def type_into(page: Page, name: str, text: str) -> None:
    """Go to the field of this name by Tab, and type."""
    tab_to(page, name)
    page.keyboard.press("Control+a")
    page.keyboard.type(text)
