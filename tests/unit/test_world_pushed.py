"""Who is pushed to in a world: few, in both ways, at addresses that the wire takes."""

from collections import Counter

import asyncssh
import pytest

from tidewire.channels.filing.forms import ENDINGS
from tidewire.channels.filing.place import read_place
from tidewire.channels.wordpress.address import read_site
from tidewire.simulator import pushed as module
from tidewire.simulator.followers import MOST, followers
from tidewire.simulator.pushed import PushTemper, Way, files_address, pushed, secret, site_address
from tidewire.simulator.world import Size, World

HOST_KEY = "SHA256:" + "a/+" * 14 + "A"


@pytest.mark.parametrize(("outlets", "each"), [(1, 0), (8, 2), (26, 3), (65, 3), (6_500, 26)])
def test_the_last_outlets_are_pushed_to_and_in_no_other_way(outlets: int, each: int) -> None:
    found = pushed(outlets)
    assert Counter(way for way, _ in found.values()) == (
        Counter(dict.fromkeys(Way, each)) if each else Counter()
    )
    assert sorted(found) == list(range(outlets - 2 * each + 1, outlets + 1))
    made = list(World(3, Size(outlets, 1, 1, 1)).outlets(4443))
    for number, outlet in enumerate(made, start=1):
        assert (number in found) == (not outlet.webhook and not outlet.mail)
        assert number not in found or outlet.reader.interest == ""


def test_each_way_begins_with_a_server_that_takes_and_three_are_enough_for_three_tempers() -> None:
    tempers = [temper for way, temper in pushed(65).values() if way is Way.SFTP]
    assert tempers == [PushTemper.TAKES, PushTemper.SHAKY, PushTemper.LOCKED]
    assert {temper for _, temper in pushed(6_500).values()} == set(PushTemper)


def test_addresses_are_such_that_the_wire_takes() -> None:
    patterns = set()
    for number in range(1, 21):
        place = read_place(files_address(number, 2222, HOST_KEY), "sftp", 22, ENDINGS)
        assert (place.login.host_keys, place.folder) == ((HOST_KEY,), "/in")
        patterns.add(place.pattern)
        site = read_site(site_address(number, 4443))
        assert (site.host, site.user) == (place.login.host, module.USER)
    assert len(patterns) == len(module.PATTERNS)


def test_half_of_the_file_servers_are_opened_by_a_key_that_hangs_on_the_seed() -> None:
    secrets = {number: secret(1, number, Way.SFTP) for number in range(1, 9)}
    keys = {number: text for number, text in secrets.items() if "BEGIN" in text}
    assert len(keys) == 4
    assert len({asyncssh.import_private_key(text).get_fingerprint() for text in keys.values()}) == 4
    again = {n: asyncssh.import_private_key(secret(1, n, Way.SFTP)) for n in keys}
    assert again == {n: asyncssh.import_private_key(text) for n, text in keys.items()}
    assert secrets[next(iter(secrets.keys() - keys))] != secret(2, 1, Way.SFTP)
    assert all("BEGIN" not in secret(1, number, Way.WORDPRESS) for number in secrets)


def test_no_more_follow_feeds_than_the_hub_takes_in_a_minute() -> None:
    assert [followers(outlets) for outlets in (1, 65, 6_500, 65_000)] == [3, 3, 26, MOST]
    assert MOST < 60
