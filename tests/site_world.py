"""A small world for the pages: releases in several states, deliveries and a ledger about them."""

import random
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from playwright.async_api import Page
from pyroaring import BitMap

from tidewire.ledger.chain import Batch, Entry
from tidewire.ledger.record import record, record_stream
from tidewire.model.delivery import ChannelCode, DeliveryState, Event, StreamReceipts
from tidewire.model.release import Act, Contact, Release
from tidewire.model.rendition import Dateline, Rendition
from tidewire.store.database import Connection, Database
from tidewire.store.editions import write_document

Open = Callable[..., Coroutine[Any, Any, Page]]


@dataclass(frozen=True, slots=True)
class Site:
    """Where the site is, the link that opens its report, and a maker of links for translators."""

    base_url: str
    report: str
    translate: Callable[[str], str]


UNTRANSLATED = "seapark23456"  # the ref of a release in English alone
T0 = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
COUNTRIES = [
    "DE",
    "AT",
    "CH",
    "US",
    "GB",
    "FR",
    "ES",
    "IT",
    "JP",
    "KR",
    "CN",
    "TW",
    "VN",
    "TH",
    "ID",
    "MY",
    "RU",
    "BR",
    "MX",
    "SA",
    "EG",
    "AE",
    "NL",
    "PL",
]
LANGUAGES = ("en", "de", "ar", "ja", "th")
ENDS = {  # how deliveries end, and how often
    DeliveryState.ACCEPTED: 90,
    DeliveryState.DEFERRED: 5,
    DeliveryState.REFUSED: 3,
    DeliveryState.DEAD: 2,
}

ENGLISH = Rendition(
    language="en",
    headline="Harbour Light Energy connects its first tidal park to the grid",
    subheadline="Forty turbines off the coast of Muschelhafen supply 61,000 households",
    dateline=Dateline("Muschelhafen", "DE", date(2026, 3, 3)),
    body=(
        "<p>Harbour Light Energy today connected the tidal park Nordmole to the transmission"
        " grid. Its forty turbines stand at a depth of 38 metres and turn with the tide, four"
        " times a day, in either direction.</p><p>“The sea keeps its timetable,” says Marla"
        " Seestern, who leads the project. “We know in March what we will supply in"
        " November.”</p><h2>Power that can be planned</h2><p>The park reaches a rated output of"
        " 48 megawatts. Over a year it is to supply 172 gigawatt hours.</p><table><caption>Output"
        " by stage</caption><thead><tr><th>Stage</th><th>Turbines</th><th>Megawatts</th></tr>"
        "</thead><tbody><tr><td>Spring 2026</td><td>40</td><td>48</td></tr><tr><td>Autumn 2027"
        "</td><td>64</td><td>77</td></tr></tbody></table><blockquote><p>We measure the noise"
        " under water all year round.</p></blockquote><ul><li>Depth: 38 metres</li><li>Distance"
        ' to the coast: 11 kilometres</li></ul><p>More at <a href="https://harbourlight.example'
        '/nordmole">harbourlight.example</a>.</p>'
    ),
    boilerplate=(
        "<p>Harbour Light Energy builds and runs tidal power plants. The company is made up, as"
        " is everything in this release.</p>"
    ),
)
GERMAN = Rendition(
    language="de",
    headline="Harbour Light Energy schließt ersten Gezeitenpark ans Stromnetz an",
    subheadline="Vierzig Turbinen vor der Küste von Muschelhafen versorgen 61.000 Haushalte",
    dateline=Dateline("Muschelhafen", "DE", date(2026, 3, 3)),
    body=(
        "<p>Harbour Light Energy hat heute den Gezeitenpark Nordmole an das Übertragungsnetz"
        " angeschlossen. Die vierzig Turbinen stehen in 38 Metern Tiefe und drehen sich mit der"
        " Tide, viermal am Tag, in beide Richtungen.</p><p>„Das Meer hält seinen Fahrplan ein“,"
        " sagt Projektleiterin Marla Seestern.</p><h2>Strom, der sich planen lässt</h2><p>Der"
        " Park erreicht eine Nennleistung von 48 Megawatt.</p>"
    ),
    boilerplate="<p>Harbour Light Energy baut Gezeitenkraftwerke. Alles hier ist erfunden.</p>",
)
ARABIC = Rendition(
    language="ar",
    headline="شركة ضوء المرفأ تربط أول محطة لطاقة المد والجزر بالشبكة",
    subheadline="أربعون توربيناً قبالة الساحل تزود 61000 منزل بالكهرباء",
    dateline=Dateline("موشلهافن", "DE", date(2026, 3, 3)),
    body=(
        "<p>ربطت شركة ضوء المرفأ اليوم محطة المد والجزر بشبكة الكهرباء. تقع التوربينات الأربعون"
        " على عمق 38 متراً وتدور مع المد أربع مرات في اليوم.</p><h2>طاقة يمكن التخطيط لها</h2>"
        "<ul><li>العمق: 38 متراً</li><li>المسافة: 11 كيلومتراً</li></ul>"
    ),
)
JAPANESE = Rendition(
    language="ja",
    headline="架空の潮力発電所が送電網に接続",
    dateline=Dateline("架空港", "DE", date(2026, 3, 3)),
    body="<p>架空の企業は本日、最初の潮力発電所を送電網に接続した。水深38メートルに四十基が並ぶ。</p>",
)
THAI = Rendition(
    language="th",
    headline="โรงไฟฟ้าพลังน้ำขึ้นน้ำลงสมมติเชื่อมต่อกับโครงข่ายไฟฟ้า",
    dateline=Dateline("ท่าเรือสมมติ", "DE", date(2026, 3, 3)),
    body="<p>บริษัทสมมติเชื่อมต่อโรงไฟฟ้าแห่งแรกกับโครงข่ายในวันนี้ กังหันสี่สิบตัวอยู่ที่ความลึก 38 เมตร</p>",
)
CHINESE = Rendition(
    language="zh-Hant",
    headline="虛構的潮汐發電園區接入電網",
    subheadline="外海四十座渦輪機為六萬一千戶家庭供電",
    dateline=Dateline("虛構港", "DE", date(2026, 3, 3)),
    body="<p>虛構的公司今日將首座潮汐發電園區接入電網。四十座渦輪機位於水深38公尺處，每日隨潮汐轉動四次。</p>",
)

