"""The site before every judge of it; what they saw stands in `docs/formats.md`."""

from pathlib import Path

import pytest
from playwright.async_api import Browser

from judges.row import Row
from judges.table import SERVED, SHOWN, hold
from site_world import Site

# Each test takes many pages one after the other, and a machine may be busy.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


@pytest.mark.parametrize("row", SERVED, ids=str)
async def test_the_judge_finds_no_fault_and_the_page_says_what_was_seen(
    row: Row, site: Site, tmp_path: Path
) -> None:
    hold(row, await row.run(site, tmp_path))


@pytest.mark.parametrize("row", SHOWN, ids=str)
async def test_the_judge_finds_no_fault_in_a_browser(
    row: Row, site: Site, chromium: Browser, tmp_path: Path
) -> None:
    hold(row, await row.run(site, chromium, tmp_path))
