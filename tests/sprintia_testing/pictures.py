"""Pictures of pages for the documentation; they are made when SPRINTIA_SCREENSHOTS=1, as `make screenshots` does."""

import os
from pathlib import Path

from playwright.sync_api import Page

FOLDER = Path(__file__).parents[2] / "docs" / "images"
SIZE = {"width": 1280, "height": 800}
LARGEST = 150_000


def wanted() -> bool:
    return os.environ.get("SPRINTIA_SCREENSHOTS") == "1"


def picture(page: Page, name: str) -> None:
    """Keep what the window shows as `docs/images/viewer-NAME.png`, when pictures are wanted.

    Always of one size, without a blinking caret, so that a picture changes only when the page does.
    """
    if not wanted():
        return
    before = page.viewport_size
    page.set_viewport_size({"width": SIZE["width"], "height": SIZE["height"]})
    FOLDER.mkdir(parents=True, exist_ok=True)
    made = page.screenshot(path=FOLDER / f"viewer-{name}.png", caret="hide", animations="disabled", scale="css")
    if before is not None:
        page.set_viewport_size(before)
    assert len(made) < LARGEST, f"viewer-{name}.png has {len(made)} bytes: show less of the page"
