"""Before T0 nobody finds a word: not in a dump, a file, a log, or at any public address."""

import asyncio
import json
import re
import subprocess
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from quopri import encodestring
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from drawn import MARK, marked
from programs import Installation
from spellings import Search
from tidewire.access.keys import issue_key, open_editor, open_issuer
from tidewire.app.assemble import House, open_house
from tidewire.app.commands.desktop import issue
from tidewire.app.settings import read_settings
from tidewire.clock import stopwatch
from tidewire.model.delivery import ChannelCode
from tidewire.model.issuer import Issuer
from tidewire.reports.routes import report_link
from tidewire.store.embedded import choose_place, wheel_binaries
from wire import add_subscriber

PATIENCE = 60.0

# One release in seven languages: its headline, and a sentence of its body.
TEXTS = {
    "en": (
        "Seahorse lighthouse begins to shine tonight",
        "The lighthouse feeds forty thousand invented homes with current.",
    ),
    "de": (
        "Leuchtturm „Größe Zwölf“ geht heute in Betrieb",
        "Der Turm versorgt vierzigtausend erfundene Häuser mit Strom.",
    ),
    "ko": (
        "해마 등대가 오늘 저녁부터 빛을 밝힙니다",
        "이 등대는 가상의 사만 가구에 전기를 공급합니다.",
    ),
    "ar": (
        "منارة فرس البحر تضيء هذا المساء لأول مرة",
        "تزود المنارة أربعين ألف منزل خيالي بالتيار الكهربائي.",
    ),
    "zh-Hans": ("海马灯塔今晚首次点亮并投入运行", "这座灯塔为四万户虚构的家庭供应电力。"),
    "th": ("ประภาคารม้าน้ำเริ่มส่องแสงคืนนี้", "ประภาคารแห่งนี้จ่ายไฟฟ้าให้บ้านสมมติสี่หมื่นหลัง"),
    "ja": (
        "タツノオトシゴ灯台が今夜初めて点灯します",
        "この灯台は架空の四万世帯に電気を届けます。",
    ),
}
SLUG = "seahorse-lighthouse-begins"
KEY = "idempotent-seahorse-lighthouse"
REMARK = "Mind the seahorse in the second paragraph"
CONTACT = "Wanda Seepferd-Wellenreiter"
EMAIL = "wanda@seepferd-turm.example"


