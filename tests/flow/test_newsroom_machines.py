"""What machines read of the public pages: JSON-LD and OpenGraph (by extruct), sitemaps, robots."""

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import extruct
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from lxml import etree, html
from PIL import Image

from site_world import ENGLISH, GERMAN, T0, TIDAL, add_release, add_world
from tidewire.clock import FixedClock
from tidewire.model.release import Act, DataMining, Organisation
from tidewire.model.rendition import Hand, Maker
from tidewire.newsroom.routes import routes
from tidewire.newsroom.sitemaps import NEWS, SITEMAP
from tidewire.store.database import Database

BASE = "https://wire.example"
NAMES = {"s": SITEMAP, "n": NEWS}
PAGES = ["tidal/en", "tidal/ar", "tidal/zh-Hant", "corrected/ja", "killed/en", "hard/en", "hard/de"]

HARD = replace(
    TIDAL,
    renditions=(
        replace(ENGLISH, headline="</script><script>alert(1)</script> & <!-- \u2028 “quoted”"),
        replace(GERMAN, made_by=Maker(Hand.MACHINE, "Made-up Engine")),
    ),
    prevails="en",
    third_party=True,
    provider="Perlmutt & Partners",
    provider_url="https://perlmutt.example",
    licence="https://licence.example/free",
    data_mining=DataMining.NO_AI,
    organisations=(Organisation("Harbour Light Energy", "529900T8BM49AURSDO55", "", "XETR:HLE"),),
)


@pytest.fixture
async def hour(database: Database) -> FixedClock:
    """The clock of the site, an hour after the last of the small world's moments."""
    return FixedClock(T0 + timedelta(hours=3))


@pytest.fixture
async def reader(database: Database, hour: FixedClock) -> AsyncIterator[AsyncClient]:
    """A reader of the site; behind it the small world and one release that is hard to say."""
    await add_world(database)
    async with database.transaction() as tx:
        row = await (await tx.execute("SELECT id FROM issuer")).fetchone()
        assert row is not None
        await add_release(tx, row[0], "hard", [(Act.PUBLISH, HARD, "")], first=7)
        await tx.execute("UPDATE wire_head SET sequence = 7")
    app = FastAPI()
    app.include_router(routes(database, BASE, hour))
    async with AsyncClient(transport=ASGITransport(app), base_url=BASE) as client:
        yield client


async def extracted(reader: AsyncClient, page: str) -> dict[str, Any]:
    text = (await reader.get(f"/releases/{page}")).text
    syntaxes = ["json-ld", "opengraph"]
    found: dict[str, Any] = extruct.extract(text, BASE, syntaxes=syntaxes, errors="strict")
    return found


async def article_of(reader: AsyncClient, page: str) -> dict[str, Any]:
    found = (await extracted(reader, page))["json-ld"]
    assert len(found) == 1
    article: dict[str, Any] = found[0]
    return article


@pytest.mark.parametrize("page", PAGES)
async def test_each_page_is_a_news_article_that_says_what_the_page_says(
    reader: AsyncClient, page: str
) -> None:
    text = (await reader.get(f"/releases/{page}")).text
    tree = html.fromstring(text)
    found = await article_of(reader, page)
    url = f"{BASE}/releases/{page}"
    assert (found["@context"], found["@type"]) == ("https://schema.org", "NewsArticle")
    assert found["headline"] == " ".join(tree.xpath("string(//h1)").split())
    assert found["mainEntityOfPage"] == {"@type": "WebPage", "@id": url}
    assert found["url"] == url == tree.xpath("string(//link[@rel='canonical']/@href)")
    assert found["inLanguage"] == tree.get("lang") == page.partition("/")[2]
    assert found["isAccessibleForFree"] is True
    assert found["author"][0]["@type"] == "Organization"
    assert found["author"][0]["name"] == "Harbour Light Energy"
    assert found["publisher"]["name"] == "Tidewire" and found["publisher"]["logo"]["url"]
    for moment in ("datePublished", "dateModified"):
        assert datetime.fromisoformat(found[moment]).tzinfo is not None
    assert found["datePublished"] == "2026-03-03T12:00:00+00:00"


async def test_a_headline_cannot_end_the_data_block(reader: AsyncClient) -> None:
    text = (await reader.get("/releases/hard/en")).text
    tree = html.fromstring(text)
    scripts = tree.xpath("//script")
    assert [one.get("type") for one in scripts] == ["application/ld+json"]
    assert not {"<", ">", "&", "\u2028"} & set(scripts[0].text)
    found = await article_of(reader, "hard/en")
    assert "</script><script>alert(1)</script>" in found["headline"]


async def test_rights_third_party_and_identifiers_are_said(reader: AsyncClient) -> None:
    found = await article_of(reader, "hard/en")
    assert found["license"] == "https://licence.example/free"
    assert found["provider"] == {
        "@type": "Organization", "name": "Perlmutt & Partners", "url": "https://perlmutt.example",
    }  # fmt: skip
    assert "supplied by a third party" in found["creditText"]
    assert found["mentions"][0]["leiCode"] == "529900T8BM49AURSDO55"
    text = (await reader.get("/releases/hard/en")).text
    assert html.fromstring(text).xpath("//link[@rel='license']/@href") == [
        "https://licence.example/free"
    ]
    assert found["usageInfo"] == "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING"
    assert html.fromstring(text).xpath("//meta[@name='tdm-reservation']/@content") == ["1"]
    plain = await article_of(reader, "tidal/en")
    assert "usageInfo" not in plain
    assert "tdm-reservation" not in (await reader.get("/releases/tidal/en")).text
    assert plain["license"] == {
        "@type": "CreativeWork",
        "name": "Free to use with the source named",
    }
    assert "provider" not in plain
    assert plain["about"] == [
        {
            "@type": "Thing",
            "name": "Environment",
            "sameAs": "http://cv.iptc.org/newscodes/mediatopic/06000000",
        }
    ]


