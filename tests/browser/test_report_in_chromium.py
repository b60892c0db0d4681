"""Standing pages in a real browser: quiet, offline, no wider than a phone, readable enlarged, in the dark, on paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import samples
import test_report

from strop.web import report

pytestmark = pytest.mark.browser
Opened = tuple[Any, list[str]]


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Open a page; returns it and all that it complained about or asked for."""
    contexts = []

    def call(page: str, *, width: int = 1200, scheme: str = "light", **more: Any) -> Opened:
        path = tmp_path / "page.html"
        path.write_text(page, "utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **more)
        contexts.append(context)
        tab, said = context.new_page(), []
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        tab.on("request", lambda request: said.append(request.url) if request.url != path.as_uri() else None)
        tab.goto(path.as_uri())
        return tab, said

    yield call
    for context in contexts:
        context.close()


def overflow(tab: Any) -> int:
    """Pixels by which the page is wider than its window."""
    found = tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return int(found)


@pytest.mark.parametrize("name", test_report.NAMES)
@pytest.mark.parametrize("width", [360, 1200])
def test_a_page_is_quiet_styled_and_fits(opened: Callable[..., Opened], name: str, width: int) -> None:
    tab, said = opened(test_report.page_of(name), width=width)
    assert said == []
    assert overflow(tab) <= 0
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(251, 250, 247)"


def test_nothing_planted_runs_or_spills(opened: Callable[..., Opened]) -> None:
    endless = test_report.HOSTILE + "x" * 300
    checks = [check.model_copy(update={"detail": endless}) for check in samples.checks()]
    page = report.page(
        samples.decision(sentence=endless, by=endless, checks=checks, protocol={endless: endless}),
        test_report.hostile_context(),
    )
    tab, said = opened(page, width=360)
    assert said == []
    assert overflow(tab) <= 0
    assert tab.evaluate("document.images.length + document.scripts.length") == 0


def test_the_policy_stops_a_script_that_would_get_in(opened: Callable[..., Opened]) -> None:
    page = test_report.page_of("decision").replace("</main>", "<script>document.title = 'taken'</script></main>")
    tab, said = opened(page)
    assert tab.title() != "taken"
    assert any("Content Security Policy" in text for text in said)


def test_enlarged_to_200_percent_nothing_is_cut(opened: Callable[..., Opened]) -> None:
    tab, _ = opened(test_report.page_of("decision"), width=640)
    tab.evaluate("document.documentElement.style.fontSize = '200%'")
    assert overflow(tab) <= 0


def test_by_keyboard_the_first_stop_skips_to_the_page_and_summaries_open(opened: Callable[..., Opened]) -> None:
    tab, _ = opened(test_report.page_of("decision"))
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Skip to the page"
    tab.locator("summary").first.focus()
    tab.keyboard.press("Enter")
    assert tab.locator("details").first.get_attribute("open") is not None
    tab.keyboard.press("Tab")
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def _contrast(tab: Any, selector: str) -> float:
    """The smallest contrast of text against the colour behind it (WCAG 2.2, relative luminance)."""
    script = """(selector) => {
      const channel = c => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
      const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(Number);
        return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b); };
      const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
        if (!/^rgba.*, 0\\)$/.test(c)) return c; } return 'rgb(255, 255, 255)'; };
      return Math.min(...[...document.querySelectorAll(selector)].filter(e => e.textContent.trim()).map(e => {
        const [a, b] = [light(getComputedStyle(e).color), light(behind(e))].sort((x, y) => y - x);
        return (a + 0.05) / (b + 0.05); }));
    }"""
    return float(tab.evaluate(script, selector))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("verdict", ["promote", "refuse", "not_enough_evidence"])
def test_text_has_contrast_in_the_light_and_in_the_dark(
    opened: Callable[..., Opened], scheme: str, verdict: str
) -> None:
    tab, _ = opened(report.page(samples.decision(verdict=verdict), samples.context()), scheme=scheme)
    assert _contrast(tab, "p, h1, h2, h3, h4, td, th, dt, dd, a, .soft, .badge, .icon, ins, del, summary, code") >= 4.5


def test_pictures_follow_the_scheme(opened: Callable[..., Opened]) -> None:
    colours = {
        opened(test_report.page_of("decision"), scheme=scheme)[0].evaluate(
            "getComputedStyle(document.querySelector('figure text')).fill"
        )
        for scheme in ("light", "dark")
    }
    assert len(colours) == 2 and "rgb(0, 0, 0)" not in colours


def test_on_paper_the_numbers_behind_the_pictures_are_there(opened: Callable[..., Opened]) -> None:
    tab, _ = opened(test_report.page_of("decision"))
    tab.emulate_media(media="print")
    assert tab.locator("figure table").first.is_visible()
    assert not tab.locator(".contents").is_visible()
    assert len(tab.pdf(format="A4")) > 20_000


def test_a_table_keeps_its_meaning_on_a_phone(opened: Callable[..., Opened]) -> None:
    tab, _ = opened(test_report.page_of("decision"), width=360)
    rows = tab.get_by_role("table").first.get_by_role("row")
    assert rows.count() == len(samples.checks()) + 1


@pytest.mark.parametrize("tiles", [3, 4, 5, 6])
@pytest.mark.parametrize("width", [360, 640, 900, 1280])
def test_tiles_leave_no_hole(opened: Callable[..., Opened], tiles: int, width: int) -> None:
    page = report.page(samples.decision(checks=samples.tiled(tiles)), samples.context())
    tab, _ = opened(page, width=width)
    assert tab.locator(".facts > div").count() == tiles
    hole = tab.evaluate("""() => {
      const all = document.querySelector('.facts').getBoundingClientRect(), ends = {};
      for (const tile of document.querySelectorAll('.facts > div')) {
        const place = tile.getBoundingClientRect();
        ends[Math.round(place.top)] = Math.max(ends[Math.round(place.top)] || 0, place.right);
      }
      return Math.max(...Object.values(ends).map(end => all.right - end));
    }""")
    assert hole <= 2


def test_pictures_side_by_side_end_together(opened: Callable[..., Opened]) -> None:
    tab, _ = opened(test_report.page_of("decision"), width=1280)
    places = tab.evaluate("""() => [...document.querySelectorAll('.figures > figure')].map(figure => {
      const place = figure.getBoundingClientRect();
      return [Math.round(place.left), Math.round(place.top), Math.round(place.bottom)];
    })""")
    rows: dict[int, set[int]] = {}
    for _, top, bottom in places:
        rows.setdefault(top, set()).add(bottom)
    assert len(places) > 2 and len({left for left, _, _ in places}) == 2
    assert all(len(bottoms) == 1 for bottoms in rows.values())


def test_keys_break_between_words(opened: Callable[..., Opened]) -> None:
    protocol = {"decision": {"guard": {"general_ability_of_every_base": 0.03}}}
    tab, _ = opened(report.page(samples.decision(protocol=protocol), samples.context()), width=1280)
    key = tab.locator("#protocol dt")
    assert key.evaluate("node => node.getBoundingClientRect().height") > 30  # it needs a second line
    lines = key.evaluate("""node => {
      const range = document.createRange(), words = [];
      const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
      for (let text = walker.nextNode(); text; text = walker.nextNode()) {
        range.selectNodeContents(text);
        words.push(range.getClientRects().length);
      }
      return words;
    }""")
    assert set(lines) == {1}  # no word stands on two lines
