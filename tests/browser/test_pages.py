"""The pages in a real browser: accessible in every dress, by keyboard, and from one place only."""

from importlib.resources import files

import pytest
from playwright.async_api import Browser

from browser_pages import PAGES, address
from news_items import lanternfish_edition
from site_world import Open, Site
from tidewire.formats.article import article
from tidewire.formats.html import article_mail
from tidewire.languages import KNOWN_15

pytestmark = pytest.mark.browser

AXE = files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.parametrize("page", PAGES)
async def test_axe_finds_nothing_light_or_dark_on_desk_or_phone(
    look: Open, site: Site, page: str
) -> None:
    shown = await look(address(site, page))
    await shown.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    await shown.evaluate(AXE)
    for scheme, width in (("light", 1280), ("dark", 390)):
        await shown.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        await shown.set_viewport_size({"width": width, "height": 900})
        found = await shown.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
        said = [
            f"{scheme}, {width}: {one['id']}: {[node['target'] for node in one['nodes']]}"
            for one in found["violations"]
        ]
        assert said == []
        assert found["passes"], "axe looked at the page"


@pytest.mark.parametrize("page", PAGES)
async def test_every_page_fits_a_phone_and_holds_no_script_and_no_inline_style(
    look: Open, site: Site, page: str
) -> None:
    shown = await look(address(site, page), width=360)
    assert await shown.evaluate("document.documentElement.scrollWidth") <= 360
    data = 'script:not([type="application/ld+json"])'  # never run, and not the policy's concern
    assert await shown.locator(f"{data}, style, [style], [onclick], [onload]").count() == 0


async def test_the_keyboard_reaches_the_text_first_and_shows_where_it_is(look: Open) -> None:
    shown = await look("/releases/tidal/en")
    await shown.keyboard.press("Tab")
    skip = shown.locator(":focus")
    assert await skip.get_attribute("href") == "#main"
    assert (await skip.bounding_box() or {})["y"] >= 0, "the link shows itself when focused"
    for _ in range(4):
        await shown.keyboard.press("Tab")
        outline = await shown.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert outline == "3px"


async def test_a_language_is_one_click_away(look: Open, site: Site) -> None:
    shown = await look("/releases/tidal/en")
    await shown.get_by_role("link", name="Deutsch").click()
    assert shown.url == f"{site.base_url}/releases/tidal/de"
    assert await shown.locator("html").get_attribute("lang") == "de"


async def test_arabic_reads_from_right_to_left(look: Open) -> None:
    shown = await look("/releases/tidal/ar")
    headline = await shown.locator("h1").bounding_box()
    assert await shown.locator("html").get_attribute("dir") == "rtl"
    assert await shown.evaluate("getComputedStyle(document.querySelector('h1')).direction") == "rtl"
    assert headline is not None


async def test_changes_open_with_the_keyboard(look: Open) -> None:
    shown = await look("/releases/corrected/en")
    assert not await shown.locator("ins").first.is_visible()
    await shown.locator("summary").focus()
    await shown.keyboard.press("Enter")
    assert await shown.locator("del").first.inner_text() == "38"
    assert await shown.locator("ins").first.inner_text() == "36"


async def test_the_report_draws_a_bar_for_every_state_that_is_there(look: Open, site: Site) -> None:
    shown = await look(site.report)
    bar = shown.locator('svg[aria-labelledby^="states-email"] rect')
    widths = [(await one.bounding_box() or {})["width"] for one in await bar.all()]
    whole = await shown.locator('svg[aria-labelledby^="states-email"]').bounding_box() or {}
    assert len(widths) == 4
    assert sum(widths) == pytest.approx(whole["width"], abs=6)  # strokes overlap a little
    assert widths[0] > 0.85 * whole["width"]


async def test_the_report_can_be_switched_to_german_without_losing_the_link(
    look: Open, site: Site
) -> None:
    shown = await look(site.report)
    await shown.get_by_role("link", name="Deutsch").click()
    assert await shown.get_by_role("heading", name="Zustellungen").is_visible()


@pytest.mark.parametrize("tag", KNOWN_15)
async def test_axe_finds_nothing_in_a_mail(chromium: Browser, tag: str) -> None:
    shown = await chromium.new_page()
    mail = article_mail(article(lanternfish_edition(), tag, "https://wire.example"))
    await shown.set_content(mail)
    await shown.evaluate(AXE)
    found = await shown.evaluate("rules => axe.run(document, {runOnly: rules})", RULES[:5])
    assert [(one["id"], [n["html"] for n in one["nodes"]]) for one in found["violations"]] == []
    await shown.close()


async def test_a_printed_release_says_where_it_stands_and_what_has_changed(
    look: Open, site: Site
) -> None:
    shown = await look("/releases/corrected/en")
    await shown.emulate_media(media="print")
    assert await shown.locator("ins").first.is_visible()
    address = shown.get_by_text(f"{site.base_url}/releases/corrected/en", exact=True)
    assert await address.is_visible()
    for unprinted in ("nav.languages", "a.search", "footer.site", ".onward", "summary"):
        assert not await shown.locator(unprinted).first.is_visible()


async def test_numbers_in_a_table_stand_below_each_other(look: Open) -> None:
    shown = await look("/releases/tidal/en")
    ends = await shown.evaluate(
        "[...document.querySelectorAll('.text tr > :nth-child(3)')].map(cell => {"
        "const range = document.createRange(); range.selectNodeContents(cell);"
        "return Math.round(range.getBoundingClientRect().right)})"
    )
    assert len(ends) == 3 and len(set(ends)) == 1
