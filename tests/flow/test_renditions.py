"""Renditions: who made them, who approved them, and who gets one that comes later."""

from datetime import timedelta
from typing import Any

import pytest

from office import DESK, RELEASES, SUBMISSION, Office
from tidewire.formats.feed_names import names_of
from tidewire.model.release import Act
from tidewire.store import audience_sets, editions, feed_entries
from tidewire.store.feed_entries import Filing
from wire import add_subscriber, go

ENGLISH: dict[str, Any] = SUBMISSION["renditions"][0]
GERMAN: dict[str, Any] = {
    "language": "de",
    "headline": "Tidewind eröffnet seinen ersten schwimmenden Park",
    "dateline": {"place": "Husum", "country": "DE", "date": "2026-03-03"},
    "body_html": "<p>Der Park versorgt 48.000 Haushalte mit Strom.</p>",
}
FRENCH: dict[str, Any] = GERMAN | {
    "language": "fr",
    "headline": "Tidewind ouvre son premier parc flottant",
    "body_html": "<p>Le parc alimente 48 000 foyers en électricité.</p>",
}
MACHINE = {"hand": "machine", "name": "Sample Translator"}
PERSON = {"hand": "person", "name": "Tom Sample"}


async def add(office: Office, ref: str, given: dict[str, Any], **how: Any) -> Any:
    how.setdefault("headers", office.issuer)
    return await office.http.post(f"{RELEASES}/{ref}/renditions", json=given, **how)


async def shown(office: Office, ref: str) -> dict[str, Any]:
    answer = await office.http.get(f"{DESK}/{ref}", headers=office.editor)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def scheduled(office: Office, **changes: Any) -> str:
    ref = await office.hand_in(**changes)
    assert (await office.decide(ref, "approve")).status_code == 200
    assert (await office.decide(ref, "schedule", at="now")).status_code == 200
    return ref


async def test_one_more_waits_and_goes_with_the_approval_of_its_release(office: Office) -> None:
    ref = await office.hand_in()
    answer = await add(office, ref, GERMAN | {"made_by": PERSON})
    assert answer.status_code == 201, answer.text
    assert [r["language"] for r in (await shown(office, ref))["content"]["renditions"]] == ["en"]
    assert (await office.decide(ref, "approve")).status_code == 200
    found = await shown(office, ref)
    assert found["waiting"] == []
    assert [
        (r["language"], r["made_by"], r["approved_by"]) for r in found["content"]["renditions"]
    ] == [("en", None, "Mara Muster"), ("de", PERSON, "Mara Muster")]


async def test_a_machine_rendition_needs_an_approval_of_its_own(office: Office) -> None:
    ref = await office.hand_in(renditions=[ENGLISH, GERMAN | {"made_by": MACHINE}])
    assert (await office.decide(ref, "approve")).status_code == 200
    found = await shown(office, ref)
    assert [r["language"] for r in found["content"]["renditions"]] == ["en"]
    assert [(w["language"], w["hand"]) for w in found["waiting"]] == [("de", "machine")]
    assert (await office.decide(ref, "renditions/de/approve")).status_code == 200
    found = await shown(office, ref)
    assert [r["approved_by"] for r in found["content"]["renditions"]] == ["Mara Muster"] * 2
    assert [d["move"] for d in found["decisions"]] == ["approve", "add"]


async def test_a_machine_rendition_comes_with_the_release_once_it_is_named(office: Office) -> None:
    ref = await office.hand_in(renditions=[ENGLISH, GERMAN | {"made_by": MACHINE}])
    wrong = await office.decide(ref, "approve", checked=["fr"])
    assert wrong.status_code == 422 and wrong.json()["errors"][0]["pointer"] == "/checked/0"
    assert (await office.decide(ref, "approve", checked=["de"])).status_code == 200
    found = (await shown(office, ref))["content"]["renditions"]
    assert [(r["language"], r["approved_by"]) for r in found][1] == ("de", "Mara Muster")


async def test_an_issuer_may_let_a_machine_rendition_go_unchecked_and_it_says_so(
    office: Office,
) -> None:
    renditions = [ENGLISH, GERMAN | {"made_by": MACHINE}]
    ref = await office.hand_in(renditions=renditions, machine_unchecked=True)
    assert (await office.decide(ref, "approve")).status_code == 200
    found = (await shown(office, ref))["content"]["renditions"]
    assert [(r["language"], r["approved_by"]) for r in found] == [
        ("en", "Mara Muster"),
        ("de", ""),
    ]


