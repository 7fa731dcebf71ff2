"""A picture from its upload to its end: sealed, shown to the desk, public, gone."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx
import pytest

from drawn import bomb, drawn, placed
from office import DESK, RELEASES, SUBMISSION, Office
from tidewire.intake import pictures as intake_pictures
from tidewire.vault.keys import MasterKey
from tidewire.vault.rewrap import rewrap
from wire import MASTER

PICTURES = "/api/v1/pictures"
RAW = drawn("JPEG", (640, 480))
OTHER = drawn("JPEG", (640, 480), "#b26a00")


async def upload(
    office: Office, raw: bytes = RAW, who: dict[str, str] | None = None, kind: str = "image/jpeg"
) -> httpx.Response:
    headers = {**(who or office.issuer), "Content-Type": kind}
    return await office.http.post(PICTURES, content=raw, headers=headers)


async def uploaded(office: Office, raw: bytes = RAW, who: dict[str, str] | None = None) -> str:
    answer = await upload(office, raw, who)
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["picture"])


def with_picture(*names: str, **said: Any) -> dict[str, Any]:
    """What a submission says of these pictures."""
    words = {"alt": "A square.", "caption": "A square on the sea."}
    [rendition] = SUBMISSION["renditions"]
    captions = [{"picture": name, **words} for name in names]
    pictures = [{"picture": n, "file": "square.jpg", "credit": "Kim", **said} for n in names]
    return {"pictures": pictures, "renditions": [{**rendition, "captions": captions}]}


def found(answer: httpx.Response) -> list[tuple[str, str]]:
    body = answer.json()
    return [(p["code"], p["pointer"]) for p in body.get("errors", body.get("problems", []))]


async def hand_in(office: Office, **changes: Any) -> httpx.Response:
    return await office.http.post(RELEASES, json=SUBMISSION | changes, headers=office.issuer)


async def public(office: Office, ref: str) -> None:
    assert (await office.decide(ref, "approve")).status_code == 200
    assert (await office.decide(ref, "schedule", at="now")).status_code == 200
    await office.publish()


async def test_the_same_bytes_are_kept_once(office: Office) -> None:
    first, second = await upload(office), await upload(office)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert first.json() | {"picture": ""} == {
        "picture": "", "type": "image/jpeg", "size": len(RAW), "width": 640, "height": 480,
    }  # fmt: skip
    assert await uploaded(office, who=office.other) != first.json()["picture"]  # another's is his
    assert await office.rows("SELECT count(*) FROM picture") == [(2,)]


async def test_nothing_in_the_store_tells_of_the_bytes(office: Office) -> None:
    await uploaded(office)
    [(mark, sealed, key)] = await office.rows("SELECT mark, sealed, key FROM picture")
    assert key is None
    assert mark != hashlib.sha256(RAW).digest()
    assert RAW[100:140] not in sealed and len(sealed) == len(RAW) + 28


@pytest.mark.parametrize(
    ("raw", "kind", "status", "code"),
    [
        (b"no picture", "image/png", 422, "picture-unreadable"),
        (b"<svg/>", "image/svg+xml", 422, "picture-unreadable"),
        (RAW[:-500], "image/jpeg", 422, "picture-broken"),
        (RAW, "image/png", 422, "picture-kind"),
        (bomb(19_000, 19_000), "image/png", 422, "picture-pixels"),
        (placed(), "image/jpeg", 422, "picture-place"),
    ],
)
async def test_what_is_no_good_picture_is_refused(
    office: Office, raw: bytes, kind: str, status: int, code: str
) -> None:
    answer = await upload(office, raw, kind=kind)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert found(answer)[0][0] == code
    assert await office.rows("SELECT count(*) FROM picture") == [(0,)]


async def test_a_hundred_megabytes_are_refused_unread(office: Office) -> None:
    sent = 0

    async def flood() -> Any:
        nonlocal sent
        for _ in range(1_000):
            sent += 100_000
            yield b"\xff" * 100_000

    answer = await office.http.post(PICTURES, content=flood(), headers=office.issuer)
    assert answer.status_code == 413
    assert "10 MB" in answer.json()["title"] and sent < 11_000_000
    declared = await upload(office, b"\xff" * 10_000_001)
    assert declared.status_code == 413


async def test_who_may_upload(office: Office) -> None:
    assert (await office.http.post(PICTURES, content=RAW)).status_code == 401
    alone = await upload(office, who=office.editor)
    assert alone.status_code == 422 and found(alone) == [("release-missing", "/release")]
    ref = await office.hand_in()
    headers = {**office.editor, "Content-Type": "image/jpeg"}
    path = f"{PICTURES}?release="
    assert (await office.http.post(path + ref, content=RAW, headers=headers)).status_code == 201
    assert (
        await uploaded(office)
        == ((await office.http.post(path + ref, content=RAW, headers=headers)).json()["picture"])
    )  # it is the issuer's
    gone = await office.http.post(f"{path}nothing", content=RAW, headers=headers)
    assert gone.status_code == 404


async def test_only_an_issuers_own_pictures_are_taken(office: Office) -> None:
    others = await uploaded(office, who=office.other)
    for name in (others, "nothing", "../../etc/passwd"):
        answer = await hand_in(office, **with_picture(name))
        assert answer.status_code == 422
        assert ("picture-unknown", "/pictures/0/picture") in found(answer)
    assert await office.rows("SELECT count(*) FROM release") == [(0,)]


async def test_pictures_are_named_right_or_told(office: Office) -> None:
    name = await uploaded(office)
    twice = await hand_in(office, **with_picture(name, name))
    assert found(twice) == [("picture-twice", "/pictures/1/picture")]
    astray = await hand_in(office, **with_picture(name) | {"pictures": []})
    assert found(astray) == [("caption-astray", "/renditions/0/captions/0/picture")]
    for file in ("../x.jpg", "a/b.jpg", ".x"):
        path = await hand_in(office, **with_picture(name, file=file))
        assert [pointer for _, pointer in found(path)] == ["/pictures/0/file"]
    neither = await hand_in(office, pictures=[{"credit": "Kim"}])
    assert [pointer for _, pointer in found(neither)] == ["/pictures/0"]


async def test_what_readers_would_miss_is_a_warning(office: Office) -> None:
    name = await uploaded(office)
    answer = await hand_in(office, pictures=[{"picture": name}])
    assert answer.status_code == 201
    assert found(answer) == [
        ("picture-credit", "/pictures/0/credit"),
        ("picture-alt", "/renditions/0/captions"),
    ]
    elsewhere = [{"href": "https://other.example/a.jpg", "credit": "Jon Specimen"}]
    [told] = (await hand_in(office, pictures=elsewhere)).json()["problems"]
    assert told["code"] == "picture-elsewhere" and "Jon Specimen" in told["message"]


async def test_the_same_submission_with_the_same_bytes_is_the_same(office: Office) -> None:
    who = office.issuer | {"Idempotency-Key": "k"}
    answers = []
    for raw in (RAW, RAW, OTHER):
        body = SUBMISSION | with_picture(await uploaded(office, raw))
        answers.append(await office.http.post(RELEASES, json=body, headers=who))
    assert [answer.status_code for answer in answers] == [201, 200, 409]
    assert answers[0].json()["ref"] == answers[1].json()["ref"]


async def test_the_desk_sees_it_before_the_moment_and_the_ledger_says_who_did(
    office: Office,
) -> None:
    name = await uploaded(office)
    ref = await office.hand_in(**with_picture(name))
    shown = (await office.http.get(f"{DESK}/{ref}", headers=office.editor)).json()
    [picture] = shown["content"]["pictures"]
    assert (picture["ref"], picture["file"]) == (name, "square.jpg")
    before = await office.rows("SELECT count(*) FROM ledger_batch")
    at = f"{DESK}/{ref}/pictures/{name}"
    seen = await office.http.get(at, headers=office.editor)
    assert (seen.status_code, seen.content) == (200, RAW)
    assert (seen.headers["content-type"], seen.headers["cache-control"]) == (
        "image/jpeg",
        "no-store",
    )
    after = await office.rows("SELECT count(*) FROM ledger_batch")
    assert after[0][0] > before[0][0]
    for who in (office.issuer, office.other, {}):
        assert (await office.http.get(at, headers=who)).status_code in (401, 403)
    others = await uploaded(office, OTHER)
    unnamed = await office.http.get(f"{DESK}/{ref}/pictures/{others}", headers=office.editor)
    assert unnamed.status_code == 404


async def test_it_is_public_from_the_moment_on_at_an_address_of_its_own(office: Office) -> None:
    name = await uploaded(office)
    ref = await office.hand_in(**with_picture(name, file="Größe zwölf.png"))
    at = f"/releases/{ref}/pictures/{name}.jpg"
    assert (await office.http.get(at)).status_code == 404
    await public(office, ref)
    answer = await office.http.get(at)
    assert (answer.status_code, answer.content) == (200, RAW)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-length"] == str(len(RAW))
    assert answer.headers["cache-control"] == "public, max-age=86400, s-maxage=60"
    assert answer.headers["content-disposition"] == (
        "inline; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20zw%C3%B6lf.jpg"
    )
    head = await office.http.head(at)
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(RAW)))
    again = await office.http.get(at, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    for wrong in (f"{name}.png", name, f"{name}.jpg.html", "x.jpg", "%00.jpg", "..%2f..%2fx"):
        assert (await office.http.get(f"/releases/{ref}/pictures/{wrong}")).status_code == 404
    assert (await office.http.get(f"/releases/other/pictures/{name}.jpg")).status_code == 404


@pytest.mark.parametrize("end", ["kill", "withdraw"])
async def test_what_is_taken_back_takes_its_pictures_along(office: Office, end: str) -> None:
    name = await uploaded(office)
    ref = await office.hand_in(**with_picture(name))
    await public(office, ref)
    at = f"/releases/{ref}/pictures/{name}.jpg"
    assert (await office.http.get(at)).status_code == 200
    who, path = (office.editor, DESK) if end == "kill" else (office.issuer, RELEASES)
    done = await office.http.post(f"{path}/{ref}/{end}", json={"note": "No."}, headers=who)
    assert done.status_code == 200, done.text
    await office.publish()
    gone = await office.http.get(at, headers={"If-None-Match": "*"})
    assert (gone.status_code, gone.content) == (410, b"")
    assert "max-age" not in gone.headers["cache-control"]
    assert (await office.http.get(f"/releases/{ref}/pictures/x.jpg")).status_code == 404


async def correct(office: Office, ref: str, names: Sequence[str]) -> httpx.Response:
    new = SUBMISSION | with_picture(*names)
    done = await office.decide(ref, "correct", note="Another picture.", release=new)
    if done.status_code == 200:
        await office.publish()
    return done


async def test_a_correction_changes_pictures_and_what_stays_is_stored_once(office: Office) -> None:
    first, second = await uploaded(office), await uploaded(office, OTHER)
    ref = await office.hand_in(**with_picture(first))
    await public(office, ref)

    async def statuses() -> list[int]:
        paths = [f"/releases/{ref}/pictures/{name}.jpg" for name in (first, second)]
        return [(await office.http.get(path)).status_code for path in paths]

    assert await statuses() == [200, 404]
    assert (await correct(office, ref, [first, second])).status_code == 200
    assert await statuses() == [200, 200]
    assert (await correct(office, ref, [second])).status_code == 200
    assert await statuses() == [410, 200]
    assert await office.rows("SELECT count(*) FROM picture") == [(2,)]
    others = await uploaded(office, who=office.other)
    refused = await correct(office, ref, [others])
    assert refused.status_code == 422
    assert ("picture-unknown", "/release/pictures/0/picture") in found(refused)


async def test_a_picture_that_no_release_names_is_dropped_in_time(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    used, unused = await uploaded(office), await uploaded(office, OTHER)
    await office.hand_in(**with_picture(used))
    office.clock.advance((intake_pictures.UNUSED + timedelta(seconds=1)).total_seconds())
    answer = await upload(office, drawn("GIF"), kind="image/gif")
    assert answer.status_code == 201
    kept = {row[0] for row in await office.rows("SELECT ref FROM picture")}
    assert kept == {used, answer.json()["picture"]} and unused not in kept
    monkeypatch.setattr(intake_pictures, "MOST_UNUSED", 1)
    many = await upload(office, drawn("PNG"), kind="image/png")
    assert many.status_code == 409


async def test_another_master_key_opens_them_once_rewrapped(office: Office) -> None:
    name = await uploaded(office)
    ref = await office.hand_in(**with_picture(name))
    other = MasterKey(b"another master key of the tests.")
    async with office.database.transaction() as tx:
        assert await rewrap(tx, MASTER, other, office.clock.now()) == 2  # release and issuer
    at = f"{DESK}/{ref}/pictures/{name}"
    assert (await office.http.get(at, headers=office.editor)).status_code == 503
    async with office.database.transaction() as tx:
        await rewrap(tx, other, MASTER, office.clock.now())
    assert (await office.http.get(at, headers=office.editor)).content == RAW
