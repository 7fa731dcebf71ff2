"""One-click unsubscription and a subscriber's own settings, over HTTP, on a real store."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi import FastAPI
from lxml import html

from tidewire.access.tokens import Signer
from tidewire.app import problems
from tidewire.channels.channel import ChannelContext
from tidewire.channels.email.links import MOST_ASKED, Links
from tidewire.channels.email.routes import routes
from tidewire.clock import FixedClock
from tidewire.languages import furniture
from tidewire.model.delivery import ChannelCode, Event, Feedback
from tidewire.model.subscriber import Clause, EndpointState, Facet, Kind, SubscriberState
from tidewire.store import endpoints, interests, subscribers, suppressions
from tidewire.store.database import Connection, Database
from wire import add_subscriber

BASE = "https://wire.example"
TOKENS = Signer(b"s" * 32)
KEY = "42.1.9001"
LINK = f"/unsubscribe/{TOKENS.sign('unsubscribe', KEY)}"
ADDRESS = "ada@news.example"

Site = Callable[..., httpx.AsyncClient]


@pytest.fixture
async def relay() -> AsyncIterator[tuple[str, list[bytes]]]:
    """A mail server: its URL, and what it got."""
    taken: list[bytes] = []

    class Postbox:
        async def handle_DATA(  # noqa: N802
            self, server: SMTP, session: Session, envelope: Envelope
        ) -> str:
            assert isinstance(envelope.content, bytes)
            taken.append(envelope.content)
            return "250 ok"

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Postbox(), loop=loop), "127.0.0.1", 0)
    yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}", taken
    server.close()
    await server.wait_closed()


@pytest.fixture
def heard() -> list[Feedback]:
    return []


@pytest.fixture
async def site(
    database: Database, clock: FixedClock, tmp_path: Path, heard: list[Feedback]
) -> AsyncIterator[Site]:
    """Clients of the pages, without cookies, that follow nothing."""
    opened: list[httpx.AsyncClient] = []

    async def hear(feedback: Feedback) -> None:
        heard.append(feedback)

    def make(language: str = "en", **environment: str) -> httpx.AsyncClient:
        app = FastAPI()
        problems.install(app)
        context = ChannelContext(clock, database, TOKENS, BASE, tmp_path, environment)
        app.include_router(routes(context, hear))
        transport = httpx.ASGITransport(app)
        headers = {"Accept-Language": language}
        opened.append(httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers))
        return opened[-1]

    yield make
    for client in opened:
        await client.aclose()


@pytest.fixture
async def ada(database: Database, clock: FixedClock) -> tuple[int, int]:
    """(subscriber id, endpoint id) of a journalist who reads German and English."""
    clauses = (
        Clause({Facet.SECTOR: frozenset({"energy"}), Facet.COUNTRY: frozenset({"DE"})}),
        Clause({Facet.KEYWORD: frozenset({"wind power"})}),
    )
    async with database.transaction() as tx:
        who, endpoint = await add_subscriber(
            tx,
            clock.now(),
            kind=Kind.JOURNALIST,
            languages=("de", "en"),
            channel=ChannelCode.EMAIL,
            address=ADDRESS,
        )
        await interests.replace(tx, who, clauses, clock.now())
    clock.advance(60)
    return who, endpoint


def settings_link(endpoint: int) -> str:
    return f"/preferences/{TOKENS.sign('preferences', str(endpoint))}"


async def filled(client: httpx.AsyncClient, link: str) -> dict[str, list[str]]:
    """The fields of the page's first form, as a browser would send them."""
    form = html.fromstring((await client.get(link)).text).forms[0]
    fields: dict[str, list[str]] = {}
    for name, value in form.form_values():
        fields.setdefault(name, []).append(value)
    return {**fields, "act": ["save"]}


@pytest.mark.parametrize("body", [b"List-Unsubscribe=One-Click", b"", b"\xff\x00garbage"])
async def test_one_click_needs_no_cookie_and_does_not_redirect(
    site: Site, heard: list[Feedback], body: bytes
) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await site().post(LINK, content=body, headers=kind)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert heard == [Feedback(42, 1, 9001, Event.UNSUBSCRIBED, detail="one click")]


