"""What machines read of the site before its judges: sitemaps, structured data, feeds as served.

Each row reads the site over HTTP, or makes documents of the sample in its languages.
"""

import asyncio
import urllib.error
import urllib.request
from datetime import timedelta
from email.message import Message
from functools import partial
from importlib.metadata import version
from itertools import product
from pathlib import Path

import extruct
from lxml import etree, html

from editions import T0
from judges import programs
from judges.feed_rules import FAULTS
from judges.row import Row, Said
from news_items import ACTS, BASE, lanternfish, lanternfish_edition
from site_world import Site
from tidewire.formats.feed_names import FORMS
from tidewire.formats.feeds import MEDIA_TYPES
from tidewire.model.release import Act
from tidewire.newsroom import sitemaps
from tidewire.newsroom.pages import release_page
from tidewire.store.sitemap_rows import Row as Release

FEEDS = ("en", "ar", "ja", "zh-Hant", "de/energy", "en/country/DE", "en/issuer/harbourlight")
OPEN_GRAPH = {
    "og:type", "og:title", "og:description", "og:url", "og:site_name", "og:locale", "og:image",
    "og:image:alt",
}  # fmt: skip
NO_ACCOUNT = ['"twitter:site"', '"twitter:creator"']


def fetched(url: str, method: str = "GET") -> tuple[Message, bytes]:
    """Headers and body; 404 and 410 have pages too, and a fault of the server has none."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=60) as it:
            return it.headers, it.read()
    except urllib.error.HTTPError as error:
        assert error.code < 500, url
        return error.headers, error.read()


def release_pages(acts: tuple[Act, ...] = ACTS) -> dict[str, str]:
    """Pages of the sample in each language."""
    return {
        f"{act}-{tag}": release_page(lanternfish_edition(act), tag, base_url=BASE)
        for act, tag in product(acts, lanternfish().languages())
    }


def made_sitemaps() -> dict[str, bytes]:
    """Sitemaps with every language, with more than fits, and with nothing."""
    headlines = tuple((one.language, one.headline) for one in lanternfish().renditions)
    rows = [
        Release(f"tw{number:06d}", headlines, T0 - timedelta(minutes=number), T0)
        for number in range(100)
    ]
    return {
        "index": sitemaps.index(2_000, BASE),
        "part": sitemaps.part(rows, BASE),
        "empty part": sitemaps.part([], BASE),
        "news": sitemaps.news(rows, BASE, T0),
        "empty news": sitemaps.news([], BASE, T0),
    }


async def by_sitemap(site: Site, _: Path) -> Said:
    """Taken without an error, and nothing in it overlooked."""
    documents = made_sitemaps()
    for path in ("sitemap.xml", "sitemap-0.xml", "sitemap-news.xml"):
        _, documents[path] = await asyncio.to_thread(fetched, f"{site.base_url}/{path}")
    given = {name: raw.decode() for name, raw in documents.items()}
    read = await asyncio.to_thread(programs.node, "sitemap.mjs", "sitemap", given)
    said = {}
    for name, raw in documents.items():
        there = [one.text for one in etree.fromstring(raw).iter(f"{{{sitemaps.SITEMAP}}}loc")]
        same = [one["url"] for one in read[name]["items"]] == there
        said[name] = [*read[name]["wrong"], *([] if same else ["not all addresses were read"])]
    return said


async def by_structured_data_tool(_: Site, __: Path) -> Said:
    pages = release_pages((Act.PUBLISH, Act.CORRECT))
    given = {"pages": pages, "warned": NO_ACCOUNT}
    said: Said = await asyncio.to_thread(
        programs.node, "structured.mjs", "structured-data-testing-tool", given
    )
    return said


async def by_extruct(_: Site, __: Path) -> Said:
    """One NewsArticle for each page; OpenGraph's properties, but of what was taken back none."""
    said = {}
    for name, text in release_pages().items():
        read = extruct.extract(text, BASE, syntaxes=["json-ld", "opengraph"], errors="strict")
        (headline,) = html.fromstring(text).xpath("//h1")
        articles = [(one["@type"], one["headline"]) for one in read["json-ld"]]
        wanted = [("NewsArticle", " ".join(headline.text_content().split()))]
        properties = {key for one in read["opengraph"] for key, _ in one["properties"]}
        due = OPEN_GRAPH if name.startswith((Act.PUBLISH, Act.CORRECT)) else set()
        said[name] = [
            *([] if articles == wanted else [f"{articles} instead of {wanted}"]),
            *(f"no {missing}" for missing in due - properties),
            *(f"{given} of what was taken back" for given in properties if not due),
        ]
    return said


async def by_feed_rules(site: Site, _: Path) -> Said:
    """The documents under their own addresses: self, hub and media type in headers as well."""
    said = {}
    for name, form, summary in product(FEEDS, FORMS, ("", "?text=summary")):
        url = f"{site.base_url}/feeds/{name}.{form}{summary}"
        headers, raw = await asyncio.to_thread(fetched, url)
        again, _ = await asyncio.to_thread(fetched, url, "HEAD")
        wrong = list(FAULTS[form](raw, url))
        for told in (headers, again):
            links = ", ".join(told.get_all("Link", []))
            if told["Content-Type"] != MEDIA_TYPES[form]:
                wrong.append(f"Content-Type: {told['Content-Type']}")
            for rel, href in (("self", url), ("hub", f"{site.base_url}/hub")):
                if f'<{href}>; rel="{rel}"' not in links:
                    wrong.append(f"Link without {rel}: {links}")
        said[f"{name}.{form}{summary}"] = wrong
    return said


ROWS = (
    Row("feeds as they are served", "our own account of their rules and WebSub's", by_feed_rules),
    Row("sitemaps, Google News' too", "sitemap, strict", by_sitemap,
        programs.version_of("sitemap")),
    Row("JSON-LD, OpenGraph, Twitter card", "structured-data-testing-tool",
        by_structured_data_tool, programs.version_of("structured-data-testing-tool"),
        "its warnings that no account of Twitter is named: the wire has none; pages of what was"
        " taken back, which show no picture and no summary on purpose."),
    Row("JSON-LD, OpenGraph", "extruct", by_extruct, partial(version, "extruct")),
)  # fmt: skip
