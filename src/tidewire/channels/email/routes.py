"""One-click unsubscription (RFC 8058) and the pages of a subscriber's own settings.

The token in an address is all that is asked for: no cookie, no login, no script.
"""

import hmac
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, BackgroundTasks, Request
from fastapi.responses import HTMLResponse

from tidewire.channels.channel import ChannelContext
from tidewire.channels.email import member as members
from tidewire.channels.email.links import Links
from tidewire.channels.email.preferences import Form, choices, wanted
from tidewire.channels.email.settings import relay_notice
from tidewire.formats.site import templates, wanted_languages
from tidewire.languages import Furniture, best, furniture, known
from tidewire.model.delivery import Event, Feedback, read_delivery_key
from tidewire.model.errors import Forbidden, TooLarge
from tidewire.model.sectors import SECTORS
from tidewire.model.subscriber import EndpointState

Hear = Callable[[Feedback], Awaitable[None]]

MOST_BYTES = 64 * 1024
LANGUAGE_FIELDS = 5
HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


def routes(context: ChannelContext, hear: Hear) -> APIRouter:
    """The pages; `hear` is told who unsubscribes."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    _unsubscribe(router, context, hear)
    _entry(router, context)
    _settings(router, context)
    return router


def _unsubscribe(router: APIRouter, context: ChannelContext, hear: Hear) -> None:
    @router.get("/unsubscribe/{token}")
    async def ask(request: Request, token: str) -> HTMLResponse:
        """A page with a button: scanners follow links, so a GET changes nothing.

        Mails are passed on, so this link opens nobody's settings: those are sent by mail.
        """
        context.tokens.read("unsubscribe", token)
        return _page(request, "unsubscribe.html", done=False)

    @router.post("/unsubscribe/{token}")
    async def one_click(request: Request, token: str) -> HTMLResponse:
        """Unsubscribe at once; whatever the body holds, the token says it all."""
        release_id, version, endpoint_id = read_delivery_key(
            context.tokens.read("unsubscribe", token)
        )
        event = Event.UNSUBSCRIBED
        await hear(Feedback(release_id, version, endpoint_id, event, detail="one click"))
        return _page(request, "unsubscribe.html", done=True)


def _entry(router: APIRouter, context: ChannelContext) -> None:
    links = Links(context)
    notice = relay_notice(context.environment)

    @router.get("/preferences")
    async def entry(request: Request) -> HTMLResponse:
        """Where one asks for the link to one's own settings."""
        return _page(request, "entry.html", sent=False, can_send=notice is None)

    @router.post("/preferences")
    async def send_link(request: Request, later: BackgroundTasks) -> HTMLResponse:
        """Send the link; the answer, and when it comes, is the same for every address."""
        address = _first(await _form(request), "address")
        if notice is None:
            client = request.client.host if request.client else ""
            later.add_task(links.send, address, _words(request), client)
        return _page(request, "entry.html", sent=True, can_send=notice is None)


def _settings(router: APIRouter, context: ChannelContext) -> None:
    @router.get("/preferences/{token}")
    async def show(request: Request, token: str) -> HTMLResponse:
        """The settings of the link's holder."""
        return await _settings_page(request, context, token)

    @router.post("/preferences/{token}")
    async def change(request: Request, token: str) -> HTMLResponse:
        """Save, pause, resume or leave."""
        subject = context.tokens.read("preferences", token)
        form = await _form(request)
        if not hmac.compare_digest(_first(form, "form").encode(), _proof(context, subject)):
            raise Forbidden("This form was not made for this page.", "Open your link again.")
        wish, now, act = wanted(form), context.clock.now(), _first(form, "act")
        if act == "save" and not wish.languages:
            return await _settings_page(request, context, token, missing=True)
        async with context.database.transaction() as tx:
            who = await members.member(tx, subject)
            if act == "leave":
                await members.leave(tx, who, now)
            elif act in ("pause", "resume"):
                await members.pause(tx, who, paused=act == "pause")
            else:
                await members.change(tx, who, wish, now)
        return await _settings_page(request, context, token, saved=True)


async def _settings_page(
    request: Request,
    context: ChannelContext,
    token: str,
    *,
    saved: bool = False,
    missing: bool = False,
) -> HTMLResponse:
    subject = context.tokens.read("preferences", token)
    async with context.database.transaction() as tx:
        who = await members.member(tx, subject)
    words, now = _words(request), who.preferences
    empty = max(LANGUAGE_FIELDS - len(now.languages), 1)
    return _page(
        request,
        "preferences.html",
        status=422 if missing else 200,
        address=who.address,
        proof=_proof(context, subject).decode(),
        fields=[*now.languages, *[""] * empty],
        languages=sorted((words.language(tag), tag) for tag in choices(now.languages)),
        sectors=sorted((words.sector(slug), slug, slug in now.sectors) for slug in SECTORS),
        paused=now.state is EndpointState.PAUSED,
        off=now.state in (EndpointState.SUPPRESSED, EndpointState.DISABLED),
        saved=saved,
        missing=missing,
    )


def _proof(context: ChannelContext, subject: str) -> bytes:
    return context.tokens.sign("preferences-form", subject).encode()


def _words(request: Request) -> Furniture:
    asked = wanted_languages(request.headers.get("accept-language", ""))
    found = (best(known(), tag) for tag in asked)
    return furniture(next((tag for tag in found if tag), "en"))


def _page(request: Request, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    words = _words(request)
    text = PAGES.get_template(name).render(
        words=words, language=words.tag, direction=words.direction, **values
    )
    return HTMLResponse(text, status, headers=HEADERS)


async def _form(request: Request) -> Form:
    """The fields of a URL-encoded form. Raises TooLarge over 64 KiB or 300 fields."""
    raw = bytearray()
    async for piece in request.stream():
        raw += piece
        if len(raw) > MOST_BYTES:
            raise TooLarge("This form is too large.", "Send the form as the page has it.")
    try:
        return parse_qs(raw.decode("utf-8", "replace"), max_num_fields=300)
    except ValueError as error:
        raise TooLarge("This form has too many fields.", "Send it as the page has it.") from error


def _first(form: Form, name: str) -> str:
    return next(iter(form.get(name, ())), "")


PAGES = templates("tidewire.channels.email")