async def test_no_machine_prevails(office: Office) -> None:
    document = SUBMISSION | {"renditions": [ENGLISH | {"made_by": MACHINE}]}
    answer = await office.http.post(RELEASES, json=document, headers=office.issuer)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/renditions/0/made_by"


async def test_what_prevails_stands_first(office: Office) -> None:
    ref = await office.hand_in(renditions=[ENGLISH, GERMAN], prevails="de")
    found = (await shown(office, ref))["content"]
    assert [r["language"] for r in found["renditions"]] == ["de", "en"]
    document = SUBMISSION | {"prevails": "th"}
    answer = await office.http.post(RELEASES, json=document, headers=office.issuer)
    assert answer.json()["errors"][0]["pointer"] == "/prevails"


async def test_without_a_required_language_it_is_not_scheduled(office: Office) -> None:
    ref = await office.hand_in(required=["en", "de"], to_follow=["fr"])
    assert (await office.decide(ref, "approve")).status_code == 200
    refused = await office.decide(ref, "schedule", at="now")
    assert refused.status_code == 409 and "de" in refused.json()["detail"]
    assert (await add(office, ref, GERMAN)).status_code == 201
    assert (await office.decide(ref, "renditions/de/approve")).status_code == 200
    assert (await office.decide(ref, "schedule", at="now")).status_code == 200


@pytest.mark.parametrize(
    ("given", "status", "pointer"),
    [
        (ENGLISH, 409, None),
        (GERMAN | {"language": "xx-nowhere"}, 422, "/language"),
        (GERMAN | {"headline": ""}, 422, "/headline"),
        (GERMAN | {"made_by": {"hand": "machine", "name": ""}}, 422, "/made_by/name"),
        (GERMAN | {"surprise": 1}, 422, "/surprise"),
    ],
)
async def test_bad_ones_are_refused_and_leave_nothing(
    office: Office, given: dict[str, Any], status: int, pointer: str | None
) -> None:
    ref = await office.hand_in()
    answer = await add(office, ref, given)
    assert answer.status_code == status, answer.text
    if pointer is not None:
        assert answer.json()["errors"][0]["pointer"] == pointer
    assert (await shown(office, ref))["waiting"] == []


async def test_others_cannot_add_and_dry_runs_store_nothing(office: Office) -> None:
    ref = await office.hand_in()
    assert (await add(office, ref, GERMAN, headers=office.other)).status_code == 404
    answer = await add(office, ref, GERMAN, params={"dry_run": True})
    assert answer.status_code == 200 and answer.json()["ref"] is None
    assert (await shown(office, ref))["waiting"] == []


async def test_one_that_is_handed_in_again_replaces_the_one_that_waits(office: Office) -> None:
    ref = await office.hand_in()
    assert (await add(office, ref, GERMAN)).status_code == 201
    answer = await add(office, ref, GERMAN | {"headline": "Tidewind eröffnet einen Park am Meer"})
    assert answer.status_code == 200 and answer.json()["replaced"]
    [waiting] = (await shown(office, ref))["waiting"]
    assert waiting["content"]["headline"] == "Tidewind eröffnet einen Park am Meer"
    assert (
        await office.decide(ref, "renditions/de/reject", note="Not German enough.")
    ).status_code == 200
    assert (await shown(office, ref))["waiting"] == []
    assert (await office.decide(ref, "renditions/de/approve")).status_code == 404


async def test_what_waits_is_sealed_even_once_its_release_is_out(office: Office) -> None:
    ref = await office.published()
    assert (await add(office, ref, GERMAN)).status_code == 201
    [(sealed,)] = await office.rows("SELECT sealed FROM waiting_rendition")
    assert b"schwimmenden" not in bytes(sealed)
    assert "de" not in (await shown(office, ref))["languages"]


