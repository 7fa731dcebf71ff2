"""The protocol that every channel keeps, and what a channel is given to work with."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tidewire.clock import Clock
from tidewire.model.delivery import ChannelCode, Outgoing, Receipt
from tidewire.model.release import Edition
from tidewire.store.database import Database

WARM_SECONDS = 15.0  # so long before the moment connections are opened


class Tokens(Protocol):
    """Signs what stands in a link, and reads it back (access.tokens.Signer)."""

    def sign(self, purpose: str, subject: str) -> str:
        """An URL-safe token for `subject`."""
        ...

    def read(self, purpose: str, token: str) -> str:
        """The subject of a token. Raises NotFound."""
        ...


@dataclass(frozen=True, slots=True)
class ChannelContext:
    """What the house lends to every channel.

    `environment` holds the TIDEWIRE_ variables, read once by the application; a channel
    takes its own settings from it. `keys` is the folder of private keys (mode 0700).
    """

    clock: Clock
    database: Database
    tokens: Tokens
    base_url: str
    keys: Path
    environment: Mapping[str, str] = field(default_factory=dict)


class Channel(Protocol):
    """A way out. It reports (Accepted, Deferred, Refused); delivery/ decides what follows."""

    code: ChannelCode

    def host(self, address: str) -> str:
        """The host that answers for `address`, for the breaker; "" where none is to blame."""
        ...

    def prepare(self, edition: Edition, language: str, deliveries: Sequence[Outgoing]) -> bytes:
        """What can be made of these deliveries before the moment; b"" where nothing can.

        Called in a thread. What it returns is sealed, kept, and handed to `send`.
        """
        ...

    async def warm(self, edition: Edition, language: str, addresses: Sequence[str]) -> None:
        """Some seconds before the moment: open connections, render what is shared.

        Never raises, and sends nothing of the release. It is ended at the moment.
        """
        ...

    def send(
        self,
        edition: Edition,
        language: str,
        deliveries: Sequence[Outgoing],
        prepared: bytes = b"",
    ) -> AsyncGenerator[Receipt, None]:
        """Send one rendition to many endpoints; yield one receipt for each, as it comes.

        `prepared` is what `prepare` made for these deliveries and perhaps others. What it does
        not hold, or what has changed since, is made while sending.

        Every delivery gets exactly one receipt, whatever happens: an exception inside
        becomes Deferred. `language` is a rendition's (for a kill, the reader's) BCP 47 tag.
        A caller that stops iterating has the open tries cancelled.
        """
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...
