"""Pages opened in a real browser with the network off, for the tests of pages."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)

MARKS = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path"),
    pytest.mark.skipif(importlib.util.find_spec("playwright") is None, reason="Playwright is not installed"),
]
"""Of every test that opens a page."""

SCREENS = {"desk": (1280, 800), "phone": (390, 844)}


def browsers() -> Iterator[Any]:
    """One browser for the tests of a module."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield launched
        launched.close()


class Visit:
    """An open page, and everything that should not have happened on it."""

    def __init__(self, browser: Any, file: Path, screen: str = "desk", scheme: str = "light", part: str = "") -> None:
        width, height = SCREENS[screen]
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, offline=True, accept_downloads=True
        )
        self.trouble: list[str] = []
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.trouble.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: (self.trouble.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("request", lambda request: self._requested(request.url, file.as_uri()))
        self.page.goto(file.as_uri() + part)
        self.page.wait_for_timeout(150)

    def _requested(self, url: str, own: str) -> None:
        if url.partition("#")[0] != own and not url.startswith("blob:"):  # a download of the page's own
            self.trouble.append(f"request: {url}")

    def until(self, script: str, most: int = 10_000) -> None:
        """Wait until a script says yes. The page's own policy forbids Playwright's way of waiting."""
        for _ in range(most // 20):
            if self.ask(script):
                return
            self.page.wait_for_timeout(20)
        raise AssertionError(f"still not: {script}")

    # --- the picture ---

    def ask(self, script: str, argument: Any = None) -> Any:
        """What a script says on the page."""
        return self.page.evaluate(script, argument)

    def nodes(self) -> dict[str, int]:
        """The accounts that are seen, by name."""
        return {node["name"]: node["id"] for node in self.ask("graphflow.nodes()")}

    def edges(self) -> dict[str, dict[str, Any]]:
        """The edges that are seen, as "payer → payee"."""
        return {edge["name"]: edge for edge in self.ask("graphflow.edges()")}

    def spot(self, node: int) -> tuple[float, float]:
        """Where a node is on the screen."""
        script = "node => graphflow.network.canvasToDOM(graphflow.network.getPosition(node))"
        return self._on_screen(self.ask(script, node))

    def middle(self, edge: str) -> tuple[float, float]:
        """Where the curve of an edge, "payer → payee", is a little more than half way."""
        script = "id => graphflow.network.canvasToDOM(graphflow.network.body.edges[id].edgeType.getPoint(0.62))"
        return self._on_screen(self.ask(script, self.edges()[edge]["id"]))

    def _on_screen(self, point: dict[str, float]) -> tuple[float, float]:
        self.page.locator("#graph").scroll_into_view_if_needed()
        box = self.page.locator("#graph").bounding_box()
        return box["x"] + point["x"], box["y"] + point["y"]

    def bright(self) -> set[str]:
        """The edges that are seen and not dimmed."""
        script = """() => graphflow.edges().filter(
            ({ id }) => graphflow.network.body.edges[id].options.color.opacity > 0.5).map(({ name }) => name)"""
        return set(self.ask(script))

    def texts(self, kind: str) -> list[str]:
        """What is written on the picture: "label", "amount", "heading" or "step"."""
        return [" ".join(text["lines"]) for text in self.ask("graphflow.texts") if text["kind"] == kind]

    # --- the table ---

    def listed(self) -> list[str]:
        """The transactions in the table."""
        cells: list[str] = self.page.locator("#rows tbody tr td:first-child").all_inner_texts()
        return cells

    def column(self, heading: str) -> list[str]:
        """The cells of a column of the table; of accounts without their holders' names below them."""
        heads = self.page.locator("#rows th").all_inner_texts()
        place = next(i for i, text in enumerate(heads) if text.strip().startswith(heading))
        cells: list[str] = self.page.locator(f"#rows tbody tr td:nth-child({place + 1})").all_inner_texts()
        return [text.partition("\n")[0] for text in cells] if heading in ("Payer", "Payee") else cells

    def saved(self, button: str) -> tuple[str, bytes]:
        """Name and content of what a button saves."""
        with self.page.expect_download() as waiting:
            self.page.locator(button).click()
        return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()

    def choose(self, name: str, text: str) -> None:
        """Check or uncheck an entry of a list of the filters."""
        shown = self.page.locator(f"#only-{name}")
        if shown.get_attribute("open") is None:
            shown.locator("summary").click()
        shown.locator("label", has_text=text).click()

    def slide(self, handle: str, value: int) -> None:
        """Move a handle of a slider, as a person does: it says so while it moves, and when it stops."""
        script = """([id, value]) => { const handle = document.getElementById(id); handle.value = value;
            for (const kind of ["input", "change"]) handle.dispatchEvent(new Event(kind, { bubbles: true })); }"""
        self.ask(script, [handle, str(value)])

    def facts(self) -> Any:
        """What the page holds."""
        return json.loads(self.page.locator("#facts").text_content())
