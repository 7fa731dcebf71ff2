"""The WordPress channel against the channels' contract, on sites that keep to its reference."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from html import unescape

import pytest
import uvloop
from aiohttp import web

from contract.channel_contract import ChannelContract, Copy, outgoing, send_all
from contract.webhook_world import World
from contract.wordpress_world import HTML, PASSWORD, USER, StrictSites, fault
from editions import BODY_MARKS, an_edition
from tidewire.channels.wordpress.channel import WordPressChannel
from tidewire.model.delivery import Accepted, Deferred, Outcome, Outgoing, Refused
from tidewire.model.release import Act, Edition

CATEGORIES = [
    {"id": 7, "name": "Strom &amp; Gas", "slug": "strom-gas"},
    {"id": 8, "name": "Technologie", "slug": "technology"},
]


@pytest.fixture
async def channel(world: World) -> AsyncIterator[WordPressChannel]:
    """A channel that may reach loopback."""
    made = WordPressChannel(world.lent())
    yield made
    await made.close()


@dataclass
class WordPressRig:
    """The contract's rig: many sites on one server, one that nobody may write to."""

    channel: WordPressChannel
    sites: StrictSites
    port: int
    unwilling_port: int

    def deliveries(self, count: int, language: str) -> list[Outgoing]:
        """A site for each endpoint."""
        return [
            _to(n, f"https://{USER}@127.0.0.1:{self.port}/blog-{n}/", language)
            for n in range(1, count + 1)
        ]

    def dead(self) -> Outgoing | None:
        """Nobody listens on this port of loopback."""
        return _to(9001, f"https://{USER}@127.0.0.1:1025/", "de")

    def unwilling(self) -> Outgoing | None:
        """A site where the user may not publish."""
        return _to(9002, f"https://{USER}@127.0.0.1:{self.unwilling_port}/", "de")

    async def received(self) -> list[Copy]:
        """The posts that there are."""
        return [
            Copy(f"{site}/{post['slug']}", unescape(f"{post['title']}\n{post['content']}"))
            for (site, _), post in self.sites.posts.items()
        ]


def _to(endpoint_id: int, address: str, language: str) -> Outgoing:
    return outgoing(endpoint_id, address, language, secret=PASSWORD)


class TestWordPress(ChannelContract):
    """The contract."""

    @pytest.fixture
    async def rig(self, channel: WordPressChannel, world: World) -> WordPressRig:
        """The channel with its sites."""
        sites, others = StrictSites(), StrictSites(may_publish=False)
        port, unwilling = await world.serve(sites.answer), await world.serve(others.answer)
        return WordPressRig(channel, sites, port, unwilling)


@dataclass
class Stage:
    """One site and a channel that posts to it."""

    channel: WordPressChannel
    sites: StrictSites
    port: int

    async def send(self, edition: Edition, settings: str = "", secret: str = PASSWORD) -> Outcome:
        """What becomes of one delivery."""
        address = f"https://{USER}@127.0.0.1:{self.port}/blog{settings}"
        delivery = outgoing(1, address, "de", edition=edition, secret=secret)
        (receipt,) = await send_all(self.channel, edition, "de", [delivery])
        return receipt.outcome

    def post(self) -> dict[str, object]:
        """The one post that there is."""
        (post,) = self.sites.posts.values()
        return post


@pytest.fixture
async def stage(channel: WordPressChannel, world: World) -> Stage:
    """A site with two categories."""
    sites = StrictSites(categories=CATEGORIES)
    return Stage(channel, sites, await world.serve(sites.answer))


def third_party() -> Edition:
    """An edition whose disclaimer must stay."""
    edition = an_edition()
    release = replace(edition.release, third_party=True, provider="Muster & Söhne's Wire")
    return replace(edition, release=release)


async def test_categories_are_found_by_the_names_of_the_address_or_of_the_sector(
    stage: Stage,
) -> None:
    found = await stage.send(an_edition(), "?categories=energy:Strom%20%26%20Gas")
    assert found == Accepted(201, "post 101, publish")
    assert stage.post()["categories"] == [7, 8]


async def test_a_category_that_is_missing_is_named_and_the_post_is_made(stage: Stage) -> None:
    found = await stage.send(an_edition(), "?categories=energy:Nirgends")
    assert found == Accepted(201, "post 101, publish; no category Nirgends")
    assert stage.post()["categories"] == [8]


async def test_a_correction_changes_the_post_and_leaves_its_status_to_the_editors(
    stage: Stage,
) -> None:
    await stage.send(an_edition(), "?status=draft")
    assert stage.post()["status"] == "draft"
    stage.post()["status"] = "publish"  # an editor of the site did it
    found = await stage.send(an_edition(Act.CORRECT), "?status=draft")
    assert found == Accepted(200, "post 101, publish; no category Energie")
    assert stage.post()["status"] == "publish"
    assert str(stage.post()["title"]).startswith("KORREKTUR")


async def test_a_kill_sets_the_notice_and_takes_the_post_down(stage: Stage) -> None:
    await stage.send(an_edition())
    found = await stage.send(an_edition(Act.KILL))
    assert found == Accepted(200, "post 101, notice set, draft")
    post = stage.post()
    assert post["status"] == "draft"
    assert BODY_MARKS["de"] not in str(post)


