"""A world for webhooks: real TLS servers on loopback, with a throw-away authority."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from contract.channel_contract import outgoing, send_all
from editions import an_edition
from tidewire.channels.channel import ChannelContext
from tidewire.channels.webhook.channel import WebhookChannel
from tidewire.clock import Clock, SystemClock
from tidewire.model.delivery import Outcome

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Authority:
    """A throw-away certificate authority: `file` is its own certificate as PEM."""

    file: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def server(self, *names: str, days: int = 1) -> ssl.SSLContext:
        """The TLS settings of a server with a certificate for `names` and addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _certificate(names[0], key, self.key, self.certificate.subject, days)
        san = x509.SubjectAlternativeName([_name(name) for name in names])
        certificate = made.add_extension(san, critical=False).sign(self.key, hashes.SHA256())
        file = self.file.with_name(f"{names[0].replace('*', 'any')}.{days}.pem")
        file.write_bytes(_pem(certificate) + _key_pem(key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def _name(name: str) -> x509.GeneralName:
    literal = name.replace(".", "").isdigit()
    return x509.IPAddress(ip_address(name)) if literal else x509.DNSName(name)


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    issuer: x509.Name | None,
    days: int,
) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = SystemClock().now()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def make_authority(folder: Path) -> Authority:
    """An authority whose certificate lies in `folder`."""
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    certificate = (
        _certificate("Throw-away Authority", key, key, None, 1)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "authority.pem"
    file.write_bytes(_pem(certificate))
    return Authority(file, key, certificate)


@dataclass
class Hit:
    """One request that a server got."""

    path: str
    raw_path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class World:
    """Real TLS servers on loopback that note what they get, and channels to reach them."""

    authority: Authority
    context: ChannelContext
    hits: list[Hit] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0
    _runners: list[web.AppRunner] = field(default_factory=list)
    _channels: list[WebhookChannel] = field(default_factory=list)
    _sockets: list[asyncio.Server] = field(default_factory=list)

    async def serve(self, answer: Answer, *, names: tuple[str, ...] = ("127.0.0.1",)) -> int:
        """The port of a server that answers so; `names` are in its certificate."""
        return await self._serve(answer, self.authority.server(*names))

    async def serve_plainly(self, answer: Answer) -> int:
        """The port of a server without TLS."""
        return await self._serve(answer, None)

    async def serve_expired(self, answer: Answer) -> int:
        """The port of a server whose certificate ran out yesterday."""
        return await self._serve(answer, self.authority.server("127.0.0.1", days=-1))

    async def serve_raw(self, handle: Callable[..., Awaitable[None]], *, tls: bool = True) -> int:
        """The port of a server that speaks as `handle(reader, writer)` does."""
        context = self.authority.server("127.0.0.1") if tls else None
        server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
        self._sockets.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def _serve(self, answer: Answer, tls: ssl.SSLContext | None) -> int:
        async def note(request: web.Request) -> web.StreamResponse:
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
            try:
                headers = {name.lower(): value for name, value in request.headers.items()}
                self.hits.append(Hit(request.path, request.raw_path, headers, await request.read()))
                return await answer(request)
            finally:
                self.under_way -= 1

        application = web.Application()
        application.router.add_route("*", "/{path:.*}", note)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        self._runners.append(runner)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        return int(runner.addresses[0][1])

    def channel(self, clock: Clock | None = None, **environment: str) -> WebhookChannel:
        """A channel that may reach loopback, with a short patience."""
        channel = WebhookChannel(self.lent(clock, **environment))
        self._channels.append(channel)
        return channel

    def lent(self, clock: Clock | None = None, **environment: str) -> ChannelContext:
        """What the house lends to a channel that may reach loopback."""
        settings = {
            "TIDEWIRE_EGRESS_ALLOW": "127.0.0.0/8",
            "TIDEWIRE_EXTRA_CA_FILE": str(self.authority.file),
            "TIDEWIRE_WEBHOOK_TIMEOUT": "20",
        } | environment
        return replace(self.context, environment=settings, clock=clock or self.context.clock)

    async def end(self) -> None:
        """Close everything."""
        for channel in self._channels:
            await channel.close()
        for server in self._sockets:
            server.close()
        for runner in self._runners:
            await runner.cleanup()


async def ok(request: web.Request) -> web.Response:
    """Takes everything."""
    return web.Response(status=204)


def status(code: int, **headers: str) -> Answer:
    """Answers so, whatever comes."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(
            status=code, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )

    return answer


async def send_one(
    channel: WebhookChannel, address: str, *, secret: str = "", repeat: bool = False
) -> Outcome:
    """What becomes of one delivery to `address`."""
    delivery = replace(outgoing(1, address, "de", secret=secret), repeat=repeat)
    (receipt,) = await send_all(channel, an_edition(), "de", [delivery])
    return receipt.outcome