async def test_one_click_takes_multipart_too(site: Site, heard: list[Feedback]) -> None:
    answer = await site().post(LINK, files={"List-Unsubscribe": (None, "One-Click")})
    assert answer.status_code == 200
    assert len(heard) == 1


async def test_following_the_link_changes_nothing_and_shows_a_button(
    site: Site, heard: list[Feedback]
) -> None:
    client = site("de-AT")
    answer = await client.get(LINK)
    page = html.fromstring(answer.text)
    assert answer.status_code == 200
    assert heard == []
    assert page.get("lang") == "de"
    assert page.forms[0].method == "POST"
    assert page.xpath("//form//button")
    assert page.xpath("//main//a/@href") == ["/preferences"]
    assert "/preferences/" not in answer.text  # the link opens nobody's settings
    assert "/preferences/" not in (await client.post(LINK)).text
    heard.clear()
    assert "script" not in answer.text


@pytest.mark.parametrize("path", ["unsubscribe", "preferences"])
@pytest.mark.parametrize("token", ["x", "AAAA", "42.1.9001", TOKENS.sign("desktop", "1"), "%00"])
async def test_a_strangers_token_is_not_found(
    site: Site, heard: list[Feedback], path: str, token: str
) -> None:
    client = site()
    for answer in (
        await client.get(f"/{path}/{token}"),
        await client.post(f"/{path}/{token}"),
    ):
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
    assert heard == []


async def test_the_page_shows_what_is_stored(site: Site, ada: tuple[int, int]) -> None:
    fields = await filled(site(), settings_link(ada[1]))
    assert [tag for tag in fields["language"] if tag] == ["de", "en"]
    assert fields["sector"] == ["energy"]


async def last_change(tx: Connection) -> datetime | None:
    row = await (await tx.execute("SELECT max(changed_at) FROM subscriber")).fetchone()
    assert row is not None
    moment: datetime | None = row[0]
    return moment


async def test_saving_without_a_change_leaves_everything_alone(
    site: Site, database: Database, ada: tuple[int, int]
) -> None:
    async with database.transaction() as tx:
        before = await last_change(tx)
    client, link = site(), settings_link(ada[1])
    answer = await client.post(link, data=await filled(client, link))
    assert answer.status_code == 200
    async with database.transaction() as tx:
        assert await last_change(tx) == before


async def test_languages_and_sectors_are_changed(
    site: Site, database: Database, clock: FixedClock, ada: tuple[int, int]
) -> None:
    client, link = site(), settings_link(ada[1])
    fields = await filled(client, link)
    fields |= {"language": ["fr", "", "de", "fr", "xx-nonsense-"], "sector": ["health", "bogus"]}
    answer = await client.post(link, data=fields)
    assert answer.status_code == 200
    assert "Your settings are saved." in answer.text
    async with database.transaction() as tx:
        assert (await subscribers.get(tx, ada[0])).languages == ("fr", "de")
        assert await last_change(tx) == clock.now()
        first, second = await interests.of_subscriber(tx, ada[0])
    assert first.wants == {
        Facet.SECTOR: frozenset({"health"}),
        Facet.COUNTRY: frozenset({"DE"}),
    }
    assert second.wants == {Facet.KEYWORD: frozenset({"wind power"})}


async def test_without_a_language_nothing_is_saved(
    site: Site, database: Database, ada: tuple[int, int]
) -> None:
    client, link = site(), settings_link(ada[1])
    fields = await filled(client, link) | {"language": ["", "!"], "sector": []}
    answer = await client.post(link, data=fields)
    assert answer.status_code == 422
    assert "Choose at least one language" in answer.text
    async with database.transaction() as tx:
        assert (await subscribers.get(tx, ada[0])).languages == ("de", "en")


@pytest.mark.parametrize("proof", ["", "x", TOKENS.sign("preferences-form", "999999"), "ü"])
async def test_a_form_from_elsewhere_changes_nothing(
    site: Site, database: Database, ada: tuple[int, int], proof: str
) -> None:
    data = {"form": proof, "act": "leave", "language": "fr"}
    assert (await site().post(settings_link(ada[1]), data=data)).status_code == 403
    async with database.transaction() as tx:
        assert (await subscribers.get(tx, ada[0])).state is SubscriberState.ACTIVE


