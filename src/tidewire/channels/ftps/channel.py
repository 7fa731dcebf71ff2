"""The FTPS channel: each delivery is a file that an outlet's server takes."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager

from tidewire.channels.channel import ChannelContext
from tidewire.channels.filing.filer import Filer
from tidewire.channels.filing.place import Login
from tidewire.channels.ftps.outcome import outcome_of_failure
from tidewire.channels.ftps.session import FtpsBox, Means, open_box
from tidewire.channels.posting.settings import PostingSettings
from tidewire.model.delivery import ChannelCode, Outcome
from tidewire.model.errors import BadInput

PORT = 21


class FtpsChannel(Filer):
    """Writes files over FTP with explicit TLS (RFC 4217), control and data both.

    Files come about as with SFTP: temporary name, read back, renamed. The server is known by
    its certificate; the secret is a password. There is no FTP without TLS, and no implicit TLS.
    """

    code = ChannelCode.FTPS

    def __init__(self, context: ChannelContext) -> None:
        """Raises Misconfigured where a setting is wrong; connects to nothing yet."""
        super().__init__(context, "ftps", PORT)
        # One more than can be under way: closing takes a thread too.
        threads = ThreadPoolExecutor(2 * self._settings.logins, thread_name_prefix="ftps")
        trust = PostingSettings.of(context.environment).trust(protocols=())
        self._means = Means(self._reach, trust, threads, self._settings.timeout)

    async def close(self) -> None:
        """Let all threads go."""
        await super().close()
        self._means.threads.shutdown(wait=False)

    def check(self, address: str, secret: str) -> None:
        """Raise BadInput, saying why, where nothing could ever be sent with these."""
        self.read(address)
        if not secret or not secret.isprintable():
            raise BadInput(
                "The secret is not a password.", "Give the password of the login, on one line."
            )

    def open(self, login: Login, secret: str) -> AbstractAsyncContextManager[FtpsBox]:
        """A connection that is logged in, its certificate checked."""
        return open_box(self._means, login, secret)

    def outcome_of_failure(self, error: Exception, *, written: bool) -> Outcome:
        """What a failure means for the delivery."""
        return outcome_of_failure(error, written=written)
