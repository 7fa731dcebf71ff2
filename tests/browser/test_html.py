"""Every page as the Nu HTML checker (W3C, WHATWG) reads it: no error, no warning."""

import asyncio
import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from browser_pages import PAGES, address
from news_items import lanternfish_edition
from site_world import Site
from tidewire.formats.article import article
from tidewire.formats.html import article_mail
from tidewire.languages import KNOWN_15
from tidewire.newsroom.pages import release_page

BASE = "https://wire.example"

JAR = Path(__file__).parents[2] / ".dev/node/node_modules/vnu-jar/build/dist/vnu.jar"


@pytest.fixture(scope="module")
def checker() -> list[str]:
    """The checker's command. Without Java or the checker it is skipped, but never in CI."""
    java = shutil.which("java")
    if (java is None or not JAR.exists()) and "CI" not in os.environ:
        pytest.skip(
            "The Nu HTML checker is not here: apt-get install default-jre-headless;"
            " npm install --prefix .dev/node vnu-jar"
        )
    assert java is not None and JAR.exists(), "Java and vnu-jar must be there in CI"
    return [java, "-jar", str(JAR), "--format", "json", "--exit-zero-always"]


def fetched(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:  # 404 and 410 have pages too
        return error.read()


async def test_the_checker_has_nothing_to_say_of_any_page(
    site: Site, checker: list[str], tmp_path: Path
) -> None:
    for name in PAGES:
        where = address(site, name)
        url = where if "://" in where else f"{site.base_url}{where}"
        body = await asyncio.to_thread(fetched, url)
        (tmp_path / f"{name.replace(' ', '-')}.html").write_bytes(body)
    assert await asyncio.to_thread(found, checker, tmp_path) == []


async def test_language_and_direction_are_right_on_page_and_mail_in_all_fifteen(
    checker: list[str], tmp_path: Path
) -> None:
    edition = lanternfish_edition()
    for tag in KNOWN_15:
        mail = article_mail(article(edition, tag, BASE, audience="media"))
        (tmp_path / f"{tag}-mail.html").write_text(mail, "utf-8")
        page = release_page(edition, tag, base_url=BASE)
        (tmp_path / f"{tag}-page.html").write_text(page, "utf-8")
    said = await asyncio.to_thread(found, checker, tmp_path)
    # It takes Malay for Indonesian, from the words alone; in all others it agrees.
    assert [one for one in said if not (one.startswith("ms-") and "Indonesian" in one)] == []


def found(checker: list[str], folder: Path) -> list[str]:
    """What the checker says of every document in a folder, but for what it says by the way."""
    files = sorted(map(str, folder.iterdir()))
    run = subprocess.run([*checker, *files], capture_output=True, check=False)
    return [
        f"{Path(one['url']).name}:{one.get('lastLine')}: {one['message']}"
        for one in json.loads(run.stderr)["messages"]
        if not (one["type"] == "info" and one.get("subType") != "warning")
    ]
