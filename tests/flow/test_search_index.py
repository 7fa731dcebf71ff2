"""The index of public renditions over a real database: every language, and no moment too early."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest

from editions import a_release
from search_world import a_text, headlines, hits, publish
from tidewire.model.release import Act
from tidewire.newsroom.indexing import index_wire, pack_index
from tidewire.store import releases, search_index, search_packs
from tidewire.vault.text import Text
from wire import a_vault, add_release, add_version, go

TEXTS = {
    "zh-Hans": a_text("zh-Hans", "港灯能源今天在北岬接通首座潮汐电站", "这座电站每天发电四次。"),
    "zh-Hant": a_text("zh-Hant", "港燈能源今日於北岬啟用首座潮汐電站", "電站每日發電四次。"),
    "ja": a_text("ja", "ハーバーライト社、初の潮力発電所を稼働", "発電所は岬の沖にあります。"),
    "ko": a_text("ko", "하버라이트, 첫 조력발전소를 가동하다", "회사는 오늘 발전소의 문을 열었다."),
    "th": a_text("th", "ฮาร์เบอร์ไลท์เปิดโรงไฟฟ้าพลังน้ำขึ้นน้ำลงแห่งแรก", "บริษัทเปิดเดินเครื่องวันนี้"),
    "ar": a_text("ar", "هاربر لايت تشغل أول محطة للطاقة", "أعلنت الشركة اليوم عن افتتاح المحطة."),
    "de": a_text("de", "Hafenlicht baut neue Kraftwerke", "Das Unternehmen baut an der Küste"),
    "ru": a_text("ru", "Компания открыла приливную станцию", "Турбины стоят на глубине."),
    "en": a_text("en", "Harbourlight opens its tidal stations", "The companies build turbines."),
    "fr": a_text("fr", "Lumière du port ouvre des centrales", "Les entreprises construisent."),
    "vi": a_text("vi", "Ánh sáng bến cảng mở nhà máy điện thủy triều", "Công ty xây dựng."),
}


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("zh-Hans", "潮汐"), ("zh-Hans", "电站"), ("zh-Hans", "电"), ("zh-Hans", "发电四次"),
        ("zh-Hant", "電站"), ("ja", "発電所"), ("ja", "稼働"), ("ja", "潮力発電"), ("ja", "ﾊｰﾊﾞｰ"),
        ("ko", "발전소"), ("ko", "회사"), ("ko", "회사가"), ("ko", "조력"),
        ("th", "โรงไฟฟ้า"), ("th", "บริษัท"), ("th", "น้ำ"),
        ("ar", "الشركة"), ("ar", "شركة"), ("ar", "والشركة"), ("ar", "الطاقة"), ("ar", "محطة"),
        ("de", "Kraftwerk"), ("de", "kraftwerks"), ("de", "KÜSTEN"), ("de", "Unternehmens"),
        ("ru", "компании"), ("ru", "станциями"), ("ru", "турбина"),
        ("en", "company"), ("en", "opening station"), ("fr", "entreprise"), ("vi", "thủy triều"),
    ],
)  # fmt: skip
async def test_a_word_is_found_in_its_language(database, clock, language, question):
    release_id = await publish(database, clock, *TEXTS.values())
    assert await headlines(database, question, language) == [(release_id, language)]
    assert (release_id, language) in await headlines(database, question)


@pytest.mark.parametrize(
    "question", ["风电", "発火", "지하철", "รถยนต์", "سيارة", "Fahrrad", "bicycle"]
)
async def test_what_no_release_says_is_not_found(database, clock, question):
    await publish(database, clock, *TEXTS.values())
    assert await headlines(database, question) == []


async def test_all_words_must_be_there(database, clock):
    release_id = await publish(database, clock, *TEXTS.values())
    assert await headlines(database, "tidal turbine") == [(release_id, "en")]
    assert await headlines(database, "tidal bicycle") == []


async def test_the_headline_weighs_more_than_the_body_and_age_decides_between_equals(
    database, clock
):
    in_body = await publish(database, clock, a_text("en", "First", "All about anemones."))
    in_head = await publish(database, clock, a_text("en", "An anemone", "Second."))
    in_deck = await publish(database, clock, a_text("en", "Third", "Third.", "With anemones"))
    later = await publish(database, clock, a_text("en", "Fourth", "All about anemones."))
    found = [release_id for release_id, _ in await headlines(database, "anemone")]
    assert found == [in_head, in_deck, later, in_body]


async def test_neighbours_rank_before_words_far_apart(database, clock):
    near = await publish(database, clock, a_text("zh-Hans", "标题", "新的潮汐电站今天开放。"))
    far = await publish(
        database, clock, a_text("zh-Hans", "标题", "潮汐" + "很多别的文字" * 9 + "汐电" + "电站")
    )
    assert [one for one, _ in await headlines(database, "潮汐电站", "zh-Hans")] == [near, far]


async def test_filters_keep_language_sector_and_days(database, clock):
    first = await publish(database, clock, a_text("en", "Anemone"), a_text("de", "Anemone"))
    clock.advance(86_400)
    second = await publish(database, clock, a_text("en", "Anemone"), sectors=["energy"])
    today, day = clock.now().date(), timedelta(days=1)
    assert await headlines(database, "anemone", "de") == [(first, "de")]
    assert [h.release_id for h in await hits(database, "anemone", sectors=["energy"])] == [second]
    before, since = (date(1990, 1, 1), today - day), (today, date(2199, 12, 31))
    assert {h.release_id for h in await hits(database, "anemone", days=before)} == {first}
    assert [h.release_id for h in await hits(database, "anemone", days=since)] == [second]
    assert await hits(database, "anemone", days=(today + day, today + 9 * day)) == []


async def test_without_words_the_newest_come_first(database, clock):
    first = await publish(database, clock, a_text("en", "One"))
    second = await publish(database, clock, a_text("en", "Two"))
    assert [h.release_id for h in await hits(database, "")] == [second, first]


async def test_nothing_is_in_the_index_before_its_moment(database, clock):
    t0 = clock.now() + timedelta(seconds=10)
    await add_release(database, clock.now(), t0=t0)
    clock.advance(9.999)
    await go(database, clock)
    assert await index_wire(database) == 0
    async with database.transaction() as tx:
        rows = await (await tx.execute("SELECT count(*) FROM search_entry")).fetchone()
    assert rows == (0,)
    clock.advance(0.001)
    await go(database, clock)
    assert await index_wire(database) == 1
    assert len(await headlines(database, "Jellytower")) == 1


async def test_a_kill_vanishes_before_the_index_has_heard_of_it(database, clock):
    release_id = await add_release(database, clock.now())
    await go(database, clock)
    await index_wire(database)
    assert await headlines(database, "Jellytower") == [(release_id, "en")]
    await add_version(database, release_id, 2, Act.KILL, clock.now())
    await go(database, clock)
    assert await headlines(database, "Jellytower") == []
    await index_wire(database)
    async with database.transaction() as tx:
        rows = await (await tx.execute("SELECT count(*) FROM search_entry")).fetchone()
    assert rows == (0,)


async def test_a_correction_takes_the_place_of_what_was_said(database, clock):
    release_id = await publish(database, clock, a_text("en", "The Octopusmill is open"))
    async with database.transaction() as tx:
        text = Text(replace(a_release(), renditions=(a_text("en", "The Squidmill is open"),)))
        sealed = await a_vault(database, clock).seal_text(tx, release_id, 2, text)
        await releases.put_version(
            tx, release_id, 2, act=Act.CORRECT, sealed=sealed, now=clock.now(), t0=clock.now()
        )
    await go(database, clock)
    assert await headlines(database, "octopusmill") == []  # not by what is no longer said
    await index_wire(database)
    assert await headlines(database, "octopusmill") == []
    assert await headlines(database, "squidmill") == [(release_id, "en")]


async def test_a_rendition_that_comes_later_joins_the_others(database, clock):
    first = a_text("en", "The Octopusmill is open")
    release_id = await publish(database, clock, first)
    later = a_text("de", "Die Krakenmühle ist offen")
    async with database.transaction() as tx:
        text = Text(replace(a_release(), renditions=(first, later), added=("de",)))
        sealed = await a_vault(database, clock).seal_text(tx, release_id, 2, text)
        await releases.put_version(
            tx, release_id, 2, act=Act.ADD, sealed=sealed, now=clock.now(), t0=clock.now()
        )
    assert await headlines(database, "krakenmühle") == []
    await go(database, clock)
    await index_wire(database)
    assert await headlines(database, "krakenmühle") == [(release_id, "de")]
    assert await headlines(database, "octopusmill") == [(release_id, "en")]


@pytest.fixture
def small_packs(monkeypatch):
    """A pack of four docs, and five hits at most."""
    monkeypatch.setattr(search_packs, "PACK", 4)
    monkeypatch.setattr(search_index, "MOST_HITS", 5)


async def packed(database) -> tuple[int, int]:
    """(packs, docs that wait for one)"""
    async with database.transaction() as tx:
        rows = await tx.execute(
            "SELECT (SELECT packs FROM search_packed), (SELECT count(*) FROM search_fresh)"
        )
        return await rows.fetchone()


@pytest.mark.usefixtures("small_packs")
async def test_the_newest_hits_are_found_in_packs_and_out_of_them(database, clock):
    made = [await publish(database, clock, a_text("en", "Anemone")) for _ in range(11)]
    other = await publish(database, clock, a_text("en", "Urchin"))
    assert await pack_index(database) == 3
    assert await packed(database) == (3, 1)
    assert [hit.release_id for hit in await hits(database, "anemone")] == made[:-6:-1]
    assert [hit.release_id for hit in await hits(database, "urchin")] == [other]
    assert [hit.release_id for hit in await hits(database, "")] == [other, *made[:-5:-1]]
    assert await pack_index(database) == 0


@pytest.mark.usefixtures("small_packs")
async def test_a_pack_answers_as_what_is_fresh_did(database, clock):
    release_id = await publish(database, clock, *TEXTS.values())
    questions = [
        ("电站", ""),
        ("회사가", "ko"),
        ("น้ำ", ""),
        ("والشركة", "ar"),
        ("opening station", ""),
    ]
    before = [await headlines(database, *question) for question in questions]
    assert all((release_id, language) in found for found, language in zip(
        before, ("zh-Hans", "ko", "th", "ar", "en"), strict=True
    ))  # fmt: skip
    assert await pack_index(database) == 2
    assert [await headlines(database, *question) for question in questions] == before
    today = clock.now().date()
    assert await hits(database, "station", days=(today, today))
    assert not await hits(database, "station", "de")


@pytest.mark.usefixtures("small_packs")
async def test_what_is_taken_back_is_found_in_no_pack(database, clock):
    killed = await add_release(database, clock.now())
    await go(database, clock)
    for _ in range(4):
        await publish(database, clock, a_text("en", "Urchin"))
    assert await pack_index(database) == 1
    assert await headlines(database, "Jellytower") == [(killed, "en")]
    await add_version(database, killed, 2, Act.KILL, clock.now())
    await go(database, clock)
    assert await headlines(database, "Jellytower") == []
    await index_wire(database)
    assert await headlines(database, "Jellytower") == []


@pytest.mark.usefixtures("small_packs")
async def test_two_programs_pack_without_harm(database, clock):
    made = [await publish(database, clock, a_text("en", "Anemone")) for _ in range(13)]
    done = await asyncio.gather(*(pack_index(database) for _ in range(4)))
    assert sum(done) == 3
    assert [hit.release_id for hit in await hits(database, "anemone")] == made[:-6:-1]
