"""From nothing to a session that mail can be sent over: connect, EHLO, STARTTLS, AUTH."""

import asyncio
import base64
import ssl
from collections.abc import Mapping

from tidewire.channels.email.line import Line, Lost, Patience
from tidewire.channels.email.reply import Reply
from tidewire.channels.email.session import Session
from tidewire.channels.email.settings import Relay, Tls

Extensions = Mapping[str, str]


async def open_session(
    relay: Relay, name: str, context: ssl.SSLContext, patience: Patience
) -> Session:
    """Connect to the relay as `name`. Raises Lost, saying at which step it failed."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(patience.connect):
            _, line = await loop.create_connection(
                Line,
                relay.host,
                relay.port,
                ssl=context if relay.implicit else None,
                server_hostname=relay.host if relay.implicit else None,
            )
    except (OSError, TimeoutError) as error:
        raise Lost(f"{relay.label} cannot be reached: {error or 'no answer in time'}") from error
    try:
        return await _greet(line, relay, name, context, patience=patience)
    except BaseException:
        line.abort()
        raise


async def _greet(
    line: Line, relay: Relay, name: str, context: ssl.SSLContext, *, patience: Patience
) -> Session:
    _expect(await line.reply(patience.command), 220, "greeting")
    extensions = await _hello(line, name, patience)
    secure = relay.implicit
    if not secure and _wants_tls(relay, extensions):
        if "STARTTLS" not in extensions:
            raise Lost(f"{relay.label} offers no STARTTLS, which TIDEWIRE_SMTP_URL requires")
        line.write(b"STARTTLS\r\n")
        _expect(await line.reply(patience.command), 220, "STARTTLS")
        await line.start_tls(context, relay.host, patience.command)
        extensions, secure = await _hello(line, name, patience), True
    if relay.user:
        if not secure and not relay.loopback:
            raise Lost(f"{relay.label} offers no TLS, and a password is not sent without it")
        await _log_in(line, relay, extensions, patience)
    return Session(line, frozenset(extensions), patience)


def _wants_tls(relay: Relay, extensions: Extensions) -> bool:
    if relay.tls is Tls.AUTO:
        return "STARTTLS" in extensions and not relay.loopback
    return relay.tls is Tls.REQUIRED


async def _hello(line: Line, name: str, patience: Patience) -> Extensions:
    """What the relay offers: EHLO keywords in capitals, with their parameters."""
    line.write(f"EHLO {name}\r\n".encode("ascii"))
    reply = await line.reply(patience.command)
    if reply.code in (500, 502):  # a server of before 1995
        line.write(f"HELO {name}\r\n".encode("ascii"))
        _expect(await line.reply(patience.command), 250, "HELO")
        return {}
    _expect(reply, 250, "EHLO")
    offers = (line.partition(" ") for line in reply.lines[1:])
    return {keyword.upper(): parameters for keyword, _, parameters in offers}


async def _log_in(line: Line, relay: Relay, extensions: Extensions, patience: Patience) -> None:
    """AUTH PLAIN (RFC 4616) or, where only that is offered, LOGIN."""
    offered = extensions.get("AUTH", "").upper().split()
    if "PLAIN" in offered:
        secret = base64.b64encode(f"\0{relay.user}\0{relay.password}".encode())
        line.write(b"AUTH PLAIN " + secret + b"\r\n")
    elif "LOGIN" in offered:
        for step in (b"AUTH LOGIN", base64.b64encode(relay.user.encode())):
            line.write(step + b"\r\n")
            _expect(await line.reply(patience.command), 334, "AUTH")
        line.write(base64.b64encode(relay.password.encode()) + b"\r\n")
    else:
        raise Lost(f"{relay.label} offers no way to log in that is known here (PLAIN, LOGIN)")
    _expect(await line.reply(patience.command), 235, "AUTH")


def _expect(reply: Reply, code: int, step: str) -> None:
    if reply.code != code:
        raise Lost(f"at {step}: {reply.text}", reply.code if reply.code >= 400 else 0)
