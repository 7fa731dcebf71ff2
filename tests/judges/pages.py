"""Pages and mails before the Nu HTML checker, axe and Lighthouse."""

import asyncio
import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, Page

from browser_pages import ARGUMENTS, PAGES, address
from judges import programs
from judges.machines import fetched, release_pages
from judges.row import Row, Said
from news_items import ACTS, BASE, lanternfish, lanternfish_edition
from site_world import Site
from tidewire.formats.article import article
from tidewire.formats.html import article_mail

WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
RULES = (*WCAG, "best-practice")

CATEGORIES = ["accessibility", "best-practices", "seo"]
LEAST = 95  # of 100, in each category
AUDITED = {
    "front": "/", "list": "/news/{}", "release": "/releases/tidal/{}", "search": "/search",
}  # fmt: skip


def mails() -> dict[str, str]:
    """Mails of the sample in each language."""
    return {
        f"{act}-{tag}": article_mail(article(lanternfish_edition(act), tag, BASE, audience="media"))
        for act, tag in product(ACTS, lanternfish().languages())
    }


async def site_by_nu(site: Site, folder: Path) -> Said:
    bodies = {}
    for name in PAGES:
        _, raw = await asyncio.to_thread(fetched, address(site, name))
        bodies[name.replace(" ", "-")] = raw.decode()
    return await asyncio.to_thread(checked, bodies, folder)


async def releases_by_nu(_: Site, folder: Path) -> Said:
    return await asyncio.to_thread(checked, release_pages(), folder)


async def mails_by_nu(_: Site, folder: Path) -> Said:
    return await asyncio.to_thread(checked, mails(), folder)


def checked(bodies: dict[str, str], folder: Path) -> Said:
    """The errors and warnings of the Nu HTML checker."""
    jar = programs.module("vnu-jar") / "build" / "dist" / "vnu.jar"
    java = programs.program("java", "default-jre-headless")
    for name, text in bodies.items():
        (folder / f"{name}.html").write_text(text, "utf-8")
    paths = [str(folder / f"{name}.html") for name in bodies]
    command = [java, "-jar", str(jar), "--format", "json", "--exit-zero-always", *paths]
    run = subprocess.run(command, capture_output=True, check=False)
    said: dict[str, list[str]] = {name: [] for name in bodies}
    for one in json.loads(run.stderr)["messages"]:
        by_the_way = one["type"] == "info" and one.get("subType") != "warning"
        name = Path(one["url"]).stem
        malay = name.endswith("-ms") and "Indonesian" in one["message"]
        if not by_the_way and not malay:
            said[name].append(f"{one.get('lastLine')}: {one['message']}")
    return said


async def site_by_axe(
    scheme: Literal["light", "dark"], width: int, site: Site, chromium: Browser, _: Path
) -> Said:
    """Every page in one dress and at one width, with all that opens open."""
    said = {}
    context = await chromium.new_context(
        color_scheme=scheme,
        viewport={"width": width, "height": 900},
        locale="en",
        reduced_motion="reduce",
    )
    for name in PAGES:
        shown = await context.new_page()
        answer = await shown.goto(address(site, name))
        assert answer is not None and answer.status < 500, name
        await shown.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        said[name] = await violations(shown)
        await shown.close()
    await context.close()
    return said


async def mails_by_axe(_: Site, chromium: Browser, __: Path) -> Said:
    said = {}
    shown = await chromium.new_page()
    for name, text in mails().items():
        await shown.set_content(text)
        said[name] = await violations(shown, WCAG)
    await shown.close()
    return said


async def violations(shown: Page, rules: Sequence[str] = RULES) -> list[str]:
    """What axe says of a page as it is shown now."""
    rules_of_axe = programs.module("axe-core") / "axe.min.js"
    await shown.evaluate(rules_of_axe.read_text("utf-8"))
    found = await shown.evaluate("rules => axe.run(document, {runOnly: rules})", rules)
    assert found["passes"], "axe looked at the page"
    return [f"{one['id']}: {[n['html'] for n in one['nodes']]}" for one in found["violations"]]


@contextmanager
def listening(folder: Path) -> Iterator[int]:
    """The port at which a Chromium of its own listens; gone afterwards, whatever happens."""
    command = [
        programs.program("chromium", "chromium"),
        *ARGUMENTS,
        "--remote-debugging-port=0",
        f"--user-data-dir={folder}",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            told = (
                re.search(r"DevTools listening on ws://[^/]+:(\d+)/", s) for s in process.stderr
            )
            yield int(next(found for found in told if found)[1])
        finally:
            process.terminate()


def seen_by_lighthouse(pages: dict[str, dict[str, str]], folder: Path) -> Any:
    with listening(folder) as port:
        given = {"port": port, "pages": pages, "categories": CATEGORIES}
        return programs.node("lighthouse.mjs", "lighthouse", given)


async def by_lighthouse(site: Site, folder: Path) -> Said:
    """All scores high enough, and no audit that has a weight failed."""
    pages = {
        f"{name} in {tag}": {"url": site.base_url + path.format(tag), "language": tag}
        for (name, path), tag in product(AUDITED.items(), ("en", "ar", "ja"))
    }
    read = await asyncio.to_thread(seen_by_lighthouse, pages, folder)
    said = {}
    for name, one in read.items():
        low = [f"{key}: {one['scores'].get(key, 0)}" for key in CATEGORIES
               if one["scores"].get(key, 0) < LEAST]  # fmt: skip
        said[name] = [*low, *one["failed"], *([one["error"]] if one["error"] else [])]
    return said


NU = programs.version_of("vnu-jar")
AXE = programs.version_of("axe-core")
MALAY = "its warning that Malay is Indonesian, which it takes from the words alone."
SERVED = (
    Row("HTML, every kind of page", "Nu HTML checker", site_by_nu, NU),
    Row("HTML, release pages", "Nu HTML checker", releases_by_nu, NU, MALAY),
    Row("HTML, mail", "Nu HTML checker", mails_by_nu, NU, MALAY),
    Row("front, list, release, search", f"Lighthouse, {LEAST} in each category", by_lighthouse,
        programs.version_of("lighthouse")),
)  # fmt: skip
SHOWN = (
    Row(
        "every kind of page, light, on a desk",
        "axe-core",
        partial(site_by_axe, "light", 1280),
        AXE,
    ),
    Row(
        "every kind of page, dark, on a phone",
        "axe-core",
        partial(site_by_axe, "dark", 390),
        AXE,
    ),
    Row("mail", "axe-core", mails_by_axe, AXE),
)
