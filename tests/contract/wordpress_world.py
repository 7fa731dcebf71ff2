"""The simulator's sites, with what only tests ask of them: faults, and a look at what was asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from tidewire.simulator.sites import MAINTENANCE, Category, Post, Sites, fault

__all__ = ("HTML", "PASSWORD", "USER", "StrictSites", "fault")

USER, PASSWORD = "tidewire", "abcd EFGH 1234 ijkl MNOP 5678"
HTML = MAINTENANCE


class StrictSites(Sites):
    """Sites that one user logs in to.

    `strips` is text that they take out of what they are given; `answers` are answered instead
    of anything else, in their order.
    """

    def __init__(self, categories: Sequence[Category] = (), *, may_publish: bool = True) -> None:
        super().__init__(lambda _: (USER, PASSWORD), categories)
        self.may_publish = may_publish
        self.strips = ""
        self.answers: list[web.Response] = []
        self.asked: list[str] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path}")
        return self.answers.pop(0) if self.answers else await super().answer(request)

    def wrong(self, fields: Mapping[str, Any]) -> web.Response | None:
        if fields.get("status") == "publish" and not self.may_publish:
            return fault(403, "rest_cannot_publish")
        return super().wrong(fields)

    def keep(self, site: str, post: Post, fields: Mapping[str, Any]) -> None:
        super().keep(site, post, fields)
        if self.strips and "content" in fields:
            post["content"] = post["content"].replace(self.strips, "")