async def test_a_later_rendition_goes_to_those_it_is_best_for_and_to_no_others(
    office: Office,
) -> None:
    database, clock = office.database, office.clock
    async with database.transaction() as tx:
        _, reads_english = await add_subscriber(tx, clock.now(), languages=("en", "de"))
        _, prefers_german = await add_subscriber(tx, clock.now(), languages=("de", "en"))
        only, reads_german = await add_subscriber(tx, clock.now(), languages=("de-AT",))
        desktop, _ = await add_subscriber(tx, clock.now(), kind=3, languages=("de",))
    ref = await scheduled(office, to_follow=["de"])
    assert await go(database, clock) == 1
    assert await due(office, 1) == {reads_english: "en", prefers_german: "en"}
    clock.advance(60)
    assert (await add(office, ref, GERMAN)).status_code == 201
    assert await go(database, clock) == 0
    answer = await office.decide(ref, "renditions/de/approve")
    assert answer.json()["version"] == 2
    assert await go(database, clock) == 1
    assert await due(office, 2) == {prefers_german: "de", reads_german: "de"}
    async with database.transaction() as tx:
        release_id = (await editions.wire(tx, 0, 1))[0].release_id
        assert set((await audience_sets.due(tx, release_id, 2, 3))["de"]) == {desktop}
        assert set((await audience_sets.due(tx, release_id, 2, 1))["de"]) >= {only}
        assert [e.version for e in await editions.latest(tx, language="en")] == [1]
        [added] = await editions.latest(tx, language="de")
        assert (added.act, added.news) == (Act.ADD, ("de",))
        assert added.release.still_to_follow() == ()


async def test_a_correction_after_an_addition_reaches_everyone_once(office: Office) -> None:
    database, clock = office.database, office.clock
    async with database.transaction() as tx:
        _, reads_english = await add_subscriber(tx, clock.now(), languages=("en",))
        _, prefers_german = await add_subscriber(tx, clock.now(), languages=("de", "en"))
        desktop, _ = await add_subscriber(tx, clock.now(), kind=3, languages=("en",))
    ref = await scheduled(office)
    await go(database, clock)
    clock.advance(60)
    await add(office, ref, GERMAN)
    await office.decide(ref, "renditions/de/approve")
    await go(database, clock)
    async with database.transaction() as tx:
        await tx.execute("UPDATE delivery SET state = 2")
    clock.advance(60)
    content = SUBMISSION | {"renditions": [ENGLISH, GERMAN]}
    answer = await office.decide(ref, "correct", note="The number of homes.", release=content)
    assert answer.status_code == 200, answer.text
    assert await go(database, clock) == 1
    assert await due(office, 3) == {reads_english: "en", prefers_german: "de"}
    async with database.transaction() as tx:
        release_id = (await editions.wire(tx, 0, 1))[0].release_id
        assert set((await audience_sets.due(tx, release_id, 3, 3))["en"]) == {desktop}


async def test_a_kill_forgets_what_waits(office: Office) -> None:
    ref = await office.published()
    await add(office, ref, GERMAN)
    assert (await office.decide(ref, "kill", note="Made up.")).status_code == 200
    assert await office.rows("SELECT count(*) FROM waiting_rendition") == [(0,)]
    assert (await add(office, ref, FRENCH)).status_code == 409


async def test_an_approval_before_the_moment_finds_the_audience_anew(office: Office) -> None:
    database, clock = office.database, office.clock
    async with database.transaction() as tx:
        _, prefers_german = await add_subscriber(tx, clock.now(), languages=("de", "en"))
    ref = await office.hand_in()
    await office.decide(ref, "approve")
    ahead = timedelta(minutes=5)
    await office.decide(ref, "schedule", at=(clock.now() + ahead).isoformat())
    await go(database, clock)
    assert await due(office, 1) == {prefers_german: "en"}
    await add(office, ref, GERMAN)
    await office.decide(ref, "renditions/de/approve")
    clock.advance(ahead.total_seconds())
    assert await go(database, clock) == 1
    assert await due(office, 1) == {prefers_german: "de"}


async def due(office: Office, version: int) -> dict[int, str]:
    """Endpoint id and language of all webhooks of a version."""
    rows = await office.rows(
        "SELECT d.endpoint_id, p.language FROM delivery d JOIN page p ON p.id = d.page_id"
        f" WHERE d.version = {version} AND d.channel = 2"
    )
    return dict(rows)


async def test_only_feeds_of_the_added_language_move(office: Office) -> None:
    ref = await office.published()
    await add(office, ref, GERMAN)
    await office.decide(ref, "renditions/de/approve")
    office.clock.advance(60)
    await office.publish()
    async with office.database.transaction() as tx:
        english = await feed_entries.newest(tx, Filing("en"), 10)
        german = await feed_entries.newest(tx, Filing("de"), 10)
    assert [(e.version, e.act) for e in english] == [(1, Act.PUBLISH)]
    assert [(e.version, e.act) for e in german] == [(2, Act.ADD)]
    assert {name.language for name in names_of(german[0])} == {"de"}
