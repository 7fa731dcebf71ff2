"""The SFTP channel: each delivery is a file that an outlet's server takes."""

import logging
from contextlib import AbstractAsyncContextManager

from tidewire.channels.channel import ChannelContext
from tidewire.channels.filing.filer import Filer
from tidewire.channels.filing.place import Login
from tidewire.channels.sftp.outcome import outcome_of_failure
from tidewire.channels.sftp.session import SftpBox, check_secret, open_box
from tidewire.model.delivery import ChannelCode, Outcome

PORT = 22


class SftpChannel(Filer):
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
        super().__init__(context, "sftp", PORT)
        logging.getLogger("asyncssh").setLevel(logging.ERROR)  # receipts say it

    def check(self, address: str, secret: str) -> None:
        """Raise BadInput, saying why, where nothing could ever be sent with these."""
        self.read(address)
        check_secret(secret)

    def open(self, login: Login, secret: str) -> AbstractAsyncContextManager[SftpBox]:
        """A connection that is logged in, its host key checked."""
        return open_box(self._reach, login, secret, seconds=self._settings.timeout)

    def outcome_of_failure(self, error: Exception, *, written: bool) -> Outcome:
        """What a failure means for the delivery."""
        return outcome_of_failure(error, written=written)
