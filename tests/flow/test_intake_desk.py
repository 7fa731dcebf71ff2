"""From hand-in to a set moment, over the API, on the real database."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from office import DESK, RELEASES, SUBMISSION, Office
from tidewire.bus.bell import Topic
from tidewire.store import editions


async def test_a_release_is_stored_and_rung_for(office: Office) -> None:
    answer = await office.http.post(RELEASES, json=SUBMISSION, headers=office.issuer)
    ref = answer.json()["ref"]
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{RELEASES}/{ref}"
    assert office.bells.rung == [(Topic.RECEIVED, ref)]
    stands = (await office.http.get(f"{RELEASES}/{ref}", headers=office.issuer)).json()
    assert (stands["state"], stands["version"], stands["slug"]) == (
        "received",
        1,
        "tidewind-opens-its-first-floating-park",
    )


async def test_the_same_key_and_content_is_the_same_submission(office: Office) -> None:
    headers = office.issuer | {"Idempotency-Key": "monday-1"}
    first = await office.http.post(RELEASES, json=SUBMISSION, headers=headers)
    again = await office.http.post(RELEASES, json=SUBMISSION, headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["ref"] == again.json()["ref"]
    assert await office.rows("SELECT count(*) FROM release_version") == [(1,)]


async def test_the_same_key_with_other_content_clashes(office: Office) -> None:
    headers = office.issuer | {"Idempotency-Key": "monday-1"}
    await office.http.post(RELEASES, json=SUBMISSION, headers=headers)
    other = await office.http.post(RELEASES, json=SUBMISSION | {"slug": "x"}, headers=headers)
    assert other.status_code == 409
    assert other.headers["content-type"] == "application/problem+json"


async def test_keys_of_two_issuers_do_not_meet(office: Office) -> None:
    key = {"Idempotency-Key": "k"}
    for headers in (office.issuer, office.other):
        answer = await office.http.post(RELEASES, json=SUBMISSION, headers=headers | key)
        assert answer.status_code == 201


async def test_a_dry_run_lists_problems_and_stores_nothing(office: Office) -> None:
    poor = {"renditions": [{"language": "en", "body_html": "<p>TBC</p>"}]}
    answer = await office.http.post(f"{RELEASES}?dry_run=true", json=poor, headers=office.issuer)
    found = {(p["severity"], p["code"], p["pointer"]) for p in answer.json()["problems"]}
    assert answer.status_code == 200
    assert answer.json()["accepted"] is False
    assert found == {
        ("error", "headline-missing", "/renditions/0/headline"),
        ("error", "contact-missing", "/contacts"),
        ("error", "dateline-missing", "/renditions/0/dateline"),
        ("warning", "placeholder-text", "/renditions/0/body_html"),
    }
    assert await office.rows("SELECT count(*) FROM release") == [(0,)]


async def test_errors_refuse_with_the_whole_list(office: Office) -> None:
    answer = await office.http.post(
        RELEASES, json=SUBMISSION | {"sectors": ["energy", "witchcraft"]}, headers=office.issuer
    )
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    [error] = answer.json()["errors"]
    assert (error["code"], error["pointer"]) == ("sector-unknown", "/sectors/1")
    assert await office.rows("SELECT count(*) FROM release") == [(0,)]


async def test_a_circuit_that_is_not_there_is_named(office: Office) -> None:
    answer = await office.http.post(
        RELEASES, json=SUBMISSION | {"circuits": ["nobody"]}, headers=office.issuer
    )
    assert [e["pointer"] for e in answer.json()["errors"]] == ["/circuits/0"]


async def test_scripts_and_handlers_do_not_reach_the_store(office: Office) -> None:
    rendition = SUBMISSION["renditions"][0] | {
        "body_html": '<p onclick="steal()">Text</p><script>steal()</script>'
        '<a href="https://tidewind.example/" onmouseover="steal()">more</a>'
    }
    answer = await office.http.post(
        RELEASES, json=SUBMISSION | {"renditions": [rendition]}, headers=office.issuer
    )
    assert "active-content" in [p["code"] for p in answer.json()["problems"]]
    shown = (await office.http.get(f"{DESK}/{answer.json()['ref']}", headers=office.editor)).text
    assert "steal" not in shown
    assert "Text" in shown


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b'{"renditions": "\xff\xfe"}', 400),
        (b"[]", 422),
        (b"null", 422),
        (b"{}", 422),
        (b'{"renditions": [{"language": 5}]}', 422),
        (b'{"renditions": [{"language": "en", "headline": "\\u0000"}]}', 422),
        (b'{"renditions": [{"language": "en", "headline": "\\ud800"}]}', 422),
        (b'{"renditions": [{"language": "en"}], "t0": "9999-12-31T23:59:59-23:59"}', 422),
        (b'{"renditions": [{"language": "en"}], "t0": 1e400}', 422),
        (b"[" * 100_000, 400),
        (b" " * 2_100_000, 413),
    ],
)
async def test_bad_bodies_are_refused_clearly(office: Office, body: bytes, status: int) -> None:
    headers = office.issuer | {"Content-Type": "application/json"}
    answer = await office.http.post(RELEASES, content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert await office.rows("SELECT count(*) FROM release") == [(0,)]


async def test_an_oversized_body_without_a_length_is_refused(office: Office) -> None:
    async def flood() -> AsyncIterator[bytes]:
        for _ in range(300):
            yield b" " * 10_000

    headers = office.issuer | {"Content-Type": "application/json"}
    answer = await office.http.post(RELEASES, content=flood(), headers=headers)
    assert answer.status_code == 413


async def test_nobody_gets_in_without_a_key(office: Office) -> None:
    for headers in ({}, {"Authorization": "Bearer tw_nobody"}, {"Authorization": "Basic x"}):
        for path in (RELEASES, DESK):
            answer = await office.http.get(path, headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "body", [b"{", b"{}", b" " * 2_100_000, b'{"note": "x", "release": 5}', None]
)
async def test_the_key_is_asked_for_before_the_body_is_read(
    office: Office, body: bytes | None
) -> None:
    told = SUBMISSION | {"circuits": ["nobody"]}
    content = body or json.dumps({"note": "x", "release": told}).encode()
    moves = ("return", "approve", "schedule", "correct", "kill")
    for_editors = [f"{DESK}/nosuchref234/{move}" for move in moves]
    for_issuers = [RELEASES, f"{RELEASES}/nosuchref234/resubmit", f"{RELEASES}/x/withdraw"]
    for path in (*for_editors, *for_issuers):
        wrong = office.issuer if path in for_editors else office.editor
        for headers, status in (({}, 401), (wrong, 403)):
            answer = await office.http.post(
                path, content=content, headers=headers | {"Content-Type": "application/json"}
            )
            assert answer.status_code == status, (path, answer.text)


async def test_issuers_see_their_own_only(office: Office) -> None:
    ref = await office.hand_in()
    seen = await office.http.get(RELEASES, headers=office.other)
    assert seen.json() == {"releases": []}
    for path in (f"{RELEASES}/{ref}", f"{RELEASES}/nosuchref234", f"{RELEASES}/%00"):
        assert (await office.http.get(path, headers=office.other)).status_code == 404
    assert (await office.http.get(f"{RELEASES}/{ref}", headers=office.editor)).status_code == 200
    refused = await office.http.post(f"{RELEASES}/{ref}/withdraw", json={}, headers=office.other)
    assert refused.status_code == 404


async def test_an_issuer_cannot_decide_and_an_editor_cannot_hand_in(office: Office) -> None:
    ref = await office.hand_in()
    for move, body in (
        ("return", {"note": "n"}),
        ("approve", {}),
        ("schedule", {"at": "now"}),
        ("kill", {"note": "n"}),
        ("correct", {"note": "n", "release": SUBMISSION}),
    ):
        answer = await office.http.post(f"{DESK}/{ref}/{move}", json=body, headers=office.issuer)
        assert answer.status_code == 403, move
    for path in (DESK, f"{DESK}/{ref}"):
        assert (await office.http.get(path, headers=office.issuer)).status_code == 403
    answer = await office.http.post(RELEASES, json=SUBMISSION, headers=office.editor)
    assert answer.status_code == 403
    assert await office.rows("SELECT count(*) FROM decision") == [(0,)]


async def test_approve_and_schedule_set_the_moment_under_the_editors_name(office: Office) -> None:
    ref = await office.hand_in()
    approved = await office.decide(ref, "approve", note="Good.")
    assert (approved.json()["state"], approved.json()["t0"]) == ("approved", None)
    at = office.clock.now() + timedelta(hours=1)
    scheduled = await office.decide(ref, "schedule", at=at.isoformat())
    assert scheduled.json()["state"] == "scheduled"
    assert await office.rows("SELECT t0 FROM release_version") == [(at,)]
    shown = (await office.http.get(f"{DESK}/{ref}", headers=office.editor)).json()
    assert [(d["move"], d["by"], d["note"]) for d in shown["decisions"]] == [
        ("approve", "Mara Muster", "Good."),
        ("schedule", "Mara Muster", ""),
    ]
    assert shown["content"]["renditions"][0]["language"] == "en"
    assert office.bells.rung[-1] == (Topic.DECIDED, ref)


async def test_a_moment_must_lie_ahead_and_after_the_embargo(office: Office) -> None:
    end = office.clock.now() + timedelta(hours=2)
    ref = await office.hand_in(t0=end.isoformat(), embargo=True)
    await office.decide(ref, "approve")
    past = (office.clock.now() - timedelta(seconds=61)).isoformat()
    early = (end - timedelta(seconds=1)).isoformat()
    for at in (past, early, "now", "2199-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59"):
        answer = await office.decide(ref, "schedule", at=at)
        assert answer.status_code == 422, at
        assert answer.json()["errors"][0]["pointer"].startswith("/at")
    assert (await office.decide(ref, "schedule")).json()["t0"].startswith("2026-03-03T14:00:00")


async def test_moving_the_moment_keeps_what_is_staged(office: Office) -> None:
    ref = await office.hand_in()
    await office.decide(ref, "approve")
    await office.decide(ref, "schedule", at="2026-03-03T13:00:00Z")
    await _stage(office)
    staged = await _staged(office)
    later = await office.decide(ref, "schedule", at="2026-03-03T15:00:00Z")
    assert later.status_code == 200
    assert await _staged(office) == staged and all(staged)


async def test_a_returned_release_loses_its_moment_and_may_be_handed_in_again(
    office: Office,
) -> None:
    ref = await office.hand_in()
    await office.decide(ref, "approve")
    await office.decide(ref, "schedule", at="2026-03-03T13:00:00Z")
    await _stage(office)
    returned = await office.decide(ref, "return", note="Which park?")
    assert returned.json()["state"] == "returned"
    assert await office.rows("SELECT t0 FROM release_version") == [(None,)]
    again = await office.http.post(
        f"{RELEASES}/{ref}/resubmit", json=SUBMISSION | {"slug": "clearer"}, headers=office.issuer
    )
    assert again.json()["state"] == "received"
    stands = (await office.http.get(f"{RELEASES}/{ref}", headers=office.issuer)).json()
    assert (stands["state"], stands["slug"], stands["version"]) == ("received", "clearer", 1)
    once_more = await office.http.post(
        f"{RELEASES}/{ref}/resubmit", json=SUBMISSION, headers=office.issuer
    )
    assert once_more.status_code == 409


async def test_a_correction_is_version_two_and_goes_at_once(office: Office) -> None:
    ref = await office.published()
    text = SUBMISSION["renditions"][0] | {"body_html": "<p>The park feeds 46,000 homes.</p>"}
    new = SUBMISSION | {"renditions": [text]}
    answer = await office.decide(ref, "correct", note="Homes: 46,000.", release=new)
    assert (answer.json()["state"], answer.json()["version"]) == ("published", 2)
    second = await office.decide(ref, "correct", note="Again.", release=new)
    assert second.status_code == 409
    assert "has not gone out" in second.json()["title"]
    await office.publish()
    assert (await office.decide(ref, "correct", note="Again.", release=new)).json()["version"] == 3
    await office.publish()
    found = await office.rows("SELECT version, act, note FROM release_version ORDER BY version")
    assert found == [(1, "publish", ""), (2, "correct", "Homes: 46,000."), (3, "correct", "Again.")]


async def test_a_bad_correction_is_refused_with_pointers_into_it(office: Office) -> None:
    ref = await office.published()
    bad = SUBMISSION | {"sectors": ["witchcraft"]}
    answer = await office.decide(ref, "correct", note="x", release=bad)
    assert [e["pointer"] for e in answer.json()["errors"]] == ["/release/sectors/0"]
    missing = await office.decide(ref, "correct", note="x")
    assert [e["pointer"] for e in missing.json()["errors"]] == ["/release"]
    assert await office.rows("SELECT count(*) FROM release_version") == [(1,)]


async def test_a_kill_goes_at_once_and_ends_the_release(office: Office) -> None:
    ref = await office.published()
    answer = await office.decide(ref, "kill", note="The figures were forged.")
    assert (answer.json()["state"], answer.json()["version"]) == ("killed", 2)
    async with office.database.transaction() as tx:
        original = await editions.public(tx, ref)
        assert original is not None
        newest = await editions.edition(tx, original.release_id, 2)
        assert newest is not None
    assert (newest.act, newest.t0, newest.sequence) == ("kill", office.clock.now(), None)
    assert newest.release == original.release
    await office.publish()
    for what in ("kill", "approve", "return"):
        assert (await office.decide(ref, what, note="x")).status_code == 409
    assert await office.rows("SELECT state FROM release") == [("killed",)]


async def test_a_kill_takes_the_place_of_a_correction_that_is_not_out(office: Office) -> None:
    ref = await office.published()
    text = SUBMISSION["renditions"][0] | {"headline": "Never seen"}
    new = SUBMISSION | {"renditions": [text]}
    await office.decide(ref, "correct", note="Better.", release=new)
    await _stage(office)
    answer = await office.decide(ref, "kill", note="All wrong.")
    assert answer.json()["version"] == 2
    assert await _staged(office, version=2) == (0, 0, 0, 0)
    [(act, note, document)] = await office.rows(
        "SELECT act, note, document::text FROM release_version WHERE version = 2"
    )
    assert (act, note) == ("kill", "All wrong.")
    assert "Never seen" not in document


async def test_a_kill_before_publication_reaches_nobody(office: Office) -> None:
    ref = await office.hand_in()
    await office.decide(ref, "approve")
    await office.decide(ref, "schedule", at="2026-03-03T13:00:00Z")
    await _stage(office)
    answer = await office.decide(ref, "kill", note="No.")
    assert (answer.json()["state"], answer.json()["t0"]) == ("killed", None)
    assert await office.rows("SELECT version, t0 FROM release_version") == [(1, None)]
    assert await _staged(office) == (0, 0, 0, 0)


async def test_an_issuer_withdraws_its_published_release(office: Office) -> None:
    ref = await office.published()
    answer = await office.http.post(
        f"{RELEASES}/{ref}/withdraw", json={"note": "Sent in error."}, headers=office.issuer
    )
    assert (answer.json()["state"], answer.json()["version"]) == ("withdrawn", 2)
    assert await office.rows("SELECT act FROM release_version WHERE version = 2") == [("withdraw",)]
    editor = await office.http.post(f"{RELEASES}/{ref}/withdraw", json={}, headers=office.editor)
    assert editor.status_code == 403


async def test_what_may_not_be_done_says_what_may(office: Office) -> None:
    ref = await office.hand_in()
    answer = await office.decide(ref, "schedule", at="now")
    assert answer.status_code == 409
    assert "approve" in answer.json()["detail"]
    assert (await office.decide("nosuchref234", "approve")).status_code == 404
    assert (await office.decide(ref, "return")).status_code == 422
    assert (await office.decide(ref, "return", note="\x00")).status_code == 422
    assert (await office.decide(ref, "kill", note="   ")).status_code == 422
    assert await office.rows("SELECT state FROM release") == [("received",)]


async def test_the_queue_filters_by_state(office: Office) -> None:
    await office.hand_in()
    ref = await office.hand_in(slug="second")
    await office.decide(ref, "approve")
    answer = await office.http.get(f"{DESK}?state=approved", headers=office.editor)
    assert [r["ref"] for r in answer.json()["releases"]] == [ref]
    both = await office.http.get(f"{DESK}?state=approved&state=received", headers=office.editor)
    assert len(both.json()["releases"]) == 2
    assert (await office.http.get(f"{DESK}?state=x", headers=office.editor)).status_code == 422


async def _stage(office: Office) -> None:
    """Leave behind what staging and planning leave for versions that have a moment."""
    async with office.database.transaction() as tx:
        [(release_id, version)] = await (
            await tx.execute(
                "UPDATE release_version SET staged_at = t0, planned_at = t0"
                " WHERE t0 IS NOT NULL AND sequence IS NULL RETURNING release_id, version"
            )
        ).fetchall()
        values = {"release": release_id, "version": version}
        await tx.execute(
            "INSERT INTO audience_set VALUES (%(release)s, %(version)s, 2, 'en', 1, '\\x00')",
            values,
        )
        await tx.execute(
            "WITH e AS (INSERT INTO endpoint (channel, address) VALUES (3, 'en') RETURNING id),"
            " p AS (INSERT INTO page (release_id, version, channel, size, language)"
            " VALUES (%(release)s, %(version)s, 3, 1, 'en') RETURNING id)"
            " INSERT INTO delivery (page_id, release_id, endpoint_id, version, channel)"
            " SELECT p.id, %(release)s, e.id, %(version)s, 3 FROM e, p",
            values,
        )


async def _staged(office: Office, version: int = 1) -> tuple[int, ...]:
    """How many audiences, pages, deliveries and staging marks a version has."""
    counts = [
        (await office.rows(f"SELECT count(*) FROM {table} WHERE version = {version}"))[0][0]
        for table in ("audience_set", "page", "delivery")
    ]
    marks = await office.rows(
        f"SELECT count(staged_at) + count(planned_at) FROM release_version"
        f" WHERE version = {version}"
    )
    return (*counts, marks[0][0])


async def test_a_correction_without_a_language_that_went_out_is_refused(office: Office) -> None:
    ref = await office.published()
    german = SUBMISSION["renditions"][0] | {"language": "de"}
    answer = await office.decide(
        ref, "correct", note="x", release=SUBMISSION | {"renditions": [german]}
    )
    assert answer.status_code == 422
    assert "rendition in en" in answer.json()["title"]
    assert await office.rows("SELECT count(*) FROM release_version") == [(1,)]
