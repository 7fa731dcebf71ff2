"""The FTPS channel: each delivery is a file that an outlet's server takes."""

from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, aclosing

from tidewire.channels.channel import ChannelContext
from tidewire.channels.filing.filer import Filer
from tidewire.channels.filing.forms import ENDINGS
from tidewire.channels.filing.place import Login, Place, host_of, read_place
from tidewire.channels.filing.reach import Reach
from tidewire.channels.filing.settings import FilingSettings
from tidewire.channels.ftps.outcome import outcome_of_failure
from tidewire.channels.ftps.session import FtpsBox, Means, open_box
from tidewire.channels.posting.settings import PostingSettings
from tidewire.model.delivery import ChannelCode, Outcome, Outgoing, Receipt
from tidewire.model.errors import BadInput
from tidewire.model.release import Edition

SCHEME, PORT = "ftps", 21


def ftps_place(address: str) -> Place:
    """Read the address of an endpoint. Raises BadInput, saying why it is none."""
    return read_place(address, SCHEME, PORT, ENDINGS)


class FtpsChannel:
    """Writes files over FTP with explicit TLS (RFC 4217), control and data both.

    Files come about as with SFTP: temporary name, read back, renamed. The server is known by
    its certificate; the secret is a password. There is no FTP without TLS, and no implicit TLS.
    """

    code = ChannelCode.FTPS

    def __init__(self, context: ChannelContext) -> None:
        """Raises Misconfigured where a setting is wrong; connects to nothing yet."""
        self._settings = FilingSettings.of(context.environment, PORT)
        self._reach = Reach(self._settings.egress)
        # One more than can be under way: closing takes a thread too.
        threads = ThreadPoolExecutor(2 * self._settings.logins, thread_name_prefix="ftps")
        trust = PostingSettings.of(context.environment).trust(protocols=())
        self._means = Means(self._reach, trust, threads, self._settings.timeout)
        self._filer = Filer(self, context, self._settings, "ftps files")

    def host(self, address: str) -> str:
        """The host name of the address, in lower case; "" where it is none."""
        return host_of(address)

    def prepare(
        self,
        edition: Edition,  # noqa: ARG002
        language: str,  # noqa: ARG002
        deliveries: Sequence[Outgoing],  # noqa: ARG002
    ) -> bytes:
        """Nothing: a file holds the sequence number, which is given at the moment."""
        return b""

    async def warm(self, edition: Edition, language: str, addresses: Sequence[str]) -> None:
        """Nothing: servers count logins, and drop those that do nothing."""

    async def send(
        self,
        edition: Edition,
        language: str,
        deliveries: Sequence[Outgoing],
        prepared: bytes = b"",  # noqa: ARG002
    ) -> AsyncGenerator[Receipt]:
        """Write all files; a receipt comes as soon as its file has its name."""
        async with aclosing(self._filer.send(edition, language, deliveries)) as receipts:
            async for receipt in receipts:
                yield receipt

    async def close(self) -> None:
        """Let all threads go."""
        await self._reach.close()
        self._means.threads.shutdown(wait=False)

    def check(self, address: str, secret: str) -> None:
        """Raise BadInput, saying why, where nothing could ever be sent with these."""
        self.read(address)
        if not secret or not secret.isprintable():
            raise BadInput(
                "The secret is not a password.", "Give the password of the login, on one line."
            )

    def read(self, address: str) -> Place:
        """The place of an address that the guard lets be tried. Raises BadInput."""
        place = ftps_place(address)
        self._settings.egress.check_host(place.login.host, place.login.port)
        return place

    def open(self, login: Login, secret: str) -> AbstractAsyncContextManager[FtpsBox]:
        """A connection that is logged in, its certificate checked."""
        return open_box(self._means, login, secret)

    def outcome_of_failure(self, error: Exception, *, written: bool) -> Outcome:
        """What a failure means for the delivery."""
        return outcome_of_failure(error, written=written)
