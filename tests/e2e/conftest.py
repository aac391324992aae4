"""The viewer in a real browser, together with the config plugin and apart from it."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser
from sprintia_testing.browser import Pages, Watch, driven_browser, finding
from sprintia_testing.databases import TestDatabases

if TYPE_CHECKING:
    from sprintia_testing.arrangements import Arrangement


@pytest.fixture(scope="session")
def browser_path() -> str:
    """The browser's path. Without one the tests fail, unless somebody said that they be left out."""
    script = finding()
    if os.environ.get(script.SETTING) == script.LEFT_OUT:
        pytest.skip(f"{script.SETTING}={script.LEFT_OUT}: the browser tests are left out")
    missing = ""
    try:
        return str(script.find())
    except script.NoBrowserError as error:
        missing = str(error)
    return pytest.fail(missing, pytrace=False)


@pytest.fixture(scope="module")
def browser(browser_path: str) -> Iterator[Browser]:
    """One browser for a module: its start takes half a second, and while it is open `asyncio.run` is refused here."""
    with driven_browser(browser_path) as driven:
        yield driven


@pytest.fixture(scope="module", params=["together", "split"])
def arrangement(
    request: pytest.FixtureRequest, databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator["Arrangement"]:
    """The viewer beside the config plugin in one platform, then each in a platform of its own.

    The tests of a module share it: each makes tenants, and users whom it changes, of its own.
    """
    from sprintia_testing.arrangements import arranged

    with arranged(request.param, databases, tmp_path_factory.mktemp(request.param)) as made:
        yield made


@pytest.fixture
def watch() -> Watch:
    """What went wrong in the test's pages; `watch.expect(...)` for what is meant to."""
    return Watch()


@pytest.fixture
def pages(browser: Browser, watch: Watch, request: pytest.FixtureRequest) -> Iterator[Pages]:
    """Opens pages: `pages(language="en", theme="dark", width=390, javascript=False, role="editor")`.

    At the end of the test, whatever went wrong in them and was not expected fails it.
    """
    arranged: Any = request.getfixturevalue("arrangement") if "arrangement" in request.fixturenames else None
    given = {} if arranged is None else {"address": arranged.viewer_url, "cookies_of": arranged.cookies}
    opened = Pages(browser, watch, **given)
    yield opened
    opened.close()
    watch.assert_clean()
