"""Every format before every judge that needs no site; what they saw stands in `docs/formats.md`."""

from pathlib import Path

import pytest

from judges.row import Row
from judges.table import DOCUMENTS, PAGE, ROWS, hold, key, lines, page


@pytest.mark.parametrize("row", DOCUMENTS, ids=str)
def test_the_judge_finds_no_fault_and_the_page_says_what_was_seen(row: Row, tmp_path: Path) -> None:
    hold(row, row.run(tmp_path))


def test_the_page_has_a_line_for_every_row_and_no_other() -> None:
    assert list(lines()) == [key(row) for row in ROWS]
    assert PAGE.read_text("utf-8") == page(lines())
