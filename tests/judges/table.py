"""All rows, and `docs/formats.md`, which holds what a run of them saw.

A row is a test: `tests/flow/test_judged_documents.py` runs those that need no site,
`tests/browser/test_judged_pages.py` the others. Each compares its line of the page with what it
saw, so no line can stand there that no judge stands behind.
"""

import os

from judges import feeds, machines, pages, schemas
from judges.row import Row, Said
from news_items import ROOT

WRITE = "TIDEWIRE_WRITE_FORMATS"
PAGE = ROOT / "docs" / "formats.md"

DOCUMENTS = (*schemas.ROWS, *feeds.ROWS)  # run(folder)
SERVED = (*machines.ROWS, *pages.SERVED)  # async run(site, folder)
SHOWN = pages.SHOWN  # async run(site, browser, folder)
ROWS = (*DOCUMENTS, *SERVED, *SHOWN)

HEAD = f"""# Formats and their judges

Written by tests, never by hand: `{WRITE}=1 ./dev test tests/flow/test_judged_documents.py
tests/browser/test_judged_pages.py`. The same tests fail where a line is not what they see. The
sample has {len(schemas.LANGUAGES)} languages; it is published, corrected, withdrawn and killed.

| format | judge | its version | documents | faults |
|---|---|---|---:|---:|
"""


def lines() -> dict[str, str]:
    """The lines of the page's table, by the format and the judge that they begin with."""
    text = PAGE.read_text("utf-8") if PAGE.exists() else ""
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    return {" | ".join(line.split(" | ")[:2]): line for line in rows}


def key(row: Row) -> str:
    return f"| {row.format} | {row.judge}"


def page(known: dict[str, str]) -> str:
    """The document with these lines, in the order of the rows."""
    table = [known[key(row)] for row in ROWS if key(row) in known]
    notes = [f"- {row}: {row.note}" for row in ROWS if row.note]
    asked = ["", "What judges are not asked:", "", *notes] if notes else []
    return HEAD + "\n".join([*table, *asked]) + "\n"


def hold(row: Row, said: Said) -> None:
    """No fault in any document, and the page says so."""
    wrong = {document: faults for document, faults in said.items() if faults}
    line = f"{key(row)} | {row.version() or '–'} | {len(said)} | {len(wrong)} |"
    if os.environ.get(WRITE):
        PAGE.write_text(page({**lines(), key(row): line}), "utf-8")
    assert said, f"{row}: no document was looked at"
    assert not wrong, f"{row} finds faults:\n" + "\n".join(
        f"{document}: {fault}" for document, faults in wrong.items() for fault in faults
    )
    assert lines().get(key(row)) == line, f"docs/formats.md is old: write it anew with {WRITE}=1"
