"""Reports over a real database: counted again from its tables, and shown to the right people."""

import io
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from rich.console import Console

from site_world import T0, add_world
from tidewire.access.keys import issue_key, open_editor, open_issuer
from tidewire.access.tokens import Signer
from tidewire.app import problems
from tidewire.app.commands.report import BAR_WIDTH, bar, show
from tidewire.clock import FixedClock
from tidewire.model.errors import NotFound
from tidewire.model.issuer import Issuer
from tidewire.reports.distribution import Counts, Distribution, distribution
from tidewire.reports.routes import report_link, routes
from tidewire.store.database import Database

BASE = "https://wire.example"
SIGNER = Signer(b"k" * 32)

SOON = T0 + timedelta(hours=1)


@pytest.fixture
async def found(database: Database) -> Distribution:
    """The report on the small world's release."""
    await add_world(database)
    async with database.transaction() as tx:
        return await distribution(tx, "tidal", now=SOON)


@pytest.fixture
async def asker(database: Database) -> AsyncIterator[AsyncClient]:
    """Someone who asks for reports; without any key as yet."""
    await add_world(database)
    app = FastAPI()
    problems.install(app)
    app.include_router(routes(database, FixedClock(T0), SIGNER, BASE))
    async with AsyncClient(transport=ASGITransport(app), base_url=BASE) as client:
        yield client


async def number(database: Database, query: str) -> int:
    async with database.transaction() as tx:
        row = await (await tx.execute(query.encode())).fetchone()
    assert row is not None
    return int(row[0])


async def test_every_delivery_is_counted_once(found: Distribution, database: Database) -> None:
    channels = {one.channel: one for one in found.channels}
    assert list(channels) == ["email", "webhook", "feed", "stream"]
    for state, name in enumerate(("accepted", "deferred", "refused", "dead"), 2):
        counted = await number(
            database, f"SELECT count(*) FROM delivery WHERE channel = 1 AND state = {state}"
        )
        assert getattr(channels["email"].counts, name) == counted > 0
    assert channels["email"].counts.due == 860
    assert channels["email"].repeats == await number(
        database, "SELECT count(*) FROM delivery WHERE channel = 1 AND repeat"
    )
    for event, name in ((6, "bounced"), (8, "unsubscribed")):
        counted = await number(database, f"SELECT count(*) FROM ledger_entry WHERE event = {event}")
        assert getattr(channels["email"], name) == counted > 0


async def test_times_agree_with_the_databases_own_percentiles(
    found: Distribution, database: Database
) -> None:
    times = found.channels[0].times
    assert times is not None
    entries = (
        "FROM ledger_entry e JOIN ledger_batch b ON b.id = e.batch_id"
        " WHERE b.channel = 1 AND e.event = 2"
    )
    for share, ms in ((0.0, times.first_ms), (0.5, times.p50_ms), (0.99, times.p99_ms),
                      (1.0, times.last_ms)):  # fmt: skip
        assert ms == await number(
            database,
            f"SELECT floor(extract(epoch FROM percentile_disc({share}) WITHIN GROUP (ORDER BY"
            f" e.at) - '{T0.isoformat()}') * 1000) {entries}",
        )
    assert times.skew_ms == times.last_ms - times.first_ms
    timeline = found.channels[0].timeline
    assert sum(bucket.accepted for bucket in timeline) == found.channels[0].counts.accepted


async def test_desktops_are_counted_from_bitmaps(found: Distribution) -> None:
    stream = found.channels[3]
    assert stream.counts.due == 3_000
    assert stream.counts.accepted + stream.counts.deferred == 3_000
    assert stream.times is not None
    countries = [one for one in found.countries if one.channel == "stream"]
    languages = [one for one in found.languages if one.channel == "stream"]
    for parts in (countries, languages):
        assert sum(part.counts.due for part in parts) == 3_000
        assert sum(part.counts.accepted for part in parts) == stream.counts.accepted


async def test_countries_and_languages_of_a_channel_come_to_its_own_counts(
    found: Distribution,
) -> None:
    mails = found.channels[0].counts
    for parts in (found.countries, found.languages):
        for name in ("due", "accepted", "refused", "dead"):
            parted = sum(getattr(p.counts, name) for p in parts if p.channel == "email")
            assert parted == getattr(mails, name)
    assert "feed" not in {part.channel for part in found.countries}, "a feed is in no country"


async def test_the_five_counts_stay_apart(found: Distribution) -> None:
    assert found.counts.accepted_by_an_endpoint == {
        one.channel: one.counts.accepted for one in found.channels
    }
    assert found.counts.read_by_a_person is None
    assert found.counts.clicked is None


