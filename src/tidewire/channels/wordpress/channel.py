"""The WordPress channel: each delivery is a post on an outlet's own site."""

import asyncio
from asyncio import Semaphore
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

import aiohttp
import structlog

from tidewire.channels.at_the_moment import AtTheMoment
from tidewire.channels.channel import ChannelContext
from tidewire.channels.filing.settings import FilingSettings
from tidewire.channels.posting.settings import PostingSettings
from tidewire.channels.posting.target import host_of
from tidewire.channels.wordpress.address import HTTPS_PORT, Site, read_site
from tidewire.channels.wordpress.api import Api, open_session
from tidewire.channels.wordpress.categories import Categories
from tidewire.channels.wordpress.outcome import outcome_of
from tidewire.channels.wordpress.post import Post, holds, post_of, wanted_categories
from tidewire.model.delivery import (
    Accepted,
    ChannelCode,
    Deferred,
    Outcome,
    Outgoing,
    Receipt,
    Refused,
)
from tidewire.model.errors import BadInput, WireError
from tidewire.model.release import Edition
from tidewire.waiting import end_tasks

PER_HOST = 4

log = structlog.get_logger()


@dataclass(slots=True)
class _Try:
    """One try: `written` once a request may have changed something at the site."""

    delivery: Outgoing
    written: bool = False


@dataclass(frozen=True, slots=True)
class _Page:
    post: Post
    receipts: asyncio.Queue[Receipt] = field(default_factory=asyncio.Queue)


class WordPressChannel(AtTheMoment):
    """Posts by the REST API (wp/v2) with an application password, which is the secret.

    A post is found again by its slug, so a correction, and a try that is repeated, change it
    instead of making another. A kill puts the notice in the place of the text and takes the
    post down. Redirects are not followed.
    """

    code = ChannelCode.WORDPRESS

    def __init__(self, context: ChannelContext) -> None:
        """Raises Misconfigured where a setting is wrong; connects to nothing yet."""
        self._context = context
        self._settings = FilingSettings.of(context.environment, HTTPS_PORT)
        self._trust = PostingSettings.of(context.environment).trust()
        self._session: aiohttp.ClientSession | None = None
        self._categories = Categories()
        self._hosts: WeakValueDictionary[str, Semaphore] = WeakValueDictionary()

    def host(self, address: str) -> str:
        """The host name of the site, in lower case; "" where it is none."""
        return host_of(address)

    async def send(
        self,
        edition: Edition,
        language: str,
        deliveries: Sequence[Outgoing],
        prepared: bytes = b"",  # noqa: ARG002
    ) -> AsyncGenerator[Receipt]:
        """Post to all sites at once; a receipt comes as soon as its site answered."""
        try:
            base_url = self._context.base_url
            post = await asyncio.to_thread(post_of, edition, language, base_url)
        except Exception as error:
            detail = error.message if isinstance(error, WireError) else type(error).__name__
            for delivery in deliveries:
                fault = Deferred(0, f"our own fault: {detail}", blame_host=False)
                yield self._receipt(delivery, fault)
            return
        page = _Page(post)
        tasks = [asyncio.create_task(self._try(page, _Try(one))) for one in deliveries]
        try:
            for _ in deliveries:
                yield await page.receipts.get()
        finally:
            await end_tasks(tasks)
            log.info("posts sent", deliveries=len(deliveries))

    async def close(self) -> None:
        """Let connections and the resolver's threads go."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def check(self, address: str, secret: str) -> None:
        """Raise BadInput, saying why, where nothing could ever be sent with these."""
        self.read(address)
        if not secret or not secret.isprintable():
            raise BadInput(
                "The secret is not an application password.",
                "Make one in WordPress, under the user's profile.",
            )

    def read(self, address: str) -> Site:
        """The site of an address that the guard lets be tried. Raises BadInput."""
        site = read_site(address)
        self._settings.egress.check_host(site.host, site.port)
        return site

    async def _try(self, page: _Page, tried: _Try) -> None:
        """One try. It gives its receipt whatever happens."""
        try:
            site = self.read(tried.delivery.address)
            async with self._hosts.setdefault(site.host, Semaphore(PER_HOST)):
                async with asyncio.timeout(self._settings.timeout):
                    outcome = await self._post(site, page.post, tried)
        except Exception as error:
            now = self._context.clock.now()
            outcome = outcome_of(error, now, written=tried.written)
        page.receipts.put_nowait(self._receipt(tried.delivery, outcome))

    async def _post(self, site: Site, post: Post, tried: _Try) -> Outcome:
        """Find the post; change it, or make it; take it down where the edition does."""
        api = Api(self._open(), site, tried.delivery.secret)
        number = await api.find(post.slug)
        if post.retracted:
            return await self._take_down(api, site, post, number, tried)
        categories = await self._categories.of(api, site, wanted_categories(site, post))
        fields = post.whole(site.status) if number is None else post.text()
        if categories.found:
            fields["categories"] = categories.found
        tried.written = True
        if number is None:
            status, made = await api.create(fields)
        else:
            status, made = await api.update(number, fields)
        kept = made.get("content")
        shown = " ".join(str(part) for part in kept.values()) if isinstance(kept, dict) else ""
        if not holds(shown, post.disclaimer):
            await api.update(int(made["id"]), {"status": "draft"})
            return Refused(status, "the site took the disclaimer out; the post is a draft now")
        said = f"post {made['id']}, {made.get('status')}"
        if made.get("slug") != post.slug:
            said += ", under another slug"
        return Accepted(status, said + categories.missing)

    async def _take_down(
        self, api: Api, site: Site, post: Post, number: int | None, tried: _Try
    ) -> Outcome:
        """The notice takes the place of the text; then the post goes where the address says.

        Where there is none, the notice is left as a draft, for those who work there.
        """
        tried.written = True
        fields = post.whole("draft")
        if number is None:
            status, made = await api.create(fields)
            return Accepted(status, f"post {made['id']}, draft: the notice; there was no post")
        status, made = await api.update(number, fields)
        if site.on_kill == "trash":
            return Accepted(await api.trash(number), f"post {number}, notice set, in the trash")
        return Accepted(status, f"post {number}, notice set, {made.get('status')}")

    def _receipt(self, delivery: Outgoing, outcome: Outcome) -> Receipt:
        now = self._context.clock.now()
        return Receipt(delivery.endpoint_id, delivery.attempt, outcome, now)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            agent = f"Tidewire (+{self._context.base_url})"
            self._session = open_session(self._settings.egress, self._trust, agent)
        return self._session
