"""Machine translation: real clients against a server that speaks each provider's API."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tidewire.formats.body import clean
from tidewire.model.errors import BadInput, Misconfigured, Unavailable
from tidewire.model.rendition import Dateline, Rendition
from tidewire.translation.deepl import DeepL
from tidewire.translation.libretranslate import LibreTranslate
from tidewire.translation.machine import translate_rendition
from tidewire.translation.provider import MOST_WAIT, Provider, QuotaUsed
from tidewire.translation.settings import open_provider

KEY = "secret-key-of-ours"
BODY = clean(
    '<p>See <a href="https://a.example/">the <strong>report</strong></a> &amp; more<br>now.</p>'
    "<table><tr><td>400</td></tr></table>"
)
SOURCE = Rendition("en", "Ferry < sails", BODY, "At night", Dateline("Port Ember", "DK"))
Answer = Callable[[list[str]], Any]


def shouted(text: str) -> str:
    """A translation that keeps tags and entities, and nothing else, as it was."""
    return re.sub(r"(<[^>]*>|&\w+;)|([^<&]+)", lambda m: m[1] or m[2].upper(), text)


@dataclass
class Speaker:
    """A server that speaks both APIs: `answers` are given first, then translations."""

    answers: list[web.Response] = field(default_factory=list)
    say: Answer = lambda texts: [shouted(text) for text in texts]
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    hanging: asyncio.Event | None = None
    raw: bytes | None = None

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/v2/translate", self.deepl)
        app.router.add_get("/v2/languages", self.deepl_languages)
        app.router.add_post("/translate", self.libre)
        app.router.add_get("/languages", self.libre_languages)
        return app

    async def before(self, request: web.Request) -> web.Response | None:
        if self.hanging is not None:
            await self.hanging.wait()
        if self.raw is not None:
            return web.Response(body=self.raw, content_type="application/json")
        return self.answers.pop(0) if self.answers else None

    async def deepl_languages(self, request: web.Request) -> web.Response:
        self.keys.append(request.headers["Authorization"])
        codes = ("DE", "EN-GB", "EN-US", "PT-BR", "ZH-HANS", "ZH-HANT", "FR")
        return web.json_response(
            [{"language": c, "name": c, "supports_formality": False} for c in codes]
        )

    async def deepl(self, request: web.Request) -> web.Response:
        asked = await request.json()
        self.asked.append(asked)
        if (given := await self.before(request)) is not None:
            return given
        said = self.say(asked["text"])
        done = [
            {"detected_source_language": "EN", "text": text, "billed_characters": len(text)}
            for text in said
        ]
        return web.json_response({"translations": done})

    async def libre_languages(self, request: web.Request) -> web.Response:
        codes = ("en", "de", "fr", "zh", "zt", "pt-BR")
        return web.json_response([{"code": c, "name": c, "targets": list(codes)} for c in codes])

    async def libre(self, request: web.Request) -> web.Response:
        asked = await request.json()
        self.asked.append(asked)
        self.keys.append(asked.get("api_key", ""))
        if (given := await self.before(request)) is not None:
            return given
        return web.json_response({"translatedText": self.say(asked["q"])})


@dataclass
class Rig:
    speaker: Speaker
    provider: Provider
    waits: list[float]


@asynccontextmanager
async def open_rig(which: str, seconds: float = 20.0) -> AsyncIterator[Rig]:
    speaker, waits = Speaker(), []

    async def pause(wait: float) -> None:
        waits.append(wait)

    server = TestServer(speaker.app())
    await server.start_server()
    url = str(server.make_url("")).rstrip("/")
    provider: Provider
    if which == "deepl":
        provider = DeepL(KEY, url, seconds=seconds, pause=pause)
    else:
        provider = LibreTranslate(url, KEY, seconds=seconds, pause=pause)
    try:
        yield Rig(speaker, provider, waits)
    finally:
        if speaker.hanging is not None:
            speaker.hanging.set()
        await server.close()


@pytest.fixture(params=["deepl", "libretranslate"])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    async with open_rig(request.param) as made:
        yield made


def busy(after: str | None = None) -> web.Response:
    headers = {} if after is None else {"Retry-After": after}
    return web.json_response({"message": "busy", "error": "busy"}, status=429, headers=headers)


async def test_a_rendition_keeps_its_structure_and_its_links(rig: Rig) -> None:
    made = await translate_rendition(rig.provider, SOURCE, "fr")
    assert made.language == "fr"
    assert made.headline == "FERRY < SAILS"
    assert made.dateline == Dateline("PORT EMBER", "DK")
    assert '<a href="https://a.example/" rel="nofollow noopener">THE <strong>REPORT' in made.body
    assert "</strong></a> &amp; MORE<br>NOW.</p>" in made.body
    assert clean(made.body) == made.body
    assert any(KEY in key for key in rig.speaker.keys)


async def test_codes_may_come_back_in_another_order(rig: Rig) -> None:
    def turned(texts: list[str]) -> list[str]:
        return [re.sub("(.*)(<a .*</a>)(.*)", r"\3\2\1", text) for text in texts]

    rig.speaker.say = turned
    made = await translate_rendition(rig.provider, SOURCE, "de")
    assert '<p> &amp; more<br>now.<a href="https://a.example/"' in made.body


@pytest.mark.parametrize("spoil", ["<br>", "<strong>", '<a href="https://a.example/"'])
async def test_an_answer_that_lost_or_changed_a_tag_is_refused(rig: Rig, spoil: str) -> None:
    rig.speaker.say = lambda texts: [
        t.replace(spoil, "<em>" if spoil[1] != "b" else "") for t in texts
    ]
    with pytest.raises(Unavailable, match="body-1"):
        await translate_rendition(rig.provider, SOURCE, "fr")


async def test_scripts_in_an_answer_go_nowhere(rig: Rig) -> None:
    rig.speaker.say = lambda texts: [t + "<script>alert(1)</script>" for t in texts]
    made = await translate_rendition(rig.provider, SOURCE, "fr")
    assert made.body == SOURCE.body


async def test_languages_are_chosen_as_the_provider_names_them(rig: Rig) -> None:
    await rig.provider.translate(["one"], "en", "zh-Hant")
    asked = rig.speaker.asked[-1]
    assert asked.get("target_lang", asked.get("target")) in ("ZH-HANT", "zt")
    with pytest.raises(BadInput, match="does not translate"):
        await rig.provider.translate(["one"], "en", "th")


async def test_many_texts_go_in_several_requests(rig: Rig) -> None:
    texts = [f"text {n}" for n in range(120)]
    assert await rig.provider.translate(texts, "en", "fr") == [t.upper() for t in texts]
    assert len(rig.speaker.asked) == 3


async def test_a_busy_provider_is_asked_again(rig: Rig) -> None:
    rig.speaker.answers = [busy(), busy()]
    assert await rig.provider.translate(["one"], "en", "fr") == ["ONE"]
    assert rig.waits == [1.0, 2.0]


async def test_one_that_stays_busy_is_given_up(rig: Rig) -> None:
    rig.speaker.answers = [busy() for _ in range(9)]
    with pytest.raises(Unavailable, match="busy"):
        await rig.provider.translate(["one"], "en", "fr")
    assert len(rig.speaker.asked) == 4


async def test_retry_after_is_kept_within_bounds() -> None:
    async with open_rig("libretranslate") as rig:
        rig.speaker.answers = [busy("7"), busy("soon")]
        assert await rig.provider.translate(["one"], "en", "fr") == ["ONE"]
        assert rig.waits == [7.0, 2.0]
        rig.speaker.answers = [busy(str(int(MOST_WAIT) + 1))]
        with pytest.raises(Unavailable, match="busy"):
            await rig.provider.translate(["one"], "en", "fr")
        assert rig.waits == [7.0, 2.0]


async def test_a_used_up_quota_is_a_state_of_its_own(rig: Rig) -> None:
    rig.speaker.answers = [web.json_response({"message": "Quota exceeded"}, status=456)]
    with pytest.raises(QuotaUsed, match="used up"):
        await rig.provider.translate(["one"], "en", "fr")
    assert rig.waits == []


async def test_a_key_that_is_not_taken_is_said(rig: Rig) -> None:
    rig.speaker.answers = [web.json_response({"error": "Invalid API key"}, status=403)]
    with pytest.raises(Unavailable, match="TIDEWIRE_TRANSLATION_KEY_FILE"):
        await rig.provider.translate(["one"], "en", "fr")


@pytest.mark.parametrize(
    "raw",
    [
        b"<html>",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b'"x"',
        b"\xff\xfe",
        b'{"translations": 1}',
        b'{"translations": [{}]}',
        b'{"translations": [{"text": 1, "detected_source_language": "EN",'
        b' "billed_characters": 1}]}',
        b'{"translatedText": [1]}',
        b'{"translatedText": "ab"}',
    ],
)
async def test_garbage_is_refused(rig: Rig, raw: bytes) -> None:
    rig.speaker.raw = raw
    with pytest.raises(Unavailable):
        await rig.provider.translate(["one"], "en", "fr")


@pytest.mark.parametrize("count", [0, 1, 3])
async def test_another_number_of_texts_is_refused(rig: Rig, count: int) -> None:
    rig.speaker.say = lambda texts: ["x"] * count
    with pytest.raises(Unavailable, match="no translation"):
        await rig.provider.translate(["one", "two"], "en", "fr")


@pytest.mark.parametrize("which", ["deepl", "libretranslate"])
async def test_one_that_never_answers_is_left(which: str) -> None:
    async with open_rig(which, seconds=0.5) as rig:
        rig.speaker.hanging = asyncio.Event()
        with pytest.raises(Unavailable, match="did not answer"):
            await rig.provider.translate(["one"], "en", "fr")


async def test_neither_key_nor_text_is_logged(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await rig.provider.translate(["not for logs"], "en", "fr")
    assert KEY not in caplog.text
    assert "not for logs" not in caplog.text


def test_the_settings_choose_the_provider(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    name = "TIDEWIRE_TRANSLATION"
    assert open_provider({}) is None
    deepl = open_provider({name: "deepl", f"{name}_KEY_FILE": str(file)})
    assert isinstance(deepl, DeepL)
    libre = open_provider({name: "libretranslate", f"{name}_URL": "http://127.0.0.1:5000"})
    assert isinstance(libre, LibreTranslate)
    assert json.dumps(str(deepl)).find(KEY) == -1


@pytest.mark.parametrize(
    "given",
    [
        {"": "bing"},
        {"": "deepl"},
        {"": "libretranslate"},
        {"": "libretranslate", "_URL": "http://translate.example"},
        {"": "libretranslate", "_URL": "https://u:p@translate.example"},
        {"": "libretranslate", "_URL": "file:///etc"},
        {"": "deepl", "_KEY_FILE": "/nowhere/key"},
    ],
)
def test_a_wrong_setting_is_named(given: dict[str, str]) -> None:
    with pytest.raises(Misconfigured, match="TIDEWIRE_TRANSLATION"):
        open_provider({f"TIDEWIRE_TRANSLATION{name}": value for name, value in given.items()})