async def test_the_newest_published_version_is_reported(database: Database) -> None:
    await add_world(database)
    async with database.transaction() as tx:
        assert (await distribution(tx, "corrected", now=SOON)).version == 2
        assert (await distribution(tx, "corrected", 1, now=SOON)).act == "publish"
        waiting = await distribution(tx, "sealed", now=SOON)
        assert (waiting.t0, waiting.channels) == (None, ())
        with pytest.raises(NotFound, match="no version 3"):
            await distribution(tx, "corrected", 3, now=SOON)
        with pytest.raises(NotFound, match="no release"):
            await distribution(tx, "nothing", now=SOON)


async def test_a_stranger_is_asked_for_a_key(asker: AsyncClient) -> None:
    for address in ("/releases/tidal/report", "/api/v1/releases/tidal/report"):
        answer = await asker.get(address)
        assert answer.status_code == 401
        assert answer.headers["content-type"].startswith("application/problem+json")
        answer = await asker.get(address, headers={"Authorization": "Bearer tw_wrong"})
        assert answer.status_code == 401


async def test_editors_see_every_report_and_issuers_their_own(
    asker: AsyncClient, database: Database
) -> None:
    async with database.transaction() as tx:
        editor = await open_editor(tx, "wanda", T0)
        other = await open_issuer(tx, Issuer(0, "other", "Other"), T0)
        keys = [await issue_key(tx, one.account_id, T0) for one in (editor, other)]
    seen = [
        (
            await asker.get(
                "/api/v1/releases/tidal/report", headers={"Authorization": f"Bearer {key}"}
            )
        ).status_code
        for key in keys
    ]
    assert seen == [200, 404]


async def test_a_link_opens_its_own_report_only(asker: AsyncClient) -> None:
    token = SIGNER.sign("report", "tidal")
    assert report_link(SIGNER, BASE, "tidal") == f"{BASE}/releases/tidal/report?token={token}"
    assert (await asker.get(f"/releases/tidal/report?token={token}")).status_code == 200
    assert (await asker.get(f"/releases/corrected/report?token={token}")).status_code == 404
    assert (await asker.get(f"/releases/tidal/report?token={token}x")).status_code == 404
    wrong = SIGNER.sign("unsubscribe", "tidal")
    assert (await asker.get(f"/releases/tidal/report?token={wrong}")).status_code == 404


async def test_json_and_page_say_the_same_and_are_not_kept(asker: AsyncClient) -> None:
    token = SIGNER.sign("report", "tidal")
    api = await asker.get(f"/api/v1/releases/tidal/report?token={token}")
    same = await asker.get(
        f"/releases/tidal/report?token={token}", headers={"Accept": "application/json"}
    )
    assert api.json() == same.json()
    page = await asker.get(f"/releases/tidal/report?token={token}&language=de")
    assert f"<b>{api.json()['channels'][0]['counts']['accepted']}</b>" in page.text
    assert "Zustellungen" in page.text
    assert re.search(r"\d,\d+ s<", page.text), "German writes decimals with a comma"
    assert page.headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize("query", ["version=0", "version=x", "version=99999"])
async def test_a_version_that_cannot_be_is_refused(asker: AsyncClient, query: str) -> None:
    token = SIGNER.sign("report", "tidal")
    answer = await asker.get(f"/api/v1/releases/tidal/report?token={token}&{query}")
    assert answer.status_code == 422


async def test_the_terminal_shows_every_channel(found: Distribution) -> None:
    out = io.StringIO()
    show(found, "https://wire.example/link", Console(file=out, width=140))
    said = out.getvalue()
    assert "860" in said
    assert "3,000" in said
    for word in ("email", "webhook", "feed", "stream", "p99", "https://wire.example/link"):
        assert word in said
    assert json.dumps("DE") in json.dumps([part.name for part in found.countries])


def test_a_terminal_bar_is_always_as_wide_as_it_should_be() -> None:
    assert len(bar(Counts(1000, 0, 996, 2, 1, 1))) == BAR_WIDTH
    assert len(bar(Counts(0, 0, 0), 8)) == 0
    assert str(bar(Counts(2, 0, 1, 1), 8)) == "████▒▒▒▒"


async def test_a_desktop_that_never_came_is_dead_past_the_deadline(database: Database) -> None:
    await add_world(database)
    async with database.transaction() as tx:
        early = await distribution(tx, "tidal", now=T0 + timedelta(hours=95))
        late = await distribution(tx, "tidal", now=T0 + timedelta(hours=97))
    (before,) = (one.counts for one in early.channels if one.channel == "stream")
    (after,) = (one.counts for one in late.channels if one.channel == "stream")
    assert before.deferred == after.dead > 0
    assert before.dead == after.deferred == 0