async def test_mail_can_be_paused_and_sent_again(
    site: Site, database: Database, ada: tuple[int, int]
) -> None:
    client, link = site(), settings_link(ada[1])
    proof = (await filled(client, link))["form"]
    for act, state in (("pause", EndpointState.PAUSED), ("resume", EndpointState.ACTIVE)):
        assert (await client.post(link, data={"form": proof, "act": act})).status_code == 200
        async with database.transaction() as tx:
            found = await endpoints.by_id(tx, ada[1])
        assert found is not None
        assert found.state is state


async def test_leaving_suppresses_the_address_and_cannot_be_undone_by_resuming(
    site: Site, database: Database, ada: tuple[int, int]
) -> None:
    client, link = site(), settings_link(ada[1])
    proof = (await filled(client, link))["form"]
    for act in ("leave", "resume", "pause", "resume"):
        assert (await client.post(link, data={"form": proof, "act": act})).status_code == 200
    async with database.transaction() as tx:
        found = await endpoints.by_id(tx, ada[1])
        assert found is not None
        assert found.state is EndpointState.SUPPRESSED
        assert await suppressions.find(tx, ChannelCode.EMAIL, ADDRESS) is not None
        assert (await subscribers.get(tx, ada[0])).state is SubscriberState.LEFT


async def test_the_link_is_mailed_to_who_is_known_and_the_answer_is_the_same(
    site: Site, ada: tuple[int, int], relay: tuple[str, list[bytes]]
) -> None:
    url, taken = relay
    client = site("de", TIDEWIRE_SMTP_URL=url)
    answers = [
        await client.post("/preferences", data={"address": address})
        for address in (" ADA@news.example ", "nobody@news.example", "x\r\ny@z", ADDRESS)
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, answers[0].text)}
    (mail,) = taken  # the second request for one address within ten minutes sends none
    found = re.search(rb"https://wire\.example(/preferences/\S+)", mail.replace(b"=\r\n", b""))
    assert found is not None
    assert b"Auto-Submitted: auto-replied" in mail
    assert (await client.get(found[1].decode())).status_code == 200


async def test_one_client_can_ask_for_so_many_links_only(
    site: Site, ada: tuple[int, int], relay: tuple[str, list[bytes]], clock: FixedClock
) -> None:
    url, taken = relay
    client = site(TIDEWIRE_SMTP_URL=url)
    for n in range(MOST_ASKED):
        await client.post("/preferences", data={"address": f"nobody{n}@news.example"})
    answer = await client.post("/preferences", data={"address": ADDRESS})
    assert answer.status_code == 200
    assert taken == []
    clock.advance(601)
    await client.post("/preferences", data={"address": ADDRESS})
    assert len(taken) == 1


async def test_strangers_addresses_are_not_remembered(
    database: Database, clock: FixedClock, tmp_path: Path, ada: tuple[int, int]
) -> None:
    context = ChannelContext(clock, database, TOKENS, BASE, tmp_path, {})
    links = Links(context)
    await links.send("nobody@news.example", furniture("en"), "192.0.2.1")
    assert not links._sent
    await links.send(ADDRESS, furniture("en"), "2001:db8::1")
    await links.send(ADDRESS, furniture("en"), "2001:db8::2")
    assert list(links._sent) == [ADDRESS]
    assert list(links._asked) == ["192.0.2.1", "2001:db8::/64"]


async def test_without_a_relay_the_page_says_that_no_mail_leaves(site: Site) -> None:
    client = site()
    for answer in (
        await client.get("/preferences"),
        await client.post("/preferences", data={"address": ADDRESS}),
    ):
        assert "This installation sends no mail" in answer.text
        assert "<form" not in answer.text


async def test_an_oversized_form_is_refused(site: Site, ada: tuple[int, int]) -> None:
    client = site()
    assert (await client.post("/preferences", content=b"a=" + b"x" * 70_000)).status_code == 413
    many = b"&".join(b"sector=x" for _ in range(400))
    assert (await client.post(settings_link(ada[1]), content=many)).status_code == 413
