"""The egress guard: a table over addresses, their spellings and what names resolve to."""

import socket
from collections.abc import Callable, Iterator

import pytest

from tidewire.channels.egress import Blocked, Egress, GuardedResolver
from tidewire.model.errors import BadInput, Misconfigured

BLOCKED = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "192.31.196.1",
    "192.52.193.1",
    "192.175.48.6",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",  # IPv4-compatible
    "::ffff:8.8.8.8",  # IPv4-mapped, even of a public address
    "::ffff:127.0.0.1",
    "::ffff:0:127.0.0.1",  # IPv4-translated
    "64:ff9b::8.8.8.8",  # NAT64
    "64:ff9b:1::1",
    "100::1",  # discard only
    "2001::1",  # Teredo
    "2001:2::1",  # benchmarks
    "2001:10::1",  # ORCHID
    "2001:db8::1",  # documentation
    "2002:7f00:1::1",  # 6to4
    "2620:4f:8000::1",
    "2a00:1450::5efe:127.0.0.1",  # ISATAP
    "2a00:1450::200:5efe:8.8.8.8",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "fe80::1%eth0",
    "2606:4700::1111%eth0",
    "not-an-address",
    "",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00:1450:4001::1",
    "2400:cb00::1",
    "2001:4860::8888",
    "2003::1",
    "168.63.129.15",
    "192.31.197.1",
    "2620:4f:8001::1",
    "2a00:1450::5eff:8.8.8.8",
]


@pytest.mark.parametrize("address", BLOCKED)
def test_private_and_reserved_addresses_are_not_permitted(address: str) -> None:
    assert not Egress().permits(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_permitted(address: str) -> None:
    assert Egress().permits(address)


def test_a_setting_opens_a_range_and_nothing_beside_it() -> None:
    egress = Egress.of({"TIDEWIRE_EGRESS_ALLOW": "127.0.0.0/8, fd00::/8"})
    assert egress.permits("127.0.0.1")
    assert egress.permits("fd00::1")
    assert not egress.permits("10.0.0.1")
    assert not egress.permits("::1")
    assert not egress.permits("::ffff:127.0.0.1")


@pytest.mark.parametrize("ranges", ["10.0.0.1/8", "everything", "10.0.0.0/33", "127.0.0.1-9"])
def test_a_range_that_is_none_is_told_to_the_operator(ranges: str) -> None:
    with pytest.raises(Misconfigured, match="TIDEWIRE_EGRESS_ALLOW"):
        Egress.of({"TIDEWIRE_EGRESS_ALLOW": ranges})


@pytest.mark.parametrize(
    "url",
    [
        "https://outlet.example/hook",
        "https://outlet.example:8443/hook?x=1",
        "https://outlet.example:443/hook",
        "https://outlet.example:1024/hook",
        "https://outlet.example?to=desk@outlet.example",
        "https://8.8.8.8/hook",
        "https://[2606:4700::1111]/hook",
        "https://xn--bcher-kva.example/",
    ],
)
def test_an_https_url_with_a_public_host_is_taken(url: str) -> None:
    Egress().check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "outlet.example/hook",
        "//outlet.example/hook",
        "http://outlet.example/hook",
        "ftp://outlet.example/hook",
        "file:///etc/passwd",
        "https://",
        "https:///hook",
        "https://user@outlet.example/",
        "https://user:word@outlet.example/",
        "https://@outlet.example/",
        "https://outlet.example:99999/",
        "https://outlet.example:0/",
        "https://outlet.example:22/",
        "https://outlet.example:80/",
        "https://outlet.example:1023/",
        "https://outlet.example/ho ok",
        "https://outlet.example/hook\r\nx: y",
        "https://outlet.example\\@127.0.0.1/",
        "https://bücher.example/",
        "https://outlet.example/" + "a" * 2000,
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://0x7f.0.0.1/",
        "https://0x7f000001/",
        "https://0/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:8.8.8.8]/",
        "https://[64:ff9b::8.8.8.8]/",
        "https://[fe80::1%25eth0]/",
        "https://[fe80::1%eth0]/",
        "https://localhost/",
        "https://LOCALHOST./",
        "https://outlet-1.localhost/",
        "https://[::1/",
    ],
)
def test_a_url_that_may_never_be_sent_to_is_refused_at_intake(url: str) -> None:
    with pytest.raises(BadInput) as refusal:
        Egress().check_url(url)
    assert refusal.value.advice