TIDAL = Release(
    slug="nordmole",
    renditions=(ENGLISH, GERMAN, ARABIC, JAPANESE, THAI, CHINESE),
    contacts=(
        Contact(
            "Press office", "Piet Perlmutt", "press@harbourlight.example", "+49 40 0000 00", True
        ),
        Contact("Investors", "Ines Inselberg", "ir@harbourlight.example", "", True),
        Contact("Media only", "Otto Oktopus", "desk@harbourlight.example"),
    ),
    sectors=("energy", "technology", "environment"),
    subjects=("medtop:06000000",),
    countries=("DK",),
    source="Harbour Light Energy",
    licence="Free to use with the source named",
)


async def add_release(
    tx: Connection, issuer: int, ref: str, versions: list[tuple[Act, Release, str]], *, first: int
) -> int:
    """Store a release with these versions; all are published, an hour apart, from T0 on."""
    row = await (
        await tx.execute(
            "INSERT INTO release (ref, issuer_id, state, version, received_at)"
            " VALUES (%s, %s, 'published', %s, %s) RETURNING id",
            (ref, issuer, len(versions), T0 - timedelta(days=1)),
        )
    ).fetchone()
    assert row is not None
    for number, (act, release, note) in enumerate(versions, 1):
        at = T0 + timedelta(hours=number - 1)
        sequence = first + number - 1 if first else None
        await tx.execute(
            "INSERT INTO release_version (release_id, version, act, document, note, created_at,"
            " t0, sequence, published_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                row[0], number, act.value, write_document(release), note, T0, at,
                sequence, at if sequence else None,
            ),
        )  # fmt: skip
    return int(row[0])


def corrected(release: Release) -> Release:
    """The tidal release with two facts put right."""
    english = replace(
        ENGLISH,
        body=ENGLISH.body.replace("38 metres and", "36 metres and").replace("172", "168"),
    )
    return replace(release, renditions=(english, GERMAN, JAPANESE))


async def add_world(database: Database) -> int:
    """An issuer with six releases; the id of the one whose deliveries are in the ledger."""
    async with database.transaction() as tx:
        row = await (
            await tx.execute(
                "INSERT INTO issuer (slug, name, website, created_at)"
                " VALUES ('harbourlight', 'Harbour Light Energy',"
                " 'https://harbourlight.example', %s) RETURNING id",
                (T0,),
            )
        ).fetchone()
        assert row is not None
        issuer = int(row[0])
        quiet = replace(TIDAL, renditions=(replace(ENGLISH, headline="Quiet turbines for seals"),))
        german = replace(TIDAL, renditions=(replace(GERMAN, headline="Hafenfest abgesagt"),))
        shown = await add_release(tx, issuer, "tidal", [(Act.PUBLISH, TIDAL, "")], first=1)
        await add_release(
            tx,
            issuer,
            "corrected",
            [
                (Act.PUBLISH, replace(TIDAL, renditions=(ENGLISH, GERMAN, JAPANESE)), ""),
                (Act.CORRECT, corrected(TIDAL), "The depth and the yearly output were wrong."),
            ],
            first=2,
        )
        await add_release(
            tx,
            issuer,
            "killed",
            [(Act.PUBLISH, quiet, ""), (Act.KILL, quiet, "It was not sent by the company.")],
            first=4,
        )
        await add_release(tx, issuer, "german", [(Act.PUBLISH, german, "")], first=6)
        await add_release(tx, issuer, "sealed", [(Act.PUBLISH, TIDAL, "")], first=0)
        alone = replace(TIDAL, renditions=(ENGLISH,))
        await add_release(tx, issuer, UNTRANSLATED, [(Act.PUBLISH, alone, "")], first=0)
        await tx.execute("UPDATE wire_head SET sequence = 6")
        await add_deliveries(tx, shown)
        return shown


