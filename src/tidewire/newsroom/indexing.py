"""Keeps the index of public renditions up with the wire: what readers can search."""

import asyncio
from collections.abc import Sequence
from datetime import UTC

from lxml import html

from tidewire.model.release import Act, Edition
from tidewire.search.terms import day_terms, filter_terms, text_terms
from tidewire.store import editions, search_entries, search_packs
from tidewire.store.database import Connection, Database
from tidewire.store.search_entries import Entry

AT_ONCE = 20  # editions in one transaction


async def index_wire(database: Database) -> int:
    """Bring the index up to the wire's last number; returns how many editions were taken in.

    It reads only what is public. Any number of workers may do so: one does at a time.
    """
    done = 0
    while True:
        async with database.transaction() as tx:
            head = await search_entries.lock_head(tx)
            found = [] if head is None else await editions.wire(tx, head, AT_ONCE)
            for edition in found:
                await _take_in(tx, edition)
            if found:
                assert found[-1].sequence is not None
                await search_entries.set_head(tx, found[-1].sequence)
        done += len(found)
        if len(found) < AT_ONCE:
            return done


async def pack_index(database: Database) -> int:
    """Put what has been in the index for long into packs; returns how many were filled.

    Seconds of one core of the database's machine for each.
    """
    done = 0
    while True:
        async with database.transaction() as tx:
            if not await search_packs.pack(tx):
                return done
        done += 1


async def _take_in(tx: Connection, edition: Edition) -> None:
    """Put the languages that a version says something in into the place of what stood there."""
    if edition.act is Act.ADD:
        await search_entries.drop(tx, edition.release_id, edition.news)
    else:
        await search_entries.drop(tx, edition.release_id)
    if edition.retracted:
        return
    place = await search_entries.place(tx, edition.release_id)
    # In a thread: a release in fifteen languages takes a tenth of a second, right after T0.
    await search_entries.put(tx, await asyncio.to_thread(entries, edition, place))


def entries(edition: Edition, place: int) -> Sequence[Entry]:
    """What the index is to hold of a public edition, a row for each language that is news."""
    published_at = edition.first_published_at or edition.published_at
    assert published_at is not None
    release = edition.release
    return [
        Entry(
            edition.release_id,
            language,
            edition.version,
            place,
            published_at,
            release.rendition(language).headline,
            release.rendition(language).subheadline,
            text_terms(_parts(edition, language), language),
            filter_terms(language=language, issuer=edition.issuer_slug, sectors=release.sectors)
            + day_terms(published_at.astimezone(UTC).date()),
        )
        for language in edition.news
    ]


def _parts(edition: Edition, language: str) -> list[tuple[str, str]]:
    """The text by weight: headline, subheadline, then all that a reader may remember it by."""
    rendition = edition.release.rendition(language)
    names = [edition.issuer_name]
    for one in edition.release.organisations:
        names += [one.name, one.ticker.rpartition(":")[2], one.isin, one.lei]
    place = rendition.dateline.place if rendition.dateline else ""
    body = [place, _text(rendition.body), _text(rendition.boilerplate), " ".join(names)]
    return [
        ("A", rendition.headline),
        ("B", rendition.subheadline),
        *(("C", part) for part in body),
    ]


def _text(markup: str) -> str:
    """The words of allow-listed HTML; what stands in two blocks is not one word."""
    if not markup.strip():
        return ""
    root = html.fragment_fromstring(markup, create_parent="div")
    for element in root.iter("p", "h2", "h3", "li", "br", "td", "th", "caption", "blockquote"):
        element.tail = f" {element.tail or ''}"
    return str(root.text_content())