def test_plain_http_and_loopback_are_taken_where_settings_allow_them() -> None:
    egress = Egress.of({"TIDEWIRE_EGRESS_ALLOW": "127.0.0.0/8", "TIDEWIRE_WEBHOOK_ALLOW_HTTP": "1"})
    egress.check_url("http://127.0.0.1:8080/hook")
    egress.check_url("http://outlet-1.localhost:8080/hook")
    with pytest.raises(BadInput):
        egress.check_url("http://10.0.0.1/hook")


@pytest.mark.parametrize(
    "info",
    [
        (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 443)),
        (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("8.8.8.8", 25)),
        (socket.AF_INET6, socket.SOCK_STREAM, 0, "", ("::1", 443, 0, 0)),
        (socket.AF_INET6, socket.SOCK_STREAM, 0, "", ("2606:4700::1111", 443, 0, 2)),
    ],
)
def test_no_socket_is_made_for_a_blocked_address_or_port(info: tuple) -> None:
    with pytest.raises(Blocked):
        Egress().socket(info)


def test_a_socket_is_made_for_a_public_address() -> None:
    with Egress().socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("8.8.8.8", 443))) as made:
        assert made.family == socket.AF_INET


Names = Callable[..., None]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    """Sets what the system's resolver answers for every name, and counts nothing else."""

    def answer(*addresses: str) -> None:
        def getaddrinfo(host: str, port: int, family: int = 0, type: int = 0) -> list[tuple]:
            if not addresses:
                raise socket.gaierror(socket.EAI_NONAME, "no such name")
            return [
                (socket.AF_INET6, type, 6, "", (address, port, 0, 0))
                if ":" in address
                else (socket.AF_INET, type, 6, "", (address, port))
                for address in addresses
            ]

        monkeypatch.setattr("tidewire.channels.egress.socket.getaddrinfo", getaddrinfo)

    yield answer


async def _resolve(host: str, egress: Egress | None = None) -> list[str]:
    resolver = GuardedResolver(egress or Egress())
    try:
        return [info[4][0] for info in await resolver.resolve(host, 443)]
    finally:
        await resolver.close()


@pytest.mark.parametrize(
    ("answers", "kept"),
    [
        (["8.8.8.8"], ["8.8.8.8"]),
        (["8.8.8.8", "2606:4700::1111"], ["8.8.8.8", "2606:4700::1111"]),
        (["10.0.0.1", "8.8.8.8"], ["8.8.8.8"]),
        (["::1", "8.8.8.8", "127.0.0.1"], ["8.8.8.8"]),
        (["64:ff9b::808:808", "2606:4700::1111"], ["2606:4700::1111"]),
    ],
)
async def test_only_the_permitted_answers_of_a_name_are_used(
    names: Names, answers: list[str], kept: list[str]
) -> None:
    names(*answers)
    assert await _resolve("outlet.example") == kept


@pytest.mark.parametrize("answers", [["127.0.0.1"], ["10.0.0.1", "::1"], ["::ffff:8.8.8.8"]])
async def test_a_name_with_blocked_answers_only_is_blocked(
    names: Names, answers: list[str]
) -> None:
    names(*answers)
    with pytest.raises(Blocked):
        await _resolve("outlet.example")


async def test_a_name_that_does_not_exist_is_not_called_blocked(names: Names) -> None:
    names()
    with pytest.raises(socket.gaierror):
        await _resolve("nowhere.example")


@pytest.mark.parametrize("host", ["localhost", "outlet-1.localhost", "Outlet.LocalHost."])
async def test_localhost_names_are_loopback_without_a_question(names: Names, host: str) -> None:
    names("8.8.8.8")
    allowed = Egress.of({"TIDEWIRE_EGRESS_ALLOW": "127.0.0.0/8"})
    assert await _resolve(host, allowed) == ["127.0.0.1"]
    with pytest.raises(Blocked):
        await _resolve(host)


@pytest.mark.parametrize("spelling", ["127.1", "2130706433", "0x7f.1", "0177.0.0.1"])
async def test_odd_spellings_that_the_system_resolves_are_blocked(spelling: str) -> None:
    with pytest.raises(Blocked):
        await _resolve(spelling)
