"""The protocol that every channel keeps, and what a channel is given to work with."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tidewire.clock import Clock
from tidewire.model.delivery import ChannelCode, Outgoing, Receipt
from tidewire.model.release import Edition
from tidewire.store.database import Database


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

    def send(
        self, edition: Edition, language: str, deliveries: Sequence[Outgoing]
    ) -> AsyncGenerator[Receipt, None]:
        """Send one rendition to many endpoints; yield one receipt for each, as it comes.

        Every delivery gets exactly one receipt, whatever happens: an exception inside
        becomes Deferred. `language` is a rendition's (for a kill, the reader's) BCP 47 tag.
        A caller that stops iterating has the open tries cancelled.
        """
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...
