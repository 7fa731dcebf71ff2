"""A million releases, simulated from the samples in fifteen languages, and questions to them.

A release is in one language: the headline of a sample, some of its sentences mixed with those of
the others, and twelve words of an invented vocabulary, of which few are frequent. Questions are
words (in scripts without spaces: two to four characters) of samples and of that vocabulary, one to
three, half of them in one language only, some in one sector or a span of days. They are asked in
turns of all languages, one after the other, as the newsroom asks. `--scale 0.1` makes a tenth;
`--home DIR` keeps what was made for the next run.
"""

import argparse
import asyncio
import random
import re
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import psycopg
from lxml import html

from result import Result
from tidewire.clock import stopwatch
from tidewire.intake.read import read_files
from tidewire.intake.submission import raw_release, read_submission, sanitised
from tidewire.languages import KNOWN_15
from tidewire.model.release import Release
from tidewire.model.rendition import Rendition
from tidewire.model.sectors import SECTORS
from tidewire.newsroom.indexing import index_wire, pack_index
from tidewire.newsroom.search import Question, answer
from tidewire.search.terms import day_terms, filter_terms, text_terms
from tidewire.store.database import Database
from tidewire.store.editions import write_document
from tidewire.store.embedded import EmbeddedServer
from tidewire.store.migrations import migrate
from tidewire.store.search_entries import Entry, write_terms

HERE = Path(__file__).parent
FOLDERS = (HERE.parent / "samples" / "lanternfish", *sorted((HERE / "texts").iterdir()))
FULL, BLOCK = 1_000_000, 5_000
QUESTIONS, WARM = 100, 10  # for each language
VOCABULARY, OF_IT, SENTENCES = 200_000, 12, 8
BEGAN = datetime(2020, 1, 1, tzinfo=UTC)
EVERY = timedelta(minutes=3)  # a million in six years
MOST_MS, MOST_SEEN = 50, 1.0
UNSPACED = frozenset({"zh-Hans", "zh-Hant", "ja", "th"})
SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "el", "or")]


def run(arguments: Sequence[str]) -> Result:
    """Make the index, ask, and publish one more."""
    parser = argparse.ArgumentParser(prog="./dev bench search")
    parser.add_argument("--scale", type=float, default=1.0, help="1: a million releases")
    parser.add_argument("--home", type=Path, help="kept, and used again by the next run")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = asked.home or Path(folder)
        home.mkdir(exist_ok=True)
        home.chmod(0o755)
        with EmbeddedServer(home) as url:
            return asyncio.run(_run(url, round(FULL * asked.scale)))


async def _run(url: str, count: int) -> Result:
    database = Database(url)
    await database.open()
    await migrate(database)
    made, packed = await asyncio.to_thread(_build, url, count)
    took, found = await _ask(database, count)
    seen = await _publish(database)
    await database.close()
    with psycopg.connect(url) as tx:
        sizes = tx.execute(
            "SELECT pg_total_relation_size('search_entry') / 1e6,"
            " (pg_total_relation_size('search_pack')"
            " + pg_total_relation_size('search_fresh')) / 1e6"
        ).fetchone()
    assert sizes is not None
    cuts = statistics.quantiles(took, n=100)
    return Result(
        "search",
        {
            "releases": count,
            **({"made and copied s": made, "packed s": packed} if made else {}),
            "table MB": float(sizes[0]),
            "index MB": float(sizes[1]),
            "questions": len(took),
            "found something %": 100 * sum(map(bool, found)) / len(found),
            "found on average": statistics.mean(found),
            "p50 ms": cuts[49],
            "p99 ms": cuts[98],
            "most ms": max(took),
            "one more in 15 languages, taken in ms": 1_000 * seen,
        },
        {},
        count >= FULL and cuts[98] <= MOST_MS and seen <= MOST_SEEN,
    )