def a_part(text: str) -> str:
    """The middle of a text: a line break or a cut must not hide it."""
    return text[len(text) // 4 : -len(text) // 4]


# What is said of its picture, the name of the picture's file, and words in the file itself.
ALT = "A drawn lighthouse throws three beams over invented water"
CAPTION = "The tower, seen from the kelp garden of the seahorses"
CREDIT = "Photo: Otto Seegras-Fingiert"
FILE = "seepferd-turm-bei-nacht"

WORDS = [a_part(text) for pair in TEXTS.values() for text in pair] + [SLUG, CONTACT, EMAIL]
WORDS += [ALT, CAPTION, CREDIT, FILE]
SEARCH = Search([*WORDS, REMARK, KEY, MARK])

SUBMISSION: dict[str, Any] = {
    "renditions": [
        {
            "language": language,
            "headline": headline,
            "dateline": {"place": "Husum", "country": "DE", "date": "2026-03-03"},
            "body_html": f"<p>{sentence}</p>",
        }
        for language, (headline, sentence) in TEXTS.items()
    ],
    "contacts": [{"role": "Press", "name": CONTACT, "mail": EMAIL, "public": True}],
    "sectors": ["energy"],
}


def with_picture(name: str) -> dict[str, Any]:
    """The submission's renditions with captions of this picture, and the picture."""
    captions = [{"picture": name, "alt": ALT, "caption": CAPTION}]
    return {
        "pictures": [{"picture": name, "file": f"{FILE}.png", "credit": CREDIT}],
        "renditions": [one | {"captions": captions} for one in SUBMISSION["renditions"]],
    }


@dataclass
class Wire:
    """Tidewire as it runs somewhere, and those who use it."""

    installation: Installation
    house: House
    http: httpx.AsyncClient
    issuer: dict[str, str]
    other: dict[str, str]
    editor: dict[str, str]
    desktop: str

    async def rows(self, query: str) -> list[Any]:
        async with self.house.database.transaction() as tx:
            return await (await tx.execute(query.encode())).fetchall()

    async def until(self, query: str) -> None:
        """Wait until a query says true."""
        give_up = stopwatch() + PATIENCE
        while not (await self.rows(query))[0][0]:
            assert stopwatch() < give_up, query
            await asyncio.sleep(0.1)

    async def must(self, path: str, who: dict[str, str], **body: Any) -> Any:
        answer = await self.http.post(path, json=body, headers=who)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def dump(self) -> bytes:
        program = wheel_binaries() / "pg_dump"
        done = await asyncio.to_thread(
            subprocess.run, [program, "--dbname", self.house.database.url],
            check=True, capture_output=True,
        )  # fmt: skip
        assert b"COPY public.release_version" in done.stdout
        return done.stdout

    async def files(self) -> dict[str, set[str]]:
        """What stands in each file of the data folder and of the cluster, without the key."""
        async with self.house.database.session() as session:
            await session.execute("CHECKPOINT")
            await session.execute("SELECT pg_switch_wal()")
        home, root = self.house.settings.home, choose_place(self.house.settings.home).root
        key = self.house.settings.master_key_file

        def look() -> dict[str, set[str]]:
            found = {}
            for folder in {home, root}:
                for file in folder.rglob("*"):
                    if file.is_file() and file != key:
                        found[str(file)] = SEARCH.found(file.read_bytes())
            return found

        return await asyncio.to_thread(look)

    async def upload(self, raw: bytes) -> str:
        """The name by which a release names the picture."""
        headers = self.issuer | {"Content-Type": "image/png"}
        answer = await self.http.post("/api/v1/pictures", content=raw, headers=headers)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["picture"])

    async def addresses(self, ref: str, texts: dict[str, Any], file: str) -> dict[str, set[str]]:
        """What every address shows to who may know nothing of the release."""
        paths = [file, f"/api/v1/desk{file.removesuffix('.png')}"]
        paths += ["/", "/openapi.json", "/docs", "/api/v1/wire", f"/releases/{ref}", "/nothing"]
        paths += [f"/?language={language}" for language in texts]
        paths += [f"/releases/{ref}/{language}" for language in texts]
        paths += [
            f"/feeds/{name}.{form}"
            for language in texts
            for name in (language, f"{language}/energy")
            for form in ("atom", "rss", "json")
        ]
        paths += [f"/api/v1/releases/{ref}", f"/api/v1/releases/{ref}/report", "/api/v1/releases"]
        paths += [
            f"/releases/{ref}/report",
            f"/api/v1/desk/releases/{ref}",
            "/api/v1/desk/releases",
        ]
        found = {}
        for path in paths:
            for who in ({}, self.other):
                answer = await self.http.get(path, headers=who)
                found[f"{path} {bool(who)}"] = SEARCH.found(
                    str(answer.headers).encode() + answer.content
                )
        # The report's own link may go to anybody.
        link = report_link(self.house.signer, self.house.settings.base_url, ref)
        found["report"] = SEARCH.found((await self.http.get(link)).content)
        found["stream"] = SEARCH.found(await self.replay())
        return found

    async def replay(self) -> bytes:
        """What the stream replays to a desktop that was away from the beginning."""
        address = self.house.settings.gateway
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(
            b"GET /stream HTTP/1.1\r\nHost: wire\r\nLast-Event-ID: 0\r\n"
            b"Authorization: Bearer " + self.desktop.encode() + b"\r\n\r\n"
        )
        heard = b""
        try:
            async with asyncio.timeout(3):  # it never ends; nothing comes after the replay
                while piece := await reader.read(65_536):
                    heard += piece
        except TimeoutError:
            pass
        writer.close()
        assert b"200 OK" in heard
        return heard


