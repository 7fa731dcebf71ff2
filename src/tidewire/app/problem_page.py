"""An error for someone who looks at it in a browser: a page, where programs get JSON."""

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from tidewire.app.details import problem
from tidewire.formats import site
from tidewire.newsroom.answers import missing, wanted_of
from tidewire.newsroom.frame import frame
from tidewire.newsroom.lists import furniture_language

FOR_PROGRAMS = "/api/"  # addresses that speak JSON to whoever asks
NOT_FOUND = 404

_templates = site.templates("tidewire.app")


def told(
    request: Request,
    status: int,
    title: str,
    advice: str = "",
    *,
    errors: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """Problem details, or a page that says the same where a browser asks for one."""
    if not _by_browser(request):
        return problem(status, title, advice, errors=errors or (), headers=headers)
    if status == NOT_FOUND:
        return missing(request)
    found = [f"{one['message']} {one['advice']}".strip() for one in errors or ()]
    page = _page(furniture_language(wanted_of(request)), title, advice, found)
    return HTMLResponse(page, status, headers={"Cache-Control": "no-store"} | (headers or {}))


def _by_browser(request: Request) -> bool:
    asked = request.headers.get("accept", "")
    return "text/html" in asked and not request.url.path.startswith(FOR_PROGRAMS)


def _page(language: str, said: str, advice: str, found: list[str]) -> str:
    """What was wrong stands in English, as in problem details; the rest is the reader's."""
    template = _templates.get_template("problem.html")
    return template.render(**frame(language), said=said, advice=advice, found=found)
