"""Sites that keep to the WordPress REST API as its reference documents it (wp/v2)."""

import base64
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from html import unescape
from typing import Any

from aiohttp import web

from tidewire.model.sectors import SECTORS
from tidewire.simulator.pushed import USER, PushTemper, Way, host_name, password, site_address
from tidewire.simulator.truth import Truth

STATUSES = ("publish", "future", "draft", "pending", "private")
API = "/wp-json/wp/v2/"
MAINTENANCE = "<!DOCTYPE html><title>Back soon</title><p>Briefly unavailable for maintenance.</p>"

Category = dict[str, Any]
Post = dict[str, Any]


def fault(status: int, code: str, **data: object) -> web.Response:
    """An error as the API writes it."""
    body = {"code": code, "message": "Something in a language.", "data": {"status": status, **data}}
    return web.json_response(body, status=status)


class Sites:
    """Many sites on one server. `login` gives a site's (user, application password).

    A site is known by all that stands before the API: "127.0.0.1:4443/blog-7". `posts` are by
    site and id.
    """

    def __init__(
        self, login: Callable[[str], tuple[str, str]], categories: Sequence[Category] = ()
    ) -> None:
        self.categories = list(categories)
        self.posts: dict[tuple[str, int], Post] = {}
        self._login = login
        self._ids = itertools.count(101)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        site, _, route = f"{request.host}{request.path}".partition(API)
        if request.headers.get("Authorization") != basic(*self._login(site)):
            return fault(401, "incorrect_password")
        resource, _, number = route.partition("/")
        if resource == "categories" and request.method == "GET":
            return self._search(request)
        if resource != "posts":
            return fault(404, "rest_no_route")
        if number:
            return await self._one(request, site, int(number))
        if request.method == "POST":
            return await self._create(request, site)
        return self._list(request, site)

    def wrong(self, fields: Mapping[str, Any]) -> web.Response | None:
        """Why these fields cannot be taken, None where they can."""
        if fields.get("status", "draft") not in STATUSES:
            return fault(400, "rest_invalid_param", params={"status": "Invalid"})
        known = {category["id"] for category in self.categories}
        if not set(fields.get("categories", ())) <= known:
            return fault(400, "rest_invalid_param", params={"categories": "Invalid"})
        return None

    def keep(self, site: str, post: Post, fields: Mapping[str, Any]) -> None:  # noqa: ARG002
        """Store what a post has from now on."""
        post.update(fields)

    def _search(self, request: web.Request) -> web.Response:
        sought = request.query.get("search", "").casefold()
        fits = [c for c in self.categories if sought in unescape(c["name"]).casefold()]
        return web.json_response(fits)

    def _list(self, request: web.Request, site: str) -> web.Response:
        status = request.query.get("status", "publish")
        if status != "any" and status not in (*STATUSES, "trash"):
            return fault(400, "rest_invalid_param", params={"status": "Invalid"})
        allowed = STATUSES if status == "any" else (status,)
        found = [
            _shown(post)
            for (where, _), post in self.posts.items()
            if where == site
            and post["status"] in allowed
            and post["slug"] == request.query.get("slug", post["slug"])
        ]
        return web.json_response(found)

    async def _create(self, request: web.Request, site: str) -> web.Response:
        fields = await _fields(request)
        if wrong := self.wrong(fields):
            return wrong
        number = next(self._ids)
        post: Post = {"id": number, "status": "draft", "slug": "", "categories": [1]}
        self.posts[site, number] = post
        self.keep(site, post, fields)
        where = f"https://{site}{API}posts/{number}"
        return web.json_response(_shown(post), status=201, headers={"Location": where})

    async def _one(self, request: web.Request, site: str, number: int) -> web.Response:
        post = self.posts.get((site, number))
        if post is None:
            return fault(404, "rest_post_invalid_id")
        if request.method == "DELETE":
            if post["status"] == "trash":
                return fault(410, "rest_already_trashed")
            post["status"] = "trash"
            post["slug"] += "__trashed"
            return web.json_response(_shown(post))
        fields = await _fields(request)
        if wrong := self.wrong(fields):
            return wrong
        self.keep(site, post, fields)
        return web.json_response(_shown(post))


class OutletSites(Sites):
    """The sites of the world's outlets, `outlets` by number; a post counts once it is stored."""

    def __init__(
        self, seed: int, truth: Truth, outlets: Mapping[int, PushTemper], port: int
    ) -> None:
        categories = [
            {"id": number, "name": slug, "slug": slug} for number, slug in enumerate(SECTORS, 1)
        ]
        super().__init__(lambda site: (USER, password(seed, self._numbers[site])), categories)
        self._truth, self._outlets, self._port = truth, outlets, port
        self._numbers = {f"{host_name(number)}:{port}/news": number for number in outlets}
        self._broken_off: set[int] = set()

    def routes(self) -> list[web.RouteDef]:
        """Where they answer."""
        return [web.route("*", f"/news{API}{{route:.*}}", self.answer)]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer by the temper of the site."""
        number = self._numbers.get(f"{request.host}/news")
        if number is None:
            return fault(404, "rest_no_route")
        temper = self._outlets[number]
        if temper is PushTemper.LOCKED:
            self._truth.refuse(Way.WORDPRESS, site_address(number, self._port), "login")
            found: web.StreamResponse = fault(401, "incorrect_password")
        elif temper is PushTemper.BROKEN or self._breaks_off(number, temper):
            found = web.Response(status=503, text=MAINTENANCE, content_type="text/html")
        else:
            found = await super().answer(request)
        self._truth.answer(Way.WORDPRESS, found.status)
        return found

    def keep(self, site: str, post: Post, fields: Mapping[str, Any]) -> None:
        """Store it, and note it; two posts of one slug would be a release that came twice."""
        super().keep(site, post, fields)
        slugs = [other["slug"] for (at, _), other in self.posts.items() if at == site]
        if slugs.count(post["slug"]) > 1:
            self._truth.fault(f"wordpress: {site} has two posts of {post['slug']}")
        whose, _, named = post["slug"].partition("-")
        if whose != "tidewire":
            self._truth.fault(f"wordpress: {site} has a post that no release names")
        address = site_address(self._numbers[site], self._port)
        self._truth.accept(Way.WORDPRESS, address, f"{named.partition('-')[0]} post {post['id']}")

    def _breaks_off(self, number: int, temper: PushTemper) -> bool:
        first = temper is PushTemper.SHAKY and number not in self._broken_off
        self._broken_off.add(number)
        return first


async def _fields(request: web.Request) -> dict[str, Any]:
    assert request.content_type == "application/json"
    fields = json.loads(await request.read())
    assert isinstance(fields, dict)
    return fields


def _shown(post: Post) -> Post:
    content = post.get("content", "")
    # What is shown has curly quotes and entities, as the texturiser makes them.
    shown = content.replace("'", "&#8217;")
    return {
        "id": post["id"],
        "slug": post["slug"],
        "status": post["status"],
        "content": {"raw": content, "rendered": shown, "protected": False},
    }


def basic(user: str, password_: str) -> str:
    """The value of Authorization (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password_}".encode()).decode()
