"""What axe finds on a page, told so that it can be mended."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# WCAG 2.2 AA, and what axe's authors hold for good practice.
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_OPTIONS = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": _TAGS}}


def check_accessible(page: Page) -> None:
    """Fail when axe finds something on this page: each rule, each element, and what to do."""
    # Where pages' scripts do not run axe never ends, for its timers do not either.
    assert not page.evaluate("matchMedia('(scripting: none)').matches"), "axe needs a page with javascript=True"
    found = Axe().run(page, options=_OPTIONS).response["violations"]
    assert not found, f"{page.url}: axe finds {len(found)} faults\n" + "\n".join(map(_told, found))


def _told(fault: dict[str, Any]) -> str:
    lines = [f"- {fault['id']} ({fault['impact']}): {fault['help']}"]
    for node in fault["nodes"]:
        lines.append(f"    {' '.join(map(str, node['target']))}\n      {' '.join(node['html'].split())[:300]}")
        checks = [*node["any"], *node["all"], *node["none"]]
        lines.extend(f"      mend: {check['message']}" for check in checks)
    return "\n".join(lines)
