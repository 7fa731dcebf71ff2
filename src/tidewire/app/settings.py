"""Settings: the TIDEWIRE_ variables, read once."""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tidewire.model.errors import Misconfigured

PREFIX = "TIDEWIRE_"
MOST_GATEWAYS = 64
MOST_WORKERS = 64


@dataclass(frozen=True, slots=True)
class Address:
    """Where a program listens."""

    host: str
    port: int

    @property
    def loopback(self) -> bool:
        """True where only programs of this machine can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the house itself needs; channels take theirs from `environment`.

    `database_url` is None where the private PostgreSQL in `home` is used, `inbound` where no
    bounces are taken, `metrics` where no figures are shown. `gateways` is how many gateway
    processes share one port; `certificate` is the gateway's own, as files of the chain and of
    its key, None where it speaks no TLS.
    `nats` is "" where PostgreSQL rings the bell. `languages` is a folder of further language
    files, None where there are only those that ship.
    """

    home: Path
    database_url: str | None
    base_url: str
    http: Address
    gateway: Address
    inbound: Address | None
    stream_url: str
    master_key_file: Path
    nats: str
    nats_credentials: Path | None
    workers: int
    gateways: int
    certificate: tuple[Path, Path] | None
    metrics: Address | None
    metrics_token: str
    hung_seconds: int
    languages: Path | None
    environment: Mapping[str, str]

    @property
    def keys(self) -> Path:
        """The folder of private keys."""
        return self.home / "keys"


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the variables. Raises Misconfigured, naming the variable that is wrong."""
    source = os.environ if environment is None else environment
    own = {name: value for name, value in source.items() if name.startswith(PREFIX)}
    http = _address(own, "HTTP_ADDRESS", "127.0.0.1:8080")
    gateway = _address(own, "GATEWAY_ADDRESS", "127.0.0.1:8081")
    home = Path(own.get("TIDEWIRE_HOME") or "tidewire-data").absolute()
    certificate = _certificate(own)
    scheme = "http" if certificate is None else "https"
    return Settings(
        home=home,
        database_url=own.get("TIDEWIRE_DATABASE_URL") or None,
        inbound=_address(own, "INBOUND_ADDRESS", "")
        if own.get("TIDEWIRE_INBOUND_ADDRESS")
        else None,
        base_url=_url(own, "BASE_URL", f"http://{http}"),
        http=http,
        gateway=gateway,
        master_key_file=Path(
            own.get("TIDEWIRE_MASTER_KEY_FILE") or home / "keys" / "master.key"
        ).absolute(),
        nats=own.get("TIDEWIRE_NATS_URL", "").strip(),
        nats_credentials=_path(own, "NATS_CREDENTIALS"),
        workers=_number(own, "WORKERS", 1, MOST_WORKERS),
        stream_url=_url(own, "STREAM_URL", f"{scheme}://{gateway}/stream"),
        gateways=_number(own, "GATEWAYS", 1, MOST_GATEWAYS),
        certificate=certificate,
        metrics=_metrics(own),
        metrics_token=own.get("TIDEWIRE_METRICS_TOKEN", ""),
        hung_seconds=_number(own, "HUNG_SECONDS", 60, 3600),
        languages=_path(own, "LANGUAGES"),
        environment=own,
    )


def _metrics(own: Mapping[str, str]) -> Address | None:
    if not own.get("TIDEWIRE_METRICS_ADDRESS"):
        return None
    address = _address(own, "METRICS_ADDRESS", "")
    if not address.loopback and not own.get("TIDEWIRE_METRICS_TOKEN"):
        raise Misconfigured(
            f"TIDEWIRE_METRICS_ADDRESS is {address}, which others can reach.",
            "Set TIDEWIRE_METRICS_TOKEN beside it, or listen on 127.0.0.1.",
        )
    return address


def _path(own: Mapping[str, str], name: str) -> Path | None:
    text = own.get(PREFIX + name)
    return Path(text).absolute() if text else None


def _number(own: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = own.get(PREFIX + name) or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise Misconfigured(f"{PREFIX}{name} is {text!r}.", f"Use a whole number from 1 to {most}.")
    return int(text)


def _address(own: Mapping[str, str], name: str, default: str) -> Address:
    text = own.get(PREFIX + name) or default
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise Misconfigured(
            f"{PREFIX}{name} is {text!r}, which is no address.", "Write it as 127.0.0.1:8080."
        )
    return Address(host.strip("[]"), int(port))


def _certificate(own: Mapping[str, str]) -> tuple[Path, Path] | None:
    chain, key = (own.get(f"{PREFIX}GATEWAY_{name}") for name in ("CERTIFICATE", "KEY"))
    if not chain and not key:
        return None
    if not chain or not key:
        raise Misconfigured(
            f"Of {PREFIX}GATEWAY_CERTIFICATE and {PREFIX}GATEWAY_KEY one is missing.",
            "Set both, or neither.",
        )
    return Path(chain).absolute(), Path(key).absolute()


def _url(own: Mapping[str, str], name: str, default: str) -> str:
    text = (own.get(PREFIX + name) or default).rstrip("/")
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Misconfigured(
            f"{PREFIX}{name} is {text!r}, which is no web address.",
            "Write it as https://wire.example.",
        )
    return text