def _build(url: str, count: int) -> tuple[float, float]:
    """Seconds to make and copy the rows, in two processes, and to pack them; 0 if they are here."""
    with psycopg.connect(url, autocommit=True) as tx:
        here = tx.execute("SELECT sequence FROM wire_head").fetchone()
        if here is not None and here[0] >= count:
            return 0.0, 0.0
        tx.execute(
            "INSERT INTO issuer (slug, name, created_at) SELECT 'issuer-' || n, 'Issuer ' || n,"
            " now() FROM generate_series(0, 999) n"
        )
        began = stopwatch()
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as makers:
            starts = range(1, count + 1, BLOCK)
            ends = [min(start + BLOCK, count + 1) for start in starts]
            for done in makers.map(_copy, [url] * len(ends), starts, ends):
                print(f"\r{done:,} of {count:,} releases", end="", file=sys.stderr, flush=True)
        tx.execute("UPDATE wire_head SET sequence = %s", (count,))
        tx.execute("UPDATE search_head SET taken_in = %s", (count,))
        made = stopwatch() - began
        began = stopwatch()
        print("\rpacking ...                    ", file=sys.stderr)
        # So many at once never come by themselves: into the index only what will stay fresh.
        index = tx.execute("SELECT pg_get_indexdef('search_fresh_terms'::regclass)").fetchone()
        assert index is not None
        tx.execute("DROP INDEX search_fresh_terms")
        tx.execute("INSERT INTO search_fresh (doc, terms) SELECT doc, terms FROM search_entry")
        asyncio.run(_pack(url))
        tx.execute(index[0])
        tx.execute("VACUUM ANALYZE")
        return made, stopwatch() - began


async def _pack(url: str) -> None:
    database = Database(url)
    await database.open()
    await pack_index(database)
    await database.close()


def _copy(url: str, start: int, end: int) -> int:
    """Releases with the places from `start` to before `end`, as rows of three tables; the last."""
    releases = [(at, *_release(at)) for at in range(start, end)]
    with psycopg.connect(url) as tx, tx.cursor() as cursor:
        with cursor.copy(
            "COPY release (id, ref, issuer_id, state, version, received_at) FROM STDIN"
        ) as copy:
            for at, *_ in releases:
                copy.write_row((at, f"tw{at}", at % 1_000 + 1, "published", 1, BEGAN))
        with cursor.copy(
            "COPY release_version (release_id, version, act, document, created_at, t0, sequence,"
            " published_at) FROM STDIN"
        ) as copy:
            for at, *_ in releases:
                when = BEGAN + at * EVERY
                copy.write_row((at, 1, "publish", "{}", when, when, at, when))
        with cursor.copy(
            "COPY search_entry (release_id, language, version, place, published_at, headline,"
            " subheadline, terms) FROM STDIN"
        ) as copy:
            for at, language, headline, body, sector in releases:
                terms = text_terms([("A", headline), ("C", body)], language)
                kept = filter_terms(language=language, issuer=f"issuer-{at % 1000}")
                when = BEGAN + at * EVERY
                kept += (*filter_terms(sectors=[sector]), *day_terms(when.date()))
                entry = Entry(at, language, 1, at, when, headline, "", terms, kept)
                copy.write_row((at, language, 1, at, when, headline, "", write_terms(entry)))
    return end - 1


def _release(at: int) -> tuple[str, str, str, str]:
    """(language, headline, body, sector) of the release at a place."""
    dice = random.Random(at)
    language = dice.choice(KNOWN_15)
    headlines, sentences = _samples(language)
    name = _word(dice).capitalize()
    body = dice.sample(sentences, min(SENTENCES, len(sentences)))
    rare = [_word(dice) for _ in range(OF_IT)]
    headline = f"{name}: {dice.choice(headlines)}"
    figure = f" {dice.randrange(10_000)}."
    return language, headline, " ".join([*body, *rare]) + figure, dice.choice(list(SECTORS))


