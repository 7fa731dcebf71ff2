"""The translator's page in a real browser: side by side, by keyboard, on a phone."""

import os
from pathlib import Path

import pytest
from playwright.async_api import Page

from judges.pages import violations
from site_world import Open, Site

pytestmark = pytest.mark.browser

HEADLINES = {
    "ar": "شركة ضوء المرفأ تربط أول محطة لطاقة المد والجزر بالشبكة",
    "ja": "架空の潮力発電所が送電網に接続",
}


async def picture(shown: Page, name: str) -> None:
    """Kept where TIDEWIRE_PICTURES says, for people to look at."""
    if folder := os.environ.get("TIDEWIRE_PICTURES"):
        await shown.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("to", HEADLINES)
async def test_axe_finds_nothing_before_and_after_something_is_wrong(
    look: Open, site: Site, to: str
) -> None:
    shown = await look(site.translate(to))
    assert await violations(shown) == []
    await picture(shown, f"{to}-desk")
    await shown.get_by_label("headline", exact=False).first.fill(HEADLINES[to])
    await shown.get_by_role("button", name="Hand in").click()
    assert await shown.get_by_role("alert").is_visible()
    assert await shown.locator("[aria-invalid]").count() > 3
    for scheme, width in (("light", 1280), ("dark", 390)):
        await shown.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        await shown.set_viewport_size({"width": width, "height": 900})
        assert await violations(shown) == []
        await picture(shown, f"{to}-wrong-{scheme}-{width}")
    assert await shown.locator("#t-headline").input_value() == HEADLINES[to]


@pytest.mark.parametrize(("to", "direction"), [("ar", "rtl"), ("ja", "ltr")])
async def test_source_and_target_stand_side_by_side_each_in_its_direction(
    look: Open, site: Site, to: str, direction: str
) -> None:
    shown = await look(site.translate(to))
    source = await shown.locator("#s-body-1").bounding_box() or {}
    target = await shown.locator("#t-body-1").bounding_box() or {}
    assert source["x"] + source["width"] <= target["x"]
    assert abs(source["y"] - target["y"]) < 12
    computed = "name => getComputedStyle(document.querySelector(name)).direction"
    assert await shown.evaluate(computed, "#t-body-1") == direction
    assert await shown.evaluate(computed, "#s-body-1 p") == "ltr"
    assert await shown.locator("#t-body-1").get_attribute("lang") == to
    assert await shown.locator("#s-body-1 p").get_attribute("lang") == "en"


async def test_it_fits_a_phone_and_holds_no_script(look: Open, site: Site) -> None:
    shown = await look(site.translate("ar"), width=360)
    assert await shown.evaluate("document.documentElement.scrollWidth") <= 360
    assert await shown.locator("script, style, [style], [onclick], [onload]").count() == 0
    source = await shown.locator("#s-body-1").bounding_box() or {}
    target = await shown.locator("#t-body-1").bounding_box() or {}
    assert source["y"] + source["height"] <= target["y"]
    await picture(shown, "ar-phone")


async def test_a_draft_is_written_and_saved_by_keyboard_alone(look: Open, site: Site) -> None:
    shown = await look(site.translate("de"))
    await shown.keyboard.press("Tab")
    await shown.keyboard.press("Enter")  # past the header
    await shown.keyboard.press("Tab")
    assert await shown.evaluate("document.activeElement.id") == "t-headline"
    assert await shown.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "3px"
    await shown.keyboard.type("Erster Gezeitenpark am Netz")
    boxes = await shown.locator("textarea").count()
    for _ in range(boxes):
        await shown.keyboard.press("Tab")
    assert await shown.evaluate("document.activeElement.value") == "save"
    await shown.keyboard.press("Enter")
    await shown.get_by_role("status").wait_for()
    assert f"1 of {boxes}" in await shown.get_by_role("status").inner_text()
    await shown.goto(site.translate("de"))
    assert await shown.locator("#t-headline").input_value() == "Erster Gezeitenpark am Netz"
    await picture(shown, "de-saved")
