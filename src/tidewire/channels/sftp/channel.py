"""The SFTP channel: each delivery is a file that an outlet's server takes."""

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing

from tidewire.channels.channel import ChannelContext
from tidewire.channels.filing.filer import Filer
from tidewire.channels.filing.forms import ENDINGS
from tidewire.channels.filing.place import Login, Place, host_of, read_place
from tidewire.channels.filing.reach import Reach
from tidewire.channels.filing.settings import FilingSettings
from tidewire.channels.sftp.outcome import outcome_of_failure
from tidewire.channels.sftp.session import SftpBox, check_secret, open_box
from tidewire.model.delivery import ChannelCode, Outcome, Outgoing, Receipt
from tidewire.model.release import Edition

SCHEME, PORT = "sftp", 22


def sftp_place(address: str) -> Place:
    """Read the address of an endpoint. Raises BadInput, saying why it is none."""
    return read_place(address, SCHEME, PORT, ENDINGS)


class SftpChannel:
    """Writes files over SFTP (version 3, as OpenSSH speaks it).

    A file is written under a temporary name, read back and hashed, and then renamed, so that
    whoever watches the folder never sees half of one. The server's key is pinned in the
    endpoint's address; the secret is a password, or a private key without a passphrase. A
    correction is a file of its own version; so is a kill, which removes the earlier ones where
    the address says so.
    """

    code = ChannelCode.SFTP

    def __init__(self, context: ChannelContext) -> None:
        """Raises Misconfigured where a setting is wrong; connects to nothing yet."""
        self._settings = FilingSettings.of(context.environment, PORT)
        self._reach = Reach(self._settings.egress)
        self._filer = Filer(self, context, self._settings, "sftp files")
        logging.getLogger("asyncssh").setLevel(logging.ERROR)  # receipts say it

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
        """Let the resolver's threads go."""
        await self._reach.close()

    def check(self, address: str, secret: str) -> None:
        """Raise BadInput, saying why, where nothing could ever be sent with these."""
        self.read(address)
        check_secret(secret)

    def read(self, address: str) -> Place:
        """The place of an address that the guard lets be tried. Raises BadInput."""
        place = sftp_place(address)
        self._settings.egress.check_host(place.login.host, place.login.port)
        return place

    def open(self, login: Login, secret: str) -> AbstractAsyncContextManager[SftpBox]:
        """A connection that is logged in, its host key checked."""
        return open_box(self._reach, login, secret, seconds=self._settings.timeout)

    def outcome_of_failure(self, error: Exception, *, written: bool) -> Outcome:
        """What a failure means for the delivery."""
        return outcome_of_failure(error, written=written)
