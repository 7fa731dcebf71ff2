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
from site_world import Site

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
    files = await asyncio.to_thread(lambda: sorted(map(str, tmp_path.iterdir())))
    run = await asyncio.to_thread(subprocess.run, [*checker, *files], capture_output=True)
    said = json.loads(run.stderr)["messages"]
    found = [
        f"{Path(one['url']).name}:{one.get('lastLine')}: {one['message']}"
        for one in said
        if not (one["type"] == "info" and one.get("subType") != "warning")
    ]
    assert found == []