async def test_a_translation_names_its_original_and_who_made_it(reader: AsyncClient) -> None:
    german, english = await article_of(reader, "hard/de"), await article_of(reader, "hard/en")
    assert german["translationOfWork"]["@id"] == english["@id"]
    assert [one["@id"] for one in english["workTranslation"]] == [german["@id"]]
    assert german["digitalSourceType"].endswith("TrainedAlgorithmicMediaDigitalSource")
    assert "translator" not in german and "digitalSourceType" not in english
    assert "translationOfWork" not in await article_of(reader, "tidal/de")  # nobody said so


async def test_a_correction_and_a_kill_are_said(reader: AsyncClient) -> None:
    corrected = await article_of(reader, "corrected/en")
    assert corrected["dateModified"] == "2026-03-03T13:00:00+00:00"
    assert "The depth and the yearly output were wrong." in corrected["correction"]["text"]
    killed = await article_of(reader, "killed/en")
    assert killed["creativeWorkStatus"] == "Killed"
    assert "It was not sent by the company." in killed["correction"]["text"]
    assert not {"image", "description", "alternativeHeadline", "license"} & set(killed)


@pytest.mark.parametrize("page", ["tidal/en", "tidal/ar", "tidal/zh-Hant", "corrected/ja"])
async def test_open_graph_is_whole_and_its_picture_is_there(reader: AsyncClient, page: str) -> None:
    (found,) = (await extracted(reader, page))["opengraph"]
    said = dict(found["properties"])
    locale = {"en": "en_US", "ar": "ar_EG", "zh-Hant": "zh_TW", "ja": "ja_JP"}
    language = page.partition("/")[2]
    assert said["og:type"] == "article" and said["og:url"] == f"{BASE}/releases/{page}"
    assert said["og:locale"] == locale[language]
    others = [value for name, value in found["properties"] if name == "og:locale:alternate"]
    assert "de_DE" in others and locale[language] not in others
    assert said["og:title"] and said["og:description"] and said["og:image:alt"]
    answer = await reader.get(said["og:image"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    with Image.open(io.BytesIO(answer.content)) as picture:
        picture.load()
        size = (int(said["og:image:width"]), int(said["og:image:height"]))
        assert picture.size == size == (1200, 630)
    assert (await article_of(reader, page))["image"][0]["url"] == said["og:image"]


async def test_a_card_goes_with_its_release(reader: AsyncClient) -> None:
    assert (await reader.get("/releases/killed/en/card.png")).status_code == 410
    for page in ("sealed/en", "nothing/en", "tidal/fr", "tidal/nonsense", "%00/en"):
        assert (await reader.get(f"/releases/{page}/card.png")).status_code == 404
    first = await reader.get("/releases/tidal/en/card.png")
    again = await reader.get(
        "/releases/tidal/en/card.png?v=1", headers={"If-None-Match": first.headers["etag"]}
    )
    assert again.status_code == 304


async def test_the_news_sitemap_holds_two_days_in_googles_spelling(
    reader: AsyncClient, hour: FixedClock
) -> None:
    root = etree.fromstring((await reader.get("/sitemap-news.xml")).content)
    found = {
        url.findtext("s:loc", namespaces=NAMES): (
            url.findtext("n:news/n:publication/n:language", namespaces=NAMES),
            url.findtext("n:news/n:title", namespaces=NAMES),
        )
        for url in root.iterfind("s:url", NAMES)
    }
    assert found[f"{BASE}/releases/tidal/zh-Hant"] == ("zh-tw", "虛構的潮汐發電園區接入電網")
    assert found[f"{BASE}/releases/german/de"] == ("de", "Hafenfest abgesagt")
    assert not [url for url in found if "killed" in url or "sealed" in url]
    moments = root.findall("s:url/n:news/n:publication_date", NAMES)
    assert {one.text for one in moments} == {"2026-03-03T12:00:00+00:00"}
    hour.advance(46 * 3600)
    later = etree.fromstring((await reader.get("/sitemap-news.xml")).content)
    assert later.findall("s:url", NAMES) == []


async def test_the_sitemap_leads_to_every_page_once(reader: AsyncClient) -> None:
    index = etree.fromstring((await reader.get("/sitemap.xml")).content)
    parts = [one.text for one in index.iterfind("s:sitemap/s:loc", NAMES)]
    assert parts == [f"{BASE}/sitemap-0.xml"]
    part = etree.fromstring((await reader.get(parts[0] or "")).content)
    pages = [one.text for one in part.iterfind("s:url/s:loc", NAMES)]
    assert len(pages) == len(set(pages)) == 6 + 3 + 1 + 2
    for page in pages:
        assert (await reader.get(page or "")).status_code == 200, page


async def test_robots_may_read_what_is_public(reader: AsyncClient) -> None:
    answer = await reader.get("/robots.txt")
    assert answer.headers["content-type"].startswith("text/plain")
    assert f"Sitemap: {BASE}/sitemap.xml\n" in answer.text
    assert f"Sitemap: {BASE}/sitemap-news.xml\n" in answer.text
    assert "/releases" not in answer.text and "/news" not in answer.text
