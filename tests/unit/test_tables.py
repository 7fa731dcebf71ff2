"""Tables on a page: which columns are numbers, and what a wide one gets around it."""

import pytest
from lxml import html

from tidewire.formats.tables import columns, for_page

TABLE = (
    "<table><thead><tr><th>Year</th><th>Growth</th><th>Note</th></tr></thead><tbody>"
    "<tr><td>Spring</td><td>+12.0</td><td>good</td></tr>"
    "<tr><td>Autumn</td><td>–</td><td>12 of 14</td></tr></tbody></table>"
)


def numbers(*said: str) -> bool:
    rows = "".join(f"<tr><td>{one}</td></tr>" for one in said)
    return next(columns(html.fragment_fromstring(f"<table>{rows}</table>")))[1]


@pytest.mark.parametrize(
    "said", ["1,284.0", "-3", "−3 %", "٤٬٦٢٥", "١٫٩٪", "1.284,5 €", "$12", "48 MW", "1’284"]
)
def test_a_number_is_known_in_any_spelling(said: str) -> None:
    assert numbers(said, "–", "")


@pytest.mark.parametrize("said", [("Spring",), ("12 of 14",), ("–", ""), ("12", "none")])
def test_what_is_no_number_makes_no_column_of_numbers(said: tuple[str, ...]) -> None:
    assert not numbers(*said)


def test_heading_and_cells_of_numbers_have_a_class_and_nothing_else_has() -> None:
    shown = html.fragment_fromstring(for_page(TABLE, "ltr", "Results"))
    marked = [cell.text_content() for cell in shown.xpath("//*[@class='number']")]
    assert marked == ["Growth", "+12.0", "–"]
    assert not shown.xpath("//bdi")


def test_a_sign_stays_before_its_number_from_right_to_left() -> None:
    shown = for_page(TABLE, "rtl", "Results")
    assert '<td class="number"><bdi dir="ltr">+12.0</bdi></td>' in shown
    assert '<th class="number">Growth</th>' in shown


def test_a_wide_table_scrolls_in_a_region_with_a_name() -> None:
    row = "".join(f"<td>{n}</td>" for n in range(5))
    table = f"<p>Before</p><table><tbody><tr>{row}</tr></tbody></table> after"
    shown = html.fragment_fromstring(for_page(table, "ltr", 'A "B" & C'), create_parent="div")
    (region,) = shown.xpath("//div[@class='scroll']")
    assert (region.get("role"), region.get("tabindex")) == ("region", "0")
    assert region.get("aria-label") == 'A "B" & C'
    assert (region.tail or "").strip() == "after"
    captioned = table.replace("<table>", "<table><caption>By year</caption>")
    assert 'aria-label="By year"' in for_page(captioned, "ltr", "Results")


def test_text_without_a_table_is_left_as_it_is() -> None:
    assert for_page("<p>1 &lt; 2<br></p>", "rtl", "x") == "<p>1 &lt; 2<br></p>"
