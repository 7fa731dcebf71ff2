"""The settings of whatever posts, webhooks first, read from TIDEWIRE_ variables."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tidewire.channels.egress import Egress
from tidewire.model.errors import Misconfigured


@dataclass(frozen=True, slots=True)
class PostingSettings:
    """How webhooks are sent.

    `timeout` is the seconds of a whole try, from the name's resolution to the status line;
    `concurrency` the most tries to quick hosts under way at once in this process;
    `connections` the most connections that are held open while none of them is posting.
    """

    egress: Egress
    timeout: float = 15.0
    concurrency: int = 400
    connections: int = 8000
    extra_ca: Path | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "PostingSettings":
        """Settings from the environment. Raises Misconfigured where one is wrong.

        TIDEWIRE_WEBHOOK_TIMEOUT (seconds), TIDEWIRE_WEBHOOK_CONCURRENCY,
        TIDEWIRE_WEBHOOK_CONNECTIONS, TIDEWIRE_EXTRA_CA_FILE (PEM: trusted beside the
        system's own authorities), and those of the egress guard.
        """
        extra = environment.get("TIDEWIRE_EXTRA_CA_FILE", "")
        return cls(
            egress=Egress.of(environment),
            timeout=_number(environment, "TIDEWIRE_WEBHOOK_TIMEOUT", 15.0),
            concurrency=int(_number(environment, "TIDEWIRE_WEBHOOK_CONCURRENCY", 400, least=1)),
            connections=int(_number(environment, "TIDEWIRE_WEBHOOK_CONNECTIONS", 8000, least=1)),
            extra_ca=Path(extra) if extra else None,
        )

    def trust(self) -> ssl.SSLContext:
        """The TLS settings of every connection: TLS 1.2 at least, names are checked."""
        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.extra_ca is not None:
            try:
                context.load_verify_locations(cafile=str(self.extra_ca))
            except OSError:  # ssl.SSLError is one
                raise Misconfigured(
                    "TIDEWIRE_EXTRA_CA_FILE cannot be read as a certificate.",
                    "Name a PEM file that this program may read.",
                ) from None
        return context


def _number(
    environment: Mapping[str, str], name: str, default: float, *, least: float = 0.01
) -> float:
    text = environment.get(name, "")
    if not text:
        return default
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not least <= number < 100_000:
        advice = f"Leave it out for {default:g}."
        raise Misconfigured(f"{name} is not a number of {least:g} or more.", advice)
    return number