async def test_a_kill_puts_the_post_into_the_trash_where_the_address_says_so(stage: Stage) -> None:
    await stage.send(an_edition())
    found = await stage.send(an_edition(Act.KILL), "?on_kill=trash")
    assert found == Accepted(200, "post 101, notice set, in the trash")
    assert stage.post()["status"] == "trash"
    assert BODY_MARKS["de"] not in str(stage.post())


async def test_the_disclaimer_stays(stage: Stage) -> None:
    assert isinstance(await stage.send(third_party()), Accepted)
    assert "Muster &amp; Söhne" in str(stage.post()["content"])


async def test_a_site_that_takes_the_disclaimer_out_is_refused_and_the_post_taken_down(
    stage: Stage,
) -> None:
    stage.sites.strips = "Muster &amp; Söhne"
    found = await stage.send(third_party())
    assert found == Refused(201, "the site took the disclaimer out; the post is a draft now")
    assert stage.post()["status"] == "draft"


async def test_contacts_for_the_media_alone_are_not_posted(stage: Stage) -> None:
    await stage.send(an_edition())
    assert "press@nordmeer.example" in str(stage.post())
    assert "desk@nordmeer.example" not in str(stage.post())


async def test_html_with_200_is_no_receipt_of_acceptance(stage: Stage) -> None:
    page = web.Response(text=HTML, content_type="text/html")
    stage.sites.answers = [page]
    assert await stage.send(an_edition()) == Deferred(
        200, "the site answered HTML, not its REST API", blame_host=False
    )
    assert stage.sites.posts == {}


async def test_html_after_the_post_was_written_marks_the_next_try_as_a_repeat(
    stage: Stage,
) -> None:
    none = web.json_response([])
    looks = [web.json_response([]) for _ in range(4)]  # two names for each of two sectors
    stage.sites.answers = [none, *looks, web.Response(text=HTML, content_type="text/html")]
    found = await stage.send(an_edition())
    assert isinstance(found, Deferred)
    assert found.unseen


ANSWERS = [
    (
        fault(401, "incorrect_password"),
        Refused(401, "the login is turned down: incorrect_password"),
    ),
    (
        fault(400, "rest_invalid_param"),
        Refused(400, "the site turns the post down: rest_invalid_param"),
    ),
    (
        fault(403, "rest_forbidden"),
        Refused(403, "the site turns the post down: rest_forbidden"),
    ),
    (
        web.Response(status=403, text=HTML, content_type="text/html"),
        Deferred(403, "the site does not take posts here", blame_host=False),
    ),
    (
        fault(404, "rest_no_route"),
        Deferred(404, "the site does not take posts here: rest_no_route", blame_host=False),
    ),
    (
        web.Response(status=301, headers={"Location": "https://127.0.0.1/elsewhere"}),
        Refused(301, "a redirect is not followed"),
    ),
    (
        web.Response(status=503, headers={"Retry-After": "120"}),
        Deferred(503, after=120.0),
    ),
    (
        web.json_response({"ok": True}),
        Deferred(200, "the site answered JSON that is no list, not its REST API", blame_host=False),
    ),
    (
        web.Response(text='{"id": ', content_type="application/json"),
        Deferred(
            200, "the site answered something else than JSON, not its REST API", blame_host=False
        ),
    ),
]


@pytest.mark.parametrize(("answer", "expected"), ANSWERS, ids=lambda one: "")
async def test_what_a_site_answers_is_told_apart(
    stage: Stage, answer: web.Response, expected: Outcome
) -> None:
    stage.sites.answers = [answer]
    assert await stage.send(an_edition()) == expected
    assert len(stage.sites.asked) == 1
    assert stage.sites.posts == {}


async def test_the_workers_own_event_loop_serves_as_well(world: World, stage: Stage) -> None:
    async def once() -> Outcome:
        channel = WordPressChannel(world.lent())
        try:
            return await replace(stage, channel=channel).send(an_edition())
        finally:
            await channel.close()

    assert isinstance(await asyncio.to_thread(uvloop.run, once()), Accepted)


async def test_a_silent_site_is_left_after_its_time(world: World, stage: Stage) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    stage.port = await world.serve_raw(silent)
    channel = WordPressChannel(world.lent(TIDEWIRE_PUSH_TIMEOUT="0.5"))
    found = await replace(stage, channel=channel).send(an_edition())
    await channel.close()
    assert found == Deferred(0, "timeout", overloaded=True)


async def test_a_wrong_password_is_refused(stage: Stage) -> None:
    found = await stage.send(an_edition(), secret="another")
    assert isinstance(found, Refused)
    assert found.code == 401


async def test_an_endless_answer_is_not_read_to_its_end(stage: Stage) -> None:
    body = b'[{"id": 1, "x": "' + b"x" * 5_000_000
    stage.sites.answers = [web.Response(body=body, content_type="application/json")]
    found = await stage.send(an_edition())
    assert isinstance(found, Deferred)


@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254", "[::1]", "0x7f.1", "x.localhost"])
async def test_a_private_address_is_refused(world: World, host: str) -> None:
    channel = WordPressChannel(world.lent(TIDEWIRE_EGRESS_ALLOW=""))
    delivery = outgoing(1, f"https://{USER}@{host}/", "de", secret=PASSWORD)
    (receipt,) = await send_all(channel, an_edition(), "de", [delivery])
    await channel.close()
    assert isinstance(receipt.outcome, Refused)
