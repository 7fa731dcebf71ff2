"""Sites that keep to the WordPress REST API as its reference documents it (wp/v2)."""

import base64
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from aiohttp import web

USER, PASSWORD = "tidewire", "abcd EFGH 1234 ijkl MNOP 5678"
STATUSES = ("publish", "future", "draft", "pending", "private")
HTML = "<!DOCTYPE html><title>Back soon</title><p>Briefly unavailable for maintenance.</p>"


def fault(status: int, code: str, **data: object) -> web.Response:
    """An error as the API writes it."""
    body = {"code": code, "message": "Something in a language.", "data": {"status": status, **data}}
    return web.json_response(body, status=status)


@dataclass
class Sites:
    """Many sites on one server, each under a path of its own ("/blog-7/wp-json/wp/v2/...").

    `posts` are by site and id; `strips` is text that the sites take out of what they are given;
    `answers` are answered instead of anything else, in their order.
    """

    categories: list[dict[str, Any]] = field(default_factory=list)
    posts: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    strips: str = ""
    may_publish: bool = True
    answers: list[web.Response] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(101))

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self.asked.append(f"{request.method} {request.path}")
        if self.answers:
            return self.answers.pop(0)
        site, _, route = request.path.partition("/wp-json/wp/v2/")
        if request.headers.get("Authorization") != _basic():
            return fault(401, "incorrect_password")
        resource, _, number = route.partition("/")
        if resource == "categories" and request.method == "GET":
            return self._search(request)
        if resource != "posts":
            return fault(404, "rest_no_route")
        if number:
            return await self._one(request, site, int(number))
        return (
            await self._create(request, site)
            if request.method == "POST"
            else self._list(request, site)
        )

    def _search(self, request: web.Request) -> web.Response:
        sought = request.query.get("search", "").casefold()
        fits = [c for c in self.categories if sought in unescape(c["name"]).casefold()]
        return web.json_response(fits)

    def _list(self, request: web.Request, site: str) -> web.Response:
        status = request.query.get("status", "publish")
        if status != "any" and status not in (*STATUSES, "trash"):
            return fault(400, "rest_invalid_param", params={"status": "Invalid"})
        allowed = STATUSES if status == "any" else (status,)
        return web.json_response(
            [
                _shown(post)
                for (where, _), post in self.posts.items()
                if where == site
                and post["status"] in allowed
                and post["slug"] == request.query.get("slug", post["slug"])
            ]
        )

    async def _create(self, request: web.Request, site: str) -> web.Response:
        fields = await _fields(request)
        wrong = self._wrong(fields)
        if wrong:
            return wrong
        number = next(self._ids)
        post = {"id": number, "status": "draft", "slug": "", "categories": [1]}
        self.posts[site, number] = post
        self._set(post, fields)
        where = f"{site}/wp-json/wp/v2/posts/{number}"
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
        wrong = self._wrong(fields)
        if wrong:
            return wrong
        self._set(post, fields)
        return web.json_response(_shown(post))

    def _wrong(self, fields: dict[str, Any]) -> web.Response | None:
        if fields.get("status", "draft") not in STATUSES:
            return fault(400, "rest_invalid_param", params={"status": "Invalid"})
        known = {category["id"] for category in self.categories}
        if not set(fields.get("categories", ())) <= known:
            return fault(400, "rest_invalid_param", params={"categories": "Invalid"})
        if fields.get("status") == "publish" and not self.may_publish:
            return fault(403, "rest_cannot_publish")
        return None

    def _set(self, post: dict[str, Any], fields: dict[str, Any]) -> None:
        post.update(fields)
        if self.strips and "content" in fields:
            post["content"] = post["content"].replace(self.strips, "")


async def _fields(request: web.Request) -> dict[str, Any]:
    assert request.content_type == "application/json"
    fields = json.loads(await request.read())
    assert isinstance(fields, dict)
    return fields


def _shown(post: dict[str, Any]) -> dict[str, Any]:
    content = post.get("content", "")
    # What is shown has curly quotes and entities, as the texturiser makes them.
    shown = content.replace("'", "&#8217;")
    return {
        "id": post["id"],
        "slug": post["slug"],
        "status": post["status"],
        "content": {"raw": content, "rendered": shown, "protected": False},
    }


def _basic() -> str:
    return "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
