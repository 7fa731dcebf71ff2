"""The settings of what files, read from TIDEWIRE_ variables."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tidewire.channels.egress import Egress
from tidewire.model.errors import Misconfigured


@dataclass(frozen=True, slots=True)
class FilingSettings:
    """`timeout`: the seconds that logging in may take, and each file after it.

    `logins`: how many servers one worker is connected to at once.
    """

    egress: Egress
    timeout: float = 30.0
    logins: int = 32

    @classmethod
    def of(cls, environment: Mapping[str, str], port: int) -> "FilingSettings":
        """Settings of a channel whose usual port is `port`. Raises Misconfigured.

        TIDEWIRE_PUSH_TIMEOUT (seconds), and those of the egress guard.
        """
        text = environment.get("TIDEWIRE_PUSH_TIMEOUT", "") or "30"
        try:
            timeout = float(text)
        except ValueError:
            timeout = 0.0
        if not 0.1 <= timeout <= 600:
            raise Misconfigured(
                "TIDEWIRE_PUSH_TIMEOUT is not a number of seconds from 0.1 to 600.",
                "Leave it out for 30.",
            )
        egress = replace(Egress.of(environment), low_ports=frozenset({port}))
        return cls(egress, timeout)