async def add_deliveries(tx: Connection, release: int) -> None:
    """Deliveries of version 1 over four channels, seeded, with entries and stream bitmaps."""
    chance = random.Random(7)
    await _add_channel(tx, release, ChannelCode.EMAIL, 860, chance)
    await _add_channel(tx, release, ChannelCode.WEBHOOK, 65, chance)
    feeds = enumerate(("en", "de", "de/energy", "en/energy"), 9_001)
    rows = [_row(release, 3, id_, name, "", name[:2], 2) for id_, name in feeds]
    entries = [
        Entry(row["endpoint"], Event.ACCEPTED, 1, T0 + timedelta(milliseconds=3 + place), 200)
        for place, row in enumerate(rows)
    ]
    await _deliver(tx, rows)
    await record(tx, _batch(release, ChannelCode.FEED, entries), entries)
    await _add_stream(tx, release, chance)


def _batch(release: int, channel: ChannelCode, entries: list[Entry]) -> Batch:
    return Batch(at=T0, release_id=release, version=1, channel=channel, rows=len(entries))


async def _add_channel(
    tx: Connection, release: int, channel: ChannelCode, many: int, chance: random.Random
) -> None:
    entries, rows = [], []
    for number in range(many):
        country = COUNTRIES[min(int(chance.expovariate(0.16)), len(COUNTRIES) - 1)]
        state = chance.choices(list(ENDS), list(ENDS.values()))[0]
        endpoint = channel * 1_000 + number
        name, language = f"{channel.label}{number}", chance.choice(LANGUAGES)
        rows.append(_row(release, channel, endpoint, name, country, language, state))
        if state is not DeliveryState.ACCEPTED:
            continue
        took = chance.lognormvariate(5.4 if channel is ChannelCode.EMAIL else 4.0, 0.9)
        if chance.random() < 0.03:
            took += 30_000 * chance.random() + 5_000
        at = T0 + timedelta(milliseconds=took)
        entries.append(Entry(endpoint, Event.ACCEPTED, 1, at, 250))
        if channel is ChannelCode.EMAIL and chance.random() < 0.02:
            entries.append(Entry(endpoint, Event.BOUNCED, 0, T0 + timedelta(minutes=5), 550))
        if channel is ChannelCode.EMAIL and chance.random() < 0.01:
            entries.append(Entry(endpoint, Event.UNSUBSCRIBED, 0, T0 + timedelta(hours=1), 0))
    await _deliver(tx, rows)
    await record(tx, _batch(release, channel, entries), entries)


def _row(*values: Any) -> dict[str, Any]:
    """One delivery: release, channel, endpoint, name, country, language and state."""
    names = ("release", "channel", "endpoint", "name", "country", "language", "state")
    return dict(zip(names, map(_plain, values), strict=True)) | {"at": T0}


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, int) else value


async def _deliver(tx: Connection, rows: list[dict[str, Any]]) -> None:
    """Store deliveries, each with its endpoint, page, and (where in a country) subscriber."""
    statement = """
        WITH s AS (INSERT INTO subscriber (kind, country, languages, name, consent_basis,
                       consent_source, created_at, changed_at)
                   SELECT 2, %(country)s, ARRAY[%(language)s], %(name)s, 'consent', 'test',
                          %(at)s, %(at)s WHERE %(country)s <> '' RETURNING id),
             e AS (INSERT INTO endpoint (id, subscriber_id, channel, address)
                   OVERRIDING SYSTEM VALUE
                   VALUES (%(endpoint)s, (SELECT id FROM s), %(channel)s, %(name)s)
                   RETURNING id),
             p AS (INSERT INTO page (release_id, version, channel, size, language)
                   VALUES (%(release)s, 1, %(channel)s, 1, %(language)s) RETURNING id)
        INSERT INTO delivery (page_id, release_id, endpoint_id, version, channel, state, repeat)
        SELECT p.id, %(release)s, e.id, 1, %(channel)s, %(state)s, e.id %% 211 = 0 FROM p, e
    """
    async with tx.cursor() as cursor:
        await cursor.executemany(statement, rows)


async def _add_stream(tx: Connection, release: int, chance: random.Random) -> None:
    await tx.execute(
        "INSERT INTO subscriber (id, kind, country, languages, name, created_at, changed_at)"
        " SELECT 10000 + n, 3, (%s::text[])[1 + (n * n) %% 24], ARRAY['en'], 'desktop',"
        " %s, %s FROM generate_series(0, 2999) n",
        (COUNTRIES, T0, T0),
    )
    receipts = []
    for place, language in enumerate(LANGUAGES):
        due = BitMap(range(10_000 + place, 13_000, len(LANGUAGES)))
        took = BitMap(one for one in due if chance.random() < 0.8)
        spread = Counter(int(chance.lognormvariate(2.2, 0.5)) for _ in took)
        await tx.execute(
            "INSERT INTO audience_set VALUES (%s, 1, 3, %s, %s, %s)",
            (release, language, len(due), due.serialize()),
        )
        receipts.append(
            StreamReceipts(release, 1, language, Event.ACCEPTED, took.serialize(), spread, T0)
        )
    await record_stream(tx, receipts, T0)
