"""A real browser: pages opened in it, and everything that goes wrong in them, written down."""

import importlib.util
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Request, WebError, sync_playwright

Theme = Literal["light", "dark"]

DESKTOP, PHONE = 1280, 390
_HEIGHTS = {DESKTOP: 900, PHONE: 844}
_SCRIPT = Path(__file__).parents[2] / "scripts" / "browser.py"
# Chromium tells most violations on its console in words of its own; the event is the specified way, and misses none.
_TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`Content-Security-Policy: ${event.effectiveDirective} refused ${event.blockedURI} `
    + `at ${event.sourceFile}:${event.lineNumber} ${event.sample}`);
});
"""


def finding() -> ModuleType:
    """`scripts/browser.py`, which knows where the browser is, for the tests as for `make test`."""
    spec = importlib.util.spec_from_file_location("sprintia_browser_script", _SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def driven_browser(path: str) -> Iterator[Browser]:
    """Start the browser at this path. While it is open, use `run_apart` in place of `asyncio.run`."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            # The same pixels on every machine, for pictures in the documentation.
            args=["--font-render-hinting=none", "--force-color-profile=srgb"],
        )
        try:
            yield browser
        finally:
            browser.close()


class Watch:
    """What went wrong in the pages of one test: the policy violated, scripts in error, requests that failed or left.

    `expect(r"status of 404")` lets a fault pass that matches, and asks that it comes.
    """

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.origins: set[str] = set()
        self._expected: list[str] = []

    def expect(self, *patterns: str) -> None:
        self._expected.extend(patterns)

    def follow(self, context: BrowserContext) -> None:
        """Write down what goes wrong in this context's pages from here on."""
        context.add_init_script(_TELL_VIOLATIONS)
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        context.on("request", self._on_request)
        context.on("requestfailed", self._on_failure)

    def assert_clean(self) -> None:
        """Fail when something went wrong that was not expected, or when what was expected did not happen."""
        unexpected = [fault for fault in self.faults if not any(re.search(known, fault) for known in self._expected)]
        missed = [known for known in self._expected if not any(re.search(known, fault) for fault in self.faults)]
        assert not unexpected, "in the browser:\n  " + "\n  ".join(unexpected)
        assert not missed, f"expected in the browser, but it did not happen: {missed}"

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.faults.append(f"console {message.type}: {message.text} ({message.location.get('url', '')})")

    def _on_error(self, error: WebError) -> None:
        self.faults.append(f"script error: {error.error}")

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and f"{parts.scheme}://{parts.netloc}" not in self.origins:
            self.faults.append(f"left the origin: {request.method} {request.url}")

    def _on_failure(self, request: Request) -> None:
        # Given up by the page itself, which was left, or by a download that took the place of a page.
        if request.failure != "net::ERR_ABORTED":
            self.faults.append(f"request failed: {request.method} {request.url}: {request.failure}")


class Pages:
    """Opens pages: `pages(language="en", theme="dark", width=PHONE, javascript=False, role="editor")`.

    Each call has a context of its own: cookies, history and storage are not shared.
    """

    def __init__(
        self, browser: Browser, watch: Watch, *, address: str | None = None,
        cookies_of: Callable[[Any], list[Any]] | None = None,
    ) -> None:  # fmt: skip
        self._browser, self._watch = browser, watch
        self._address, self._cookies_of = address, cookies_of
        self._contexts: list[BrowserContext] = []

    def __call__(
        self,
        *,
        language: str = "pt-BR",
        theme: Theme = "light",
        width: int = DESKTOP,
        javascript: bool = True,
        role: Any = None,
        address: str | None = None,
    ) -> Page:
        """Open an empty page.

        Args:
            language: what the browser asks for.
            theme: which colours the system wants.
            width: of the window; a phone's below 600.
            javascript: whether scripts of pages run.
            role: who is signed in: a role, or a user that the arrangement made; None for nobody.
            address: where paths begin; the arrangement's viewer by default.
        """
        base = address or self._address
        context = self._browser.new_context(
            base_url=base, locale=language, timezone_id="America/Sao_Paulo", color_scheme=theme,
            viewport={"width": width, "height": _HEIGHTS.get(width, 900)}, java_script_enabled=javascript,
            is_mobile=width < 600, has_touch=width < 600, reduced_motion="reduce", accept_downloads=True,
        )  # fmt: skip
        context.set_default_timeout(10_000)
        self._contexts.append(context)
        if base:
            self._watch.origins.add(base)
        self._watch.follow(context)
        if role is not None:
            assert self._cookies_of is not None, "a role needs the fixture `arrangement`"
            context.add_cookies(self._cookies_of(role))
        return context.new_page()

    def close(self) -> None:
        """Close every page, after the last events of each have come."""
        for context in self._contexts:
            for page in context.pages:
                # Not `evaluate`, which waits without end on the browser's own page of a connection that failed.
                with suppress(Error):
                    page.locator(":root").wait_for(state="attached", timeout=1_000)
            context.close()
