"""The pages in a real browser: on every screen, by keyboard, and from one place only."""

import pytest

from browser_pages import PAGES, address
from site_world import Open, Site

pytestmark = pytest.mark.browser


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