@pytest.fixture
def installation() -> Iterator[Installation]:
    with tempfile.TemporaryDirectory(prefix="sealed-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Installation(Path(folder))


@pytest.fixture
async def wire(installation: Installation) -> AsyncIterator[Wire]:
    settings = read_settings(installation.environment)
    async with open_house(settings) as house:
        async with house.database.transaction() as tx:
            # What is compressed would hide from a search: from this one nothing shall.
            # (A picture's seal is never compressed.)
            for column in ("document", "sealed"):
                await tx.execute(
                    f"ALTER TABLE release_version ALTER {column} SET STORAGE EXTERNAL".encode()
                )
            now = house.clock.now()
            issuers = [
                await open_issuer(tx, Issuer(0, name, f"{name.title()} AG"), now)
                for name in ("seepferd", "other")
            ]
            editor = await open_editor(tx, "Mara Muster", now)
            keys = [await issue_key(tx, one.account_id, now) for one in (*issuers, editor)]
            await add_subscriber(tx, now, languages=("ko",))
            await add_subscriber(
                tx, now, kind=2, languages=("th", "en"), channel=ChannelCode.EMAIL,
                address="reader@reader.example",
            )  # fmt: skip
            desktop, _ = await add_subscriber(tx, now, kind=3, languages=("ar",))
        with installation.running("serve"):
            await asyncio.to_thread(installation.wait_for_pages)
            bearers = [{"Authorization": f"Bearer {key}"} for key in keys]
            async with httpx.AsyncClient(base_url=installation.base_url) as http:
                yield Wire(installation, house, http, *bearers, await issue(house, desktop))


async def test_nothing_shows_before_its_moment_and_all_of_it_after(wire: Wire) -> None:
    picture = await wire.upload(marked())
    taken = await wire.must(
        "/api/v1/releases",
        wire.issuer | {"Idempotency-Key": KEY},
        **SUBMISSION | with_picture(picture),
    )
    ref = taken["ref"]
    desk = f"/api/v1/desk/releases/{ref}"
    file = f"/releases/{ref}/pictures/{picture}.png"
    looked = await wire.http.get(f"{desk}/pictures/{picture}", headers=wire.editor)
    assert MARK in SEARCH.found(looked.content)  # the desk does see it
    shown = await wire.http.get(desk, headers=wire.editor)
    assert shown.json()["slug"].startswith(SLUG)
    assert SEARCH.found(shown.content) >= set(WORDS)  # the desk does see it
    queue = await wire.http.get("/api/v1/desk/releases", headers=wire.editor)
    assert SEARCH.found(queue.content) == {a_part(TEXTS["en"][0]), SLUG}
    await wire.must(f"{desk}/approve", wire.editor, note=REMARK)
    t0 = wire.house.clock.now() + timedelta(minutes=10)
    await wire.must(f"{desk}/schedule", wire.editor, at=t0.isoformat())
    await wire.until("SELECT count(planned_at) > 0 FROM release_version")
    await wire.until("SELECT count(*) > 0 FROM staged_page")
    assert await wire.rows("SELECT count(*) > 0 FROM delivery") == [(True,)]

    assert SEARCH.found(await wire.dump()) == set()
    files = await wire.files()
    assert any("pg_wal" in name for name in files) and any("serve.log" in name for name in files)
    assert {name: found for name, found in files.items() if found} == {}
    seen = await wire.addresses(ref, TEXTS, file)
    assert {name: found for name, found in seen.items() if found} == {}
    await _openings_are_written_down(wire, ref)

    await wire.must(f"{desk}/schedule", wire.editor, at="now")
    await wire.until("SELECT count(sequence) > 0 FROM release_version")
    assert SEARCH.found(await wire.dump()) >= {*WORDS, REMARK}
    files = await wire.files()
    kept = {name: found for name, found in files.items() if found}
    for folder in ("pg_wal", "base"):  # the words at the edge of a chunk may be cut
        seen_there = [found for name, found in kept.items() if f"/{folder}/" in name]
        assert len(set().union(*seen_there)) > len(WORDS) / 2, folder
    assert not [name for name in kept if name.endswith(".log")]
    seen = await wire.addresses(ref, TEXTS, file)
    assert seen[f"{file} False"] == {MARK, FILE}
    for language, texts in TEXTS.items():
        parts = set(map(a_part, texts))
        assert seen[f"/releases/{ref}/{language} False"] >= parts
        assert seen[f"/feeds/{language}.json False"] >= parts
    assert seen["/api/v1/wire False"] >= set(map(a_part, TEXTS["en"]))
    assert seen["stream"] >= set(map(a_part, TEXTS["ar"]))
    assert KEY not in set().union(*kept.values(), *seen.values())


async def _openings_are_written_down(wire: Wire, ref: str) -> None:
    done = await asyncio.to_thread(wire.installation.command, "ledger", "openings", ref, "--json")
    assert [one["who_and_why"] for one in json.loads(done.stdout)] == [
        "editor Mara Muster, to show it",  # to find the picture in it
        "editor Mara Muster, to show it",  # the picture
        "editor Mara Muster, to show it",
        "editor Mara Muster, to list it",
        "editor Mara Muster, to approve it",
        "editor Mara Muster, to set its moment",
        "stage, to find its audience",
        "plan, to plan its deliveries",
        "prepare, to render it ahead",
    ]
    verified = await asyncio.to_thread(wire.installation.command, "ledger", "verify")
    assert "whole" in verified.stdout, verified.stdout


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("before", range(3))
def test_the_search_finds_a_text_however_it_is_spelt(language: str, before: int) -> None:
    text = TEXTS[language][0]
    raw = b"x" * before + text.encode()
    for spelt in (
        raw,
        text.encode("utf-16"),
        text.encode("utf-32-be"),
        b64encode(raw),
        raw.hex().encode(),
        raw.hex().upper().encode(),
        json.dumps({"headline": text}).encode(),
        quote(text).encode(),
        re.sub("%..", lambda m: m[0].lower(), quote(text)).encode(),
        "".join(f"&#{ord(c)};" for c in text).encode(),
        encodestring(raw).replace(b"=\n", b""),
    ):
        assert a_part(text) in SEARCH.found(spelt), spelt
    assert SEARCH.found(text[:8].encode()) == set()