@cache
def _samples(language: str) -> tuple[list[str], list[str]]:
    """The headlines and sentences of all samples in a language."""
    headlines, sentences = [], []
    for rendition in _renditions(language):
        headlines.append(rendition.headline)
        text = html.fragment_fromstring(rendition.body, create_parent="div").text_content()
        sentences += [one for one in re.split(r"(?<=[.!?])\s+|(?<=[。！？])|\n+", text) if one]
    return headlines, sentences


@cache
def _renditions(language: str) -> list[Rendition]:
    return [one.rendition(language) for one in map(_sample, FOLDERS)]


@cache
def _sample(folder: Path) -> Release:
    files = sorted(folder.glob("*.md"))
    return sanitised(raw_release(read_submission(read_files(files, {}))))


def _word(dice: random.Random) -> str:
    """A word of the vocabulary: a few are in many releases, most in few."""
    number = int(VOCABULARY ** dice.random())
    parts: list[str] = []
    while number or len(parts) < 2:
        number, at = divmod(number, len(SYLLABLES))
        parts.append(SYLLABLES[at])
    return "".join(parts)


def questions(count: int, each: int, seed: int) -> Iterator[Question]:
    """So many for each language, in turns."""
    dice = random.Random(seed)
    span = count * EVERY
    for _ in range(each):
        for language in KNOWN_15:
            words = " ".join(_asked(dice, language) for _ in range(dice.choice((1, 1, 2, 2, 3))))
            question = Question(words, language if dice.random() < 0.5 else "")
            if dice.random() < 0.2:
                question = replace(question, sector=dice.choice(list(SECTORS)))
            if dice.random() < 0.2:
                first = (BEGAN + span * dice.random()).date()
                last = first + timedelta(days=dice.choice((1, 30, 365)))
                question = replace(question, since=first, until=last)
            if dice.random() < 0.1:
                question = replace(question, page=2)
            yield question


def _asked(dice: random.Random, language: str) -> str:
    if dice.random() < 0.3:
        return _word(dice)
    text = dice.choice(_samples(language)[dice.random() < 0.7])
    if language in UNSPACED:
        size = dice.choice((2, 2, 3, 4))
        start = dice.randrange(max(1, len(text) - size))
        return text[start : start + size]
    return dice.choice(text.split())


async def _ask(database: Database, count: int) -> tuple[list[float], list[int]]:
    """Milliseconds that each question took, and how many releases it found."""
    for question in questions(count, WARM, 1):
        await answer(database, question, ("en",))
    took: list[float] = []
    found: list[int] = []
    for question in questions(count, QUESTIONS, 2):
        began = stopwatch()
        got = await answer(database, question, ("en",))
        took.append(1_000 * (stopwatch() - began))
        found.append(got.count)
    return took, found


async def _publish(database: Database) -> float:
    """Seconds from a release in fifteen languages being public to its being in the index."""
    content = write_document(_sample(FOLDERS[0]))
    async with database.transaction() as tx:
        head = await (await tx.execute("SELECT sequence FROM wire_head")).fetchone()
        assert head is not None
        at = head[0] + 1
        await tx.execute(
            "INSERT INTO release (id, ref, issuer_id, state, version, received_at)"
            " OVERRIDING SYSTEM VALUE VALUES (%s, %s, 1, 'published', 1, now())",
            (at, f"one-more-{at}"),
        )
        await tx.execute(
            "INSERT INTO release_version (release_id, version, act, document, created_at, t0,"
            " sequence, published_at) VALUES (%s, 1, 'publish', %s, now(), now(), %s, now())",
            (at, content, at),
        )
        await tx.execute("UPDATE wire_head SET sequence = %s", (at,))
    began = stopwatch()
    if await index_wire(database) != 1:
        raise AssertionError("The release was not taken in.")
    took = stopwatch() - began
    headline = _sample(FOLDERS[0]).rendition("th").headline
    found = await answer(database, Question(headline, "th"), ())
    if f"one-more-{at}" not in [hit.ref for hit in found.hits]:
        raise AssertionError("The release is in the index, and was not found.")
    return took
