"""From what is stored to what is answered: fetch, render, and say with which status."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from tidewire.formats import addresses
from tidewire.formats.article import article
from tidewire.languages import canonical, known
from tidewire.model.release import Act, Edition
from tidewire.newsroom import card, lists, pages, sitemaps
from tidewire.newsroom.lists import Listing
from tidewire.newsroom.shelf import Kept, Look, kept
from tidewire.store import editions, listings, sitemap_rows
from tidewire.store.database import Connection, Database
from tidewire.store.feed_entries import Filing, nearest

LENGTH = 50  # releases on one page of a list
TOO_MANY = 500  # versions after which all that is kept is forgotten
FOUND, MOVED, NOT_FOUND, GONE = 302, 308, 404, 410

_MISSING = Kept(b"", status=NOT_FOUND)  # its text is in the reader's language: see routes
_drawing = asyncio.Semaphore(1)  # a font is no place for two threads

Span = tuple[int | None, int | None]  # sequence numbers: below this one, above this one


async def look(database: Database, after: int) -> Look:
    """How the wire stands, and what has changed since `after`."""
    if await editions.head_now(database) == after:
        return Look(after, ())
    async with database.transaction() as tx:
        head, changed = await editions.changed_since(tx, after, TOO_MANY)
    return Look(head, changed)


async def release_page(database: Database, base_url: str, ref: str, language: str) -> Kept:
    """The page of a release in one language."""
    async with database.transaction() as tx:
        newest = await _public(tx, ref)
        tag = canonical(language)
        if newest is None or tag not in newest.release.languages():
            return _MISSING
        assert tag is not None
        edition = await editions.public_in(tx, ref, tag) or newest
        before = await _before(tx, edition)
    if tag != language:
        return Kept(b"", status=MOVED, location=addresses.release_url(base_url, ref, tag))
    page = pages.release_page(edition, tag, base_url=base_url, newest=newest, before=before)
    return kept(page, status=GONE if edition.retracted else 200)


async def release_card(database: Database, base_url: str, ref: str, language: str) -> Kept:
    """The picture of a release in one language; gone with what was taken back."""
    async with database.transaction() as tx:
        newest = await _public(tx, ref)
        if newest is None or language not in newest.release.languages():
            return _MISSING
        edition = await editions.public_in(tx, ref, language) or newest
    if edition.retracted:
        return kept(b"", card.MEDIA_TYPE, GONE)
    async with _drawing:
        drawn = await asyncio.to_thread(card.card, article(edition, language, base_url))
    return kept(drawn, card.MEDIA_TYPE)


async def languages_of(database: Database, ref: str) -> tuple[str, ...]:
    """The languages that a public release can be read in; none where it is not public."""
    async with database.transaction() as tx:
        edition = await _public(tx, ref)
    return edition.release.languages() if edition else ()


async def front_page(database: Database, base_url: str, wanted: Sequence[str], span: Span) -> Kept:
    """The latest releases of all."""
    async with database.transaction() as tx:
        part = await _part(tx, Filing(), span)
    tags = {tag for one in part.editions for tag in one.release.languages()}
    return kept(
        lists.front_page(
            part, base_url=base_url, wanted=wanted, asked=_asked(span), languages=sorted(tags)
        )
    )


async def list_page(database: Database, base_url: str, listing: Listing, span: Span) -> Kept:
    """A list in one language. There is none in a language that nothing was ever said in."""
    async with database.transaction() as tx:
        if listing.language not in known():
            written = await nearest(tx, Filing(listing.language), above=0)
            if written is None:
                return _MISSING
        part = await _part(tx, listing.filing, span)
    tags = {tag for one in part.editions for tag in one.release.languages()}
    return kept(
        lists.list_page(
            listing,
            part,
            base_url=base_url,
            asked=_asked(span),
            languages=sorted(tags | {listing.language}),
        )
    )


async def issuer_page(
    database: Database, base_url: str, slug: str, wanted: Sequence[str], span: Span
) -> Kept:
    """What one issuer has published."""
    async with database.transaction() as tx:
        issuer = await listings.issuer(tx, slug)
        if issuer is None:
            return _MISSING
        part = await _part(tx, Filing(issuer=slug), span)
    return kept(
        lists.issuer_page(issuer, part, base_url=base_url, wanted=wanted, asked=_asked(span))
    )


async def day_page(
    database: Database, base_url: str, day: date, wanted: Sequence[str], span: Span
) -> Kept:
    """What was first published on a day. There is no page of days before the first or to come."""
    begins = datetime.combine(day, time(), UTC)
    async with database.transaction() as tx:
        head = await editions.head(tx)
        after = await listings.numbers_before(tx, begins, head)
        last = await listings.numbers_before(tx, begins + timedelta(days=1), head)
        if last == 0 or (after == last == head):
            return _MISSING
        part = await _part(tx, Filing(), span, (after, last))
        before = await listings.first_publication(tx, below=after)
        later = await listings.first_publication(tx, above=last)
    around = (_day(before), _day(later))
    return kept(
        lists.day_page(
            day, part, base_url=base_url, wanted=wanted, asked=_asked(span), around=around
        )
    )


async def newest_day(database: Database, base_url: str) -> Kept:
    """Leads to the last day that something was published on."""
    async with database.transaction() as tx:
        newest = await listings.first_publication(tx, below=await editions.head(tx))
    day = _day(newest)
    if day is None:
        return _MISSING
    return Kept(b"", status=FOUND, location=addresses.day_url(base_url, day))


async def news_sitemap(database: Database, base_url: str, now: datetime) -> Kept:
    """What was first published in the last two days, for Google News."""
    async with database.transaction() as tx:
        head = await editions.head(tx)
        after = await listings.numbers_before(tx, now - sitemaps.NEWS_AGE, head)
        found = await sitemap_rows.news(tx, after, sitemaps.NEWS_MOST)
    return kept(sitemaps.news(found, base_url, now), sitemaps.MEDIA_TYPE)


async def sitemap_index(database: Database, base_url: str) -> Kept:
    """All parts of the sitemap."""
    async with database.transaction() as tx:
        head = await editions.head(tx)
    return kept(sitemaps.index(head, base_url), sitemaps.MEDIA_TYPE)


async def sitemap_part(database: Database, base_url: str, number: int) -> Kept:
    """The pages of the releases whose newest version lies in one run of the sequence."""
    after, last = sitemaps.run_of(number)
    async with database.transaction() as tx:
        if number < 0 or after >= await editions.head(tx):
            return _MISSING
        found = await sitemap_rows.between(tx, after, last)
    return kept(sitemaps.part(found, base_url), sitemaps.MEDIA_TYPE)


async def _part(
    tx: Connection, filing: Filing, span: Span, within: tuple[int, int] | None = None
) -> listings.Part:
    below, above = span
    return await listings.part(tx, filing, LENGTH, below=below, above=above, first_within=within)


def _asked(span: Span) -> str:
    below, above = span
    if above is not None:
        return f"?above={above}"
    return f"?below={below}" if below is not None else ""


def _day(moment: datetime | None) -> date | None:
    return moment.astimezone(UTC).date() if moment else None


async def _public(tx: Connection, ref: str) -> Edition | None:
    """The newest public version; None also for an id that no text column could hold."""
    return None if "\0" in ref else await editions.public(tx, ref)


async def _before(tx: Connection, edition: Edition) -> Edition | None:
    """The published version that a correction took the place of."""
    if edition.act is not Act.CORRECT:
        return None
    for version in range(edition.version - 1, 0, -1):
        found = await editions.edition(tx, edition.release_id, version)
        if found is not None and found.published_at is not None:
            return found
    return None
