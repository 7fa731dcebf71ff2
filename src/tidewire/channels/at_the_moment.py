"""A channel that makes nothing ready before the moment."""

from collections.abc import Sequence

from tidewire.model.delivery import Outgoing
from tidewire.model.release import Edition


class AtTheMoment:
    """The part of the protocol that such a channel keeps by doing nothing.

    Either what it sends holds what only the moment gives (sequence number, time of publication),
    or readers come by themselves.
    """

    def prepare(
        self,
        edition: Edition,  # noqa: ARG002
        language: str,  # noqa: ARG002
        deliveries: Sequence[Outgoing],  # noqa: ARG002
    ) -> bytes:
        """Nothing can be made ahead."""
        return b""

    async def warm(self, edition: Edition, language: str, addresses: Sequence[str]) -> None:
        """Nothing is opened ahead: a server that counts logins drops those that do nothing."""
